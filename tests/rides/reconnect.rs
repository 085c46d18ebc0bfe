//! Connections break at every stage: what was told meanwhile comes after, once and in order.

use ridecast_protocol::{Event, InboxPlace, OfferState, RideState as S, Role, Toward};
use serde_json::json;

use crate::client::{Client, How};
use crate::people::{answer, request, resume, step};
use crate::say::{go_online, now_ms, offset, position};
use crate::scene::{PICKUP, Scene, dropoff, impatient};
use crate::service::{Service, token};

fn follow(ride: &ridecast_protocol::RideId) -> serde_json::Value {
    json!({"type": "subscribe", "subscription": "r", "channel": {"kind": "ride", "ride_id": ride}})
}

/// The rider's train goes through one tunnel after the other.
#[tokio::test]
async fn a_rider_who_comes_back_has_missed_nothing() {
    let mut scene = Scene::at(S::Offered).await;
    let (address, ride) = (scene.service.address, scene.ride.clone());
    let offer = scene.offer.clone().unwrap();
    let mut place = scene.rider.place();
    scene.rider.vanish();

    scene.driver.ok(answer("accept_offer", &offer)).await;
    let mut rider = resume(address, "rosa", Role::Rider, &place).await;
    assert_eq!(rider.tale("ride accepted").await, ["ride accepted"]);
    rider.ok(follow(&ride)).await;
    rider
        .until("r", "the driver is seen", |view| view.has("ana"))
        .await;
    place = rider.place();
    rider.vanish();

    for east_m in [100.0, 50.0, 20.0] {
        scene.driver.ok(position(offset(PICKUP, 0.0, east_m))).await;
    }
    scene.driver.tale("notice pickup").await;
    scene.driver.ok(step("arrive", &ride)).await;
    scene.driver.ok(step("start_ride", &ride)).await;
    let mut rider = resume(address, "rosa", Role::Rider, &place).await;
    let told = rider.tale("ride in_progress").await;
    assert_eq!(told, ["notice pickup", "ride arrived", "ride in_progress"]);
    // A channel lives with its session: it is asked for anew.
    assert!(!rider.view("r").has("ana"));
    rider.ok(follow(&ride)).await;
    rider
        .until("r", "the driver is seen", |view| view.has("ana"))
        .await;
    place = rider.place();
    rider.vanish();

    for north_m in [1_000.0, 1_950.0, 2_000.0] {
        scene
            .driver
            .ok(position(offset(PICKUP, north_m, 0.0)))
            .await;
    }
    scene.driver.tale("notice dropoff").await;
    scene.driver.ok(step("complete_ride", &ride)).await;
    let mut rider = resume(address, "rosa", Role::Rider, &place).await;
    let told = rider.tale("ride completed").await;
    assert_eq!(told, ["notice dropoff", "ride completed"]);
    rider.ok(follow(&ride)).await;
    rider.until("r", "nobody", |view| view.snapshots == 1).await;
    assert!(rider.view("r").ids().is_empty(), "after the ride, nothing");
    place = rider.place();
    rider.vanish();
    let mut rider = resume(address, "rosa", Role::Rider, &place).await;
    assert_eq!(rider.rest().await, [""; 0]);
    // From the beginning: the whole story once more.
    let epoch = place.split_once('.').unwrap().0;
    let mut rider = resume(address, "rosa", Role::Rider, &format!("{epoch}.0")).await;
    let told = rider.tale("ride completed").await;
    assert_eq!(
        told,
        [
            "ride requested",
            "ride offered",
            "ride accepted",
            "notice pickup",
            "ride arrived",
            "ride in_progress",
            "notice dropoff",
            "ride completed",
        ]
    );
}

