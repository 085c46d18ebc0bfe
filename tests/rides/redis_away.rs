//! Redis goes away in the middle of a ride, and comes back.

use std::time::Duration;

use ridecast_protocol::{ErrorCode, OfferState, RideState as S, Role};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::client::Client;
use crate::node::Node;
use crate::people::{answer, driver_at, request, step};
use crate::redis_server::RedisServer;
use crate::say::{offset, position};
use crate::scene::{PICKUP, dropoff};

/// A Redis that keeps its word.
fn durable() -> RedisServer {
    RedisServer::start_with(&["--appendonly", "yes", "--appendfsync", "always"])
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
        sleep(Duration::from_millis(100)).await;
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
        sleep(Duration::from_millis(100)).await;
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
        sleep(Duration::from_millis(50)).await;
    }
    driver.ok(step("start_ride", &ride)).await;
    driver.ok(step("complete_ride", &ride)).await;
    for client in [&mut rider, &mut device] {
        client.until_ride(S::Completed).await;
    }
}
