//! Who comes in, by which door, and who does not.

use std::time::Duration;

use jsonwebtoken::{EncodingKey, Header};
use ridecast::auth::Person;
use ridecast_protocol::{ErrorCode, Role, ServerMessage, Ticket, UserId};
use serde_json::json;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, Farewell, Got, How};
use crate::http::post;
use crate::say::now_ms;
use crate::service::{SECRET, Service, token, token_for};

fn bearer(token: impl Into<String>) -> How {
    How {
        bearer: Some(token.into()),
        ..How::default()
    }
}

/// Refused: told why, told not to come back, and closed.
fn bad_token() -> Farewell {
    Farewell {
        errors: vec![ErrorCode::BadToken],
        bye: Some(4500),
        reconnect_in_ms: None,
        close: Some(4500),
    }
}

#[tokio::test]
async fn a_token_opens_a_session_in_the_request_or_in_hello() {
    let service = Service::start();
    let (_client, welcome) = Client::open_as(service.address, "d1", Role::Driver, false).await;
    assert!((now_ms() - welcome.server_time_ms).abs() < 5_000);
    assert!(welcome.heartbeat_ms > 0);

    let mut client = Client::connect(service.address, &How::default()).await;
    let hello = json!({"type": "hello", "token": token("r1", Role::Rider)});
    client.send(&hello).await;
    let welcome = client.welcome().await;
    assert_eq!((welcome.user.as_str(), welcome.role), ("r1", Role::Rider));
    // It may come again, as a newer token does.
    client.ok(hello).await;
    client.settle().await;
}

#[tokio::test]
async fn a_ticket_opens_one_session() {
    let service = Service::start();
    let path = "/v1/tickets";
    let reply = post(
        service.address,
        path,
        Some(&token("o1", Role::Operator)),
        "",
    )
    .await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let ticket: Ticket = reply.json();
    assert_eq!(ticket.expires_in_ms, 30_000);
    let how = How {
        ticket: Some(ticket.ticket),
        ..How::default()
    };
    let welcome = Client::connect(service.address, &how).await.welcome().await;
    assert_eq!(
        (welcome.user.as_str(), welcome.role),
        ("o1", Role::Operator)
    );
    let mut second = Client::connect(service.address, &how).await;
    assert_eq!(second.farewell().await, bad_token());

    assert_eq!(
        post(service.address, path, None, "").await.error(),
        (401, "bad_token".into())
    );
}

#[tokio::test]
async fn what_is_no_good_token_is_refused() {
    let service = Service::start();
    let sign = |secret: &str, header: Header, ttl_s: i64| {
        let person = Person {
            user: UserId::new("d1").unwrap(),
            role: Role::Driver,
            expires_at_s: now_ms() / 1000 + ttl_s,
            issued_at_s: None,
            token: None,
        };
        jsonwebtoken::encode(
            &header,
            &person,
            &EncodingKey::from_secret(secret.as_bytes()),
        )
        .unwrap()
    };
    let hs256 = Header::default;
    let hs512 = Header::new(jsonwebtoken::Algorithm::HS512);
    let good = sign(SECRET, hs256(), 60);
    let (head_and_claims, signature) = good.rsplit_once('.').unwrap();
    // {"alg":"none"}, and the claims of a good token.
    let claims = good.split('.').nth(1).unwrap();
    let none = format!("eyJhbGciOiJub25lIn0.{claims}.");
    for wrong in [
        sign(SECRET, hs256(), -60),
        sign("another secret, of thirty-two bytes too", hs256(), 60),
        sign(SECRET, hs512, 60),
        format!("{head_and_claims}."),
        format!("{head_and_claims}.A{}", &signature[1..]),
        none,
        "rubbish".to_owned(),
        String::new(),
    ] {
        let mut client = Client::connect(service.address, &bearer(&wrong)).await;
        assert_eq!(
            client.farewell().await,
            bad_token(),
            "{wrong} in the request"
        );
        let mut client = Client::connect(service.address, &How::default()).await;
        client.send(&json!({"type": "hello", "token": wrong})).await;
        assert_eq!(client.farewell().await, bad_token(), "{wrong} in hello");
    }
    let _good = Client::connect(service.address, &bearer(good))
        .await
        .welcome()
        .await;
}

