//! Online, silent, gone, and back.

use std::time::Duration;

use ridecast_protocol::{Role, VehicleState};
use serde_json::json;
use tokio::time::Instant;

use crate::client::Client;
use crate::http::post;
use crate::say::{MONTEVIDEO, go_online, nearby, now_ms, position};
use crate::service::{Service, token};

fn short_lived() -> Service {
    Service::start_with(|settings| {
        settings.fleet.silent_after = Duration::from_millis(600);
        settings.fleet.gone_after = Duration::from_secs(2);
    })
}

#[tokio::test]
async fn a_quiet_vehicle_goes_silent_then_is_gone_and_a_position_brings_it_back() {
    let service = short_lived();
    for binary in [false, true] {
        let (mut rider, _) = Client::open_as(service.address, "r1", Role::Operator, binary).await;
        rider.ok(nearby("n", MONTEVIDEO, 500.0)).await;
        let mut driver = Client::open(service.address, "d1", Role::Driver).await;
        driver.ok(go_online("car")).await;
        driver.ok(position(MONTEVIDEO)).await;
        let state = |state| {
            move |view: &crate::view::View| {
                view.vehicles.get("d1").is_some_and(|it| it.state == state)
            }
        };
        rider
            .until("n", "online", state(VehicleState::Online))
            .await;
        let heard = Instant::now();
        rider
            .until("n", "silent", state(VehicleState::Silent))
            .await;
        assert!(
            heard.elapsed() >= Duration::from_millis(500),
            "not before its time"
        );
        driver.ok(position(MONTEVIDEO)).await;
        rider
            .until("n", "online again", state(VehicleState::Online))
            .await;

        // A driver who vanishes stays in view, until silent and gone.
        driver.vanish();
        let heard = Instant::now();
        rider
            .until("n", "silent", state(VehicleState::Silent))
            .await;
        rider.until("n", "gone", |view| view.ids().is_empty()).await;
        assert!(
            heard.elapsed() >= Duration::from_millis(1_800),
            "not before its time"
        );
    }
}

#[tokio::test]
async fn a_driver_who_reconnects_goes_on() {
    let service = short_lived();
    let mut rider = Client::open(service.address, "r1", Role::Operator).await;
    rider.ok(nearby("n", MONTEVIDEO, 500.0)).await;
    for n in 0..4 {
        let mut driver = Client::open(service.address, "d1", Role::Driver).await;
        driver.ok(go_online("car")).await;
        let t = now_ms();
        driver.ok(position(MONTEVIDEO)).await;
        rider
            .until("n", "the newest", |view| {
                assert!(n == 0 || view.has("d1"), "it left the view");
                view.vehicles
                    .get("d1")
                    .is_some_and(|it| it.timestamp_ms >= t)
            })
            .await;
        driver.vanish();
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test]
async fn a_connected_driver_who_was_gone_is_back_with_the_next_position() {
    let service = short_lived();
    let mut driver = Client::open(service.address, "d1", Role::Driver).await;
    let mut rider = Client::open(service.address, "r1", Role::Operator).await;
    rider.ok(nearby("n", MONTEVIDEO, 500.0)).await;
    driver.ok(go_online("car")).await;
    driver.ok(position(MONTEVIDEO)).await;
    rider.until("n", "there", |view| view.has("d1")).await;
    rider.until("n", "gone", |view| !view.has("d1")).await;
    driver.ok(position(MONTEVIDEO)).await;
    rider.until("n", "there again", |view| view.has("d1")).await;
}

/// What went online and never told a position must not be kept for ever.
#[tokio::test]
async fn who_never_told_a_position_is_forgotten_too() {
    let service = short_lived();
    let mut driver = Client::open(service.address, "d1", Role::Driver).await;
    driver.ok(go_online("car")).await;
    driver.vanish();
    let fix = json!({"positions": [{"latitude": 0, "longitude": 0, "timestamp_ms": now_ms()}]});
    let body = fix.to_string();
    // Online, as long as the vehicle is known: a batch without `vehicle` tells.
    let deadline = Instant::now() + Duration::from_secs(4);
    tokio::time::sleep_until(deadline).await;
    let reply = post(
        service.address,
        "/v1/positions",
        Some(&token("d1", Role::Driver)),
        &body,
    )
    .await;
    assert_eq!(reply.error(), (409, "not_online".into()));
}
