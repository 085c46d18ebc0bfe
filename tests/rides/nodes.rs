//! Several nodes on one Redis: rider and driver need not be at the same one.

use ridecast_protocol::{Event, OfferState, RideState as S, Role, Toward};
use serde_json::json;

use crate::client::Client;
use crate::node::Node;
use crate::people::{answer, driver_at, request, resume, step};
use crate::redis_server::RedisServer;
use crate::rest::until_later;
use crate::say::{go_online, nearby, now_ms, offset, position};
use crate::scene::{PICKUP, dropoff};
use crate::view::View;

#[tokio::test]
async fn rider_and_driver_are_at_different_nodes_and_the_driver_moves() {
    let redis = RedisServer::start();
    let url = redis.url();
    let (a, b) = (
        Node::serve(&["--store", &url]),
        Node::serve(&["--store", &url]),
    );
    let mut driver = driver_at(b.address, "ana", offset(PICKUP, 0.0, 900.0)).await;
    let mut rider = Client::open(a.address, "rosa", Role::Rider).await;
    let mut other = Client::open(a.address, "otto", Role::Rider).await;
    let mut operator = Client::open(b.address, "olga", Role::Operator).await;
    other.ok(nearby("n", PICKUP, 3_000.0)).await;
    let free = |free: bool| move |view: &View| view.vehicles.len() == usize::from(free);
    other.until("n", "a free vehicle", free(true)).await;

    let ride = rider.ride(request("k", PICKUP, dropoff())).await.ride_id;
    let offer = driver.until_offer(OfferState::Open).await;
    rider.until_ride(S::Offered).await;
    rider
        .ok(json!({"type": "subscribe", "subscription": "r", "channel": {"kind": "ride", "ride_id": ride}}))
        .await;
    driver.ok(answer("accept_offer", &offer)).await;
    let told = rider.until_ride(S::Accepted).await;
    assert_eq!(told.driver.unwrap().id.as_str(), "ana");
    rider
        .until("r", "the driver is seen", |view| view.has("ana"))
        .await;
    other.until("n", "it is taken", free(false)).await;
    for east_m in [600.0, 100.0, 50.0, 0.0] {
        driver.ok(position(offset(PICKUP, 0.0, east_m))).await;
    }
    let near = |event: &Event| match event {
        Event::Notice(notice) => Some(notice.near),
        _ => None,
    };
    assert_eq!(rider.event("near the pickup", near).await, Toward::Pickup);
    driver.tale("notice pickup").await;
    driver.ok(step("arrive", &ride)).await;
    driver.ok(step("start_ride", &ride)).await;
    for north_m in [0.0, 500.0, 1_000.0] {
        driver.ok(position(offset(PICKUP, north_m, 0.0))).await;
    }
    rider.tale("ride in_progress").await;
    driver.tale("ride in_progress").await;

    // In mid-ride from B to A.
    let place = driver.place();
    let mut driver = {
        let moved = resume(a.address, "ana", Role::Driver, &place).await;
        assert_eq!(driver.farewell().await.close, Some(4002));
        moved
    };
    driver.ok(go_online("car")).await;
    let here = offset(PICKUP, 1_500.0, 0.0);
    driver.ok(position(here)).await;
    rider
        .until("r", "it goes on", |view| {
            let seen = view.vehicles.get("ana");
            seen.is_some_and(|it| (it.latitude, it.longitude) == here)
        })
        .await;
    // The new node learns of the ride while the driver drives on.
    let mut north_m = 1_900.0;
    while !driver.event_now(|event| matches!(event, Event::Notice(_))) {
        driver.ok(position(offset(PICKUP, north_m, 0.0))).await;
        north_m += 0.01;
        assert!(north_m < 1_999.0, "no notice");
    }
    driver.ok(position(dropoff())).await;
    assert_eq!(rider.event("near the dropoff", near).await, Toward::Dropoff);
    assert!(other.view("n").ids().is_empty(), "still taken");
    // The other side answers from the other node.
    rider
        .ok(json!({"type": "send_chat", "ride_id": ride, "quick": "thank_you", "idempotency_key": "c"}))
        .await;
    let told = driver.tale("chat 1 rider").await;
    assert_eq!(told, ["notice dropoff", "chat 1 rider"]);
    driver.ok(step("complete_ride", &ride)).await;
    let done = rider.until_ride(S::Completed).await;
    let distance_m = done.distance_m.unwrap();
    assert!((1_950..2_050).contains(&distance_m), "{distance_m} m");
    assert_eq!(
        operator.tale("ride completed").await,
        [
            "ride requested",
            "ride offered",
            "ride accepted",
            "ride arrived",
            "ride in_progress",
            "ride completed"
        ]
    );
    rider.until("r", "nothing", |view| !view.has("ana")).await;
    other.until("n", "it is free", free(true)).await;
}

