//! What an operator finds of vehicles and rides: cards, search, and who was busy when.

use std::net::SocketAddr;
use std::time::Duration;

use ridecast_protocol::{Found, History, RideState as S, Role, VehicleCard};
use tokio::time::Instant;

use crate::client::DEADLINE;
use crate::http::get;
use crate::people::{request, step};
use crate::scene::{PICKUP, Scene, dropoff};
use crate::service::{Service, token};

async fn ask<T: serde::de::DeserializeOwned>(address: SocketAddr, path: &str) -> T {
    let reply = get(address, path, Some(&token("olga", Role::Operator))).await;
    assert_eq!(reply.status, 200, "{path}: {reply:?}");
    reply.json()
}

#[tokio::test]
async fn a_card_has_the_ride_while_it_is_driven() {
    // An offer is no ride yet.
    let scene = Scene::at(S::Offered).await;
    let card: VehicleCard = ask(scene.service.address, "/v1/vehicles/ana").await;
    assert_eq!(card.ride, None);

    let mut scene = Scene::at(S::InProgress).await;
    let address = scene.service.address;
    let card: VehicleCard = ask(address, "/v1/vehicles/ana").await;
    let ride = card.ride.expect("it drives one");
    assert_eq!((&ride.ride_id, ride.state), (&scene.ride, S::InProgress));
    assert_eq!(
        ride.rider.expect("operators see everything").as_str(),
        "rosa"
    );
    let found: Found = ask(address, "/v1/search?text=AN").await;
    assert_eq!(found.vehicles.len(), 1);
    let ride = found.vehicles[0].ride.as_ref().expect("there too");
    assert_eq!(ride.ride_id, scene.ride);

    scene.driver.ok(step("complete_ride", &scene.ride)).await;
    let card: VehicleCard = ask(address, "/v1/vehicles/ana").await;
    assert_eq!(card.ride, None);
}

#[tokio::test]
async fn rides_are_found_by_the_beginning_of_their_ids_and_by_their_rider() {
    let mut scene = Scene::at(S::Accepted).await;
    let another = scene.other.ride(request("k2", PICKUP, dropoff())).await;
    let both = [another.ride_id.to_string(), scene.ride.to_string()];
    let found = async |text: &str| -> Vec<String> {
        let path = format!("/v1/search?text={text}");
        let found: Found = ask(scene.service.address, &path).await;
        found
            .rides
            .iter()
            .map(|ride| ride.ride_id.to_string())
            .collect()
    };
    for id in &both {
        assert_eq!(found(id).await, [id.as_str()]);
        assert_eq!(found(&id.to_uppercase()).await, [id.as_str()]);
        assert_eq!(found(&id[..20]).await, [id.as_str()]);
        assert_eq!(found(&format!("{id}0")).await, [""; 0]);
    }
    assert_eq!(found(&both[0][..6]).await, both, "the newest first");
    assert_eq!(
        found(&format!("{}&limit=1", &both[0][..4])).await,
        both[..1]
    );
    assert_eq!(found(&both[0][..3]).await, [""; 0], "too little to tell");
    assert_eq!(found("ffffff").await, [""; 0]);
    assert_eq!(found("otto").await, both[..1]);
    assert_eq!(found("rosa").await, both[1..]);
    scene
        .other
        .ride(step("cancel_ride", &another.ride_id))
        .await;
    let later = scene.other.ride(request("k3", PICKUP, dropoff())).await;
    let otto = [later.ride_id.to_string(), both[0].clone()];
    assert_eq!(found("otto").await, otto, "the newest first");
    assert_eq!(found("otto&limit=1").await, otto[..1]);
    assert_eq!(found("ott").await, [""; 0], "not whose id begins so");
}

#[tokio::test]
async fn history_tells_when_a_vehicle_was_busy() {
    let service = Service::start_with(|settings| {
        settings.rides.rules.retry_after_ms = 300;
        settings.writer.every = Duration::from_millis(20);
        settings.writer.moves_every = Duration::from_millis(50);
    });
    let scene = Scene::of(service, S::InProgress).await;
    let address = scene.service.address;
    let deadline = Instant::now() + DEADLINE;
    loop {
        let path = "/v1/vehicles/ana/trail";
        let reply = get(address, path, Some(&token("olga", Role::Operator))).await;
        if reply.status == 200 {
            let history: History = reply.json();
            if history.vehicles[0].busy.last() == Some(&1) {
                break;
            }
        }
        assert!(Instant::now() < deadline, "never busy: {reply:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
