//! Redis far away, behind a bad line, and come back with nothing.

use std::sync::Arc;
use std::time::Duration;

use ridecast_protocol::{OfferState, RideState as S, Role};
use tokio::time::sleep;

use crate::client::Client;
use crate::held::{sockets, until_nothing_is_held};
use crate::node::Node;
use crate::people::{answer, driver_at, request, step};
use crate::proxy::Proxy;
use crate::redis_server::RedisServer;
use crate::say::{MONTEVIDEO, offset};
use crate::town::{HASTY, Nodes, Town, a_while, turn};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_torn_and_dead_way_to_redis_loses_nothing() {
    let _turn = turn().await;
    let redis = RedisServer::start();
    let address = redis.url().trim_start_matches("redis://").parse();
    let way = Proxy::to(address.unwrap()).await;
    let url = format!("redis://{}", way.address);
    let arguments = [&["--store", &url], &HASTY[..]].concat();
    let node = Node::serve(&arguments);
    let sockets = sockets(&node);
    let nodes = Arc::new(Nodes::default());
    nodes.set(0, Some(node.address));
    let mut town = Town::open(&nodes, 16, 8).await;
    town.during(async {
        a_while(500..1_000).await;
        way.slow(Duration::from_millis(150));
        a_while(1_500..2_000).await;
        // Some questions take longer than anybody waits.
        way.slow(Duration::from_millis(900));
        a_while(1_500..2_000).await;
        way.slow(Duration::ZERO);
        for _ in 0..6 {
            way.cut();
            a_while(50..600).await;
        }
        for _ in 0..2 {
            way.die();
            a_while(2_000..3_500).await;
        }
        way.close(true);
        way.cut();
        a_while(1_000..2_000).await;
        way.close(false);
        a_while(1_000..1_001).await;
    })
    .await;
    let account = town.close().await;
    assert!(account.completed >= 5, "{account:?}");
    assert!(account.unavailable >= 5, "{account:?}");
    assert_eq!(account.ended, 0, "{account:?}");
    until_nothing_is_held(&node, sockets + REDIS_CONNECTIONS).await;
}

/// Those that the node makes when they are first needed.
const REDIS_CONNECTIONS: usize = 4;

/// What rode is forgotten, with everything else, and nobody is stuck in it.
#[tokio::test]
async fn a_redis_that_comes_back_empty_holds_nobody_up() {
    let mut redis = RedisServer::start();
    let node = Node::serve(&["--store", &redis.url()]);
    let mut rider = Client::open(node.address, "rosa", Role::Rider).await;
    let mut driver = driver_at(node.address, "dora", MONTEVIDEO).await;
    let dropoff = offset(MONTEVIDEO, 2000.0, 0.0);
    let ride = rider.ride(request("k1", MONTEVIDEO, dropoff)).await;
    let offer = driver.until_offer(OfferState::Open).await;
    driver.ok(answer("accept_offer", &offer)).await;
    driver.ok(step("arrive", &ride.ride_id)).await;
    driver.ok(step("start_ride", &ride.ride_id)).await;
    rider.until_ride(S::InProgress).await;
    let before = [&rider, &driver].map(|it| it.place.clone().unwrap().epoch);

    redis.kill();
    sleep(Duration::from_millis(300)).await;
    redis.run();
    for (client, before) in [&mut rider, &mut driver].into_iter().zip(before) {
        while client
            .place
            .as_ref()
            .is_some_and(|place| place.epoch == before)
        {
            client.next().await;
        }
    }
    // The ride is gone, and driver and rider are free for another.
    let code = driver.refused(step("complete_ride", &ride.ride_id)).await;
    assert_eq!(code, ridecast_protocol::ErrorCode::UnknownRide);
    driver.ok(crate::say::position(MONTEVIDEO)).await;
    let ride = rider.ride(request("k2", MONTEVIDEO, dropoff)).await;
    let offer = driver.until_offer(OfferState::Open).await;
    assert_eq!(offer.ride_id, ride.ride_id);
    driver.ok(answer("accept_offer", &offer)).await;
    driver.ok(step("arrive", &ride.ride_id)).await;
    driver.ok(step("start_ride", &ride.ride_id)).await;
    driver.ok(step("complete_ride", &ride.ride_id)).await;
    rider.until_ride(S::Completed).await;
}
