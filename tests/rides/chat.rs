//! What rider and driver say to each other.

use std::time::Duration;

use ridecast_protocol::{ErrorCode, Event, OfferState, Party, RideId, RideState as S, Role};
use serde_json::{Value, json};

use crate::client::Client;
use crate::people::{answer, driver_at, resume, step};
use crate::say::offset;
use crate::scene::{PICKUP, Scene};
use crate::service::Service;

fn text(ride: &RideId, key: &str, text: &str) -> Value {
    json!({"type": "send_chat", "ride_id": ride, "text": text, "idempotency_key": key})
}

fn quick(ride: &RideId, key: &str, quick: &str) -> Value {
    json!({"type": "send_chat", "ride_id": ride, "quick": quick, "idempotency_key": key})
}

fn read(ride: &RideId, number: u64) -> Value {
    json!({"type": "read_chat", "ride_id": ride, "number": number})
}

impl Client {
    /// Says something; gives its number.
    async fn says(&mut self, message: Value) -> u64 {
        match self.ask(message.clone()).await {
            ridecast_protocol::ServerMessage::Ok {
                number: Some(number),
                ..
            } => number,
            other => panic!("{message} was answered by {other:?}"),
        }
    }

    /// The words of the next chat message.
    async fn hears(&mut self) -> (u64, Party, String) {
        self.event("a chat message", |event| match event {
            Event::Chat(chat) => {
                let quick = chat.quick.map(crate::people::wire);
                let said = chat.text.clone().or(quick).unwrap();
                Some((chat.number, chat.from, said))
            }
            _ => None,
        })
        .await
    }

    async fn acks(&mut self) {
        let offset = self.place.as_ref().unwrap().offset;
        self.ok(json!({"type": "ack", "offset": offset})).await;
    }
}

#[tokio::test]
async fn both_sides_hear_it_and_hear_that_it_was_heard() {
    let mut scene = Scene::at(S::Accepted).await;
    let ride = scene.ride.clone();
    let mut device = Client::open(scene.service.address, "rosa", Role::Rider).await;
    assert_eq!(scene.rider.says(text(&ride, "a", "¿Dónde?")).await, 1);
    for client in [&mut scene.driver, &mut scene.rider, &mut device] {
        let heard = client.hears().await;
        assert_eq!(heard, (1, Party::Rider, "¿Dónde?".to_owned()));
    }
    // That one's own devices have it is no receipt.
    device.acks().await;
    scene.rider.acks().await;
    scene.driver.acks().await;
    assert_eq!(scene.rider.tale("receipt driver 1 0").await.len(), 1);
    assert_eq!(
        scene.driver.says(quick(&ride, "a", "on_my_way")).await,
        2,
        "the driver's key is another than the rider's"
    );
    assert_eq!(scene.driver.says(text(&ride, "b", "2 min")).await, 3);
    let heard = scene.rider.hears().await;
    assert_eq!(heard, (2, Party::Driver, "on_my_way".to_owned()));
    scene.rider.hears().await;
    scene.rider.ok(read(&ride, 2)).await;
    scene.driver.tale("receipt rider 2 2").await;
    scene.rider.ok(read(&ride, 3)).await;
    scene.driver.tale("receipt rider 3 3").await;
    // Nothing new: not beyond what was said, and not back.
    scene.rider.ok(read(&ride, 1_000_000)).await;
    scene.rider.ok(read(&ride, 1)).await;
    scene.rider.acks().await;
    assert_eq!(scene.driver.rest().await, [""; 0]);
    assert_eq!(
        scene.operator.rest().await,
        [""; 0],
        "it is between the two"
    );
}

#[tokio::test]
async fn what_is_said_twice_under_one_key_is_said_once() {
    let mut scene = Scene::at(S::Arrived).await;
    let ride = scene.ride.clone();
    let mut device = Client::open(scene.service.address, "rosa", Role::Rider).await;
    let (one, two) = tokio::join!(
        scene.rider.says(text(&ride, "k", "hi")),
        device.says(text(&ride, "k", "hi"))
    );
    assert_eq!((one, two), (1, 1));
    // Two at once under two keys are two, and both are heard.
    let (one, two) = tokio::join!(
        scene.rider.says(text(&ride, "x", "x")),
        scene.driver.says(text(&ride, "y", "y"))
    );
    assert_eq!(one + two, 5);
    for client in [&mut scene.driver, &mut device] {
        for number in 1..=3 {
            assert_eq!(client.hears().await.0, number);
        }
        assert_eq!(client.rest().await, [""; 0]);
    }
}

