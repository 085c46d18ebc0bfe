//! What riders and drivers do all day.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ridecast_protocol::{ErrorCode, Offer, OfferId, Ride, RideId, RideState};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::app::{App, Refused, Said};
use crate::people::{answer, request, step};
use crate::say::{now_ms, offset, position};

/// A driver's device tells where it is so often.
const POSITION_EVERY: Duration = Duration::from_secs(2);

impl App {
    /// Asks for one ride after the other. When it is enough, the last is ridden to its end.
    pub(crate) async fn ride_on(mut self, enough: Arc<AtomicBool>) -> Self {
        while !enough.load(Ordering::Relaxed) {
            let id = self.ask_for_ride().await;
            // Most are patient.
            let mut gives_up_at = rand::random_bool(0.2).then(|| soon(200..4_000));
            while !self.rides[&id].state.is_over() {
                if gives_up_at.is_some_and(|at| at < Instant::now()) {
                    gives_up_at = None;
                    let done = self.ask(step("cancel_ride", &id)).await;
                    may_be(&done.map(drop), &[ErrorCode::WrongRideState]);
                } else if self.rides[&id].state.is_driven() && rand::random_bool(0.1) {
                    self.say(&id).await;
                }
                self.hear(Duration::from_millis(100)).await;
            }
        }
        self
    }

    /// A new wish, and the ride that it is.
    pub(crate) async fn ask_for_ride(&mut self) -> RideId {
        self.wishes += 1;
        let key = format!("k{}", self.wishes);
        let asked = request(&key, self.at, offset(self.at, 2_000.0, 0.0));
        let done = self.ask(asked).await.expect("a rider with no open ride");
        done.ride.expect("`ok` has the ride").ride_id
    }

    /// The ride that this driver has.
    fn ride(&self) -> Option<&Ride> {
        let rides = self.rides.values();
        let mut has = rides.filter(|ride| ride.driver.is_some() && ride.state.is_driven());
        let ride = has.next();
        assert_eq!(has.next(), None, "{} has two rides: {ride:?}", self.user);
        ride
    }

    /// Drives whoever wants to be driven. When it is enough, the last is driven to the end.
    pub(crate) async fn drive_on(mut self, enough: Arc<AtomicBool>) -> Self {
        let mut ignored = HashSet::new();
        let mut position_at = soon(0..2_000);
        while !enough.load(Ordering::Relaxed) || self.ride().is_some() {
            self.tell_position(&mut position_at).await;
            if let Some(ride) = self.ride().cloned() {
                self.drive(&ride).await;
            } else if let Some(offer) = self.open_offer(&ignored) {
                match rand::random_range(0..100) {
                    0..85 => self.reply("accept_offer", &offer).await,
                    85..95 => self.reply("decline_offer", &offer).await,
                    _ => drop(ignored.insert(offer.offer_id)),
                }
            }
            let wait_ms = rand::random_range(20..150);
            self.hear(Duration::from_millis(wait_ms)).await;
        }
        self
    }

    /// The next step of a ride, or a word, or now and then the end.
    async fn drive(&mut self, ride: &Ride) {
        let id = &ride.ride_id;
        if rand::random_bool(0.15) {
            return self.say(id).await;
        }
        let gives_up = rand::random_bool(0.05);
        let message = if gives_up {
            step("cancel_ride", id)
        } else {
            next_step(ride)
        };
        let done = self.ask(message).await;
        // The rider may have been first. And who has given a ride up, and asks again because no
        // answer came, may find that it is somebody else's now.
        let unknown = matches!(&done, Err(refused) if gives_up && refused.repeated);
        let codes: &[_] = if unknown {
            &[ErrorCode::WrongRideState, ErrorCode::UnknownRide]
        } else {
            &[ErrorCode::WrongRideState]
        };
        may_be(&done.map(drop), codes);
    }

    async fn reply(&mut self, kind: &str, offer: &Offer) {
        let done = self.ask(answer(kind, offer)).await;
        self.offers.remove(&offer.offer_id);
        may_be(&done.map(drop), &[ErrorCode::OfferOver]);
    }

    fn open_offer(&self, ignored: &HashSet<OfferId>) -> Option<Offer> {
        let mut open = self.offers.values();
        let offer = open.find(|it| !ignored.contains(&it.offer_id) && it.expires_at_ms > now_ms());
        offer.cloned()
    }

    async fn tell_position(&mut self, at: &mut Instant) {
        if *at < Instant::now() {
            *at = Instant::now() + POSITION_EVERY;
            self.send(&position(self.at)).await;
        }
    }

    /// Takes the first ride there is, and keeps it.
    pub(crate) async fn take_one(&mut self) {
        let mut position_at = Instant::now();
        while self.ride().is_none() {
            self.tell_position(&mut position_at).await;
            if let Some(offer) = self.open_offer(&HashSet::new()) {
                self.reply("accept_offer", &offer).await;
            }
            self.hear(Duration::from_millis(50)).await;
        }
    }

    /// Drives the ride that it has to the end.
    pub(crate) async fn finish(&mut self) {
        while let Some(ride) = self.ride().cloned() {
            self.ask(next_step(&ride)).await.expect("nobody gives up");
        }
    }

    /// Asks until a driver has taken one.
    pub(crate) async fn be_taken(&mut self) {
        let mut id = self.ask_for_ride().await;
        while !self.rides[&id].state.is_driven() {
            if self.rides[&id].state.is_over() {
                id = self.ask_for_ride().await;
            }
            self.hear(Duration::from_millis(50)).await;
        }
    }

    /// Says something that nobody else says, and that it does not say again.
    async fn say(&mut self, ride: &RideId) {
        let text = format!("{} {}", self.user, self.said.len());
        let chat = json!({
            "type": "send_chat", "ride_id": ride, "text": text, "idempotency_key": text,
        });
        match self.ask(chat).await {
            Ok(done) => self.said.push(Said {
                ride: ride.clone(),
                text,
                number: done.number.expect("`ok` has the number"),
            }),
            // The driver has given the ride up.
            refused => may_be(&refused.map(drop), &[ErrorCode::ChatClosed]),
        }
    }
}

fn next_step(ride: &Ride) -> Value {
    let kind = match ride.state {
        RideState::Accepted => "arrive",
        RideState::Arrived => "start_ride",
        _ => "complete_ride",
    };
    let mut message = step(kind, &ride.ride_id);
    if kind == "arrive" {
        message["force"] = json!(true);
    }
    message
}

/// Done, or refused for one of these reasons.
fn may_be(done: &Result<(), Refused>, codes: &[ErrorCode]) {
    if let Err(refused) = done {
        assert!(codes.contains(&refused.code), "{refused:?}");
    }
}

fn soon(ms: std::ops::Range<u64>) -> Instant {
    Instant::now() + Duration::from_millis(rand::random_range(ms))
}
