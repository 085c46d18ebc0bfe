//! Looking for a driver: who is asked, in which order, and when it ends.

use std::time::Duration;

use ridecast_protocol::{Event, OfferState, RideState as S, Role, Setback};
use serde_json::json;

use crate::client::Client;
use crate::people::{answer, driver_at, request, step};
use crate::say::{go_online, now_ms, offset, position};
use crate::scene::{PICKUP, dropoff, impatient};
use crate::service::Service;

fn hasty(offer_for_ms: i64, search_for_ms: i64) -> Service {
    Service::start_with(|settings| {
        let rules = &mut settings.rides.rules;
        rules.offer_for_ms = offer_for_ms;
        rules.search_for_ms = search_for_ms;
        rules.retry_after_ms = 200;
    })
}

#[tokio::test]
async fn where_nobody_is_a_ride_expires() {
    let service = hasty(15_000, 1_000);
    let mut rider = Client::open(service.address, "rosa", Role::Rider).await;
    let mut operator = Client::open(service.address, "olga", Role::Operator).await;
    let asked = rider.ride(request("k1", PICKUP, dropoff())).await;
    let until_ms = asked.search.unwrap().until_ms;
    let told = rider.tale("ride expired").await;
    // That nobody is there is told once, however often it is looked.
    let all = [
        "ride requested",
        "ride requested no_vehicle",
        "ride expired",
    ];
    assert_eq!(told, all);
    assert_eq!(operator.tale("ride expired").await, all);
    assert!(now_ms() >= until_ms, "it was looked for all the time");
    // It is over: the rider may ask anew, but cannot cancel.
    let code = rider.refused(step("cancel_ride", &asked.ride_id)).await;
    assert_eq!(code.as_str(), "wrong_ride_state");
    let again = rider.ride(request("k1", PICKUP, dropoff())).await;
    assert_eq!((again.ride_id, again.state), (asked.ride_id, S::Expired));
    rider.ok(request("k2", PICKUP, dropoff())).await;
}

#[tokio::test]
async fn where_everybody_declines_a_ride_expires() {
    let service = hasty(15_000, 2_500);
    let mut drivers = Vec::new();
    for n in 0..3 {
        let at = offset(PICKUP, 0.0, 300.0 * f64::from(n + 1));
        drivers.push(driver_at(service.address, &format!("d{n}"), at).await);
    }
    let mut rider = Client::open(service.address, "rosa", Role::Rider).await;
    rider.ok(request("k1", PICKUP, dropoff())).await;
    // The nearest first.
    for (n, driver) in drivers.iter_mut().enumerate() {
        let offer = driver.until_offer(OfferState::Open).await;
        let offered = rider.until_ride(S::Offered).await;
        let search = offered.search.unwrap();
        assert_eq!(search.offers as usize, n + 1);
        assert_eq!(search.setback, (n > 0).then_some(Setback::Declined));
        for _ in 0..2 {
            driver.ok(answer("decline_offer", &offer)).await;
        }
        let code = driver.refused(answer("accept_offer", &offer)).await;
        assert_eq!(code.as_str(), "offer_over");
    }
    let told = rider.tale("ride expired").await;
    assert_eq!(
        told,
        [
            "ride requested declined",
            "ride requested no_vehicle",
            "ride expired"
        ]
    );
    for driver in &mut drivers {
        assert_eq!(driver.rest().await, ["offer declined"]);
    }
}

#[tokio::test]
async fn silence_is_an_answer_too() {
    let service = hasty(700, 60_000);
    let mut silent = driver_at(service.address, "ana", offset(PICKUP, 0.0, 300.0)).await;
    let mut next = driver_at(service.address, "bea", offset(PICKUP, 0.0, 900.0)).await;
    let mut rider = Client::open(service.address, "rosa", Role::Rider).await;
    rider.ok(request("k1", PICKUP, dropoff())).await;
    let offer = silent.until_offer(OfferState::Open).await;
    let offered = rider.until_ride(S::Offered).await;
    let until_ms = offered.search.unwrap().offer_until_ms;
    assert_eq!(until_ms, Some(offer.expires_at_ms));
    let left_ms = offer.expires_at_ms - now_ms();
    assert!((0..=700).contains(&left_ms), "{left_ms}");
    let second = next.until_offer(OfferState::Open).await;
    assert!(
        now_ms() >= offer.expires_at_ms,
        "the first had all the time"
    );
    assert!(now_ms() < offer.expires_at_ms + 1_000, "and little more");
    assert_ne!(second.offer_id, offer.offer_id);
    let told = rider.tale("ride offered silent").await;
    assert_eq!(told, ["ride requested silent", "ride offered silent"]);
    assert_eq!(silent.tale("offer expired").await, ["offer expired"]);
    // Too late.
    for kind in ["accept_offer", "decline_offer"] {
        let late = answer(kind, &offer);
        match kind {
            "accept_offer" => assert_eq!(silent.refused(late).await.as_str(), "offer_over"),
            _ => silent.ok(late).await,
        }
    }
    next.ok(answer("accept_offer", &second)).await;
    rider.until_ride(S::Accepted).await;
}