#[tokio::test]
async fn a_thousand_characters_and_not_one_more() {
    let mut scene = Scene::at(S::Accepted).await;
    let ride = scene.ride.clone();
    let longest = "🚕".repeat(1_000);
    scene.rider.says(text(&ride, "a", &longest)).await;
    assert_eq!(scene.driver.hears().await.2, longest);
    let both = json!({"type": "send_chat", "ride_id": ride, "text": "a", "quick": "here", "idempotency_key": "b"});
    let neither = json!({"type": "send_chat", "ride_id": ride, "idempotency_key": "c"});
    for bad in [
        text(&ride, "d", &format!("{longest}.")),
        text(&ride, "e", ""),
        quick(&ride, "f", "shut_up"),
        both,
        neither,
    ] {
        let code = scene.rider.refused(bad).await;
        assert_eq!(code, ErrorCode::InvalidMessage);
    }
    assert_eq!(scene.driver.rest().await, [""; 0]);
}

#[tokio::test]
async fn there_is_nobody_to_talk_to_before_there_is_a_driver() {
    for stage in [S::Requested, S::Offered] {
        let mut scene = Scene::at(stage).await;
        let ride = scene.ride.clone();
        for message in [text(&ride, "a", "hi"), read(&ride, 1)] {
            let code = scene.rider.refused(message.clone()).await;
            assert_eq!(code, ErrorCode::ChatClosed);
            let code = scene.driver.refused(message.clone()).await;
            assert_eq!(code, ErrorCode::UnknownRide);
            let code = scene.operator.refused(message).await;
            assert_eq!(code, ErrorCode::Forbidden);
        }
    }
}

#[tokio::test]
async fn a_chat_stays_open_a_while_after_the_end() {
    let service = Service::start_with(|settings| {
        settings.rides.chat_grace = Duration::from_millis(1_500);
    });
    let mut scene = Scene::of(service, S::InProgress).await;
    let ride = scene.ride.clone();
    scene.driver.ok(step("complete_ride", &ride)).await;
    scene.rider.says(text(&ride, "a", "my umbrella!")).await;
    assert_eq!(scene.driver.hears().await.2, "my umbrella!");
    let deadline = tokio::time::Instant::now() + crate::client::DEADLINE;
    let mut n = 0;
    loop {
        n += 1;
        let more = scene.rider.ask(text(&ride, &format!("b{n}"), "?")).await;
        if let ridecast_protocol::ServerMessage::Error { error, .. } = more {
            assert_eq!(error.code, ErrorCode::ChatClosed);
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "it never closes");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    for message in [text(&ride, "z", "no"), read(&ride, 1)] {
        let code = scene.driver.refused(message).await;
        assert_eq!(code, ErrorCode::ChatClosed);
    }
}

#[tokio::test]
async fn a_new_driver_does_not_hear_what_the_last_one_was_told() {
    let mut scene = Scene::at(S::Accepted).await;
    let ride = scene.ride.clone();
    scene
        .rider
        .says(text(&ride, "a", "the key is under the mat"))
        .await;
    scene.driver.hears().await;
    scene.driver.ok(step("cancel_ride", &ride)).await;
    let code = scene.rider.refused(text(&ride, "b", "hello?")).await;
    assert_eq!(code, ErrorCode::ChatClosed);
    let at = offset(PICKUP, 0.0, 200.0);
    let mut next = driver_at(scene.service.address, "bea", at).await;
    let place = next.place();
    let offer = next.until_offer(OfferState::Open).await;
    next.ok(answer("accept_offer", &offer)).await;
    // The same key in a new chat is a new message.
    assert_eq!(scene.rider.says(text(&ride, "a", "hello")).await, 1);
    assert_eq!(next.hears().await, (1, Party::Rider, "hello".to_owned()));
    scene.driver.until_ride(S::Requested).await;
    assert_eq!(scene.driver.rest().await, [""; 0]);
    for message in [text(&ride, "c", "hi"), read(&ride, 1)] {
        let code = scene.driver.refused(message).await;
        assert_eq!(code, ErrorCode::UnknownRide);
    }
    next.vanish();
    let mut next = resume(scene.service.address, "bea", Role::Driver, &place).await;
    let told = next.tale("chat 1 rider").await;
    assert_eq!(
        told,
        [
            "offer open",
            "offer accepted",
            "ride accepted",
            "chat 1 rider"
        ]
    );
}
