//! Frames to the letter (RFC 6455), and messages that are compressed (RFC 7692).

use std::time::Duration;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use ridecast::ws::Compressing;
use ridecast_protocol::Role;
use serde_json::{Value, json};

use crate::client::Client;
use crate::raw::{BINARY, CLOSE, CONTINUATION, FIN, PING, Raw, TEXT, frame};
use crate::say::{MONTEVIDEO, go_online, nearby, offset, position};
use crate::service::{Service, token};

/// The bit of a compressed message.
const RSV1: u8 = 0x40;
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// A session that has been welcomed, and the head of the answer to its request.
async fn welcome(service: &Service, role: Role, path: &str, headers: &str) -> (Raw, String) {
    let token = token("r1", role);
    let headers = format!("authorization: Bearer {token}\r\n{headers}");
    let (mut raw, head) = Raw::ask(service.address, path, &headers, 64 * 1024).await;
    let (first, _) = raw.next().await.unwrap();
    assert_eq!(first, FIN | TEXT);
    (raw, head.to_ascii_lowercase())
}

async fn plain(service: &Service) -> Raw {
    welcome(service, Role::Rider, "/v1/ws", "").await.0
}

const OFFER: &str = "sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n";

async fn deflating(service: &Service) -> Raw {
    let asked = welcome(service, Role::Rider, "/v1/ws?deflate=true", OFFER).await;
    assert!(asked.1.contains(
        "sec-websocket-extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"
    ), "{}", asked.1);
    asked.0
}

fn deflated(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 100);
    Compress::new(Compression::fast(), false)
        .compress_vec(message, &mut out, FlushCompress::Sync)
        .unwrap();
    assert!(out.ends_with(&TAIL));
    out.truncate(out.len() - TAIL.len());
    out
}

fn inflated(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 << 20);
    let whole = [message, &TAIL].concat();
    Decompress::new(false)
        .decompress_vec(&whole, &mut out, FlushDecompress::Sync)
        .unwrap();
    out
}

/// The next answer that is no vehicles.
async fn answer(raw: &mut Raw) -> Value {
    loop {
        let (first, payload) = raw.next().await.unwrap();
        if first == FIN | TEXT {
            return serde_json::from_slice(&payload).unwrap();
        }
    }
}

#[tokio::test]
async fn a_frame_that_is_too_large_is_refused_before_it_has_come() {
    let service = Service::start();
    let mut client = plain(&service).await;
    // A gigabyte is announced, of which a third of a megabyte comes.
    let mut promise = vec![FIN | BINARY, 0x80 | 0x7f];
    promise.extend((1_u64 << 30).to_be_bytes());
    promise.extend([0; 4]);
    promise.extend(vec![0; 300 * 1024]);
    client.write(&promise).await;
    assert_eq!(client.close_code().await, Some(1009));
}

#[tokio::test]
async fn text_that_will_never_be_utf8_is_refused_with_the_fragment_at_fault() {
    let service = Service::start();
    let euro = "€".as_bytes();
    // A character cut in two is none at fault.
    let mut client = plain(&service).await;
    client
        .frame(TEXT, &[b"{\"type\":\"ping\",\"x\":\"", &euro[..1]].concat())
        .await;
    client.frame(CONTINUATION, &euro[1..2]).await;
    client.frame(CONTINUATION, b"").await;
    client
        .frame(FIN | CONTINUATION, &[&euro[2..], b"\",\"id\":1}"].concat())
        .await;
    assert_eq!(answer(&mut client).await["type"], "pong");

    for (what, begun) in [
        ("a byte of none", &b"\"\xff"[..]),
        ("beyond the last character", b"\"\xf4\x90"),
        ("a surrogate", b"\"\xed\xa0"),
        ("an overlong slash", b"\"\xc0"),
    ] {
        let mut client = plain(&service).await;
        // The last fragment never comes.
        client.frame(TEXT, begun).await;
        assert_eq!(client.close_code().await, Some(1007), "{what}");
    }
    // Cut in two, and the second half is wrong.
    let mut client = plain(&service).await;
    client.frame(TEXT, &euro[..2]).await;
    client.frame(CONTINUATION, b"x").await;
    assert_eq!(client.close_code().await, Some(1007));
    // A message that ends within a character.
    let mut client = plain(&service).await;
    client.frame(TEXT, &euro[..2]).await;
    client.frame(FIN | CONTINUATION, b"").await;
    assert_eq!(client.close_code().await, Some(1007));
}

