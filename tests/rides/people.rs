//! Riders and drivers by hand.

use std::net::SocketAddr;

use ridecast_protocol::{
    ChatMessage, Event, Notice, Offer, OfferState, Receipt, Ride, RideId, RideState, Role,
    ServerMessage,
};
use serde_json::{Value, json};

use crate::client::{Client, How};
use crate::say::{Place, go_online, position};
use crate::service::token;

/// A session that goes on from where another was.
pub(crate) async fn resume(address: SocketAddr, user: &str, role: Role, place: &str) -> Client {
    let how = How {
        bearer: Some(token(user, role)),
        resume: Some(place.to_owned()),
        ..How::default()
    };
    let mut client = Client::connect(address, &how).await;
    let welcome = client.welcome().await;
    let inbox = welcome.inbox().expect("the store is there");
    assert_eq!(inbox.recovered, Some(true), "{inbox:?}");
    client
}

/// A driver online at this place.
pub(crate) async fn driver_at(address: SocketAddr, name: &str, place: Place) -> Client {
    let mut driver = Client::open(address, name, Role::Driver).await;
    driver.ok(go_online("car")).await;
    driver.ok(position(place)).await;
    driver
}

pub(crate) fn request(key: &str, pickup: Place, dropoff: Place) -> Value {
    let place =
        |(latitude, longitude): Place| json!({"latitude": latitude, "longitude": longitude});
    json!({
        "type": "request_ride", "pickup": place(pickup), "dropoff": place(dropoff),
        "idempotency_key": key,
    })
}

/// A message about a ride.
pub(crate) fn step(kind: &str, ride: &RideId) -> Value {
    json!({"type": kind, "ride_id": ride})
}

/// A message about an offer.
pub(crate) fn answer(kind: &str, offer: &Offer) -> Value {
    json!({"type": kind, "offer_id": offer.offer_id})
}

/// The word on the wire.
pub(crate) fn wire<T: serde::Serialize>(value: T) -> String {
    let value = serde_json::to_value(value).expect("JSON");
    value.as_str().expect("a word").to_owned()
}

/// An event in two or three words.
pub(crate) fn words(event: &Event) -> String {
    match event {
        Event::Offer(Offer { state, .. }) => format!("offer {}", wire(state)),
        Event::Ride(ride) => {
            let search = ride.search.as_ref();
            let setback = search.and_then(|search| search.setback);
            let setback = setback.map(|it| format!(" {}", wire(it)));
            format!(
                "ride {}{}",
                ride.state.as_str(),
                setback.unwrap_or_default()
            )
        }
        Event::Chat(ChatMessage { number, from, .. }) => format!("chat {number} {}", wire(from)),
        Event::Receipt(Receipt {
            by,
            delivered,
            read,
            ..
        }) => format!("receipt {} {delivered} {read}", wire(by)),
        Event::Notice(Notice { near, .. }) => format!("notice {}", wire(near)),
    }
}

impl Client {
    /// All that was told up to the event of these words, and that one.
    pub(crate) async fn tale(&mut self, end: &str) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            let next = self
                .event(&format!("{end} (after {told:?})"), |event| {
                    Some(words(event))
                })
                .await;
            told.push(next);
            if told.last().is_some_and(|last| last == end) {
                return told;
            }
        }
    }

    /// What was told and nobody has asked for yet, until now.
    pub(crate) async fn rest(&mut self) -> Vec<String> {
        self.settle().await;
        self.catch_up();
        let events = std::mem::take(&mut self.events);
        events.iter().map(|(_, event)| words(event)).collect()
    }

    /// Whether such an event has come, of those that nobody has asked for yet.
    pub(crate) fn event_now(&mut self, wanted: impl Fn(&Event) -> bool) -> bool {
        self.catch_up();
        self.events.iter().any(|(_, event)| wanted(event))
    }

    /// A request that must succeed, and gives the ride.
    pub(crate) async fn ride(&mut self, message: Value) -> Ride {
        match self.ask(message.clone()).await {
            ServerMessage::Ok {
                ride: Some(ride), ..
            } => *ride,
            other => panic!("{message} was answered by {other:?}"),
        }
    }

    /// Waits to be told that a ride is in this state.
    pub(crate) async fn until_ride(&mut self, state: RideState) -> Ride {
        let what = format!("the ride is {}", state.as_str());
        self.event(&what, |event| match event {
            Event::Ride(ride) if ride.state == state => Some(Ride::clone(ride)),
            _ => None,
        })
        .await
    }

    /// Waits for an offer in this state.
    pub(crate) async fn until_offer(&mut self, state: OfferState) -> Offer {
        self.event(
            &format!("an offer that is {state:?}"),
            |event| match event {
                Event::Offer(offer) if offer.state == state => Some(offer.clone()),
                _ => None,
            },
        )
        .await
    }
}
