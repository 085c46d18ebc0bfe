//! Sessions over TLS.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use ridecast_protocol::Role;
use ridecast_simulator::{Endpoint, Fleet, Rides, RunSettings, TokenSource, load_city, run};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_util::sync::CancellationToken;

use crate::asking::number;
use crate::client::DEADLINE;
use crate::secure::Secure;
use crate::service::{SECRET, token};

pub(crate) struct Session {
    socket: WebSocketStream<TlsStream<TcpStream>>,
}

impl Session {
    pub(crate) async fn open(secure: &Secure, user: &str) -> Self {
        Self::open_as(secure, user, Role::Rider).await
    }

    pub(crate) async fn open_as(secure: &Secure, user: &str, role: Role) -> Self {
        // As a browser offers it for a WebSocket.
        let stream = secure.connect(&["http/1.1"]).await;
        let mut request = "wss://localhost/v1/ws".into_client_request().unwrap();
        let bearer = format!("Bearer {}", token(user, role));
        let headers = request.headers_mut();
        headers.insert("authorization", bearer.parse().unwrap());
        let opening = tokio_tungstenite::client_async(request, stream);
        let (socket, answer) = tokio::time::timeout(DEADLINE, opening)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(answer.status().as_u16(), 101);
        let mut session = Self { socket };
        session.until("welcome").await;
        session
    }

    pub(crate) async fn send(&mut self, message: Value) {
        let message = Message::text(message.to_string());
        self.socket.send(message).await.unwrap();
    }

    /// The next message of this type.
    pub(crate) async fn until(&mut self, kind: &str) -> Value {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let next = tokio::time::timeout_at(deadline, self.socket.next()).await;
            let next = next.unwrap_or_else(|_| panic!("no {kind} came"));
            if let Message::Text(text) = next.unwrap().unwrap() {
                let message: Value = serde_json::from_str(&text).unwrap();
                if message["type"] == kind {
                    return message;
                }
                assert_ne!(message["type"], "error", "{message}");
            }
        }
    }

    pub(crate) async fn settle(&mut self) {
        self.send(json!({"type": "ping", "id": 7})).await;
        self.until("pong").await;
    }
}

fn position(metres: f64, timestamp_ms: i64) -> Value {
    let latitude = -34.9 + metres / 111_195.0;
    json!({"latitude": latitude, "longitude": -56.19, "timestamp_ms": timestamp_ms})
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_millis()).unwrap()
}

#[tokio::test]
async fn positions_go_from_driver_to_operator_over_tls_at_once() {
    let secure = Secure::start();
    let mut operator = Session::open_as(&secure, "o1", Role::Operator).await;
    let channel =
        json!({"kind": "nearby", "latitude": -34.9, "longitude": -56.19, "radius_m": 2000});
    operator
        .send(json!({"type": "subscribe", "id": 1, "subscription": "n", "channel": channel}))
        .await;
    operator.until("ok").await;
    let mut driver = Session::open_as(&secure, "d1", Role::Driver).await;
    driver
        .send(json!({"type": "go_online", "id": 1, "vehicle": {"class": "car"}}))
        .await;
    driver.until("ok").await;
    let began_ms = now_ms();
    let mut slowest = Duration::ZERO;
    for n in 0..20 {
        let since = Instant::now();
        let position = position(f64::from(n) * 0.05, began_ms + i64::from(n));
        driver
            .send(json!({"type": "positions", "id": n, "positions": [position]}))
            .await;
        let ok = driver.until("ok").await;
        assert_eq!(ok["accepted"], 1, "{ok}");
        let wanted = began_ms + i64::from(n);
        loop {
            let vehicles = operator.until("vehicles").await;
            let there = vehicles["vehicles"].as_array().unwrap();
            if there.iter().any(|it| it["timestamp_ms"] == wanted) {
                break;
            }
        }
        slowest = slowest.max(since.elapsed());
    }
    assert!(slowest < Duration::from_secs(1), "one took {slowest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_simulator_drives_over_tls_and_believes_only_whom_it_may() {
    let secure = Secure::start();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let city = load_city(&data.join("monaco-2016-03.osm.pbf"), &mut |_| {}).unwrap();
    let url = secure.url("").replace("https://", "wss://");
    let tokens = || TokenSource::secret(SECRET);
    let drive = async |endpoint| {
        let settings = RunSettings {
            fleet: Fleet {
                drivers: 5,
                riders: 3,
                ..Fleet::default()
            },
            rides: Rides::none(),
            duration: Some(Duration::from_secs(3)),
            ..RunSettings::new(endpoint)
        };
        let city = Arc::clone(&city);
        run(city, settings, CancellationToken::new(), &mut |_| {}).await
    };
    let file = secure.certificate_file();
    let endpoint = Endpoint::several_signed_by([url.as_str()], tokens(), &file).unwrap();
    let report = drive(endpoint).await.unwrap();
    assert_eq!(report.problems(), Vec::<String>::new());
    assert!(report.updates_sent >= 5, "{report}");

    // Another has signed it.
    let other = Secure::start().certificate_file();
    let missing = Endpoint::several_signed_by([url.as_str()], tokens(), &other);
    assert!(missing.is_err(), "its folder is gone");
    let other = Secure::start();
    let file = other.certificate_file();
    let endpoint = Endpoint::several_signed_by([url.as_str()], tokens(), &file).unwrap();
    let report = drive(endpoint).await.unwrap();
    assert_eq!(report.updates_sent, 0, "{report}");
}

#[tokio::test]
async fn who_reads_nothing_for_a_while_gets_the_newest_afterwards() {
    let secure = Secure::start();
    let mut driver = Session::open_as(&secure, "d1", Role::Driver).await;
    driver
        .send(json!({"type": "go_online", "id": 1, "vehicle": {"class": "car"}}))
        .await;
    driver.until("ok").await;
    let mut operator = Session::open_as(&secure, "o1", Role::Operator).await;
    let began_ms = now_ms() - 60_000;
    // Many views of one vehicle, so that each move is many bytes.
    for n in 0..16 {
        let channel =
            json!({"kind": "nearby", "latitude": -34.9, "longitude": -56.19, "radius_m": 5000});
        let name = format!("{}-{n}", "x".repeat(60));
        operator
            .send(json!({"type": "subscribe", "id": n, "subscription": name, "channel": channel}))
            .await;
        operator.until("ok").await;
    }
    // Slow enough for a round of its own each.
    let mut last_ms = began_ms;
    for n in 1..=200_i32 {
        last_ms = began_ms + i64::from(n) * 100;
        let position = position(f64::from(n) * 0.5, last_ms);
        driver
            .send(json!({"type": "positions", "id": n, "positions": [position]}))
            .await;
        driver.until("ok").await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Everything that waits is read; the last is the newest, and it is there for each view.
    let deadline = Instant::now() + DEADLINE;
    let mut newest = std::collections::HashSet::new();
    while newest.len() < 16 {
        assert!(
            Instant::now() < deadline,
            "{} views have the newest",
            newest.len()
        );
        let vehicles = operator.until("vehicles").await;
        for vehicle in vehicles["vehicles"].as_array().unwrap() {
            if vehicle["timestamp_ms"] == last_ms {
                newest.insert(vehicles["subscription"].to_string());
            }
        }
    }
    operator.settle().await;
    let client = secure.http().build().unwrap();
    let metrics = client.get(secure.url("/metrics")).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let delivered = number(&metrics, "ridecast_vehicle_updates_delivered_total");
    assert!(
        delivered < 1_600,
        "{delivered} of 3,200 moves were told: was it slow?"
    );
}
