//! What it costs to keep where vehicles were, and to look at it.
//!
//! `cargo bench --bench history`. Vehicles drive about 50 m in five seconds in any direction
//! within 20 km of a place; a third stand. Half of them are named by UUIDs, half as in
//! `driver-01234`. Needs `redis-server`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a bench fails by panicking, and its figures are rough"
)]

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/support/redis.rs"]
mod redis_server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use redis_server::RedisServer;
use ridecast::history::{History, Settings};
use ridecast::spatial::Area;
use ridecast::store::{self, StoreUrl, VehicleRecord};
use ridecast::telemetry::now_ms;
use ridecast_protocol::{Position, SessionId, VehicleClass, VehicleId, VehicleInfo};

const EVERY: Duration = Duration::from_secs(5);
/// Ten minutes of them.
const BLOCKS: i64 = 60;

fn vehicles(count: usize, random: &mut StdRng) -> Vec<VehicleRecord> {
    let vehicle = |nth: usize| VehicleRecord {
        id: VehicleId::new(if nth.is_multiple_of(2) {
            format!("driver-{nth:05}")
        } else {
            let hex = format!("{:032x}", random.random::<u128>());
            format!(
                "{}-{}-{}-{}-{}",
                &hex[..8],
                &hex[8..12],
                &hex[12..16],
                &hex[16..20],
                &hex[20..]
            )
        })
        .unwrap(),
        info: VehicleInfo {
            class: VehicleClass::new(if nth.is_multiple_of(5) { "van" } else { "car" }).unwrap(),
            plate: None,
            label: None,
        },
        position: Position {
            latitude: -34.9 + random.random_range(-0.1..0.1),
            longitude: -56.16 + random.random_range(-0.1..0.1),
            timestamp_ms: 0,
            accuracy: None,
            bearing: None,
            speed: None,
        },
        // When in five seconds it is noted.
        heard_at_ms: random.random_range(0..5_000),
        session: SessionId::new("s").unwrap(),
        engaged: nth.is_multiple_of(3),
    };
    (0..count).map(vehicle).collect()
}

fn drive(vehicles: &mut [VehicleRecord], random: &mut StdRng) {
    for (nth, vehicle) in vehicles.iter_mut().enumerate() {
        if !nth.is_multiple_of(3) {
            vehicle.position.latitude += random.random_range(-0.000_5..0.000_5);
            vehicle.position.longitude += random.random_range(-0.000_5..0.000_5);
        }
        vehicle.heard_at_ms += 5_000 + random.random_range(-200..200);
    }
}

async fn measure(url: &StoreUrl, count: usize, used: impl Fn() -> u64) {
    let store = store::open(url).await.unwrap();
    let history = History::new(Arc::clone(&store), EVERY, Settings::default());
    let mut random = StdRng::seed_from_u64(1);
    let mut vehicles = vehicles(count, &mut random);
    let now = now_ms();
    let before = used();
    let (mut noting, mut writing) = (Duration::ZERO, Duration::ZERO);
    for block in 0..BLOCKS {
        // As if it were noted now: what is told of is the time, not the rate.
        let began_ms = now - (BLOCKS - block) * 10_000;
        for _ in 0..2 {
            drive(&mut vehicles, &mut random);
            let words: Vec<_> = vehicles
                .iter()
                .map(|vehicle| VehicleRecord {
                    heard_at_ms: vehicle.heard_at_ms - block * 10_000 + began_ms,
                    ..vehicle.clone()
                })
                .map(|word| VehicleRecord {
                    heard_at_ms: word.heard_at_ms - 5_000,
                    ..word
                })
                .collect();
            let begun = Instant::now();
            history.note(words.iter(), began_ms + 5_000);
            noting += begun.elapsed();
        }
        let begun = Instant::now();
        history.write().await.unwrap();
        writing += begun.elapsed();
    }
    store.flush().await.unwrap();
    let fixes = count as f64 * 2.0 * BLOCKS as f64;
    let million = |time: Duration| time.as_secs_f64() / fixes * 1e6;
    println!(
        "{count} vehicles: {:.1} bytes a fix; a million: noted in {:.2} s, written in {:.2} s",
        (used() - before) as f64 / fixes,
        million(noting),
        million(writing)
    );
    let world = Area::rectangle(-90.0, -180.0, 90.0, 180.0).unwrap();
    let later = now + 60_000;
    let begun = Instant::now();
    let answer = history
        .window(world, now - 600_000, now, later)
        .await
        .unwrap();
    let (took, told) = (
        begun.elapsed(),
        answer
            .vehicles
            .iter()
            .map(|it| it.line.len())
            .sum::<usize>(),
    );
    let json = serde_json::to_vec(&answer).unwrap();
    let begun = Instant::now();
    let one = &vehicles[7].id;
    let trail = history.trail(one, now - 600_000, now, later).await.unwrap();
    println!(
        "  a window of {} s, {told} fixes, in {took:.0?}, {:.0} bytes of JSON each; the trail of one, {} fixes, in {:.0?}",
        (answer.to_ms - answer.from_ms) / 1_000,
        json.len() as f64 / told as f64,
        trail.map_or(0, |trail| trail.vehicles[0].line.len()),
        begun.elapsed()
    );
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    for count in [300, 10_000] {
        let redis = RedisServer::start();
        let used = || {
            let info: String = redis.ask(&["INFO", "memory"]);
            let used = info
                .lines()
                .find_map(|line| line.strip_prefix("used_memory:"));
            used.unwrap().parse().unwrap()
        };
        print!("Redis, ");
        measure(&redis.url().parse().unwrap(), count, used).await;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("history.redb");
        let size = || std::fs::metadata(&path).map_or(0, |it| it.len());
        print!("a file, ");
        measure(&StoreUrl::Embedded(path.clone()), count, size).await;
        let begun = Instant::now();
        drop(
            store::open(&StoreUrl::Embedded(path.clone()))
                .await
                .unwrap(),
        );
        println!("  opened again in {:.0?}", begun.elapsed());
    }
}
