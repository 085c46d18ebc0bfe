//! Two nodes on one Redis: a driver on A, a rider on B.

use std::time::Duration;

use ridecast::spatial::{CoarseCell, LatLon};
use ridecast_protocol::{NearbyVehicles, Role, Ticket, VehicleState};
use serde_json::json;

use crate::client::{Client, How};
use crate::http::{get, post};
use crate::node::Node;
use crate::redis_server::RedisServer;
use crate::say::{MONTEVIDEO, Place, go_online, nearby, offset, position};
use crate::service::token;
use crate::view::View;

pub(crate) struct Pair {
    pub(crate) a: Node,
    pub(crate) b: Node,
    _redis: RedisServer,
}

pub(crate) fn pair(arguments: &[&str]) -> Pair {
    let redis = RedisServer::start();
    let url = redis.url();
    let mut all = vec!["--store", &url];
    all.extend(arguments);
    Pair {
        a: Node::serve(&all),
        b: Node::serve(&all),
        _redis: redis,
    }
}

pub(crate) async fn driver_at(node: &Node, id: &str, place: Place) -> Client {
    let mut driver = Client::open(node.address, id, Role::Driver).await;
    driver.ok(go_online("car")).await;
    driver.ok(position(place)).await;
    driver
}

async fn rider_at(node: &Node, place: Place, radius_m: f64) -> Client {
    let mut rider = Client::open(node.address, "o1", Role::Operator).await;
    rider.ok(nearby("n", place, radius_m)).await;
    rider
        .until("n", "a snapshot", |view| view.snapshots == 1)
        .await;
    rider
}

fn at(id: &'static str, place: Place) -> impl Fn(&View) -> bool {
    move |view| {
        view.vehicles
            .get(id)
            .is_some_and(|it| (it.latitude, it.longitude) == place)
    }
}

/// Two places 400 m apart, with a border of coarse cells between them.
pub(crate) fn around_a_border() -> (Place, Place) {
    let cell =
        |(latitude, longitude): Place| CoarseCell::of(LatLon::new(latitude, longitude).unwrap());
    for n in 0..500 {
        let (here, there) = (f64::from(n) * 100.0, f64::from(n) * 100.0 + 400.0);
        let (here, there) = (
            offset(MONTEVIDEO, 0.0, here),
            offset(MONTEVIDEO, 0.0, there),
        );
        if cell(here) != cell(there) {
            return (here, there);
        }
    }
    panic!("no border in 50 km");
}

#[tokio::test]
async fn what_a_driver_does_on_one_node_is_seen_on_the_other() {
    let nodes = pair(&[]);
    let (here, there) = around_a_border();
    let mut rider = rider_at(&nodes.b, here, 1000.0).await;
    // Sees one side of the border only.
    let mut near = rider_at(&nodes.b, here, 100.0).await;
    let mut driver = driver_at(&nodes.a, "d1", here).await;
    rider.until("n", "it enters", at("d1", here)).await;
    near.until("n", "it enters", at("d1", here)).await;
    let street = offset(here, 20.0, 0.0);
    driver.ok(position(street)).await;
    rider.until("n", "it moves", at("d1", street)).await;
    for _ in 0..3 {
        driver.ok(position(there)).await;
        rider.until("n", "over the border", at("d1", there)).await;
        near.until("n", "it left over the border", |view| view.ids().is_empty())
            .await;
        driver.ok(position(here)).await;
        rider.until("n", "and back", at("d1", here)).await;
        near.until("n", "and back", at("d1", here)).await;
    }
    driver.ok(position(offset(here, 0.0, 60_000.0))).await;
    rider
        .until("n", "it left", |view| view.ids().is_empty())
        .await;
    driver.ok(position(here)).await;
    rider.until("n", "it is back", at("d1", here)).await;
    driver.ok(json!({"type": "go_offline"})).await;
    rider
        .until("n", "it went offline", |view| view.ids().is_empty())
        .await;
    near.until("n", "it went offline", |view| view.ids().is_empty())
        .await;
}

#[tokio::test]
async fn queries_and_snapshots_have_the_others_vehicles() {
    let nodes = pair(&[]);
    let _driver = driver_at(&nodes.a, "d1", MONTEVIDEO).await;
    let (latitude, longitude) = MONTEVIDEO;
    let path = format!("/v1/vehicles?latitude={latitude}&longitude={longitude}&radius_m=1000");
    let rider = token("r1", Role::Rider);
    let deadline = tokio::time::Instant::now() + crate::client::DEADLINE;
    loop {
        let found: NearbyVehicles = get(nodes.b.address, &path, Some(&rider)).await.json();
        if found.vehicles.len() == 1 {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "never found");
    }
    // Stands still: only the snapshot, or what is loaded after it, can tell.
    let mut rider = rider_at(&nodes.b, MONTEVIDEO, 1000.0).await;
    rider
        .until("n", "it stands there", at("d1", MONTEVIDEO))
        .await;
}

