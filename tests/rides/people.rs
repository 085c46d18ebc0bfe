//! Riders and drivers by hand.

use std::net::SocketAddr;

use ridecast_protocol::{Event, Offer, OfferState, Ride, RideId, RideState, Role, ServerMessage};
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
    let inbox = welcome.inbox.expect("the store is there");
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

impl Client {
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
