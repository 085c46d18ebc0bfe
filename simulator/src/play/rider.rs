use std::time::{Duration, Instant};

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use ridecast_protocol::{
    CancelRide, Channel, ClientMessage, ErrorCode, Event, Party, Place, QuickReply, RequestRide,
    Ride, RideChannel, RideId, RideState, Subscribe, SubscriptionName, Toward, Unsubscribe,
    VehicleClass,
};
use ridecast_roads::LatLon;

use super::agenda::Agenda;
use super::talk::{Keys, Line, Talk};
use super::{Act, Fact, Manners, Play};

/// Who gives a ride up does so after this, seconds.
const REGRET_S: std::ops::Range<f64> = 2.0..120.0;
const WRITE_S: std::ops::Range<f64> = 1.0..8.0;
/// The share of what can be said that is.
const TALKATIVE: f64 = 0.3;

/// A rider's part.
pub(crate) struct RiderPlay {
    manners: Manners,
    chance: ChaCha8Rng,
    agenda: Agenda<Todo>,
    talk: Talk,
    keys: Keys,
    channel: SubscriptionName,
    stage: Stage,
    /// No ride outlives the simulation.
    is_winding_up: bool,
    acts: Vec<Act>,
}

enum Stage {
    /// Looks around. With the ride that was the last.
    Free(Option<RideId>),
    /// Has asked, and knows nothing yet.
    Asking(Option<RideId>),
    Riding(Box<Riding>),
}

/// What is known of the rider's ride.
struct Riding {
    ride: Ride,
    follows: bool,
    was_accepted: bool,
    /// When the driver was to arrive, as was said at acceptance, ms since the Unix epoch.
    expected_at_ms: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Todo {
    GiveUp,
    Say(RideId, Line),
    Read(RideId, u64),
}

impl RiderPlay {
    /// `channel` is the name of the subscription to the ride's vehicle; `keys` differs between
    /// riders and runs.
    pub(crate) fn new(
        manners: Manners,
        keys: &str,
        channel: SubscriptionName,
        chance: ChaCha8Rng,
    ) -> Self {
        Self {
            manners,
            chance,
            agenda: Agenda::new(manners.haste),
            talk: Talk::new(Party::Rider, keys),
            keys: Keys::new(keys),
            channel,
            stage: Stage::Free(None),
            is_winding_up: false,
            acts: Vec::new(),
        }
    }

    /// Whether there is no ride to wait for.
    pub(crate) fn is_free(&self) -> bool {
        matches!(self.stage, Stage::Free(_)) && !self.is_winding_up
    }

    /// Asks for a ride.
    pub(crate) fn wish(&mut self, from: LatLon, to: LatLon, now: Instant) {
        let Stage::Free(last) = &self.stage else {
            return;
        };
        let last = last.clone();
        let Some(idempotency_key) = self.keys.next() else {
            return;
        };
        let class = if self.chance.random_bool(0.8) {
            "car"
        } else {
            "van"
        };
        let place = |place: LatLon| Place {
            latitude: place.latitude,
            longitude: place.longitude,
            address: None,
        };
        self.acts
            .push(Act::Ask(ClientMessage::RequestRide(RequestRide {
                pickup: place(from),
                dropoff: place(to),
                vehicle_class: VehicleClass::new(class).ok(),
                idempotency_key,
            })));
        self.stage = Stage::Asking(last);
        self.talk.begin();
        if self.chance.random_bool(self.manners.cancel) {
            self.plan(REGRET_S, Todo::GiveUp, now);
        }
    }

    /// The simulation ends: the open ride is given up.
    pub(crate) fn wind_up(&mut self) {
        self.is_winding_up = true;
        self.give_up("the simulation ends");
    }

    fn plan(&mut self, range_s: std::ops::Range<f64>, todo: Todo, now: Instant) {
        self.agenda.within(range_s, todo, now, &mut self.chance);
    }

    fn give_up(&mut self, reason: &str) {
        if let Stage::Riding(riding) = &self.stage {
            self.acts
                .push(Act::Ask(ClientMessage::CancelRide(CancelRide {
                    ride_id: riding.ride.ride_id.clone(),
                    reason: Some(reason.to_owned()),
                })));
        }
    }

    /// The ride is like this now.
    fn seen(&mut self, ride: &Ride, now: Instant) {
        let is_news = match &self.stage {
            Stage::Free(_) => false,
            // Of the ride before an answer may come late.
            Stage::Asking(last) => last.as_ref() != Some(&ride.ride_id),
            Stage::Riding(riding) => {
                riding.ride.ride_id == ride.ride_id && riding.ride.version < ride.version
            }
        };
        if !is_news {
            return;
        }
        if let Stage::Riding(riding) = &mut self.stage {
            riding.ride = ride.clone();
        } else {
            self.acts.push(Act::Tell(Fact::Asked));
            self.stage = Stage::Riding(Box::new(Riding {
                ride: ride.clone(),
                follows: false,
                was_accepted: false,
                expected_at_ms: None,
            }));
            if self.is_winding_up && !ride.state.is_over() {
                self.give_up("the simulation ends");
            }
        }
        match ride.state {
            RideState::Accepted => self.accepted(ride, now),
            RideState::Arrived => self.arrived(ride),
            _ if ride.state.is_over() => self.over(ride, now),
            _ => {}
        }
    }

