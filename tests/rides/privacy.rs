//! Nobody learns what is not theirs: all that comes over the sockets, letter by letter.

use std::net::SocketAddr;

use futures_util::SinkExt as _;
use futures_util::stream::{SplitSink, StreamExt as _};
use ridecast_protocol::{OfferState, RideState as S, Role};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::client::{Client, DEADLINE};
use crate::people::{answer, request, step};
use crate::say::{go_online, nearby, offset, position};
use crate::scene::{PICKUP, dropoff, impatient};
use crate::service::token;

/// A socket whose every text is kept.
struct Tap {
    out: SplitSink<WebSocketStream<MaybeTlsStream<TcpStream>>, Message>,
    texts: mpsc::UnboundedReceiver<String>,
    /// Since it was last asked.
    fresh: Vec<String>,
}

impl Tap {
    async fn open(address: SocketAddr, user: &str, role: Role) -> Self {
        let mut request = format!("ws://{address}/v1/ws")
            .into_client_request()
            .unwrap();
        let bearer = format!("Bearer {}", token(user, role)).parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        let (stream, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let (out, mut stream) = stream.split();
        let (tell, texts) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                if let Message::Text(text) = message {
                    let _ = tell.send(text.to_string());
                }
            }
        });
        Self {
            out,
            texts,
            fresh: Vec::new(),
        }
    }

    async fn say(&mut self, message: &Value) {
        self.out
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    /// All texts since the last time, up to one in which this stands.
    async fn until(&mut self, what: &str) -> Vec<String> {
        loop {
            let text = tokio::time::timeout(DEADLINE, self.texts.recv()).await;
            let text = text.unwrap_or_else(|_| panic!("never {what}: {:#?}", self.fresh));
            let text = text.expect("it is open");
            let is_last = text.contains(what);
            self.fresh.push(text);
            if is_last {
                return std::mem::take(&mut self.fresh);
            }
        }
    }
}

fn has(texts: &[String], what: &str) -> bool {
    texts.iter().any(|text| text.contains(what))
}

const DRIVER: &str = "d-anastasia";
const RIDER: &str = "r-rosalinda";

#[tokio::test]
async fn a_rider_learns_of_the_driver_while_driven_and_a_driver_never_of_the_rider() {
    let service = impatient();
    let address = service.address;
    let mut driver = Tap::open(address, DRIVER, Role::Driver).await;
    let mut online = go_online("car");
    online["vehicle"]["plate"] = json!("SBC 1234");
    driver.say(&online).await;
    driver.say(&position(offset(PICKUP, 0.0, 900.0))).await;
    let mut rider = Tap::open(address, RIDER, Role::Rider).await;
    rider.say(&nearby("n", PICKUP, 3_000.0)).await;
    let mut wish = request("k", PICKUP, dropoff());
    wish["id"] = json!(1);
    rider.say(&wish).await;
    let mut said = driver.until("\"offer_id\"").await;
    let mut before = rider.until("\"offered\"").await;
    let offer: Value = serde_json::from_str(said.last().unwrap()).unwrap();
    let ride = offer["event"]["ride_id"].as_str().unwrap().to_owned();
    let offer = offer["event"]["offer_id"].as_str().unwrap().to_owned();
    let follow = json!({"type": "subscribe", "subscription": "r", "channel": {"kind": "ride", "ride_id": ride}});
    rider.say(&follow).await;
    before.extend(rider.until("\"subscription\":\"r\"").await);
    assert!(
        has(&before, "\"state\":\"online\""),
        "it is seen, as anybody"
    );
    for name in [DRIVER, "SBC 1234"] {
        assert!(!has(&before, name), "{before:#?}");
    }

    driver
        .say(&json!({"type": "accept_offer", "offer_id": offer}))
        .await;
    let during = rider
        .until(&format!("\"id\":\"{DRIVER}\",\"latitude\""))
        .await;
    assert!(has(&during, "SBC 1234"), "the card");
    said.extend(driver.until("\"accepted\"").await);
    let mut arrive = step("arrive", &ridecast_protocol::RideId::new(&ride).unwrap());
    arrive["force"] = json!(true);
    driver.say(&arrive).await;
    driver
        .say(&json!({"type": "start_ride", "ride_id": ride}))
        .await;
    rider
        .say(&json!({"type": "send_chat", "ride_id": ride, "text": "hi", "idempotency_key": "c"}))
        .await;
    said.extend(driver.until("\"chat\"").await);
    driver.say(&position(offset(PICKUP, 500.0, 0.0))).await;
    driver
        .say(&json!({"type": "complete_ride", "ride_id": ride}))
        .await;
    said.extend(driver.until("\"completed\"").await);
    rider.until("\"completed\"").await;
    // Not one position more.
    for north_m in [600.0, 700.0, 800.0] {
        driver.say(&position(offset(PICKUP, north_m, 0.0))).await;
    }
    rider.say(&follow).await;
    wish["id"] = json!("again");
    rider.say(&wish).await;
    driver.say(&json!({"type": "ping", "id": "end"})).await;
    said.extend(driver.until("\"end\"").await);
    let mut after = rider.until("\"again\"").await;
    rider.say(&json!({"type": "ping", "id": "end"})).await;
    after.extend(rider.until("\"end\"").await);
    for name in [DRIVER, "SBC 1234"] {
        let is_told = after
            .iter()
            // That it is gone from the channel may still be told.
            .any(|text| text.contains(name) && !text.contains("\"vehicles\":[],\"left\""));
        assert!(!is_told, "{after:#?}");
    }
    assert!(!has(&said, RIDER), "{said:#?}");
}