#[tokio::test]
async fn who_comes_online_during_the_search_is_found() {
    let service = impatient();
    let mut rider = Client::open(service.address, "rosa", Role::Rider).await;
    let mut wish = request("k1", PICKUP, dropoff());
    wish["vehicle_class"] = json!("van");
    rider.ok(wish).await;
    rider.tale("ride requested no_vehicle").await;
    // Too far, of another class, and offline again: none of them.
    let mut far = Client::open(service.address, "far", Role::Driver).await;
    far.ok(go_online("van")).await;
    far.ok(position(offset(PICKUP, 5_100.0, 0.0))).await;
    let mut car = driver_at(service.address, "car", PICKUP).await;
    let mut gone = Client::open(service.address, "gone", Role::Driver).await;
    gone.ok(go_online("van")).await;
    gone.ok(json!({"type": "go_offline"})).await;
    let mut right = Client::open(service.address, "right", Role::Driver).await;
    right.ok(go_online("van")).await;
    right.ok(position(offset(PICKUP, 3_000.0, 0.0))).await;
    let offer = right.until_offer(OfferState::Open).await;
    assert_eq!(offer.vehicle_class.unwrap().as_str(), "van");
    for other in [&mut far, &mut car, &mut gone] {
        assert_eq!(other.rest().await, [""; 0]);
    }
}

#[tokio::test]
async fn a_driver_has_one_offer_at_a_time() {
    let service = impatient();
    let mut driver = driver_at(service.address, "ana", offset(PICKUP, 0.0, 300.0)).await;
    let mut riders = Vec::new();
    for n in 0..3 {
        let name = format!("r{n}");
        riders.push(Client::open(service.address, &name, Role::Rider).await);
    }
    for rider in &mut riders {
        // All at once.
        rider.send(&request("k", PICKUP, dropoff())).await;
    }
    let mut asked = Vec::new();
    for _ in 0..3 {
        let offer = driver.until_offer(OfferState::Open).await;
        assert!(!asked.contains(&offer.ride_id), "asked twice");
        asked.push(offer.ride_id.clone());
        // Longer than until the others look again.
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_eq!(driver.rest().await, [""; 0], "one offer at a time");
        driver.ok(answer("decline_offer", &offer)).await;
        assert_eq!(driver.tale("offer declined").await, ["offer declined"]);
    }
    for rider in &mut riders {
        rider.until_ride(S::Offered).await;
        let told = rider.rest().await;
        assert!(!told.contains(&"ride accepted".to_owned()));
    }
}

#[tokio::test]
async fn a_driver_has_one_ride_at_a_time() {
    let service = impatient();
    let mut driver = driver_at(service.address, "ana", offset(PICKUP, 0.0, 300.0)).await;
    let mut first = Client::open(service.address, "r0", Role::Rider).await;
    first.ok(request("k", PICKUP, dropoff())).await;
    let offer = driver.until_offer(OfferState::Open).await;
    driver.ok(answer("accept_offer", &offer)).await;
    driver.tale("ride accepted").await;
    let mut second = Client::open(service.address, "r1", Role::Rider).await;
    second.ok(request("k", PICKUP, dropoff())).await;
    second.tale("ride requested no_vehicle").await;
    driver.ok(position(PICKUP)).await;
    for kind in ["arrive", "start_ride", "complete_ride"] {
        assert_eq!(driver.events.len(), 0, "no offer meanwhile");
        let done = driver.ride(step(kind, &offer.ride_id)).await;
        driver.tale(&format!("ride {}", done.state.as_str())).await;
    }
    let next = driver.until_offer(OfferState::Open).await;
    assert_ne!(next.ride_id, offer.ride_id);
}