/// The driver's phone loses its connection before every step, and the journey goes on.
#[tokio::test]
async fn a_driver_who_comes_back_drives_on() {
    let mut scene = Scene::at(S::Offered).await;
    let (address, ride) = (scene.service.address, scene.ride.clone());
    let offer = scene.offer.clone().unwrap();
    let before_offer = {
        let place = scene.driver.place();
        let (epoch, offset) = place.rsplit_once('.').unwrap();
        format!("{epoch}.{}", offset.parse::<u64>().unwrap() - 1)
    };
    scene.driver.vanish();
    scene.rider.ok(follow(&ride)).await;

    let mut driver = resume(address, "ana", Role::Driver, &before_offer).await;
    let again = driver.until_offer(OfferState::Open).await;
    assert_eq!(again, offer, "there is still time");
    driver.ok(go_online("car")).await;
    driver.ok(answer("accept_offer", &offer)).await;
    let mut told = driver.tale("ride accepted").await;
    assert_eq!(told, ["offer accepted", "ride accepted"]);
    let mut place = driver.place();
    driver.vanish();

    let mut driver = resume(address, "ana", Role::Driver, &place).await;
    driver.ok(go_online("car")).await;
    // That the ride is known here again is seen by its first estimate.
    let mut near_m = 140.0;
    scene.rider.progress = None;
    let deadline = tokio::time::Instant::now() + crate::client::DEADLINE;
    while driver.events.is_empty() {
        driver.ok(position(offset(PICKUP, 0.0, near_m))).await;
        near_m -= 0.1;
        driver.catch_up();
        assert!(tokio::time::Instant::now() < deadline, "no notice");
    }
    assert_eq!(driver.tale("notice pickup").await, ["notice pickup"]);
    driver.ok(position(PICKUP)).await;
    scene.rider.tale("notice pickup").await;
    while scene.rider.progress.is_none() {
        scene.rider.settle().await;
        assert!(tokio::time::Instant::now() < deadline, "no estimate");
    }
    let progress = scene.rider.progress.take().unwrap();
    assert_eq!(
        (progress.ride_id, progress.eta.toward),
        (ride.clone(), Toward::Pickup)
    );
    scene
        .rider
        .until("r", "the driver is at the pickup", |view| {
            let seen = view.vehicles.get("ana");
            seen.is_some_and(|it| (it.latitude, it.longitude) == PICKUP)
        })
        .await;
    driver.ok(step("arrive", &ride)).await;
    told = driver.tale("ride arrived").await;
    assert_eq!(told, ["ride arrived"]);
    place = driver.place();
    driver.vanish();

    let mut driver = resume(address, "ana", Role::Driver, &place).await;
    driver.ok(go_online("car")).await;
    driver.ok(step("start_ride", &ride)).await;
    for north_m in [0.0, 500.0, 1_000.0] {
        driver.ok(position(offset(PICKUP, north_m, 0.0))).await;
    }
    driver.tale("ride in_progress").await;
    place = driver.place();
    driver.vanish();

    // The rest of the way in a tunnel, told when it is over.
    let mut driver = resume(address, "ana", Role::Driver, &place).await;
    driver.ok(go_online("car")).await;
    for north_m in [1_500.0, 1_990.0, 2_000.0] {
        driver.ok(position(offset(PICKUP, north_m, 0.0))).await;
    }
    driver.ok(step("complete_ride", &ride)).await;
    let told = driver.tale("ride completed").await;
    assert_eq!(told, ["notice dropoff", "ride completed"]);
    let done = scene.rider.until_ride(S::Completed).await;
    let distance_m = done.distance_m.unwrap();
    assert!((1_990..2_010).contains(&distance_m), "{distance_m} m");
    let free = |view: &crate::view::View| view.vehicles.len() == 1;
    scene.other.until("n", "it is free", free).await;
}

#[tokio::test]
async fn an_offer_whose_time_has_passed_is_never_shown_as_open() {
    let service = Service::start_with(|settings| {
        settings.rides.rules.offer_for_ms = 600;
        settings.rides.rules.retry_after_ms = 300;
    });
    let address = service.address;
    let mut scene = Scene::of(service, S::Offered).await;
    let place = scene.driver.place();
    let (epoch, last) = place.rsplit_once('.').unwrap();
    let last: u64 = last.parse().unwrap();
    scene.driver.vanish();
    scene.rider.tale("ride requested silent").await;
    assert!(now_ms() >= scene.offer.as_ref().unwrap().expires_at_ms);
    let place = format!("{epoch}.{}", last - 1);
    let mut driver = resume(address, "ana", Role::Driver, &place).await;
    // The offer itself, as it is now; and that it has expired.
    let told = driver.tale("offer expired").await;
    assert_eq!(told, ["offer expired"]);
    assert_eq!(driver.rest().await, ["offer expired"]);
}

#[tokio::test]
async fn every_device_has_a_place_of_its_own() {
    let service = impatient();
    let address = service.address;
    let mut first = Client::open(address, "rosa", Role::Rider).await;
    let begin = first.place();
    let ride = first.ride(request("k", PICKUP, dropoff())).await.ride_id;
    let both = ["ride requested", "ride requested no_vehicle"];
    assert_eq!(first.tale(both[1]).await, both);
    // Comes later, from the beginning; and one that knows of no place.
    let mut second = resume(address, "rosa", Role::Rider, &begin).await;
    assert_eq!(second.tale(both[1]).await, both);
    let (mut fresh, welcome) = Client::open_as(address, "rosa", Role::Rider, false).await;
    let place = welcome.inbox().unwrap();
    assert_eq!((place.offset, place.recovered), (2, None));
    assert_eq!(fresh.rest().await, [""; 0], "only what is new");
    let middle = format!("{}.1", place.epoch);
    let mut third = resume(address, "rosa", Role::Rider, &middle).await;
    assert_eq!(third.tale(both[1]).await, both[1..]);
    // What one acknowledges is not acknowledged by the others.
    second.ok(json!({"type": "ack", "offset": 2})).await;
    third.ok(json!({"type": "ack", "offset": 1})).await;
    first.ok(step("cancel_ride", &ride)).await;
    for device in [&mut first, &mut second, &mut third, &mut fresh] {
        assert_eq!(device.tale("ride cancelled").await, ["ride cancelled"]);
        assert_eq!(device.place.as_ref().unwrap().offset, 3);
        let beyond = json!({"type": "ack", "offset": 4});
        let code = device.refused(beyond).await;
        assert_eq!(code.as_str(), "invalid_message");
    }
    let mut second = resume(address, "rosa", Role::Rider, &begin).await;
    assert_eq!(second.tale("ride cancelled").await.len(), 3);
}