    fn accepted(&mut self, ride: &Ride, now: Instant) {
        let Stage::Riding(riding) = &mut self.stage else {
            return;
        };
        if !riding.was_accepted
            && let Some(accepted_at_ms) = ride.accepted_at_ms
        {
            riding.was_accepted = true;
            let after = accepted_at_ms - ride.requested_at_ms;
            let after = Duration::from_millis(u64::try_from(after).unwrap_or(0));
            self.acts.push(Act::Tell(Fact::Accepted(after)));
        }
        // A change of the same drive, such as a notice, brings no new promise.
        if riding.expected_at_ms.is_none() {
            let eta = ride.eta.filter(|eta| eta.toward == Toward::Pickup);
            riding.expected_at_ms = eta.map(|eta| eta.at_ms + i64::from(eta.seconds) * 1_000);
        }
        if !riding.follows {
            riding.follows = true;
            let follow = self.follow(&ride.ride_id);
            self.acts.push(Act::Ask(follow));
            self.maybe_say(
                &ride.ride_id,
                Line::Text("I am standing at the corner"),
                now,
            );
        }
    }

    fn arrived(&mut self, ride: &Ride) {
        let Stage::Riding(riding) = &mut self.stage else {
            return;
        };
        if let (Some(expected_at_ms), Some(arrived_at_ms)) =
            (riding.expected_at_ms.take(), ride.arrived_at_ms)
        {
            let late = seconds(arrived_at_ms - expected_at_ms);
            self.acts.push(Act::Tell(Fact::Arrived(late)));
        }
    }

    fn over(&mut self, ride: &Ride, now: Instant) {
        let by = ride.cancelled.as_ref().map(|cancelled| cancelled.by);
        let word = match (ride.state, by) {
            (RideState::Completed, _) => "completed",
            (RideState::Expired, _) => "expired",
            (_, Some(Party::Rider)) if self.is_winding_up => "cut_short",
            (_, Some(Party::Rider)) => "cancelled_by_rider",
            (_, Some(Party::Driver)) => "cancelled_by_driver",
            _ => "cancelled_by_system",
        };
        self.acts.push(Act::Tell(Fact::Over(word)));
        let id = ride.ride_id.clone();
        let before = std::mem::replace(&mut self.stage, Stage::Free(Some(id)));
        if matches!(before, Stage::Riding(riding) if riding.follows) {
            self.acts
                .push(Act::Ask(ClientMessage::Unsubscribe(Unsubscribe {
                    subscription: self.channel.clone(),
                })));
        }
        self.agenda
            .forget(|todo| matches!(todo, Todo::GiveUp | Todo::Say(..)));
        if ride.state == RideState::Completed && !self.is_winding_up {
            self.maybe_say(&ride.ride_id, Line::Quick(QuickReply::ThankYou), now);
        }
    }

    fn follow(&self, ride: &RideId) -> ClientMessage {
        ClientMessage::Subscribe(Subscribe {
            subscription: self.channel.clone(),
            channel: Channel::Ride(RideChannel {
                ride_id: ride.clone(),
            }),
            max_rate_hz: None,
        })
    }

    fn maybe_say(&mut self, ride: &RideId, line: Line, now: Instant) {
        if self.chance.random_bool(TALKATIVE) {
            self.plan(WRITE_S, Todo::Say(ride.clone(), line), now);
        }
    }
}

impl Play for RiderPlay {
    fn event(&mut self, event: &Event, now: Instant) {
        match event {
            Event::Ride(ride) => {
                // Who is back to being looked for has a new promise to get.
                if let Stage::Riding(riding) = &mut self.stage
                    && ride.ride_id == riding.ride.ride_id
                    && !ride.state.is_driven()
                {
                    riding.expected_at_ms = None;
                }
                self.seen(ride, now);
            }
            Event::Chat(message) if self.talk.hears(message) => {
                self.acts.push(Act::Tell(Fact::Heard));
                let ride = message.ride_id.clone();
                self.plan(WRITE_S, Todo::Read(ride, message.number), now);
                if matches!(&self.stage, Stage::Riding(it) if it.ride.ride_id == message.ride_id) {
                    self.maybe_say(&message.ride_id, Line::Quick(QuickReply::AllRight), now);
                }
            }
            Event::Chat(_) | Event::Receipt(_) | Event::Notice(_) | Event::Offer(_) => {}
        }
    }

    fn done(&mut self, asked: &ClientMessage, ride: Option<&Ride>, now: Instant) {
        if let (ClientMessage::RequestRide(_), Some(ride)) = (asked, ride) {
            self.seen(ride, now);
        }
    }

    fn refused(&mut self, asked: &ClientMessage, _: ErrorCode, _: Instant) {
        if let (ClientMessage::RequestRide(_), Stage::Asking(last)) = (asked, &self.stage) {
            self.stage = Stage::Free(last.clone());
            self.agenda.forget(|todo| matches!(todo, Todo::GiveUp));
        }
    }

    fn session(&mut self) {
        if let Stage::Riding(riding) = &self.stage
            && riding.follows
        {
            let follow = self.follow(&riding.ride.ride_id);
            self.acts.push(Act::Ask(follow));
        }
    }

    fn next(&self) -> Option<Instant> {
        self.agenda.next()
    }

    fn pass(&mut self, now: Instant) {
        while let Some(todo) = self.agenda.due(now) {
            match todo {
                Todo::GiveUp if matches!(self.stage, Stage::Asking(_)) => {
                    self.plan(REGRET_S, Todo::GiveUp, now);
                }
                Todo::GiveUp => self.give_up("found another way"),
                Todo::Say(ride, line) => {
                    let said = self.talk.say(&ride, line);
                    self.acts.extend(said.map(Act::Ask));
                }
                Todo::Read(ride, number) => self.acts.push(Act::Ask(Talk::read(&ride, number))),
            }
        }
    }

    fn acts(&mut self) -> Vec<Act> {
        std::mem::take(&mut self.acts)
    }

    fn is_busy(&self) -> bool {
        !matches!(self.stage, Stage::Free(_))
    }
}

#[expect(clippy::cast_precision_loss, reason = "hours in milliseconds")]
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1_000.0
}
