//! The service, and Redis, are ended at any moment and come back: what was told or promised is
//! there, and every ride comes to its end.

use std::sync::Arc;
use std::time::Duration;

use ridecast_protocol::{ErrorCode, OfferState, RideState as S, Role};
use serde_json::json;
use tokio::time::Instant;

use crate::app::Nodes;
use crate::client::Client;
use crate::crowd::{Crowd, a_while};
use crate::node::Node;
use crate::people::{answer, driver_at, request, step};
use crate::redis_server::RedisServer;
use crate::say::{offset, position};
use crate::scene::{PICKUP, dropoff};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_of_the_service_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", directory.path().join("data").display());
    let nodes = Arc::new(Nodes::default());
    let serve = || Node::serve(&["--store", &store]);
    let mut node = serve();
    nodes.set(0, Some(node.address));
    let crowd = Crowd::start(&nodes, 12, 12).await;
    for _ in 0..20 {
        a_while(100..1_200).await;
        nodes.set(0, None);
        node.kill();
        node = serve();
        nodes.set(0, Some(node.address));
    }
    a_while(2_000..2_001).await;
    crowd.check(5).await;
}

/// A Redis that keeps its word.
fn durable() -> RedisServer {
    RedisServer::start_with(&["--appendonly", "yes", "--appendfsync", "always"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_of_redis_lose_nothing() {
    let mut redis = durable();
    let node = Node::serve(&["--store", &redis.url()]);
    let nodes = Arc::new(Nodes::default());
    nodes.set(0, Some(node.address));
    let crowd = Crowd::start(&nodes, 12, 12).await;
    for n in 0..6 {
        a_while(500..2_000).await;
        if n % 2 == 0 {
            redis.kill();
            a_while(10..1_500).await;
            redis.run();
        } else {
            redis.pause();
            a_while(10..1_500).await;
            redis.resume();
        }
    }
    a_while(2_000..2_001).await;
    crowd.check(5).await;
}

/// What happens while Redis is away, and after.
#[tokio::test]
async fn while_redis_is_away_sessions_stay_and_then_all_goes_on() {
    let mut redis = durable();
    let node = Node::serve(&["--store", &redis.url()]);
    let mut driver = driver_at(node.address, "ana", offset(PICKUP, 0.0, 900.0)).await;
    let mut rider = Client::open(node.address, "rosa", Role::Rider).await;
    let ride = rider.ride(request("k", PICKUP, dropoff())).await.ride_id;
    let offer = driver.until_offer(OfferState::Open).await;
    driver.ok(answer("accept_offer", &offer)).await;
    rider.until_ride(S::Accepted).await;
    driver.tale("ride accepted").await;

    let away_s: u64 = std::env::var("RIDECAST_TEST_AWAY_S").map_or(4, |it| it.parse().unwrap());
    redis.kill();
    let gone = Instant::now();
    let arrive = step("arrive", &ride);
    let mut forced = arrive.clone();
    forced["force"] = json!(true);
    let code = driver.refused(forced.clone()).await;
    assert_eq!(code, ErrorCode::Unavailable);
    let answered = gone.elapsed();
    // A session that begins now learns later where its inbox stands.
    let mut device = Client::open(node.address, "rosa", Role::Rider).await;
    assert!(device.place.is_none());
    while gone.elapsed() < Duration::from_secs(away_s) {
        driver.ok(position(offset(PICKUP, 0.0, 20.0))).await;
        rider.settle().await;
        a_while(90..110).await;
    }
    let code = rider.refused(step("cancel_ride", &ride)).await;
    assert_eq!(code, ErrorCode::Unavailable);
    redis.run();
    let back = Instant::now();
    while let ridecast_protocol::ServerMessage::Error { error, .. } =
        driver.ask(forced.clone()).await
    {
        assert_eq!(error.code, ErrorCode::Unavailable);
        assert!(back.elapsed() < Duration::from_secs(15), "it never goes on");
        a_while(90..110).await;
    }
    println!(
        "unavailable after {answered:?}; back after {:?}",
        back.elapsed()
    );
    rider.until_ride(S::Arrived).await;
    driver.tale("ride arrived").await;
    let deadline = Instant::now() + crate::client::DEADLINE;
    while device.place.is_none() {
        device.settle().await;
        assert!(Instant::now() < deadline, "never told of its place");
        a_while(40..60).await;
    }
    driver.ok(step("start_ride", &ride)).await;
    driver.ok(step("complete_ride", &ride)).await;
    for client in [&mut rider, &mut device] {
        client.until_ride(S::Completed).await;
    }
}