#[tokio::test]
async fn who_resumes_where_nothing_is_learns_it() {
    let service = impatient();
    let address = service.address;
    let mut rider = Client::open(address, "rosa", Role::Rider).await;
    rider.ok(request("k", PICKUP, dropoff())).await;
    rider.tale("ride requested no_vehicle").await;
    let epoch = rider.place.clone().unwrap().epoch;
    let beyond = format!("{epoch}.3");
    let most = format!("{epoch}.{}", u64::MAX);
    for place in ["0123456789abcdef.1", "x.0", &beyond, &most] {
        let how = How {
            bearer: Some(token("rosa", Role::Rider)),
            resume: Some(place.to_owned()),
            ..How::default()
        };
        let mut client = Client::connect(address, &how).await;
        let welcome = client.welcome().await;
        let now = InboxPlace {
            epoch: epoch.clone(),
            offset: 2,
            recovered: Some(false),
        };
        assert_eq!(welcome.inbox(), Some(now), "{place}");
        assert_eq!(client.rest().await, [""; 0]);
        client.vanish();
    }
    // In `hello` it is the same.
    for (offset, recovered) in [(1, true), (9, false)] {
        let mut client = Client::connect(address, &How::default()).await;
        let token = token("rosa", Role::Rider);
        client
            .send(&json!({"type": "hello", "token": token, "resume": {"epoch": epoch, "offset": offset}}))
            .await;
        let place = client.welcome().await.inbox().unwrap();
        assert_eq!(place.recovered, Some(recovered));
        if recovered {
            // Events are read after the welcome: the answer to a ping may come first.
            client.event("what came after", |_| Some(())).await;
        }
        assert_eq!(client.rest().await, [""; 0]);
    }
    // Another's inbox is another.
    let how = How {
        bearer: Some(token("otto", Role::Rider)),
        resume: Some(format!("{epoch}.0")),
        ..How::default()
    };
    let mut other = Client::connect(address, &how).await;
    let place = other.welcome().await.inbox().unwrap();
    assert_eq!((place.recovered, place.offset), (Some(false), 0));
    assert_ne!(place.epoch, epoch);
    assert_eq!(other.rest().await, [""; 0]);
}

/// Somebody who was away for more than is kept.
#[tokio::test]
async fn who_has_missed_too_much_begins_anew() {
    let service = impatient();
    let address = service.address;
    let scene = Scene::of(service, S::Accepted).await;
    let begin = scene.rider.place();
    scene.rider.vanish();
    // A thousand events, and some.
    let mut drivers = Vec::new();
    for _ in 0..18 {
        // A new session of the driver ends the last: each may say sixty things at once.
        let mut driver = Client::open(address, "ana", Role::Driver).await;
        for _ in 0..59 {
            let key = format!("c{}", drivers.len());
            drivers.push(key.clone());
            driver
                .send(&json!({"type": "send_chat", "ride_id": scene.ride, "quick": "here", "idempotency_key": key, "id": key}))
                .await;
            driver.answer().await;
        }
    }
    let how = How {
        bearer: Some(token("rosa", Role::Rider)),
        resume: Some(begin),
        ..How::default()
    };
    let mut rider = Client::connect(address, &how).await;
    let place = rider.welcome().await.inbox().unwrap();
    assert_eq!(place.recovered, Some(false));
    assert!(place.offset > 1_000, "{place:?}");
    assert_eq!(rider.rest().await, [""; 0]);
    // What is kept still can be had.
    let kept = format!("{}.{}", place.epoch, place.offset - 1_000);
    let mut rider = resume(address, "rosa", Role::Rider, &kept).await;
    for n in 0..1_000 {
        let number = rider
            .event(&format!("message {n}"), |event| match event {
                Event::Chat(chat) => Some(chat.number),
                _ => None,
            })
            .await;
        assert_eq!(number, 18 * 59 - 999 + n);
    }
}