#[tokio::test]
async fn what_was_said_before_a_bad_frame_is_answered() {
    let service = Service::start();
    let mut client = plain(&service).await;
    let mut bytes = frame(FIN | TEXT, br#"{"type":"ping","id":5}"#);
    bytes.extend(frame(FIN | 0x20 | TEXT, b"x"));
    client.write(&bytes).await;
    assert_eq!(answer(&mut client).await["id"], 5);
    assert_eq!(client.close_code().await, Some(1002));
}

#[tokio::test]
async fn reserved_bits_and_bad_closes_are_refused() {
    let service = Service::start();
    let close =
        |code: u16, reason: &[u8]| frame(FIN | CLOSE, &[&code.to_be_bytes(), reason].concat());
    for (what, bytes, code) in [
        ("RSV2", frame(FIN | 0x20 | TEXT, b"x"), 1002),
        ("RSV3", frame(FIN | 0x10 | TEXT, b"x"), 1002),
        ("opcode 11", frame(FIN | 0x0b, b""), 1002),
        ("a reason that is no text", close(1000, b"\xff"), 1002),
        (
            "a code that is only told, never sent",
            close(1006, b""),
            1002,
        ),
        ("a code of nobody", close(5000, b""), 1002),
        ("a close in pieces", frame(CLOSE, b""), 1002),
    ] {
        let mut client = plain(&service).await;
        client.write(&bytes).await;
        assert_eq!(client.close_code().await, Some(code), "{what}");
        client.ended_within(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn only_who_offers_and_asks_is_sent_compressed_messages() {
    let service = Service::start();
    for (role, path, headers) in [
        (Role::Rider, "/v1/ws", OFFER),
        (Role::Rider, "/v1/ws?deflate=true", ""),
        (Role::Rider, "/v1/ws?deflate=false", OFFER),
        (Role::Driver, "/v1/ws?deflate=true", OFFER),
    ] {
        let (mut client, head) = welcome(&service, role, path, headers).await;
        assert!(!head.contains("sec-websocket-extensions"), "{head}");
        client.frame(FIN | RSV1 | TEXT, &deflated(b"{}")).await;
        assert_eq!(client.close_code().await, Some(1002));
    }
    for (compressing, agreed) in [(Compressing::Offered, true), (Compressing::Never, false)] {
        let service = Service::start_with(|settings| settings.ws.compressing = compressing);
        for path in ["/v1/ws", "/v1/ws?deflate=true"] {
            let head = welcome(&service, Role::Rider, path, OFFER).await.1;
            assert_eq!(head.contains("sec-websocket-extensions"), agreed, "{path}");
        }
    }
}

#[tokio::test]
async fn vehicles_come_compressed_and_small_answers_do_not() {
    let service = Service::start();
    let mut drivers = Vec::new();
    for nth in 0..20 {
        let name = format!("d{nth}");
        let mut driver = Client::open(service.address, &name, Role::Driver).await;
        driver.ok(go_online("car")).await;
        let place = offset(MONTEVIDEO, f64::from(nth), 0.0);
        driver.ok(position(place)).await;
        drivers.push(driver);
    }
    let mut client = deflating(&service).await;
    let mut subscribe = nearby("s", MONTEVIDEO, 500.0);
    subscribe["id"] = json!(1);
    client
        .frame(FIN | TEXT, subscribe.to_string().as_bytes())
        .await;
    let (mut seen, mut answered) = (0, false);
    while seen < 20 || !answered {
        let (first, payload) = client.next().await.unwrap();
        if first == FIN | TEXT | RSV1 {
            let text = inflated(&payload);
            assert!(payload.len() * 2 < text.len());
            let message: Value = serde_json::from_slice(&text).unwrap();
            assert_eq!(message["type"], "vehicles");
            seen += message["vehicles"].as_array().unwrap().len();
        } else {
            let message: Value = serde_json::from_slice(&payload).unwrap();
            match message["type"].as_str() {
                Some("vehicles") => seen += message["vehicles"].as_array().unwrap().len(),
                Some("ok") => answered = true,
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn a_clients_compressed_messages_are_read_whole_and_in_pieces() {
    let service = Service::start();
    let mut client = deflating(&service).await;
    let small = deflated(br#"{"type":"ping","id":1}"#);
    client.frame(FIN | TEXT | RSV1, &small).await;
    assert_eq!(answer(&mut client).await["id"], 1);
    // Only the first fragment says so, and pings may come between.
    client.frame(TEXT | RSV1, &small[..3]).await;
    client.frame(FIN | PING, b"").await;
    client.frame(FIN | CONTINUATION, &small[3..]).await;
    assert_eq!(answer(&mut client).await["id"], 1);
    // And one that is not.
    client.frame(FIN | TEXT, br#"{"type":"ping","id":2}"#).await;
    assert_eq!(answer(&mut client).await["id"], 2);
}

#[tokio::test]
async fn a_bomb_is_refused_at_the_limit_of_a_message() {
    let service = Service::start();
    let bomb = deflated(&vec![b' '; 20 << 20]);
    assert!(bomb.len() < 200 * 1024);
    for (what, bytes, code) in [
        ("a bomb", frame(FIN | TEXT | RSV1, &bomb), 1009),
        ("no deflate", frame(FIN | TEXT | RSV1, &[0xff; 10]), 1007),
        (
            "not UTF-8",
            frame(FIN | TEXT | RSV1, &deflated(b"\xff")),
            1007,
        ),
        ("the bit at a ping", frame(FIN | PING | RSV1, b""), 1002),
    ] {
        let mut client = deflating(&service).await;
        client.write(&bytes).await;
        assert_eq!(client.close_code().await, Some(code), "{what}");
    }
    let mut client = deflating(&service).await;
    client.frame(TEXT | RSV1, b"x").await;
    client.frame(FIN | CONTINUATION | RSV1, b"x").await;
    assert_eq!(client.close_code().await, Some(1002));
}
