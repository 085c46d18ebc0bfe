//! F: who is near, asked instead of told.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use ridecast_protocol::Role;

use super::Effort;
use crate::city::City;
use crate::exchange::Exchange;
use crate::meter::{Latencies, latencies, now_us};
use crate::peers::Peer;
use crate::posting::Posting;
use crate::process::cpu_s;
use crate::report::{Report, latencies as columns};
use crate::ridecast::{Place, Service, authorization};

const SIZES: [(&str, usize); 2] = [("F 10k", 10_000), ("F 100k", 100_000)];
const CONNECTIONS: usize = 8;
/// So many requests are under way at once on a connection.
const WAYS: [(&str, usize); 2] = [("one-at-a-time", 1), ("pipelined", 16)];
const RADIUS_M: f64 = 1_000.0;
const LIMIT: usize = 10;
/// So many places are asked for in turn on each connection.
const PLACES: usize = 2_000;
/// Vehicles are put there once.
const KEEP: [&str; 4] = ["--gone-after", "1h", "--silent-after", "1h"];

/// A server with vehicles, and how to ask it.
struct Asked {
    name: &'static str,
    pid: u32,
    open: fn(SocketAddr) -> Exchange,
    address: SocketAddr,
    request: Box<dyn Fn(Place) -> String>,
    /// How a reply begins that is no error.
    good: &'static [u8],
}

/// ridecast, and Redis with the same places.
pub(crate) fn queries(report: &mut Report, effort: &Effort) {
    for _ in 0..effort.rounds {
        if effort.measures("ridecast") {
            let mut smallest = Vec::new();
            for (scenario, count) in SIZES {
                let service = Service::start_with("memory", &KEEP);
                let (city, places) = places(count);
                let _drivers = Posting::begin(service.address, &places);
                let asked = ridecast(&service);
                measure(report, effort, scenario, &asked, city, &mut smallest);
            }
        }
        if effort.measures("redis") && Peer::Redis.is_installed() {
            let mut smallest = Vec::new();
            for (scenario, count) in SIZES {
                let redis = Peer::Redis.start();
                let (city, places) = places(count);
                add_to_redis(redis.address, &places);
                let asked = redis_at(redis.pid(), redis.address);
                measure(report, effort, scenario, &asked, city, &mut smallest);
            }
        }
    }
}

/// Where vehicles are, and the city for whoever asks.
fn places(count: usize) -> (City, Vec<Place>) {
    let mut city = City::new(1.0);
    let places = (0..count).map(|_| city.place()).collect();
    (city, places)
}

fn ridecast(service: &Service) -> Asked {
    let authorization = authorization("somebody", Role::Rider);
    Asked {
        name: "ridecast",
        pid: service.pid(),
        open: Exchange::http,
        address: service.address,
        request: Box::new(move |(latitude, longitude)| {
            format!(
                "GET /v1/vehicles?latitude={latitude:.6}&longitude={longitude:.6}\
                 &radius_m={RADIUS_M}&limit={LIMIT} HTTP/1.1\r\nHost: bench\r\n{authorization}\r\n"
            )
        }),
        good: b"HTTP/1.1 200",
    }
}

fn redis_at(pid: u32, address: SocketAddr) -> Asked {
    Asked {
        name: "redis",
        pid,
        open: Exchange::redis,
        address,
        request: Box::new(|(latitude, longitude)| {
            format!(
                "GEOSEARCH vehicles FROMLONLAT {longitude:.6} {latitude:.6} BYRADIUS {RADIUS_M} m \
                 ASC COUNT {LIMIT} WITHCOORD WITHDIST\r\n"
            )
        }),
        good: b"*",
    }
}

fn add_to_redis(address: SocketAddr, places: &[Place]) {
    let mut redis = Exchange::redis(address);
    for (chunk, places) in places.chunks(100).enumerate() {
        let mut command = String::from("GEOADD vehicles");
        for (n, (latitude, longitude)) in places.iter().enumerate() {
            let _ = write!(command, " {longitude:.7} {latitude:.7} driver-{chunk}-{n}");
        }
        redis.ask((command + "\r\n").as_bytes(), 1, |reply| {
            assert!(
                reply.starts_with(b":"),
                "{}",
                String::from_utf8_lossy(reply)
            );
        });
    }
}

/// In both ways. `smallest`: what a request cost with the fewest vehicles, in each way.
fn measure(
    report: &mut Report,
    effort: &Effort,
    scenario: &str,
    asked: &Asked,
    mut city: City,
    smallest: &mut Vec<f64>,
) {
    for (way, (name, at_once)) in WAYS.into_iter().enumerate() {
        let requests = (0..CONNECTIONS).map(|_| {
            let requests = (0..PLACES).map(|_| (asked.request)(city.place()));
            requests.collect::<Vec<_>>()
        });
        let (cost, rate, latencies) = ask(asked, effort, at_once, &requests.collect::<Vec<_>>());
        let mut figures = vec![("cpu_s_per_million", cost)];
        figures.extend(columns(&latencies));
        figures.push(("requests_per_s", rate));
        match smallest.get(way) {
            Some(smallest) => figures.push(("growth", cost / smallest)),
            None => smallest.push(cost),
        }
        report.add(scenario, &format!("{} {name}", asked.name), figures);
    }
}

/// CPU-s per million requests, requests a second, and latencies.
#[expect(clippy::cast_precision_loss, reason = "counts below 2^52")]
fn ask(
    asked: &Asked,
    effort: &Effort,
    at_once: usize,
    requests: &[Vec<String>],
) -> (f64, f64, Latencies) {
    let (stop, in_window) = (AtomicBool::new(false), AtomicBool::new(false));
    let answered = AtomicU64::new(0);
    let (open, address, good) = (asked.open, asked.address, asked.good);
    let one = |requests: &[String]| {
        let mut latencies = latencies();
        let mut connection = open(address);
        let batches: Vec<_> = requests.chunks(at_once).map(<[_]>::concat).collect();
        for batch in batches.iter().cycle() {
            if stop.load(Relaxed) {
                break;
            }
            let begin = now_us();
            connection.ask(batch.as_bytes(), at_once, |reply| {
                assert!(
                    reply.starts_with(good),
                    "{}",
                    String::from_utf8_lossy(reply)
                );
                if in_window.load(Relaxed) {
                    answered.fetch_add(1, Relaxed);
                    latencies.saturating_record(now_us().saturating_sub(begin).max(1));
                }
            });
        }
        latencies
    };
    std::thread::scope(|scope| {
        let threads = requests.iter().map(|mine| scope.spawn(|| one(mine)));
        let threads: Vec<_> = threads.collect();
        effort.warm_up();
        let (cpu, began) = (cpu_s(asked.pid), now_us());
        in_window.store(true, Relaxed);
        effort.window();
        in_window.store(false, Relaxed);
        let cpu = cpu_s(asked.pid) - cpu;
        let took_s = (now_us() - began) as f64 / 1e6;
        stop.store(true, Relaxed);
        let mut all = latencies();
        for thread in threads {
            all += thread.join().expect("all are answered");
        }
        let answered = answered.load(Relaxed) as f64;
        (cpu / answered * 1e6, answered / took_s, all)
    })
}
