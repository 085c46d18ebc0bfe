//! Clients that do not take what is sent to them: others are unharmed, memory is bounded.

use std::num::NonZeroU32;
use std::time::Duration;

use ridecast_protocol::{Role, ServerMessage};
use serde_json::json;
use tokio::time::Instant;

use crate::client::{Client, DEADLINE};
use crate::http::get;
use crate::node::Node;
use crate::raw::{FIN, PING, Raw, TEXT, frame};
use crate::say::{MONTEVIDEO, go_online, nearby, now_ms, offset};
use crate::service::{Service, token};
use crate::view::View;

/// Drivers who send lists of a thousand positions, as fast as they are taken.
async fn drivers(address: std::net::SocketAddr, count: usize) -> Vec<Client> {
    let mut drivers = Vec::new();
    for n in 0..count {
        let mut driver = Client::open(address, &format!("d{n:0120}"), Role::Driver).await;
        driver.ok(go_online("car")).await;
        drivers.push(driver);
    }
    drivers
}

/// A thousand positions, the last of them at this time.
fn thousand(last_ms: i64, north_m: f64) -> serde_json::Value {
    let list: Vec<_> = (0..1000)
        .map(|n| {
            let (latitude, longitude) = offset(MONTEVIDEO, north_m, f64::from(n) * 0.1);
            json!({"latitude": latitude, "longitude": longitude, "timestamp_ms": last_ms - 999 + i64::from(n), "accuracy": 1000})
        })
        .collect();
    json!({"type": "positions", "positions": list})
}

/// Waits until no session but these is counted.
async fn until_sessions(address: std::net::SocketAddr, role: &str, count: usize) {
    let line = format!("ridecast_sessions{{role=\"{role}\"}} {count}");
    let deadline = Instant::now() + DEADLINE;
    loop {
        let metrics = get(address, "/metrics", None).await.body;
        if metrics.lines().any(|it| it == line) {
            return;
        }
        assert!(Instant::now() < deadline, "never {line}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn who_never_reads_harms_nobody_and_is_dropped() {
    let node = Node::serve(&["--store", "memory", "--heartbeat", "1500ms"]);
    let mut drivers = drivers(node.address, 25).await;
    let mut reader = Client::open(node.address, "r1", Role::Operator).await;
    reader.ok(nearby("n", MONTEVIDEO, 5000.0)).await;
    let mut stuck = Raw::open_with(node.address, &token("r2", Role::Operator), 4096).await;
    for n in 0..8 {
        let subscribe = nearby(&format!("n{n}"), MONTEVIDEO, 5000.0).to_string();
        stuck.frame(FIN | TEXT, subscribe.as_bytes()).await;
    }
    let before = node.rss_kib();
    let mut last = now_ms() - 3_600_000;
    for round in 0..4 {
        last += 1000;
        for driver in &mut drivers {
            driver.send(&thousand(last, f64::from(round))).await;
        }
        for driver in &mut drivers {
            driver.settle().await;
        }
        // The others see each round while the stuck one is stuck.
        reader
            .until("n", "all are where they are", |view| {
                view.vehicles.len() == 25
                    && view.vehicles.values().all(|it| it.timestamp_ms == last)
            })
            .await;
    }
    let grown = node.rss_kib().saturating_sub(before);
    assert!(grown < 40_000, "{grown} KiB more");
    let metrics = get(node.address, "/metrics", None).await.body;
    assert!(
        metrics.contains("ridecast_positions_accepted_total 100000"),
        "{metrics}"
    );
    until_sessions(node.address, "operator", 1).await;
    reader.settle().await;
}

#[tokio::test]
async fn who_never_takes_replies_is_closed() {
    let service = Service::start_with(|settings| {
        // As it is, the pings alone would be too many.
        settings.sessions.messages_per_s = NonZeroU32::MAX;
        settings.sessions.bytes_per_s = NonZeroU32::MAX;
    });
    let mut stuck = Raw::open_with(service.address, &token("r1", Role::Operator), 4096).await;
    let pings = frame(FIN | PING, &[b'x'; 125]).repeat(100);
    for _ in 0..100 {
        stuck.write(&pings).await;
    }
    until_sessions(service.address, "operator", 0).await;
    let metrics = get(service.address, "/metrics", None).await.body;
    assert!(
        metrics.contains("ridecast_closes_total{code=\"4001\"} 1"),
        "{metrics}"
    );
    // What it is told at last, it can still read.
    assert_eq!(stuck.close_code().await, Some(4001));
}

#[tokio::test]
async fn who_reads_slowly_gets_fewer_and_never_older() {
    let service = Service::start();
    let mut slow = Raw::open_with(service.address, &token("r1", Role::Operator), 4096).await;
    slow.frame(
        FIN | TEXT,
        nearby("n", MONTEVIDEO, 5000.0).to_string().as_bytes(),
    )
    .await;
    let mut drivers = drivers(service.address, 25).await;
    let start = now_ms() - 3_600_000;
    let rounds = 150;
    let driving = tokio::spawn(async move {
        for round in 1..=rounds {
            for driver in &mut drivers {
                let (latitude, longitude) = MONTEVIDEO;
                let position = json!({"type": "position", "latitude": latitude, "longitude": longitude, "timestamp_ms": start + round});
                driver.send(&position).await;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        drivers
    });
    // `View` checks that nothing goes back in time.
    let mut view = View::default();
    let newest = |view: &View| {
        view.vehicles.len() == 25
            && view
                .vehicles
                .values()
                .all(|it| it.timestamp_ms == start + rounds)
    };
    while !newest(&view) {
        let (first, payload) = slow.next().await.expect("the session lives");
        if first == FIN | TEXT
            && let ServerMessage::Vehicles(message) = serde_json::from_slice(&payload).unwrap()
        {
            view.fold(&message);
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }
    let all = usize::try_from(rounds).unwrap() * 25;
    assert!(view.told < all / 2, "{} of {all}", view.told);
    drop(driving.await);
}
