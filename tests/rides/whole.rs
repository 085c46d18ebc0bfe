//! A whole ride, from asking to the end.

use ridecast_protocol::{Event, OfferState, RideState as S, Role, Toward};
use serde_json::json;

use crate::client::Client;
use crate::people::{answer, driver_at, request, step};
use crate::say::{MONTEVIDEO, offset, position};
use crate::service::Service;

#[tokio::test]
async fn rider_and_driver_go_through_a_whole_ride() {
    let service = Service::start();
    let (pickup, dropoff) = (MONTEVIDEO, offset(MONTEVIDEO, 2000.0, 0.0));
    let mut driver = driver_at(service.address, "ana", offset(pickup, 0.0, 900.0)).await;
    let mut rider = Client::open(service.address, "rosa", Role::Rider).await;

    let asked = rider.ride(request("k1", pickup, dropoff)).await;
    assert_eq!((asked.state, asked.version), (S::Requested, 1));
    assert!(asked.driver.is_none() && asked.trip.is_some());
    let id = asked.ride_id.clone();

    let offer = driver.until_offer(OfferState::Open).await;
    assert_eq!(offer.ride_id, id);
    assert!(offer.eta.seconds > 0 && offer.eta.toward == Toward::Pickup);
    let offered = rider.until_ride(S::Offered).await;
    assert!(offered.driver.is_none(), "not before somebody has taken it");
    let search = offered.search.expect("somebody is being looked for");
    assert_eq!(search.offer_until_ms, Some(offer.expires_at_ms));

    rider
        .ok(json!({"type": "subscribe", "subscription": "r", "channel": {"kind": "ride", "ride_id": id}}))
        .await;
    let taken = driver.ride(answer("accept_offer", &offer)).await;
    assert_eq!(taken.state, S::Accepted);
    let accepted = rider.until_ride(S::Accepted).await;
    let card = accepted.driver.expect("the driver is known now");
    assert_eq!(card.id.as_str(), "ana");
    rider
        .until("r", "the driver is seen", |view| view.has("ana"))
        .await;

    let code = driver.refused(step("arrive", &id)).await;
    assert_eq!(code.as_str(), "too_far");
    for east_m in [600.0, 300.0, 100.0, 50.0, 0.0] {
        driver.ok(position(offset(pickup, 0.0, east_m))).await;
    }
    for client in [&mut driver, &mut rider] {
        let near = client
            .event("the pickup is near", |event| match event {
                Event::Notice(notice) => Some(notice.near),
                _ => None,
            })
            .await;
        assert_eq!(near, Toward::Pickup);
    }
    driver.ok(step("arrive", &id)).await;
    rider.until_ride(S::Arrived).await;
    driver.ok(step("start_ride", &id)).await;
    rider.until_ride(S::InProgress).await;
    for north_m in [0.0, 500.0, 1000.0, 1500.0, 2000.0] {
        driver.ok(position(offset(pickup, north_m, 0.0))).await;
    }
    driver.ok(step("complete_ride", &id)).await;
    let done = rider.until_ride(S::Completed).await;
    let distance_m = done.distance_m.expect("known at the end");
    assert!((1990..2010).contains(&distance_m), "{distance_m} m");
    assert!(done.driver.is_none(), "after the ride, nothing");
    rider
        .until("r", "after the ride, nothing", |view| !view.has("ana"))
        .await;
}
