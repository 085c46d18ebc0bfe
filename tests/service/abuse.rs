//! Clients that break the rules, by mistake and on purpose.

use std::time::Duration;

use ridecast_protocol::ErrorCode as E;
use ridecast_protocol::{ErrorCode, Role, ServerMessage};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::client::Client;
use crate::http::try_request;
use crate::raw::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, Raw, TEXT, frame};
use crate::say::{MONTEVIDEO, nearby, viewport};
use crate::service::{Service, token};

async fn raw(service: &Service) -> Raw {
    let mut raw = Raw::open(service.address, &token("r1", Role::Rider)).await;
    let (_, welcome) = raw.next().await.unwrap();
    assert!(welcome.starts_with(br#"{"type":"welcome""#));
    raw
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_and_the_session_lives() {
    let service = Service::start();
    let mut client = Client::open(service.address, "r1", Role::Rider).await;
    for (text, code) in [
        ("", E::BadJson),
        ("hello", E::BadJson),
        ("[]", E::BadJson),
        ("null", E::BadJson),
        ("{", E::BadJson),
        ("\u{0}", E::BadJson),
        ("{}", E::InvalidMessage),
        (r#"{"type":7}"#, E::InvalidMessage),
        (r#"{"type":"ping","id":{}}"#, E::InvalidMessage),
        (r#"{"type":"ping","id":1.5}"#, E::InvalidMessage),
        (r#"{"type":"ping","type":"ping"}"#, E::InvalidMessage),
        (r#"{"type":"teleport"}"#, E::UnknownType),
        (r#"{"type":"welcome"}"#, E::UnknownType),
    ] {
        client.send_raw(Message::text(text)).await;
        let answer = client.answer().await;
        assert!(
            matches!(&answer, ServerMessage::Error { id: None, error } if error.code == code),
            "{text} was answered by {answer:?}"
        );
    }
    let deep = format!(r#"{{"type":"ping","x":{}"#, "[".repeat(100_000));
    client.send_raw(Message::text(deep)).await;
    assert!(matches!(client.answer().await, ServerMessage::Error { .. }));
    client.send_raw(Message::binary(vec![0; 10])).await;
    let answer = client.answer().await;
    assert!(matches!(&answer, ServerMessage::Error { error, .. } if error.code == E::BadJson));
    client
        .send(&json!({"type": "nonsense", "id": "mine"}))
        .await;
    let answer = serde_json::to_value(client.answer().await).unwrap();
    assert_eq!(
        (&answer["id"], &answer["retryable"]),
        (&json!("mine"), &json!(false))
    );
    client.settle().await;
}

#[tokio::test]
async fn who_goes_on_sending_rubbish_is_closed() {
    let service = Service::start();
    for binary in [false, true] {
        let mut client = Client::open(service.address, "r1", Role::Rider).await;
        for _ in 0..70 {
            let message = if binary {
                Message::binary(vec![1])
            } else {
                Message::text("rubbish")
            };
            client.send_raw(message).await;
        }
        let farewell = client.farewell().await;
        assert_eq!((farewell.bye, farewell.close), (Some(4502), Some(4502)));
        assert!(farewell.errors.len() >= 50, "{}", farewell.errors.len());
    }
}

#[tokio::test]
async fn a_flood_is_told_and_then_closed() {
    let service = Service::start();
    let mut client = Client::open(service.address, "r1", Role::Rider).await;
    for _ in 0..1500 {
        client
            .send(&json!({"type": "unsubscribe", "subscription": "x"}))
            .await;
    }
    let farewell = client.farewell().await;
    assert!(farewell.errors.contains(&ErrorCode::RateLimited));
    assert_eq!((farewell.bye, farewell.close), (Some(4503), Some(4503)));
}

#[tokio::test]
async fn what_breaks_the_protocol_is_closed_with_its_code() {
    let service = Service::start();
    let text = br#"{"type":"ping"}"#;
    let mut unmasked = vec![FIN | TEXT, 15];
    unmasked.extend(text);
    let huge = vec![b'x'; 1 << 20];
    let mut endless = frame(TEXT, &huge[..200_000]);
    endless.extend(frame(CONTINUATION, &huge[..200_000]));
    // The header alone promises more than there is memory.
    let mut promise = vec![FIN | TEXT, 0x80 | 0x7f];
    promise.extend(u64::MAX.to_be_bytes());
    promise.extend([0; 4]);
    let mut two_texts = frame(TEXT, b"{");
    two_texts.extend(frame(FIN | TEXT, text));
    for (what, bytes, code) in [
        ("a megabyte", frame(FIN | TEXT, &huge), 1009),
        ("a megabyte of binary", frame(FIN | BINARY, &huge), 1009),
        ("fragments without end", endless, 1009),
        ("a promise", promise, 1009),
        ("not UTF-8", frame(FIN | TEXT, b"\"\xff\""), 1007),
        ("unmasked", unmasked, 1002),
        ("a reserved bit", frame(FIN | 0x40 | TEXT, text), 1002),
        ("an unknown opcode", frame(FIN | 3, text), 1002),
        ("a fragmented ping", frame(PING, b"x"), 1002),
        ("a long ping", frame(FIN | PING, &huge[..126]), 1002),
        (
            "a fragment of nothing",
            frame(FIN | CONTINUATION, text),
            1002,
        ),
        ("a message within another", two_texts, 1002),
        ("a close of one byte", frame(FIN | CLOSE, b"x"), 1002),
        (
            "a close code that must not be sent",
            frame(FIN | CLOSE, &1005_u16.to_be_bytes()),
            1002,
        ),
        (
            "a close code that nobody knows",
            frame(FIN | CLOSE, &999_u16.to_be_bytes()),
            1002,
        ),
    ] {
        let mut client = raw(&service).await;
        client.write(&bytes).await;
        assert_eq!(client.close_code().await, Some(code), "{what}");
        client.ended_within(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn fragments_pings_and_closes_are_handled() {
    let service = Service::start();
    let mut client = raw(&service).await;
    client.frame(TEXT, br#"{"type":"#).await;
    client.frame(FIN | PING, b"in between").await;
    client.frame(CONTINUATION, br#""pi"#).await;
    client.frame(FIN | CONTINUATION, br#"ng","id":7}"#).await;
    assert_eq!(
        client.next().await.unwrap(),
        (FIN | PONG, b"in between".to_vec())
    );
    let (first, pong) = client.next().await.unwrap();
    assert_eq!(first, FIN | TEXT);
    assert!(pong.starts_with(br#"{"type":"pong","id":7"#));
    // One frame in many writes.
    for byte in frame(FIN | PING, b"slowly") {
        client.write(&[byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(
        client.next().await.unwrap(),
        (FIN | PONG, b"slowly".to_vec())
    );

    // The client closes: its code comes back, and the connection ends.
    for (payload, code) in [
        (vec![], None),
        (1000_u16.to_be_bytes().to_vec(), Some(1000)),
        (
            [&3999_u16.to_be_bytes()[..], b"because"].concat(),
            Some(3999),
        ),
        (4999_u16.to_be_bytes().to_vec(), Some(4999)),
    ] {
        let mut client = raw(&service).await;
        client.frame(FIN | CLOSE, &payload).await;
        assert_eq!(client.close_code().await, code);
        client.ended_within(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn when_the_server_closes_it_ends_when_the_client_has_answered() {
    let service = Service::start();
    let driver = token("d1", Role::Driver);
    let mut first = Raw::open(service.address, &driver).await;
    first.next().await.unwrap();
    let _second = Client::open(service.address, "d1", Role::Driver).await;
    assert_eq!(first.close_code().await, Some(4002));
    first.frame(FIN | CLOSE, &4002_u16.to_be_bytes()).await;
    first.ended_within(Duration::from_secs(1)).await;

    // And a client that answers nothing is not waited for too long.
    let mut third = Raw::open(service.address, &token("d2", Role::Driver)).await;
    third.next().await.unwrap();
    let _fourth = Client::open(service.address, "d2", Role::Driver).await;
    assert_eq!(third.close_code().await, Some(4002));
    third.ended_within(Duration::from_secs(4)).await;
}

#[tokio::test]
async fn a_half_open_client_is_dropped_and_a_live_one_kept() {
    let service = Service::start_with(|settings| {
        settings.ws.heartbeat = Duration::from_millis(200);
    });
    let mut alive = Client::open(service.address, "r2", Role::Rider).await;
    let mut dead = raw(&service).await;
    let (first, _) = dead.next().await.unwrap();
    assert_eq!(first, FIN | PING);
    assert_eq!(dead.close_code().await, Some(4003));
    alive.settle().await;
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        alive.settle().await;
    }
}

#[tokio::test]
async fn what_is_no_handshake_gets_an_answer_of_http() {
    let service = Service::start();
    let ask = async |headers: &str| {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut socket = tokio::net::TcpStream::connect(service.address)
            .await
            .unwrap();
        let request = format!("GET /v1/ws HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        socket.read_exact(&mut answer).await.unwrap();
        String::from_utf8(answer.to_vec()).unwrap()
    };
    let upgrade = "upgrade: websocket\r\nconnection: upgrade\r\n";
    let key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    assert_eq!(
        ask(&format!("{upgrade}{key}sec-websocket-version: 8\r\n")).await,
        "HTTP/1.1 426"
    );
    assert_eq!(
        ask(&format!("{upgrade}sec-websocket-version: 13\r\n")).await,
        "HTTP/1.1 400"
    );
    assert_eq!(ask("").await, "HTTP/1.1 400");
    for method in ["POST", "DELETE"] {
        let reply = try_request(service.address, method, "/v1/ws", None, Some(""))
            .await
            .unwrap();
        assert!((400..500).contains(&reply.status), "{reply:?}");
    }
    let _still = Client::open(service.address, "r1", Role::Rider).await;
}

#[tokio::test]
async fn one_session_too_many_is_told_so_and_a_place_is_free_again() {
    let service = Service::start_with(|settings| settings.sessions.most = 2);
    let _one = Client::open(service.address, "r1", Role::Rider).await;
    let two = Client::open(service.address, "r2", Role::Rider).await;
    let how = crate::client::How {
        bearer: Some(token("r3", Role::Rider)),
        ..Default::default()
    };
    let Err(tokio_tungstenite::tungstenite::Error::Http(answer)) =
        Client::try_connect(service.address, &how).await
    else {
        panic!("let in");
    };
    assert_eq!(answer.status().as_u16(), 503);
    let body: serde_json::Value = serde_json::from_slice(answer.body().as_ref().unwrap()).unwrap();
    assert_eq!(body["code"], "overloaded");
    drop(two);
    let deadline = tokio::time::Instant::now() + crate::client::DEADLINE;
    while Client::try_connect(service.address, &how).await.is_err() {
        assert!(
            tokio::time::Instant::now() < deadline,
            "the place was never free"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The largest and strangest areas that are allowed, moved as fast as is allowed.
#[tokio::test]
async fn costly_wishes_of_one_do_not_hold_up_the_others() {
    let service = Service::start_with(|settings| settings.workers = 1);
    let mut costly = Client::open(service.address, "o1", Role::Operator).await;
    // Around the Earth: few square kilometres, many cells.
    let around = viewport("ribbon", [0.0, -180.0, 0.005, 180.0]);
    assert_eq!(costly.refused(around).await, ErrorCode::AreaTooLarge);
    // Before the flood, which may be over before a session is open.
    let mut rider = Client::open(service.address, "r1", Role::Rider).await;
    let ribbon = |west: f64| viewport("ribbon", [0.0, west, 0.2, west + 10.0]);
    costly.ok(ribbon(0.0)).await;
    let flood = tokio::spawn(async move {
        for n in 0..400 {
            costly
                .send(&crate::say::update(ribbon(f64::from(n) * 0.01)))
                .await;
        }
        costly.settle().await;
        assert_eq!(costly.complaints(), []);
    });
    let mut slowest = Duration::ZERO;
    let mut rounds = 0;
    while !flood.is_finished() {
        let since = tokio::time::Instant::now();
        rider
            .ok(nearby(&format!("n{rounds}"), MONTEVIDEO, 500.0))
            .await;
        rider
            .ok(json!({"type": "unsubscribe", "subscription": format!("n{rounds}")}))
            .await;
        slowest = slowest.max(since.elapsed());
        rounds += 1;
    }
    flood.await.unwrap();
    assert!(
        rounds > 0 && slowest < Duration::from_secs(2),
        "{slowest:?} in {rounds} rounds"
    );
}