/// The trail that an app sends when it is back belongs to the ride's track, at a node that has to
/// look up first whether the driver is on a ride.
#[tokio::test]
async fn what_a_driver_sends_on_coming_back_is_in_the_track() {
    let redis = RedisServer::start();
    let url = redis.url();
    let (a, b) = (
        Node::serve(&["--store", &url]),
        Node::serve(&["--store", &url]),
    );
    let mut driver = driver_at(b.address, "ana", offset(PICKUP, 0.0, 300.0)).await;
    let mut rider = Client::open(a.address, "rosa", Role::Rider).await;
    let ride = rider.ride(request("k", PICKUP, dropoff())).await.ride_id;
    let offer = driver.until_offer(OfferState::Open).await;
    driver.ok(answer("accept_offer", &offer)).await;
    rider.until_ride(S::Accepted).await;
    driver.ok(position(PICKUP)).await;
    driver.ok(step("arrive", &ride)).await;
    driver.ok(step("start_ride", &ride)).await;
    let place = driver.place();
    let mut driver = resume(a.address, "ana", Role::Driver, &place).await;

    // All in one go, as after a tunnel: around corners that no straight line would pass.
    until_later().await;
    let since_ms = now_ms();
    let trail = [(0.0, 90.0), (90.0, 90.0), (90.0, 0.0)];
    let trail: Vec<_> = trail
        .into_iter()
        .zip(0..)
        .map(|((north_m, east_m), n)| {
            let (latitude, longitude) = offset(PICKUP, north_m, east_m);
            json!({"latitude": latitude, "longitude": longitude, "timestamp_ms": since_ms + n})
        })
        .collect();
    // While the store does not answer what the driver is doing.
    redis.pause();
    driver.send(&go_online("car")).await;
    driver
        .ok(json!({"type": "positions", "positions": trail}))
        .await;
    redis.resume();
    until_later().await;
    driver.ok(step("complete_ride", &ride)).await;
    let done = rider.until_ride(S::Completed).await;
    let distance_m = done.distance_m.unwrap();
    assert!((265..275).contains(&distance_m), "{distance_m} m");
}

/// What ends a ride at one node frees the vehicle at the other.
#[tokio::test]
async fn a_ride_cancelled_at_one_node_is_over_at_the_other() {
    let redis = RedisServer::start();
    let url = redis.url();
    let (a, b) = (
        Node::serve(&["--store", &url]),
        Node::serve(&["--store", &url]),
    );
    let mut driver = driver_at(b.address, "ana", offset(PICKUP, 0.0, 900.0)).await;
    let mut rider = Client::open(a.address, "rosa", Role::Rider).await;
    rider.ok(nearby("n", PICKUP, 3_000.0)).await;
    for n in 0..5 {
        let asked = request(&format!("k{n}"), PICKUP, dropoff());
        let ride = rider.ride(asked).await.ride_id;
        let offer = driver.until_offer(OfferState::Open).await;
        driver.ok(answer("accept_offer", &offer)).await;
        rider.until_ride(S::Accepted).await;
        rider
            .until("n", "taken", |view| view.vehicles.is_empty())
            .await;
        rider.ok(step("cancel_ride", &ride)).await;
        driver.until_ride(S::Cancelled).await;
        rider
            .until("n", "free", |view| view.vehicles.len() == 1)
            .await;
    }
}

#[tokio::test]
async fn what_a_node_did_not_hear_it_finds_out() {
    unheard(true).await;
}

/// The vehicle is free, although nobody comes to be told.
#[tokio::test]
async fn what_a_node_did_not_hear_it_finds_out_without_the_driver() {
    unheard(false).await;
}

/// The connection on which nodes hear each other is lost, and cannot be had again for a while.
async fn unheard(driver_stays: bool) {
    let redis = RedisServer::start();
    let url = redis.url();
    let (a, b) = (
        Node::serve(&["--store", &url]),
        Node::serve(&["--store", &url]),
    );
    let mut driver = driver_at(b.address, "ana", offset(PICKUP, 0.0, 900.0)).await;
    let mut rider = Client::open(a.address, "rosa", Role::Rider).await;
    let mut other = Client::open(b.address, "otto", Role::Rider).await;
    other.ok(nearby("n", PICKUP, 3_000.0)).await;
    let ride = rider.ride(request("k", PICKUP, dropoff())).await.ride_id;
    let offer = driver.until_offer(OfferState::Open).await;
    driver.ok(answer("accept_offer", &offer)).await;
    rider.until_ride(S::Accepted).await;
    let free = |view: &View| view.vehicles.len() == 1;
    other
        .until("n", "taken", |view| view.snapshots > 0 && !free(view))
        .await;

    let client = redis::Client::open(url.as_str()).unwrap();
    let mut admin = client.get_connection().unwrap();
    let mut order = |words: &[&str]| {
        let mut order = redis::cmd(words[0]);
        order.arg(&words[1..]).exec(&mut admin).unwrap();
    };
    order(&["CONFIG", "SET", "maxclients", "1"]);
    order(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    rider.ok(step("cancel_ride", &ride)).await;
    assert_eq!(driver.rest().await, ["offer accepted", "ride accepted"]);
    let driver = driver_stays.then_some(driver);
    order(&["CONFIG", "SET", "maxclients", "1000"]);
    if let Some(mut driver) = driver {
        assert_eq!(driver.tale("ride cancelled").await, ["ride cancelled"]);
    }
    other.until("n", "free", free).await;
}
