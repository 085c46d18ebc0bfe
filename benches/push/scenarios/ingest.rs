//! D: positions come in.

use std::time::Instant;

use super::Effort;
use crate::city::City;
use crate::driver::Driver;
use crate::pace::Traffic;
use crate::peers::Peer;
use crate::process::cpu_s;
use crate::report::{Figures, Report};
use crate::ridecast::{Place, Service};
use crate::yardstick;

const DRIVERS: usize = 10_000;
const RATE_HZ: f64 = 1.0;
/// So large a part of what was sent may be under way when it is counted.
const UNDER_WAY: f64 = 0.05;

/// ridecast with each of its stores, a yardstick that only reads, and peers that parse a position
/// and answer it. ridecast answers only those that ask for it, which positions on the way do not.
pub(crate) fn ingest(report: &mut Report, effort: &Effort) {
    for _ in 0..effort.rounds {
        if effort.measures("ridecast-memory") {
            let figures = of_ridecast(effort, "memory", &[]);
            report.add("D", "ridecast-memory", figures);
        }
        if effort.measures("ridecast-embedded") {
            let files = tempfile::tempdir().expect("a temporary folder");
            let store = format!("embedded:{}", files.path().join("data").display());
            let figures = of_ridecast(effort, &store, &[]);
            report.add("D", "ridecast-embedded", figures);
        }
        if effort.measures("ridecast-redis") && Peer::Redis.is_installed() {
            let redis = Peer::Redis.start();
            let store = format!("redis://{}", redis.address);
            let figures = of_ridecast(effort, &store, &[redis.pid()]);
            report.add("D", "ridecast-redis", figures);
        }
        let read_only = [yardstick::ONE_AT_A_TIME, yardstick::TWO_THREADS].map(Peer::Yardstick);
        for peer in effort.peers(&[&read_only[..], &[Peer::UWebSockets, Peer::Ws]].concat()) {
            let running = peer.start();
            let connect = |_, place| Driver::connect_to_peer(running.address, place);
            let figures = measure(effort, connect, &[running.pid()], None);
            report.add("D", peer.name(), figures);
        }
    }
}

fn of_ridecast(effort: &Effort, store: &str, redis: &[u32]) -> Figures {
    let service = Service::start(store);
    let connect = |n, place| Driver::connect(service.address, n, place);
    let pids = [&[service.pid()], redis].concat();
    measure(effort, connect, &pids, Some(&service))
}

/// `pids`: the server, and the Redis that it uses. `service`: counts itself what it accepts.
#[expect(clippy::cast_precision_loss, reason = "counts below 2^52")]
fn measure(
    effort: &Effort,
    connect: impl Fn(usize, Place) -> Driver,
    pids: &[u32],
    service: Option<&Service>,
) -> Figures {
    let mut city = City::new(1.0);
    let drivers = (0..DRIVERS).map(|n| connect(n, city.place()));
    let traffic = Traffic::start(drivers.collect(), RATE_HZ);
    effort.warm_up();
    let look = || {
        let sent = traffic.sent() as f64;
        (
            sent,
            service.map_or(sent, Service::accepted),
            pids.iter().map(|pid| cpu_s(*pid)).collect::<Vec<_>>(),
        )
    };
    let began = Instant::now();
    let before = look();
    effort.window();
    let (sent, accepted, cpu) = look();
    let took_s = began.elapsed().as_secs_f64();
    let (sent, accepted) = (sent - before.0, accepted - before.1);
    assert!(
        (accepted / sent - 1.0).abs() < UNDER_WAY,
        "{sent} positions were sent, {accepted} accepted"
    );
    let cpu: Vec<f64> = cpu.iter().zip(before.2).map(|(a, b)| a - b).collect();
    let mut figures = vec![
        ("cpu_s_per_million", cpu[0] / accepted * 1e6),
        ("accepted_per_s", accepted / took_s),
        ("cores", cpu[0] / took_s),
    ];
    figures.extend(
        cpu.get(1)
            .map(|redis_s| ("redis_cpu_s_per_million", redis_s / accepted * 1e6)),
    );
    let errors: usize = traffic.stop().iter_mut().map(Driver::drain).sum();
    assert_eq!(errors, 0, "positions were refused");
    figures
}