#[tokio::test]
async fn hello_comes_first_and_in_time() {
    let service = Service::start_with(|settings| {
        settings.ws.hello_within = Duration::from_millis(300);
    });
    let mut silent = Client::connect(service.address, &How::default()).await;
    let since = Instant::now();
    assert_eq!(silent.farewell().await, bad_token());
    assert!(
        since.elapsed() >= Duration::from_millis(250),
        "it was given its time"
    );

    for first in [
        json!({"type": "ping"}).to_string(),
        json!({"type": "hello"}).to_string(),
        json!({"type": "hello", "token": 7}).to_string(),
        "hello".to_owned(),
    ] {
        let mut client = Client::connect(service.address, &How::default()).await;
        client.send_raw(Message::text(first.clone())).await;
        let farewell = client.farewell().await;
        assert_eq!(
            (farewell.bye, farewell.close),
            (Some(4500), Some(4500)),
            "{first}"
        );
        assert_eq!(farewell.errors.len(), 1, "{first}");
    }
    let mut client = Client::connect(service.address, &How::default()).await;
    client.send_raw(Message::binary(vec![1, 2, 3])).await;
    let farewell = client.farewell().await;
    assert_eq!(
        (farewell.bye, farewell.close),
        (Some(4500), Some(4500)),
        "binary"
    );
}

#[tokio::test]
async fn the_socket_is_a_good_one_before_hello_too() {
    let service = Service::start();
    let mut client = Client::connect(service.address, &How::default()).await;
    client.send_raw(Message::Ping("are you there".into())).await;
    assert_eq!(client.next().await, Got::Pong(b"are you there".to_vec()));
    client.send_raw(Message::Close(None)).await;
    assert_eq!(
        client.next().await,
        Got::Close(None),
        "the close is answered"
    );
    assert_eq!(client.next().await, Got::End);

    let mut client = Client::connect(service.address, &How::default()).await;
    client.send_raw(Message::text("x".repeat(300_000))).await;
    assert_eq!(client.farewell().await.close, Some(1009));
}

#[tokio::test]
async fn a_session_ends_with_its_token() {
    let service = Service::start();
    let token = token_for("d1", Role::Driver, Duration::from_secs(2));
    let mut client = Client::connect(service.address, &bearer(token)).await;
    client.welcome().await;
    client.settle().await;
    let farewell = client.farewell().await;
    assert_eq!((farewell.bye, farewell.close), (Some(4500), Some(4500)));
    assert_eq!(farewell.reconnect_in_ms, None);
}

#[tokio::test]
async fn each_role_does_its_own() {
    let service = Service::start();
    let mut driver = Client::open(service.address, "d1", Role::Driver).await;
    let place = crate::say::MONTEVIDEO;
    for watching in [
        crate::say::nearby("n", place, 100.0),
        crate::say::update(crate::say::nearby("n", place, 100.0)),
    ] {
        assert_eq!(driver.refused(watching).await, ErrorCode::Forbidden);
    }
    for role in [Role::Rider, Role::Operator] {
        let mut client = Client::open(service.address, "w1", role).await;
        for driving in [
            crate::say::go_online("car"),
            json!({"type": "go_offline"}),
            crate::say::position(place),
            json!({"type": "positions", "positions": []}),
        ] {
            assert_eq!(
                client.refused(driving).await,
                ErrorCode::Forbidden,
                "{role:?}"
            );
        }
        client.send(&crate::say::go_online("car")).await;
        let told = client.answer().await;
        assert!(
            matches!(&told, ServerMessage::Error { id: None, error } if error.code == ErrorCode::Forbidden),
            "without an id it is told too: {told:?}"
        );
        client.settle().await;
    }
}
