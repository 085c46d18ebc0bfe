//! Links that show one ride to whoever has them, and nothing else.

use std::net::SocketAddr;
use std::time::Duration;

use ridecast_protocol::{
    RideId, RideState as S, Role, ShareLink, ShareMessage, SharedRide, Toward, VehicleUpdate,
};
use serde_json::json;
use tokio::time::Instant;

use crate::client::{Client, DEADLINE};
use crate::http::{get, request};
use crate::people::{request as wish, step};
use crate::redis_server::RedisServer;
use crate::say::{now_ms, offset, position};
use crate::scene::{PICKUP, Scene, dropoff};
use crate::service::token;
use crate::sse_client::Sse;

async fn share(address: SocketAddr, user: &str, role: Role, ride: &RideId) -> ShareLink {
    let path = format!("/v1/rides/{ride}/share");
    let reply = request(address, "POST", &path, Some(&token(user, role)), None).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let link: ShareLink = reply.json();
    let location = format!("location: /v1/share/{}\r\n", link.token);
    assert!(reply.head.contains(&location), "{}", reply.head);
    link
}

async fn rosas(scene: &Scene) -> ShareLink {
    share(scene.service.address, "rosa", Role::Rider, &scene.ride).await
}

async fn watch(address: SocketAddr, link: &ShareLink) -> Sse {
    Sse::open(address, &format!("/v1/share/{}/events", link.token), &[]).await
}

/// The next message; what is said must be one of these kinds.
async fn next(viewer: &mut Sse) -> Option<ShareMessage> {
    let sent = viewer.next().await?;
    assert_eq!(sent.id, None, "nothing to resume from: each is whole");
    assert_eq!(sent.data["type"], *sent.name);
    let text = sent.data.to_string();
    Some(serde_json::from_value(sent.data).unwrap_or_else(|error| panic!("{error} in {text}")))
}

/// Passes over vehicles and progress until the ride has changed.
async fn until_ride(viewer: &mut Sse, state: S) -> ridecast_protocol::Ride {
    loop {
        match next(viewer).await {
            Some(ShareMessage::Ride(ride)) if ride.state == state => return *ride,
            Some(ShareMessage::Bye(bye)) => panic!("{bye:?} before {state:?}"),
            Some(_) => {}
            None => panic!("over before {state:?}"),
        }
    }
}

/// The end of it: its code.
async fn farewell(viewer: &mut Sse) -> u16 {
    loop {
        match next(viewer).await {
            Some(ShareMessage::Bye(bye)) => {
                assert_eq!(next(viewer).await, None, "nothing follows");
                assert_eq!(bye.reconnect_in_ms.is_some(), bye.code < 4500);
                return bye.code;
            }
            Some(ShareMessage::Ride(ride)) => panic!("{ride:?} instead of bye"),
            Some(_) => {}
            None => panic!("an end without a bye"),
        }
    }
}

