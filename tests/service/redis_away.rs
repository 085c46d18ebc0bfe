//! Redis is away: at the start, and while the service runs.

use std::net::SocketAddr;
use std::time::Duration;

use ridecast_protocol::{ErrorCode, Role};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::{Client, DEADLINE, How};
use crate::http::get;
use crate::node::Node;
use crate::redis_server::RedisServer;
use crate::say::{MONTEVIDEO, go_online, nearby, now_ms, offset, position, position_at};

async fn until_ready(address: SocketAddr, ready: bool) -> Value {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let reply = get(address, "/readyz", None).await;
        let body: Value = reply.json();
        assert_eq!(
            reply.status == 200,
            body["ready"] == json!(true),
            "{reply:?}"
        );
        if (reply.status == 200) == ready {
            return body;
        }
        assert!(Instant::now() < deadline, "never: {body}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn without_redis_the_service_starts_and_serves_its_own() {
    let mut redis = RedisServer::not_started();
    let url = redis.url();
    let node = Node::serve(&["--store", &url]);
    assert_eq!(get(node.address, "/healthz", None).await.status, 200);
    until_ready(node.address, false).await;
    let mut rider = Client::open(node.address, "r1", Role::Operator).await;
    rider.ok(nearby("n", MONTEVIDEO, 1000.0)).await;
    let mut driver = Client::open(node.address, "d1", Role::Driver).await;
    driver.ok(go_online("car")).await;
    driver.ok(position(MONTEVIDEO)).await;
    rider
        .until("n", "local vehicles are seen", |view| view.has("d1"))
        .await;

    // A ticket that cannot be looked up is no bad ticket: come back.
    let how = How {
        ticket: Some("any".to_owned()),
        ..How::default()
    };
    let farewell = Client::connect(node.address, &how).await.farewell().await;
    assert_eq!((farewell.bye, farewell.close), (Some(4004), Some(4004)));
    assert_eq!(farewell.errors, [ErrorCode::Unavailable]);
    assert!(farewell.reconnect_in_ms.is_some());

    redis.run();
    until_ready(node.address, true).await;
    let other = Node::serve(&["--store", &url]);
    let mut rider = Client::open(other.address, "r1", Role::Operator).await;
    rider.ok(nearby("n", MONTEVIDEO, 1000.0)).await;
    rider
        .until("n", "what was told meanwhile is stored", |view| {
            view.has("d1")
        })
        .await;
}

#[tokio::test]
async fn when_redis_is_lost_and_back_positions_catch_up() {
    let mut redis = RedisServer::start();
    let url = redis.url();
    let (a, b) = (
        Node::serve(&["--store", &url]),
        Node::serve(&["--store", &url]),
    );
    let mut on_a = Client::open(a.address, "r1", Role::Operator).await;
    let mut on_b = Client::open(b.address, "r2", Role::Operator).await;
    for rider in [&mut on_a, &mut on_b] {
        rider.ok(nearby("n", MONTEVIDEO, 5000.0)).await;
    }
    let mut drivers = Vec::new();
    for n in 0..20 {
        let mut driver = Client::open(a.address, &format!("d{n:02}"), Role::Driver).await;
        driver.ok(go_online("car")).await;
        driver.ok(position(MONTEVIDEO)).await;
        drivers.push(driver);
    }
    let mut leaves = drivers.pop().unwrap();
    for rider in [&mut on_a, &mut on_b] {
        rider
            .until("n", "all", |view| view.vehicles.len() == 20)
            .await;
    }
    redis.kill();
    let before = a.rss_kib();
    until_ready(a.address, false).await;
    // Sockets stay, and local pushes go on.
    let mut t = now_ms();
    let mut place = MONTEVIDEO;
    for n in 1..=100 {
        t += 1;
        place = offset(MONTEVIDEO, f64::from(n), 0.0);
        for driver in &mut drivers {
            driver.send(&position_at(place, t)).await;
        }
    }
    leaves.ok(json!({"type": "go_offline"})).await;
    let newest = |view: &crate::view::View| {
        view.vehicles.len() == 19
            && view
                .vehicles
                .values()
                .all(|it| it.timestamp_ms == t && (it.latitude, it.longitude) == place)
    };
    on_a.until("n", "the newest, here", newest).await;
    assert!(
        a.rss_kib().saturating_sub(before) < 30_000,
        "memory is bounded"
    );
    let lag = until_ready(a.address, false).await;
    assert!(lag["store"].as_str().unwrap() != "ok", "{lag}");

    // As empty as after a restart without its file.
    redis.run();
    until_ready(a.address, true).await;
    until_ready(b.address, true).await;
    on_b.until("n", "the newest, there", newest).await;
    on_b.settle().await;
    // And for whoever comes now.
    let mut late = Client::open(b.address, "r3", Role::Operator).await;
    late.ok(nearby("n", MONTEVIDEO, 5000.0)).await;
    late.until("n", "the newest", newest).await;
}
