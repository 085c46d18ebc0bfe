//! The embedded store: what is there after a restart, and after a crash.

use std::time::Duration;

use ridecast_protocol::{NearbyVehicles, Role, VehicleState};
use serde_json::json;
use tokio::time::Instant;

use crate::client::{Client, DEADLINE};
use crate::http::get;
use crate::node::Node;
use crate::say::{MONTEVIDEO, go_online, nearby, now_ms, offset, position, position_at};
use crate::service::token;

#[tokio::test]
async fn a_restart_keeps_the_vehicles_until_their_time() {
    let directory = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", directory.path().join("kept").display());
    let start = || {
        Node::serve(&[
            "--store",
            &store,
            "--silent-after",
            "2s",
            "--gone-after",
            "6s",
            "--drain-seconds",
            "0",
        ])
    };
    let stop = async |mut node: Node| {
        node.signal("TERM");
        assert!(node.ended_within(DEADLINE).await.success());
    };
    let service = start();
    let mut stays = Client::open(service.address, "stays", Role::Driver).await;
    stays.ok(go_online("van")).await;
    stays.ok(position(MONTEVIDEO)).await;
    let mut leaves = Client::open(service.address, "leaves", Role::Driver).await;
    leaves.ok(go_online("car")).await;
    leaves.ok(position(MONTEVIDEO)).await;
    leaves.ok(json!({"type": "go_offline"})).await;
    stop(service).await;

    let service = start();
    let mut rider = Client::open(service.address, "r1", Role::Operator).await;
    rider.ok(nearby("n", MONTEVIDEO, 500.0)).await;
    rider
        .until("n", "a snapshot", |view| view.snapshots == 1)
        .await;
    assert_eq!(rider.view("n").ids(), ["stays"]);
    assert_eq!(rider.view("n").vehicles["stays"].class, "van");
    let silent = |view: &crate::view::View| {
        view.vehicles
            .get("stays")
            .is_some_and(|it| it.state == VehicleState::Silent)
    };
    rider.until("n", "silent", silent).await;
    // The driver is back and goes on from there.
    let mut stays = Client::open(service.address, "stays", Role::Driver).await;
    stays.ok(go_online("van")).await;
    stays.ok(position(offset(MONTEVIDEO, 20.0, 0.0))).await;
    rider
        .until("n", "online", |view| {
            view.vehicles["stays"].state == VehicleState::Online
        })
        .await;
    stays.vanish();
    rider.until("n", "gone", |view| view.ids().is_empty()).await;
    stop(service).await;

    let service = start();
    let mut rider = Client::open(service.address, "r1", Role::Operator).await;
    rider.ok(nearby("n", MONTEVIDEO, 500.0)).await;
    rider
        .until("n", "a snapshot", |view| view.snapshots == 1)
        .await;
    assert!(
        rider.view("n").ids().is_empty(),
        "gone is gone after a restart too"
    );
}

#[tokio::test]
async fn a_crash_loses_six_seconds_at_most() {
    let directory = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", directory.path().display());
    let node = Node::serve(&["--store", &store]);
    let mut driver = Client::open(node.address, "d1", Role::Driver).await;
    driver.ok(go_online("car")).await;
    let since = Instant::now();
    let mut last = 0;
    while since.elapsed() < Duration::from_millis(7_500) {
        last = now_ms();
        driver.ok(position_at(MONTEVIDEO, last)).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    node.kill();
    let node = Node::serve(&["--store", &store]);
    let (latitude, longitude) = MONTEVIDEO;
    let path = format!("/v1/vehicles?latitude={latitude}&longitude={longitude}&radius_m=100");
    let found: NearbyVehicles = get(node.address, &path, Some(&token("r1", Role::Operator)))
        .await
        .json();
    assert_eq!(found.vehicles.len(), 1);
    let lost_ms = last - found.vehicles[0].timestamp_ms;
    assert!((0..6_000).contains(&lost_ms), "{lost_ms} ms were lost");
}