/// A vehicle that tells one position, at the moment that somebody elsewhere begins to watch, and then stands still.
#[tokio::test]
async fn what_appears_while_somebody_begins_to_watch_is_not_missed() {
    let nodes = pair(&[]);
    let mut watching = Vec::new();
    for n in 0..12_u32 {
        // Each in coarse cells of its own.
        let place = (-30.0 + f64::from(n), -56.0);
        let (mut rider, mut driver) = (
            Client::open(nodes.b.address, "r1", Role::Rider).await,
            Client::open(nodes.a.address, &format!("d{n}"), Role::Driver).await,
        );
        driver.ok(go_online("car")).await;
        let (subscribe, tell) = (nearby("n", place, 1000.0), position(place));
        driver.send(&tell).await;
        // From together to a third of a second apart: before, while and after it is stored.
        tokio::time::sleep(Duration::from_millis(30) * n).await;
        rider.ok(subscribe).await;
        watching.push((rider, driver));
    }
    for (n, (rider, _)) in watching.iter_mut().enumerate() {
        rider
            .until("n", &format!("number {n}"), |view| view.vehicles.len() == 1)
            .await;
    }
}

#[tokio::test]
async fn a_driver_who_reconnects_elsewhere_is_the_same_vehicle() {
    let nodes = pair(&["--silent-after", "1s", "--gone-after", "3s"]);
    let mut on_a = rider_at(&nodes.a, MONTEVIDEO, 1000.0).await;
    let mut on_b = rider_at(&nodes.b, MONTEVIDEO, 1000.0).await;
    let mut first = driver_at(&nodes.a, "d1", MONTEVIDEO).await;
    on_a.until("n", "there", |view| view.has("d1")).await;
    on_b.until("n", "there", |view| view.has("d1")).await;
    let mut second = Client::open(nodes.b.address, "d1", Role::Driver).await;
    second.ok(go_online("car")).await;
    assert_eq!(first.farewell().await.close, Some(4002));
    // Longer than A would have waited before it took the vehicle for gone.
    for n in 1..=16 {
        let place = offset(MONTEVIDEO, f64::from(n) * 10.0, 0.0);
        second.ok(position(place)).await;
        for rider in [&mut on_a, &mut on_b] {
            let there = at("d1", place);
            rider
                .until("n", "it goes on", |view| {
                    assert!(view.has("d1"), "it left");
                    there(view)
                })
                .await;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    second.ok(json!({"type": "go_offline"})).await;
    on_a.until("n", "offline", |view| view.ids().is_empty())
        .await;
    on_b.until("n", "offline", |view| view.ids().is_empty())
        .await;
}

#[tokio::test]
async fn who_reconnects_elsewhere_can_go_offline_there() {
    let nodes = pair(&[]);
    let mut on_a = rider_at(&nodes.a, MONTEVIDEO, 1000.0).await;
    let mut on_b = rider_at(&nodes.b, MONTEVIDEO, 1000.0).await;
    let driver = driver_at(&nodes.a, "d1", MONTEVIDEO).await;
    on_a.until("n", "there", |view| view.has("d1")).await;
    on_b.until("n", "there", |view| view.has("d1")).await;
    driver.vanish();
    let mut driver = Client::open(nodes.b.address, "d1", Role::Driver).await;
    driver.ok(json!({"type": "go_offline"})).await;
    on_b.until("n", "offline", |view| view.ids().is_empty())
        .await;
    on_a.until("n", "offline", |view| view.ids().is_empty())
        .await;
}

#[tokio::test]
async fn the_vehicles_of_a_node_that_dies_go_silent_and_are_gone() {
    let nodes = pair(&["--silent-after", "1s", "--gone-after", "3s"]);
    let mut rider = rider_at(&nodes.b, MONTEVIDEO, 1000.0).await;
    let _driver = driver_at(&nodes.a, "d1", MONTEVIDEO).await;
    rider.until("n", "there", |view| view.has("d1")).await;
    let Pair { a, b: _b, _redis } = nodes;
    a.kill();
    let state = |view: &View| view.vehicles.get("d1").map(|it| it.state);
    rider
        .until("n", "silent", |view| {
            state(view) == Some(VehicleState::Silent)
        })
        .await;
    rider.until("n", "gone", |view| state(view).is_none()).await;
}

#[tokio::test]
async fn a_ticket_of_one_node_opens_one_session_on_the_other() {
    let nodes = pair(&[]);
    let reply = post(
        nodes.a.address,
        "/v1/tickets",
        Some(&token("r1", Role::Rider)),
        "",
    )
    .await;
    let how = How {
        ticket: Some(reply.json::<Ticket>().ticket),
        ..How::default()
    };
    Client::connect(nodes.b.address, &how).await.welcome().await;
    for node in [&nodes.a, &nodes.b] {
        let mut again = Client::connect(node.address, &how).await;
        assert_eq!(again.farewell().await.close, Some(4500));
    }
}