async fn is_nothing(address: SocketAddr, token: &str) {
    for path in [
        format!("/v1/share/{token}"),
        format!("/v1/share/{token}/events"),
    ] {
        let reply = get(address, &path, None).await;
        assert_eq!(reply.error(), (404, "unknown_ride".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn a_link_shows_the_ride_to_its_end_and_nothing_else_of_the_rider() {
    let mut scene = Scene::at(S::Requested).await;
    let address = scene.service.address;
    let link = rosas(&scene).await;
    assert!(link.expires_at_ms > now_ms() + 3_600_000);
    let mut viewer = watch(address, &link).await;
    let first = until_ride(&mut viewer, S::Requested).await;
    assert!(first.driver.is_none() && first.rider.is_none());

    scene.driver.ok(crate::say::go_online("car")).await;
    scene.driver.ok(position(offset(PICKUP, 0.0, 900.0))).await;
    let offer = scene
        .driver
        .until_offer(ridecast_protocol::OfferState::Open)
        .await;
    until_ride(&mut viewer, S::Offered).await;
    scene
        .driver
        .ok(json!({"type": "accept_offer", "offer_id": offer.offer_id}))
        .await;
    let accepted = until_ride(&mut viewer, S::Accepted).await;
    assert_eq!(accepted.driver.unwrap().id.as_str(), "ana");

    // The vehicle comes, at most twice a second, and what is left of its way.
    let since = Instant::now();
    let (mut vehicles, mut progress, mut sent) = (0_u32, 0, 0);
    while vehicles < 4 || progress == 0 {
        sent += 1;
        let place = offset(PICKUP, 0.0, 900.0 - f64::from(sent % 800));
        scene.driver.ok(position(place)).await;
        let waiting = tokio::time::timeout(Duration::from_millis(20), next(&mut viewer));
        match waiting.await {
            Ok(Some(ShareMessage::Vehicle(vehicle))) => {
                assert_eq!(vehicle.id.as_str(), "ana");
                vehicles += 1;
            }
            Ok(Some(ShareMessage::Progress(told))) => {
                assert_eq!(
                    (&told.ride_id, told.eta.toward),
                    (&scene.ride, Toward::Pickup)
                );
                progress += 1;
            }
            Ok(other) => panic!("{other:?}"),
            Err(_) => {}
        }
    }
    let most = 2 + since.elapsed().as_millis() / 500;
    assert!(
        u128::from(vehicles) <= most,
        "{vehicles} vehicles, {sent} positions"
    );

    // The same without a stream.
    let reply = get(address, &format!("/v1/share/{}", link.token), None).await;
    assert!(
        reply.head.contains("cache-control: no-store"),
        "{}",
        reply.head
    );
    assert!(!reply.body.contains("rosa"), "{}", reply.body);
    let shared: SharedRide = reply.json();
    assert_eq!(shared.ride.state, S::Accepted);
    assert_eq!(shared.vehicle.unwrap().id.as_str(), "ana");
    assert_eq!(shared.eta.unwrap().toward, Toward::Pickup);

    // Near the pickup: a notice for the two. A chat between them. Another ride of the rider.
    for _ in 0..3 {
        scene.driver.ok(position(offset(PICKUP, 0.0, 10.0))).await;
    }
    scene
        .rider
        .ok(json!({"type": "send_chat", "ride_id": scene.ride, "text": "secret", "idempotency_key": "s"}))
        .await;
    scene.rider.tale("chat 1 rider").await;
    // Between this and what follows only vehicles and progress may come: `next` reads nothing else.
    for (command, state) in [
        ("arrive", S::Arrived),
        ("start_ride", S::InProgress),
        ("complete_ride", S::Completed),
    ] {
        scene.driver.ok(step(command, &scene.ride)).await;
        let ride = until_ride(&mut viewer, state).await;
        assert_eq!(ride.driver.is_some(), state != S::Completed);
    }
    assert_eq!(farewell(&mut viewer).await, 4504);
    is_nothing(address, &link.token).await;
}

#[tokio::test]
async fn other_rides_of_the_rider_are_not_shown() {
    let service = crate::service::Service::start_with(|settings| settings.rides.max_open_rides = 2);
    let address = service.address;
    let mut rider = Client::open(address, "rosa", Role::Rider).await;
    let shared = rider.ride(wish("k1", PICKUP, dropoff())).await.ride_id;
    let link = share(address, "rosa", Role::Rider, &shared).await;
    let mut viewer = watch(address, &link).await;
    until_ride(&mut viewer, S::Requested).await;
    let other = rider.ride(wish("k2", PICKUP, dropoff())).await.ride_id;
    rider.ride(step("cancel_ride", &other)).await;
    rider.ride(step("cancel_ride", &shared)).await;
    loop {
        match next(&mut viewer).await.unwrap() {
            ShareMessage::Ride(ride) => {
                assert_eq!(ride.ride_id, shared);
                if ride.state == S::Cancelled {
                    break;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(farewell(&mut viewer).await, 4504);
}

#[tokio::test]
async fn a_link_that_is_withdrawn_shows_no_more() {
    let scene = Scene::at(S::InProgress).await;
    let address = scene.service.address;
    let (one, two) = (rosas(&scene).await, rosas(&scene).await);
    assert_ne!(one.token, two.token);
    let mut viewers = [watch(address, &one).await, watch(address, &two).await];
    for viewer in &mut viewers {
        until_ride(viewer, S::InProgress).await;
    }
    let path = format!("/v1/rides/{}/share/{}", scene.ride, one.token);
    for (user, role) in [("otto", Role::Rider), ("ana", Role::Driver)] {
        let reply = request(address, "DELETE", &path, Some(&token(user, role)), None).await;
        assert_eq!(reply.error(), (404, "unknown_ride".to_owned()), "{user}");
    }
    let reply = request(address, "DELETE", &path, None, None).await;
    assert_eq!(reply.error().0, 401);
    let bearer = token("rosa", Role::Rider);
    let since = Instant::now();
    let reply = request(address, "DELETE", &path, Some(&bearer), None).await;
    assert_eq!((reply.status, reply.body.as_str()), (204, ""));
    is_nothing(address, &one.token).await;
    assert_eq!(farewell(&mut viewers[0]).await, 4504);
    assert!(
        since.elapsed() < Duration::from_millis(5_500),
        "{:?}",
        since.elapsed()
    );
    let again = request(address, "DELETE", &path, Some(&bearer), None).await;
    assert_eq!(again.error().0, 404);
    // The other goes on.
    let mut scene = scene;
    scene.driver.ok(step("complete_ride", &scene.ride)).await;
    until_ride(&mut viewers[1], S::Completed).await;
}

#[tokio::test]
async fn a_link_ends_by_itself() {
    let service = crate::service::Service::start_with(|settings| {
        settings.rides.share_for = Duration::from_secs(2);
        settings.rides.rules.retry_after_ms = 300;
    });
    let scene = Scene::of(service, S::Accepted).await;
    let address = scene.service.address;
    let link = rosas(&scene).await;
    let mut viewer = watch(address, &link).await;
    until_ride(&mut viewer, S::Accepted).await;
    assert_eq!(farewell(&mut viewer).await, 4504);
    let late_ms = now_ms() - link.expires_at_ms;
    assert!((0..1_000).contains(&late_ms), "{late_ms} ms late");
    is_nothing(address, &link.token).await;
}

#[tokio::test]
async fn a_viewer_is_told_at_once_how_often_the_stream_says_that_it_lives() {
    for (heartbeat_ms, count) in [(3_600_000, 1), (400, 4)] {
        let service = crate::service::Service::start_with(|settings| {
            settings.ws.heartbeat = Duration::from_millis(heartbeat_ms);
        });
        let scene = Scene::of(service, S::Offered).await;
        let link = rosas(&scene).await;
        let mut viewer = watch(scene.service.address, &link).await;
        until_ride(&mut viewer, S::Offered).await;
        for _ in 0..count {
            viewer.heartbeat().await;
        }
        assert_eq!(viewer.heartbeat_ms, Some(heartbeat_ms));
    }
}

#[tokio::test]
async fn riders_and_operators_share_rides_that_are_not_over() {
    let mut scene = Scene::at(S::Offered).await;
    let address = scene.service.address;
    let link = share(address, "olga", Role::Operator, &scene.ride).await;
    let reply = get(address, &format!("/v1/share/{}", link.token), None).await;
    let shared: SharedRide = reply.json();
    assert_eq!((shared.ride.state, shared.vehicle), (S::Offered, None));
    assert!(shared.ride.rider.is_none(), "as its rider sees it");
    let path = format!("/v1/rides/{}/share", scene.ride);
    for (user, role) in [("ana", Role::Driver), ("otto", Role::Rider)] {
        let reply = request(address, "POST", &path, Some(&token(user, role)), None).await;
        assert_eq!(reply.error(), (404, "unknown_ride".to_owned()), "{user}");
    }
    scene.rider.ride(step("cancel_ride", &scene.ride)).await;
    let bearer = token("rosa", Role::Rider);
    let reply = request(address, "POST", &path, Some(&bearer), None).await;
    assert_eq!(reply.error(), (409, "wrong_ride_state".to_owned()));
    is_nothing(address, "0123456789abcdef0123456789abcdef").await;
    is_nothing(address, "%0a").await;
}

#[tokio::test]
async fn of_too_many_links_the_oldest_is_withdrawn() {
    let scene = Scene::at(S::Arrived).await;
    let address = scene.service.address;
    let first = rosas(&scene).await;
    let mut viewer = watch(address, &first).await;
    let mut links = Vec::new();
    for _ in 0..20 {
        links.push(rosas(&scene).await);
    }
    is_nothing(address, &first.token).await;
    for link in [&links[0], &links[19]] {
        let reply = get(address, &format!("/v1/share/{}", link.token), None).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    until_ride(&mut viewer, S::Arrived).await;
    assert_eq!(farewell(&mut viewer).await, 4504);
}

#[tokio::test]
async fn viewers_count_as_sessions_and_are_told_when_the_service_stops() {
    // Nobody looks for a driver any more, of which the viewer would be told.
    let mut scene = Scene::at(S::Accepted).await;
    let link = rosas(&scene).await;
    let mut viewer = watch(scene.service.address, &link).await;
    until_ride(&mut viewer, S::Accepted).await;
    let metrics = get(scene.service.address, "/metrics", None).await.body;
    assert!(
        metrics.contains("ridecast_sessions{role=\"viewer\"} 1"),
        "{metrics}"
    );
    scene.service.begin_to_stop();
    assert_eq!(farewell(&mut viewer).await, 4000);
}

#[tokio::test]
async fn the_vehicle_is_shown_whichever_node_hears_it() {
    let redis = RedisServer::start();
    let node = || {
        crate::service::Service::start_with(|settings| {
            settings.store = redis.url().parse().expect("a URL");
            settings.rides.rules.retry_after_ms = 300;
        })
    };
    let (here, there) = (node(), node());
    let mut scene = Scene::of(here, S::Accepted).await;
    let link = rosas(&scene).await;
    let mut viewer = watch(there.address, &link).await;
    until_ride(&mut viewer, S::Accepted).await;
    let first = loop {
        match next(&mut viewer).await {
            Some(ShareMessage::Vehicle(vehicle)) => break vehicle,
            Some(ShareMessage::Progress(_)) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(first.id.as_str(), "ana");
    // Far from where it was offered the ride, in a part of the city that nobody watches there:
    // found by what is kept of its track.
    let far = |nth: u32| offset(PICKUP, 15_000.0, 300.0 * f64::from(nth % 2));
    let path = format!("/v1/share/{}", link.token);
    let deadline = Instant::now() + DEADLINE;
    let mut shown = [false; 2];
    for nth in 0.. {
        scene.driver.ok(position(far(nth))).await;
        let is_far = |vehicle: &VehicleUpdate| vehicle.latitude > offset(PICKUP, 14_000.0, 0.0).0;
        let shared: SharedRide = get(there.address, &path, None).await.json();
        shown[0] |= shared.vehicle.as_ref().is_some_and(is_far);
        let waiting = tokio::time::timeout(Duration::from_millis(200), next(&mut viewer));
        if let Ok(Some(ShareMessage::Vehicle(vehicle))) = waiting.await {
            shown[1] |= is_far(&vehicle);
        }
        if shown == [true; 2] {
            break;
        }
        assert!(Instant::now() < deadline, "{shown:?}");
    }
    scene.rider.ride(step("cancel_ride", &scene.ride)).await;
    until_ride(&mut viewer, S::Cancelled).await;
    assert_eq!(farewell(&mut viewer).await, 4504);
}
