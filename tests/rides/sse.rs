//! The one-way feed: a person's inbox as server-sent events.

use std::net::SocketAddr;
use std::time::Duration;

use ridecast_protocol::{Event, InboxPlace, OfferState, RideState as S, Role, ServerMessage};
use serde_json::json;
use tokio::time::Instant;

use crate::client::{Client, DEADLINE};
use crate::http::{get, post};
use crate::people::{driver_at, request, step, words};
use crate::say::offset;
use crate::scene::{PICKUP, Scene, dropoff};
use crate::service::{Service, token, token_for};
use crate::sse_client::Sse;

async fn rosa(address: SocketAddr, last_id: Option<&str>) -> Sse {
    Sse::inbox(address, &token("rosa", Role::Rider), last_id).await
}

/// The first message: where the inbox stands.
async fn welcome(sse: &mut Sse) -> InboxPlace {
    match sse.message().await {
        Some(ServerMessage::Welcome(welcome)) => welcome.inbox().expect("the store is there"),
        other => panic!("not a welcome: {other:?}"),
    }
}

/// The next event with its offset; what is not durable is passed over.
async fn event(sse: &mut Sse) -> (u64, Event) {
    loop {
        match sse.message().await.expect("more") {
            ServerMessage::Event { offset, event, .. } => {
                let id = sse.last_id.as_deref().expect("an id");
                assert!(id.ends_with(&format!(".{offset}")), "{id} is not {offset}");
                return (offset, event);
            }
            ServerMessage::Progress(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn until_metric(address: SocketAddr, line: &str) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let metrics = get(address, "/metrics", None).await.body;
        if metrics.lines().any(|it| it == line) {
            return;
        }
        assert!(Instant::now() < deadline, "never {line} in {metrics}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn said(nth: usize, text: &str) -> serde_json::Value {
    json!({"text": text, "idempotency_key": format!("m{nth}"), "type": "send_chat"})
}

#[tokio::test]
async fn the_inbox_is_told_as_the_socket_tells_it_and_each_keeps_its_own_place() {
    let service = Service::start();
    let address = service.address;
    let mut driver = driver_at(address, "ana", offset(PICKUP, 0.0, 20.0)).await;
    let mut feed = rosa(address, None).await;
    let begin = welcome(&mut feed).await;
    assert_eq!((begin.offset, begin.recovered), (0, None));
    let mut rider = Client::open(address, "rosa", Role::Rider).await;
    let ride = rider.ride(request("k", PICKUP, dropoff())).await.ride_id;
    let offer = driver.until_offer(OfferState::Open).await;
    driver
        .ok(json!({"type": "accept_offer", "offer_id": offer.offer_id}))
        .await;
    driver.ok(step("arrive", &ride)).await;
    // The socket acknowledges all it has; the feed's place is its own.
    rider.until_ride(S::Arrived).await;
    let place = rider.place.clone().unwrap();
    rider
        .ok(json!({"type": "ack", "offset": place.offset}))
        .await;
    rider.vanish();
    driver.ok(step("start_ride", &ride)).await;
    driver.ok(step("complete_ride", &ride)).await;
    let mut told = Vec::new();
    while told.last().is_none_or(|last| last != "ride completed") {
        let (offset, event) = event(&mut feed).await;
        told.push(words(&event));
        assert_eq!(offset, told.len() as u64);
    }
    let steps: Vec<_> = told.iter().filter(|it| it.starts_with("ride")).collect();
    let wanted = [
        "requested",
        "offered",
        "accepted",
        "arrived",
        "in_progress",
        "completed",
    ];
    assert_eq!(
        steps,
        wanted.map(|state| format!("ride {state}")).each_ref()
    );
    // The socket resumes from its own place, and gets what came after that, and only that.
    let place = format!("{}.{}", place.epoch, place.offset);
    let mut again = crate::people::resume(address, "rosa", Role::Rider, &place).await;
    assert_eq!(
        again.tale("ride completed").await,
        ["ride in_progress", "ride completed"]
    );
}

#[tokio::test]
async fn who_comes_back_with_the_last_id_gets_each_event_exactly_once() {
    let mut scene = Scene::at(S::InProgress).await;
    let address = scene.service.address;
    let mut feed = rosa(address, None).await;
    let begin = welcome(&mut feed).await.offset;
    let ride = scene.ride.clone();
    let count = 50;
    let talking = tokio::spawn(async move {
        for nth in 0..count {
            let mut message = said(nth, "on and on");
            message["ride_id"] = json!(ride);
            scene.driver.ok(message).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        scene
    });
    let mut next = begin + 1;
    let mut chats = 0;
    let mut reconnects = 0;
    'all: loop {
        // Cut in the middle: after none, one, two, ... events of this connection.
        for _ in 0..reconnects % 6 {
            let (offset, event) = event(&mut feed).await;
            assert_eq!(offset, next, "a hole, or one twice");
            next += 1;
            chats += usize::from(matches!(event, Event::Chat(_)));
            if chats == count {
                break 'all;
            }
        }
        let last = feed.last_id.clone().expect("welcome has one, too");
        drop(feed);
        feed = rosa(address, Some(&last)).await;
        let place = welcome(&mut feed).await;
        assert_eq!((place.recovered, place.offset), (Some(true), next - 1));
        reconnects += 1;
    }
    assert!(reconnects > 15, "{reconnects}");
    drop(talking.await);
}

#[tokio::test]
async fn who_has_seen_nothing_but_the_welcome_misses_nothing() {
    let mut scene = Scene::at(S::Arrived).await;
    let address = scene.service.address;
    let mut feed = rosa(address, None).await;
    let before = welcome(&mut feed).await;
    let last = feed.last_id.clone().unwrap();
    assert_eq!(last, format!("{}.{}", before.epoch, before.offset));
    drop(feed);
    scene.rider.ok(step("cancel_ride", &scene.ride)).await;
    // As an `EventSource` does it, and as one that was made anew does.
    let bearer = format!("Bearer {}", token("rosa", Role::Rider));
    let path = format!("/v1/events?resume={last}");
    let anew = Sse::open(address, &path, &[("authorization", &bearer)]).await;
    for mut feed in [rosa(address, Some(&last)).await, anew] {
        assert_eq!(welcome(&mut feed).await.recovered, Some(true));
        let (offset, event) = event(&mut feed).await;
        assert_eq!(
            (offset, words(&event).as_str()),
            (before.offset + 1, "ride cancelled")
        );
    }
}

#[tokio::test]
async fn a_place_that_is_none_is_not_recovered() {
    let scene = Scene::at(S::Offered).await;
    let address = scene.service.address;
    let mut feed = rosa(address, None).await;
    let place = welcome(&mut feed).await;
    for wrong in [
        "rubbish".to_owned(),
        place.epoch.clone(),
        format!("{}.", place.epoch),
        format!("{}.99999", place.epoch),
        format!("another.{}", place.offset),
    ] {
        let mut feed = rosa(address, Some(&wrong)).await;
        let told = welcome(&mut feed).await;
        assert_eq!(
            (told.recovered, told.offset),
            (Some(false), place.offset),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn who_is_not_let_in_is_told_by_http() {
    let service = Service::start_with(|settings| {
        settings.sessions.most = 1;
        // A feed whose client has left is found out by what is written to it.
        settings.ws.heartbeat = Duration::from_millis(500);
    });
    let address = service.address;
    for bad in [None, Some("rubbish")] {
        let reply = get(address, "/v1/events", bad).await;
        assert_eq!(reply.error(), (401, "bad_token".to_owned()));
    }
    let bearer = token("rosa", Role::Rider);
    let ticket = async || {
        let reply = post(address, "/v1/tickets", Some(&bearer), "").await;
        let ticket: ridecast_protocol::Ticket = reply.json();
        format!("/v1/events?ticket={}", ticket.ticket)
    };
    let path = ticket().await;
    let mut feed = Sse::open(address, &path, &[]).await;
    welcome(&mut feed).await;
    let unused = ticket().await;
    for path in [&path, &unused] {
        let reply = get(address, path, None).await;
        assert_eq!(reply.error(), (503, "overloaded".to_owned()));
    }
    drop(feed);
    until_metric(address, "ridecast_sessions{role=\"rider\"} 0").await;
    let used = get(address, &path, None).await;
    assert_eq!(used.error(), (401, "bad_token".to_owned()));
    // It was not used up while there was no place.
    welcome(&mut Sse::open(address, &unused, &[]).await).await;
}

#[tokio::test]
async fn a_driver_who_listens_does_not_replace_the_driver_who_drives() {
    let service = Service::start();
    let address = service.address;
    let mut driver = driver_at(address, "ana", offset(PICKUP, 0.0, 900.0)).await;
    let mut feed = Sse::inbox(address, &token("ana", Role::Driver), None).await;
    welcome(&mut feed).await;
    let mut rider = Client::open(address, "rosa", Role::Rider).await;
    rider.ok(request("k", PICKUP, dropoff())).await;
    let (_, first) = event(&mut feed).await;
    assert_eq!(words(&first), "offer open");
    let offer = driver.until_offer(OfferState::Open).await;
    driver
        .ok(json!({"type": "accept_offer", "offer_id": offer.offer_id}))
        .await;
    assert_eq!(words(&event(&mut feed).await.1), "offer accepted");
    // And a new socket does not end it either.
    let mut newer = Client::open(address, "ana", Role::Driver).await;
    assert_eq!(driver.farewell().await.close, Some(4002));
    newer
        .ok(json!({"type": "cancel_ride", "ride_id": offer.ride_id}))
        .await;
    let mut last = String::new();
    while last != "ride requested driver_cancelled" {
        last = words(&event(&mut feed).await.1);
    }
}

#[tokio::test]
async fn operators_are_told_of_all_rides() {
    let scene = Scene::at(S::Requested).await;
    let address = scene.service.address;
    let mut feed = Sse::inbox(address, &token("olga", Role::Operator), None).await;
    welcome(&mut feed).await;
    let mut other = Client::open(address, "paul", Role::Rider).await;
    let ride = other.ride(request("k", PICKUP, dropoff())).await;
    loop {
        if let Event::Ride(told) = event(&mut feed).await.1
            && told.ride_id == ride.ride_id
        {
            assert_eq!(told.rider.unwrap().as_str(), "paul");
            return;
        }
    }
}

#[tokio::test]
async fn a_quiet_feed_is_kept_alive_and_one_whose_client_left_ends() {
    let service =
        Service::start_with(|settings| settings.ws.heartbeat = Duration::from_millis(400));
    let address = service.address;
    let mut feed = rosa(address, None).await;
    welcome(&mut feed).await;
    assert!((1_000..3_000).contains(&feed.retry_ms.unwrap()));
    // Far longer than a session that is not heard may last.
    for _ in 0..6 {
        feed.heartbeat().await;
    }
    assert_eq!(feed.heartbeat_ms, Some(400));
    until_metric(address, "ridecast_sessions{role=\"rider\"} 1").await;
    drop(feed);
    until_metric(address, "ridecast_sessions{role=\"rider\"} 0").await;
}

#[tokio::test]
async fn a_feed_ends_with_its_token() {
    let service = Service::start();
    let token = token_for("rosa", Role::Rider, Duration::from_secs(2));
    let mut feed = Sse::inbox(service.address, &token, None).await;
    welcome(&mut feed).await;
    let warned = feed.message().await;
    assert!(
        matches!(&warned, Some(ServerMessage::TokenExpiring(it)) if it.expires_in_ms <= 250),
        "{warned:?}"
    );
    let Some(ServerMessage::Bye(bye)) = feed.message().await else {
        panic!("no bye");
    };
    assert_eq!((bye.code, bye.reconnect_in_ms), (4500, None));
    assert_eq!(feed.message().await, None);
}

#[tokio::test]
async fn a_service_that_stops_says_so_and_ends_the_feed() {
    let mut service = Service::start();
    let mut feed = rosa(service.address, None).await;
    welcome(&mut feed).await;
    let since = Instant::now();
    service.begin_to_stop();
    let Some(ServerMessage::Bye(bye)) = feed.message().await else {
        panic!("no bye");
    };
    assert_eq!(bye.code, 4000);
    assert_eq!(
        feed.retry_ms, bye.reconnect_in_ms,
        "the browser comes back then"
    );
    assert_eq!(feed.message().await, None);
    drop(service);
    assert!(
        since.elapsed() < Duration::from_secs(3),
        "{:?}",
        since.elapsed()
    );
}

#[tokio::test]
async fn who_does_not_read_is_closed_and_has_lost_nothing() {
    let service = Service::start_with(|settings| {
        settings.ws.heartbeat = Duration::from_secs(1);
        settings.rides.rules.retry_after_ms = 300;
    });
    let mut scene = Scene::of(service, S::InProgress).await;
    let address = scene.service.address;
    let bearer = format!("Bearer {}", token("rosa", Role::Rider));
    let headers = [("authorization", bearer.as_str())];
    let mut stuck = Sse::open_with(address, "/v1/events", &headers, 4096).await;
    let begin = welcome(&mut stuck).await.offset;
    // Four hundred kilobytes, which neither the kernel nor the session keeps.
    let text = "🚕".repeat(1_000);
    let count = 100;
    for nth in 0..count / 2 {
        for client in [&mut scene.rider, &mut scene.driver] {
            let mut message = said(nth, &text);
            message["ride_id"] = json!(scene.ride);
            client.ok(message).await;
        }
    }
    until_metric(address, "ridecast_closes_total{code=\"4003\"} 1").await;
    // What is on its way can still be read; the rest comes to who comes back.
    let mut offsets = Vec::new();
    let mut read = async |feed: &mut Sse| {
        while offsets.len() < count {
            match feed.message().await {
                Some(ServerMessage::Event { offset, event, .. }) => {
                    assert!(matches!(event, Event::Chat(_)), "{event:?}");
                    offsets.push(offset);
                }
                Some(ServerMessage::Progress(_)) => {}
                Some(ServerMessage::Bye(bye)) => assert_eq!(bye.code, 4003),
                None => return false,
                other => panic!("{other:?}"),
            }
        }
        true
    };
    assert!(!read(&mut stuck).await, "all of it was kept in memory");
    let mut back = rosa(address, stuck.last_id.as_deref()).await;
    assert_eq!(welcome(&mut back).await.recovered, Some(true));
    assert!(read(&mut back).await);
    let wanted: Vec<_> = (begin + 1..=begin + count as u64).collect();
    assert_eq!(offsets, wanted);
}