#[tokio::test]
async fn an_offer_is_only_its_drivers() {
    let service = impatient();
    let mut driver = driver_at(service.address, "ana", offset(PICKUP, 0.0, 300.0)).await;
    let mut thief = driver_at(service.address, "eve", offset(PICKUP, 0.0, 900.0)).await;
    let mut rider = Client::open(service.address, "rosa", Role::Rider).await;
    rider.ok(request("k", PICKUP, dropoff())).await;
    let offer = driver.until_offer(OfferState::Open).await;
    let invented = json!({"type": "accept_offer", "offer_id": format!("{}.2", offer.ride_id)});
    let nowhere = json!({"type": "accept_offer", "offer_id": "nonsense"});
    for kind in ["accept_offer", "decline_offer"] {
        for mut message in [answer(kind, &offer), invented.clone(), nowhere.clone()] {
            message["type"] = json!(kind);
            assert_eq!(thief.refused(message).await.as_str(), "offer_over");
        }
    }
    // Of two who take it at once, one gets it; and of two devices, both.
    driver.ok(answer("accept_offer", &offer)).await;
    driver.ok(answer("accept_offer", &offer)).await;
    assert_eq!(
        driver.tale("ride accepted").await,
        ["offer accepted", "ride accepted"]
    );
    assert_eq!(driver.rest().await, [""; 0]);
    let code = driver.refused(answer("decline_offer", &offer)).await;
    assert_eq!(code.as_str(), "offer_over");
    assert_eq!(thief.rest().await, [""; 0]);
    let told = rider.tale("ride accepted").await;
    assert_eq!(told, ["ride requested", "ride offered", "ride accepted"]);
}

#[tokio::test]
async fn cancelling_and_accepting_at_once_is_one_of_them() {
    let service = impatient();
    for n in 0..12 {
        let mut driver = driver_at(service.address, "ana", offset(PICKUP, 0.0, 300.0)).await;
        let mut rider = Client::open(service.address, "rosa", Role::Rider).await;
        let key = format!("k{n}");
        let ride = rider.ride(request(&key, PICKUP, dropoff())).await.ride_id;
        let offer = driver.until_offer(OfferState::Open).await;
        let (cancel, accept) = (step("cancel_ride", &ride), answer("accept_offer", &offer));
        let (cancelled, accepted) = tokio::join!(rider.ask(cancel), driver.ask(accept));
        let is_ok = |answer| matches!(answer, ridecast_protocol::ServerMessage::Ok { .. });
        assert!(is_ok(cancelled), "a rider may cancel at any stage");
        let end = rider.until_ride(S::Cancelled).await;
        let stage = end.cancelled.unwrap().stage;
        if is_ok(accepted) {
            assert_eq!(stage, S::Accepted);
            driver.tale("ride cancelled").await;
        } else {
            assert_eq!(stage, S::Offered);
            assert_eq!(driver.tale("offer withdrawn").await, ["offer withdrawn"]);
        }
        let leftover = driver.event_now(|event| matches!(event, Event::Offer(_)));
        assert!(!leftover, "nothing of it is left");
    }
}

#[tokio::test]
async fn a_ride_that_does_not_get_on_is_given_up() {
    let service = Service::start_with(|settings| {
        settings.rides.rules.retry_after_ms = 300;
        settings.rides.rules.abandoned_after_ms = 1_500;
    });
    let mut driver = driver_at(service.address, "ana", PICKUP).await;
    let mut rider = Client::open(service.address, "rosa", Role::Rider).await;
    rider.ok(request("k", PICKUP, dropoff())).await;
    let offer = driver.until_offer(OfferState::Open).await;
    driver.ok(answer("accept_offer", &offer)).await;
    driver.ok(step("arrive", &offer.ride_id)).await;
    for client in [&mut driver, &mut rider] {
        let end = client.until_ride(S::Cancelled).await;
        let cancelled = end.cancelled.unwrap();
        assert_eq!(cancelled.by, ridecast_protocol::Party::System);
        assert_eq!(cancelled.stage, S::Arrived);
    }
    rider.ok(request("k2", PICKUP, dropoff())).await;
    driver.until_offer(OfferState::Open).await;
}
