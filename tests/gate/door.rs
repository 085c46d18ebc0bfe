//! The limits of an address and of a person.

use std::time::Duration;

use ridecast_protocol::{Role, ServerMessage};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

use crate::asking::{ask, connect, limited, open_connections, shake};
use crate::client::{Client, DEADLINE, How};
use crate::http::{get, post};
use crate::service::{Service, token};

fn bearer(user: &str) -> String {
    format!("authorization: Bearer {}\r\n", token(user, Role::Rider))
}

/// A service that limits this machine too.
fn strict(change: impl FnOnce(&mut ridecast::app::Settings)) -> Service {
    Service::start_with(|settings| {
        settings.gate.exempt.clear();
        change(settings);
    })
}

#[tokio::test]
async fn an_address_has_so_many_sessions_and_streams_and_another_has_its_own() {
    let service = strict(|settings| settings.sessions.most_per_address = 2);
    let (at, rider) = (service.address, bearer("r1"));
    let (socket, first) = shake(at, 2, &rider).await;
    assert!(first.starts_with("HTTP/1.1 101"), "{first}");
    // A stream of server-sent events is a session like any other.
    let mut stream = connect(at, 2).await;
    let events = format!("GET /v1/events HTTP/1.1\r\nhost: x\r\n{rider}\r\n");
    stream.write_all(events.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");

    let (_, third) = shake(at, 2, &rider).await;
    assert!(third.starts_with("HTTP/1.1 429"), "{third}");
    assert!(third.contains("too_many_sessions") && third.contains("sessions_per_address"));
    let refused = ask(at, 2, "/v1/events", &rider).await;
    assert_eq!(refused.error(), (429, "too_many_sessions".to_owned()));
    assert_eq!(limited(at, "sessions_per_address").await, 2);
    let (_other, fourth) = shake(at, 3, &rider).await;
    assert!(fourth.starts_with("HTTP/1.1 101"), "{fourth}");

    // Who leaves makes room, by either way.
    drop((socket, stream));
    let deadline = Instant::now() + DEADLINE;
    while !shake(at, 2, &rider).await.1.starts_with("HTTP/1.1 101") {
        assert!(Instant::now() < deadline, "there was never room again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_person_has_so_many_sessions_and_is_told_when_to_come_back() {
    let service = Service::start_with(|settings| settings.sessions.most_per_user = 2);
    let _one = Client::open(service.address, "r1", Role::Rider).await;
    let two = Client::open(service.address, "r1", Role::Rider).await;
    let how = How {
        bearer: Some(token("r1", Role::Rider)),
        ..How::default()
    };
    let mut third = Client::connect(service.address, &how).await;
    let ServerMessage::Error { error, .. } = third.answer().await else {
        panic!("let in");
    };
    assert!(error.message.contains("sessions_per_user"), "{error}");
    let farewell = third.farewell().await;
    assert_eq!((farewell.bye, farewell.close), (Some(4005), Some(4005)));
    let later = farewell.reconnect_in_ms.unwrap();
    assert!((5_000..15_000).contains(&later), "{later}");
    let stream = get(service.address, "/v1/events", how.bearer.as_deref()).await;
    assert_eq!(stream.error(), (429, "too_many_sessions".to_owned()));
    assert_eq!(limited(service.address, "sessions_per_user").await, 2);
    let _other = Client::open(service.address, "r2", Role::Rider).await;
    drop(two);
    let deadline = Instant::now() + DEADLINE;
    loop {
        let mut again = Client::connect(service.address, &how).await;
        if matches!(again.answer().await, ServerMessage::Welcome(_)) {
            break;
        }
        assert!(Instant::now() < deadline, "there was never room again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_address_asks_so_often_and_another_is_not_held_up() {
    let service = strict(|settings| {
        settings.gate.requests_per_address = 3;
        settings.gate.handshakes_per_address = 2;
    });
    let at = service.address;
    let mut refused = 0;
    for _ in 0..40 {
        let reply = ask(at, 2, "/healthz", "").await;
        if reply.status == 200 {
            continue;
        }
        assert_eq!(reply.error(), (429, "rate_limited".to_owned()));
        assert!(reply.body.contains("requests_per_address"), "{reply:?}");
        assert!(reply.head.contains("\r\nretry-after: 1"), "{reply:?}");
        refused += 1;
    }
    assert!((1..=10).contains(&refused), "{refused} of 40 were refused");
    assert_eq!(limited(at, "requests_per_address").await, refused);
    assert_eq!(ask(at, 3, "/healthz", "").await.status, 200);

    // Handshakes have a bucket of their own, which is full yet.
    let mut refused = 0;
    for _ in 0..30 {
        let (_, answer) = shake(at, 2, &bearer("r1")).await;
        if answer.starts_with("HTTP/1.1 429") {
            assert!(answer.contains("handshakes_per_address"), "{answer}");
            refused += 1;
        } else {
            assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
        }
    }
    assert!((1..=10).contains(&refused), "{refused} of 30 were refused");
    assert_eq!(limited(at, "handshakes_per_address").await, refused);
    // It is not held back for ever.
    let deadline = Instant::now() + DEADLINE;
    while ask(at, 2, "/healthz", "").await.status != 200 {
        assert!(Instant::now() < deadline, "the bucket never filled again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn this_machine_is_not_limited_unless_told_so() {
    let service = Service::start_with(|settings| {
        settings.gate.requests_per_address = 1;
        settings.gate.connections_per_address = 1;
        settings.sessions.most_per_address = 1;
    });
    let _open = connect(service.address, 2).await;
    for _ in 0..30 {
        assert_eq!(ask(service.address, 2, "/healthz", "").await.status, 200);
    }
    let _one = Client::open(service.address, "r1", Role::Rider).await;
    let _two = Client::open(service.address, "r2", Role::Rider).await;
}

#[tokio::test]
async fn an_address_has_so_many_connections() {
    let service = strict(|settings| settings.gate.connections_per_address = 3);
    let at = service.address;
    let held = [
        connect(at, 2).await,
        connect(at, 2).await,
        connect(at, 2).await,
    ];
    open_connections(at, 3).await;
    let mut fourth = connect(at, 2).await;
    let mut nothing = [0; 1];
    let read = tokio::time::timeout(DEADLINE, fourth.read(&mut nothing)).await;
    assert!(matches!(read, Ok(Ok(0) | Err(_))), "{read:?}");
    assert_eq!(limited(at, "connections_per_address").await, 1);
    drop(held);
    open_connections(at, 0).await;
    assert_eq!(ask(at, 2, "/healthz", "").await.status, 200);
}

#[tokio::test]
async fn a_body_is_as_large_as_told_and_no_slower() {
    let service = Service::start_with(|settings| {
        settings.gate.body_bytes = 1_000;
        settings.gate.request_timeout = Duration::from_millis(500);
        settings.gate.head_timeout = Duration::from_millis(500);
    });
    let (at, driver) = (service.address, token("d1", Role::Driver));
    let large = format!(r#"{{"padding":"{}"}}"#, "x".repeat(1_000));
    let reply = post(at, "/v1/positions", Some(&driver), &large).await;
    assert_eq!(reply.error(), (413, "message_too_large".to_owned()));
    assert_eq!(limited(at, "body_bytes").await, 1);

    for body in [
        "content-length: 100\r\n\r\n{",
        "transfer-encoding: chunked\r\n\r\n1\r\n{\r\n",
    ] {
        let mut slow = connect(at, 1).await;
        let request = format!(
            "POST /v1/positions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {driver}\r\n\
             content-type: application/json\r\n{body}"
        );
        slow.write_all(request.as_bytes()).await.unwrap();
        let begun = Instant::now();
        let mut status = [0; 12];
        slow.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 408", "{body}");
        assert!(begun.elapsed() >= Duration::from_millis(400), "{body}");
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(DEADLINE, slow.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "{body}: the connection never ended");
        let rest = String::from_utf8_lossy(&rest);
        assert!(
            rest.contains("too_slow") && rest.contains("request_timeout"),
            "{rest}"
        );
    }
    assert_eq!(limited(at, "request_timeout").await, 2);
    open_connections(at, 0).await;
}