#[tokio::test]
async fn an_assigned_vehicle_is_on_no_other_riders_map() {
    let mut scene = crate::scene::Scene::at(S::Offered).await;
    scene.until_seen(true).await;
    let offer = scene.offer.clone().unwrap();
    scene.driver.ok(answer("accept_offer", &offer)).await;
    scene.until_seen(false).await;
    // Nor does it come back by moving, or by reconnecting.
    let mut driver = Client::open(scene.service.address, "ana", Role::Driver).await;
    driver.ok(go_online("car")).await;
    for n in 1..20 {
        driver
            .ok(position(offset(PICKUP, 0.0, 800.0 - 10.0 * f64::from(n))))
            .await;
        scene.other.settle().await;
        assert!(scene.other.view("n").ids().is_empty());
    }
    let mut late = Client::open(scene.service.address, "lena", Role::Rider).await;
    late.ok(nearby("n", PICKUP, 3_000.0)).await;
    late.until("n", "a snapshot", |view| view.snapshots == 1)
        .await;
    assert!(late.view("n").ids().is_empty());
    // Operators see it.
    scene.operator.ok(nearby("n", PICKUP, 3_000.0)).await;
    scene
        .operator
        .until("n", "all", |view| view.has("ana"))
        .await;
    let ride = scene.ride.clone();
    let mut arrive = step("arrive", &ride);
    arrive["force"] = json!(true);
    for message in [
        arrive,
        step("start_ride", &ride),
        step("complete_ride", &ride),
    ] {
        driver.ok(message).await;
    }
    scene.until_seen(true).await;
    late.until("n", "it is free", |view| view.vehicles.len() == 1)
        .await;
}

#[tokio::test]
async fn a_passed_driver_hears_no_more_of_the_ride() {
    let service = impatient();
    let address = service.address;
    let mut first = Tap::open(address, "d-first", Role::Driver).await;
    first.say(&go_online("car")).await;
    first.say(&position(offset(PICKUP, 0.0, 300.0))).await;
    let mut rider = Client::open(address, "rosa", Role::Rider).await;
    let ride = rider.ride(request("k", PICKUP, dropoff())).await.ride_id;
    let texts = first.until("\"offer_id\"").await;
    let offer: Value = serde_json::from_str(texts.last().unwrap()).unwrap();
    let offer = offer["event"]["offer_id"].clone();
    first
        .say(&json!({"type": "decline_offer", "offer_id": offer}))
        .await;
    first.until("\"declined\"").await;
    let mut next = crate::people::driver_at(address, "bea", PICKUP).await;
    let offer = next.until_offer(OfferState::Open).await;
    next.ok(answer("accept_offer", &offer)).await;
    rider.until_ride(S::Accepted).await;
    let cancel = json!({"type": "cancel_ride", "ride_id": ride, "reason": "it is my secret"});
    rider.ok(cancel).await;
    rider.until_ride(S::Cancelled).await;
    for message in [
        json!({"type": "cancel_ride", "ride_id": ride}),
        json!({"type": "decline_offer", "offer_id": format!("{ride}.1")}),
        json!({"type": "accept_offer", "offer_id": format!("{ride}.1")}),
        json!({"type": "ping", "id": "end"}),
    ] {
        first.say(&message).await;
    }
    let texts = first.until("\"end\"").await;
    assert!(
        !has(&texts, "\"event\"") && !has(&texts, "secret"),
        "{texts:#?}"
    );
}

/// Also when nobody has taken the ride, so that none but this one has driven it.
#[tokio::test]
async fn who_declined_does_not_learn_why_the_rider_gave_up() {
    let service = impatient();
    let address = service.address;
    let mut driver = crate::people::driver_at(address, "ana", offset(PICKUP, 0.0, 300.0)).await;
    let mut rider = Client::open(address, "rosa", Role::Rider).await;
    let ride = rider.ride(request("k", PICKUP, dropoff())).await.ride_id;
    let offer = driver.until_offer(OfferState::Open).await;
    driver.ok(answer("decline_offer", &offer)).await;
    rider.until_ride(S::Requested).await;
    rider
        .ok(json!({"type": "cancel_ride", "ride_id": ride, "reason": "it is my secret"}))
        .await;
    let cancel = step("cancel_ride", &ride);
    assert_eq!(driver.refused(cancel).await.as_str(), "unknown_ride");
}
