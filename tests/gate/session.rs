//! The limits of one session.

use std::num::NonZeroU32;

use ridecast_protocol::{ErrorCode, Role, ServerMessage};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::asking::limited;
use crate::client::Client;
use crate::service::Service;

fn some(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

/// The message of the error that comes next.
async fn error(client: &mut Client) -> String {
    match client.answer().await {
        ServerMessage::Error { error, .. } => {
            assert_eq!(error.code, ErrorCode::RateLimited);
            error.message
        }
        other => panic!("not an error: {other:?}"),
    }
}

#[tokio::test]
async fn messages_and_pings_share_a_bucket() {
    let service = Service::start_with(|settings| settings.sessions.messages_per_s = some(1));
    let mut client = Client::open(service.address, "r1", Role::Rider).await;
    for _ in 0..5 {
        client.settle().await;
    }
    client.send(&json!({"type": "ping"})).await;
    let message = error(&mut client).await;
    assert!(
        message.contains("`messages`") && message.contains(" 1 "),
        "{message}"
    );
    client.send_raw(Message::Ping(b"x".to_vec().into())).await;
    assert!(error(&mut client).await.contains("`messages`"));
    assert_eq!(limited(service.address, "messages").await, 2);
    for _ in 0..150 {
        client.send_raw(Message::Ping(b"x".to_vec().into())).await;
    }
    let farewell = client.farewell().await;
    assert_eq!((farewell.bye, farewell.close), (Some(4503), Some(4503)));
}

#[tokio::test]
async fn bytes_are_a_limit_of_their_own() {
    let service = Service::start_with(|settings| settings.sessions.bytes_per_s = some(1_000));
    let mut client = Client::open(service.address, "r1", Role::Rider).await;
    // The bucket has 32,000.
    let padding = |bytes| json!({"type": "ping", "padding": "x".repeat(bytes)});
    client.send(&padding(20_000)).await;
    assert!(matches!(client.answer().await, ServerMessage::Pong { .. }));
    client.send(&padding(20_000)).await;
    let message = error(&mut client).await;
    assert!(
        message.contains("`bytes`") && message.contains("1000"),
        "{message}"
    );
    // A small one still fits.
    client.settle().await;
    assert_eq!(limited(service.address, "bytes").await, 1);
    assert_eq!(limited(service.address, "messages").await, 0);
}

#[tokio::test]
async fn positions_are_a_limit_of_their_own_and_a_whole_list_fits() {
    let service = Service::start_with(|settings| settings.sessions.positions_per_s = some(1));
    let mut driver = Client::open(service.address, "d1", Role::Driver).await;
    driver
        .ok(json!({"type": "go_online", "vehicle": {"class": "car"}}))
        .await;
    let position = json!({"latitude": 0.0, "longitude": 0.0, "timestamp_ms": 0});
    let list = vec![position; 1_000];
    let list = json!({"type": "positions", "positions": list});
    // Each of them is too old, but that is for the judge to say.
    driver.ok(list.clone()).await;
    let ServerMessage::Error { error, .. } = driver.ask(list).await else {
        panic!("taken");
    };
    assert_eq!(error.code, ErrorCode::RateLimited);
    assert!(error.message.contains("`positions`"), "{error}");
    assert_eq!(limited(service.address, "positions").await, 1);
}

#[tokio::test]
async fn every_other_limit_is_counted_by_its_name() {
    let service = Service::start_with(|settings| settings.hub.max_subscriptions = 1);
    let at = service.address;
    let mut operator = Client::open(at, "o1", Role::Operator).await;
    let nearby = |name: &str, radius_m: f64| {
        let channel =
            json!({"kind": "nearby", "latitude": 0, "longitude": 0, "radius_m": radius_m});
        json!({"type": "subscribe", "subscription": name, "channel": channel})
    };
    let too_far = operator.refused(nearby("far", 1e6)).await;
    assert_eq!(too_far, ErrorCode::AreaTooLarge);
    operator.ok(nearby("one", 1e3)).await;
    let too_many = operator.refused(nearby("two", 1e3)).await;
    assert_eq!(too_many, ErrorCode::TooManySubscriptions);
    for _ in 0..100 {
        operator
            .send(&json!({"type": "reassign_ride", "ride_id": "none"}))
            .await;
    }
    operator.settle().await;
    let mut large = Client::open(at, "r1", Role::Rider).await;
    large.send_raw(Message::text("x".repeat(300_000))).await;
    assert_eq!(large.farewell().await.close, Some(1009));
    let mut rubbish = Client::open(at, "r2", Role::Rider).await;
    for _ in 0..70 {
        rubbish.send_raw(Message::text("rubbish")).await;
    }
    assert_eq!(rubbish.farewell().await.close, Some(4502));
    for (limit, least) in [
        ("area", 1),
        ("subscriptions", 1),
        ("ride_requests", 8),
        ("message_bytes", 1),
        ("malformed", 1),
    ] {
        let counted = limited(at, limit).await;
        assert!(counted >= least, "{limit}: {counted}");
    }
    let far = "/v1/vehicles?latitude=0&longitude=0&radius_m=1000000";
    let token = crate::service::token("o1", Role::Operator);
    let reply = crate::http::get(at, far, Some(&token)).await;
    assert_eq!(reply.error(), (400, "area_too_large".to_owned()));
    assert_eq!(limited(at, "area").await, 2, "by HTTP too");
}
