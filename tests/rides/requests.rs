//! Asking: once is once, and whose it is.

use ridecast_protocol::{ErrorCode, OfferState, RideState as S, Role, ServerMessage};
use serde_json::json;

use crate::client::Client;
use crate::people::{answer, driver_at, request, step};
use crate::say::{offset, position};
use crate::scene::{PICKUP, Scene, dropoff, impatient};

#[tokio::test]
async fn the_same_wish_on_two_sockets_at_once_is_one_ride() {
    let service = impatient();
    for n in 0..10 {
        let name = format!("r{n}");
        let mut first = Client::open(service.address, &name, Role::Rider).await;
        let mut second = Client::open(service.address, &name, Role::Rider).await;
        let wish = request("k", PICKUP, dropoff());
        let (one, two) = tokio::join!(first.ride(wish.clone()), second.ride(wish.clone()));
        assert_eq!(one.ride_id, two.ride_id);
        let third = first.ride(wish).await;
        assert_eq!(third.ride_id, one.ride_id);
        for client in [&mut first, &mut second] {
            let told = client.tale("ride requested no_vehicle").await;
            assert_eq!(told, ["ride requested", "ride requested no_vehicle"]);
        }
    }
}

#[tokio::test]
async fn a_key_stands_for_one_wish_of_one_rider() {
    let service = impatient();
    let mut rider = Client::open(service.address, "rosa", Role::Rider).await;
    let wish = request("k", PICKUP, dropoff());
    let ride = rider.ride(wish.clone()).await;
    let mut van = wish.clone();
    van["vehicle_class"] = json!("van");
    let mut elsewhere = wish.clone();
    elsewhere["pickup"]["latitude"] = json!(PICKUP.0 + 0.001);
    for other in [van, elsewhere] {
        assert_eq!(rider.refused(other).await, ErrorCode::IdempotencyKeyReused);
    }
    let other_key = request("k2", PICKUP, dropoff());
    let code = rider.refused(other_key.clone()).await;
    assert_eq!(code, ErrorCode::OpenRideExists);
    // Another rider's key of that name is another; also where the names run into each other.
    for (name, key) in [("otto", "k"), ("rosa:", "k"), ("ros", "a:k")] {
        let mut other = Client::open(service.address, name, Role::Rider).await;
        let theirs = other.ride(request(key, PICKUP, dropoff())).await;
        assert_ne!(theirs.ride_id, ride.ride_id);
    }
    rider.ok(step("cancel_ride", &ride.ride_id)).await;
    let again = rider.ride(wish).await;
    assert_eq!((&again.ride_id, again.state), (&ride.ride_id, S::Cancelled));
    assert_ne!(rider.ride(other_key).await.ride_id, ride.ride_id);
}

#[tokio::test]
async fn a_rider_has_one_open_ride_however_many_are_asked_for_at_once() {
    let service = impatient();
    let mut rider = Client::open(service.address, "rosa", Role::Rider).await;
    let mut device = Client::open(service.address, "rosa", Role::Rider).await;
    for n in 0..10 {
        let (one, two) = (format!("a{n}"), format!("b{n}"));
        let (one, two) = tokio::join!(
            rider.ask(request(&one, PICKUP, dropoff())),
            device.ask(request(&two, PICKUP, dropoff()))
        );
        let mut made = Vec::new();
        for answer in [one, two] {
            match answer {
                ServerMessage::Ok {
                    ride: Some(ride), ..
                } => made.push(ride.ride_id),
                ServerMessage::Error { error, .. } => {
                    assert_eq!(error.code, ErrorCode::OpenRideExists);
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(made.len(), 1);
        rider.ok(step("cancel_ride", &made[0])).await;
    }
}

#[tokio::test]
async fn what_is_no_wish_is_refused() {
    let service = impatient();
    let mut rider = Client::open(service.address, "rosa", Role::Rider).await;
    let good = request("k", PICKUP, dropoff());
    let with = |path: &str, value: serde_json::Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(path).unwrap() = value;
        bad
    };
    let mut long = good.clone();
    long["pickup"]["address"] = json!("é".repeat(101));
    let mut keyless = good.clone();
    keyless.as_object_mut().unwrap().remove("idempotency_key");
    for bad in [
        with("/pickup/latitude", json!(90.1)),
        with("/dropoff/longitude", json!(-180.5)),
        with("/pickup", json!(null)),
        with("/idempotency_key", json!("")),
        with("/idempotency_key", json!("k".repeat(1_000))),
        long,
        keyless,
    ] {
        let code = rider.refused(bad).await;
        assert_eq!(code, ErrorCode::InvalidMessage);
    }
    assert_eq!(rider.rest().await, [""; 0]);
    for (name, role) in [("ana", Role::Driver), ("olga", Role::Operator)] {
        let mut other = Client::open(service.address, name, role).await;
        assert_eq!(other.refused(good.clone()).await, ErrorCode::Forbidden);
    }
}

#[tokio::test]
async fn every_step_twice_is_once() {
    let service = impatient();
    let mut driver = driver_at(service.address, "ana", offset(PICKUP, 0.0, 900.0)).await;
    let mut rider = Client::open(service.address, "rosa", Role::Rider).await;
    let mut operator = Client::open(service.address, "olga", Role::Operator).await;
    let wish = request("k", PICKUP, dropoff());
    let ride = rider.ride(wish.clone()).await.ride_id;
    let offer = driver.until_offer(OfferState::Open).await;
    let accept = answer("accept_offer", &offer);
    assert_eq!(rider.ride(wish.clone()).await.state, S::Offered);
    for (n, message) in [
        accept.clone(),
        step("arrive", &ride),
        step("start_ride", &ride),
        step("complete_ride", &ride),
    ]
    .into_iter()
    .enumerate()
    {
        if n == 1 {
            driver.ok(position(PICKUP)).await;
        }
        let first = driver.ride(message.clone()).await;
        let again = driver.ride(message.clone()).await;
        assert_eq!(first, again, "{message}");
        // All that was before is repeatable too.
        assert_eq!(driver.ride(accept.clone()).await, first);
        assert_eq!(rider.ride(wish.clone()).await.state, first.state);
    }
    let all = [
        "ride requested",
        "ride offered",
        "ride accepted",
        "ride arrived",
        "ride in_progress",
        "ride completed",
    ];
    assert_eq!(operator.tale("ride completed").await, all);
    assert_eq!(rider.tale("ride completed").await, all);
    assert_eq!(
        driver.tale("ride completed").await,
        [&["offer accepted"], &all[2..]].concat()
    );
    for client in [&mut operator, &mut rider, &mut driver] {
        assert_eq!(client.rest().await, [""; 0]);
    }
}

#[tokio::test]
async fn a_step_out_of_turn_is_refused() {
    for stage in [S::Accepted, S::Arrived, S::InProgress] {
        let mut scene = Scene::at(stage).await;
        let mut refused: Vec<&str> = match stage {
            S::Accepted => vec!["start_ride", "complete_ride"],
            S::Arrived => vec!["complete_ride"],
            _ => vec![],
        };
        for kind in &refused {
            let message = step(kind, &scene.ride);
            let code = scene.driver.refused(message).await;
            assert_eq!(code, ErrorCode::WrongRideState, "{kind} in {stage:?}");
        }
        let cancel = step("cancel_ride", &scene.ride);
        scene.rider.ok(cancel).await;
        refused.push("complete_ride");
        for kind in refused {
            let message = step(kind, &scene.ride);
            let code = scene.driver.refused(message).await;
            assert_eq!(code, ErrorCode::WrongRideState, "{kind} after the end");
        }
        let message = step("cancel_ride", &scene.ride);
        let code = scene.driver.refused(message).await;
        assert_eq!(code, ErrorCode::WrongRideState);
    }
}

#[tokio::test]
async fn a_driver_who_is_far_may_insist() {
    let mut scene = Scene::at(S::Accepted).await;
    let mut arrive = step("arrive", &scene.ride);
    let code = scene.driver.refused(arrive.clone()).await;
    assert_eq!(code, ErrorCode::TooFar);
    scene.driver.ok(position(offset(PICKUP, 260.0, 0.0))).await;
    let code = scene.driver.refused(arrive.clone()).await;
    assert_eq!(code, ErrorCode::TooFar);
    arrive["force"] = json!(false);
    let code = scene.driver.refused(arrive.clone()).await;
    assert_eq!(code, ErrorCode::TooFar);
    arrive["force"] = json!(true);
    scene.driver.ok(arrive).await;
    scene.rider.until_ride(S::Arrived).await;
}

#[tokio::test]
async fn nobody_touches_what_is_not_theirs() {
    for stage in [S::Requested, S::Offered, S::Accepted, S::InProgress] {
        let mut scene = Scene::at(stage).await;
        let address = scene.service.address;
        // A driver and a rider of the same names are other persons.
        let strangers = [
            ("otto", Role::Rider),
            ("ana", Role::Rider),
            ("rosa", Role::Driver),
            ("eve", Role::Driver),
        ];
        for (name, role) in strangers {
            let mut stranger = Client::open(address, name, role).await;
            let kinds: &[&str] = match role {
                Role::Driver => &["arrive", "start_ride", "complete_ride", "cancel_ride"],
                _ => &["cancel_ride"],
            };
            let mut messages: Vec<_> = kinds.iter().map(|it| step(it, &scene.ride)).collect();
            let ride = &scene.ride;
            messages.push(json!({"type": "send_chat", "ride_id": ride, "text": "hello", "idempotency_key": "c"}));
            messages.push(json!({"type": "read_chat", "ride_id": ride, "number": 1}));
            messages.push(json!({"type": "subscribe", "subscription": "r", "channel": {"kind": "ride", "ride_id": ride}}));
            for mut message in messages {
                let there = stranger.ask(message.clone()).await;
                message["ride_id"] = json!("00000000000-0000000000000000");
                if message["type"] == "subscribe" {
                    message["channel"]["ride_id"] = json!("00000000000-0000000000000000");
                }
                let nowhere = stranger.ask(message.clone()).await;
                let (there, nowhere) = (said(&there), said(&nowhere));
                assert!(there.0 == ErrorCode::UnknownRide || there.0 == ErrorCode::Forbidden);
                assert_eq!(there, nowhere, "whether it exists is not told: {message}");
            }
            assert_eq!(stranger.rest().await, [""; 0]);
        }
        let is_of_the_search = |told: &String| told == "ride requested no_vehicle";
        assert!(scene.rider.rest().await.iter().all(is_of_the_search));
        assert!(scene.operator.rest().await.iter().all(is_of_the_search));
        let cancel = step("cancel_ride", &scene.ride);
        scene.rider.ok(cancel).await;
    }
}

fn said(answer: &ServerMessage) -> (ErrorCode, String) {
    match answer {
        ServerMessage::Error { error, .. } => (error.code, error.message.clone()),
        other => panic!("{other:?}"),
    }
}
