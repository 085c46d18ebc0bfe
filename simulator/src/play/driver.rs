use std::time::Instant;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use ridecast_protocol::{
    AnswerOffer, Arrive, CancelRide, ClientMessage, ErrorCode, Event, Offer, OfferId, OfferState,
    Party, Place, QuickReply, Ride, RideId, RideState, RideStep,
};
use ridecast_roads::LatLon;

use super::agenda::Agenda;
use super::talk::{Line, Talk};
use super::{Act, Fact, Manners, Play};
use crate::Order;

/// How long people take, seconds.
const THINK_S: std::ops::Range<f64> = 1.0..5.0;
const STOP_S: std::ops::Range<f64> = 1.5..3.0;
const BOARD_S: std::ops::Range<f64> = 4.0..15.0;
const ALIGHT_S: std::ops::Range<f64> = 2.0..8.0;
const WRITE_S: std::ops::Range<f64> = 1.0..6.0;
/// So long after accepting, a driver may think better of it.
const REGRET_S: std::ops::Range<f64> = 3.0..30.0;
/// The service did not see the vehicle at the pickup: its positions are on their way.
const AGAIN_S: std::ops::Range<f64> = 1.5..2.5;
/// The share of rides in which a driver says something, and of what is said that is answered.
const TALKATIVE: f64 = 0.3;

/// A driver's part.
pub(crate) struct DriverPlay {
    manners: Manners,
    chance: ChaCha8Rng,
    agenda: Agenda<Todo>,
    talk: Talk,
    job: Option<Job>,
    acts: Vec<Act>,
}

/// The ride that is driven.
struct Job {
    id: RideId,
    state: RideState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Todo {
    Accept(OfferId),
    Decline(OfferId),
    Arrive,
    Start,
    Complete,
    GiveUp(RideId),
    Say(RideId, Line),
    Read(RideId, u64),
}

impl DriverPlay {
    /// `keys` differs between drivers and runs.
    pub(crate) fn new(manners: Manners, keys: &str, chance: ChaCha8Rng) -> Self {
        Self {
            manners,
            chance,
            agenda: Agenda::new(manners.haste),
            talk: Talk::new(Party::Driver, keys),
            job: None,
            acts: Vec::new(),
        }
    }

    /// The vehicle stands where it was sent.
    pub(crate) fn reached(&mut self, now: Instant) {
        match self.job.as_ref().map(|job| job.state) {
            Some(RideState::Accepted) => self.plan(STOP_S, Todo::Arrive, now),
            Some(RideState::InProgress) => self.plan(ALIGHT_S, Todo::Complete, now),
            _ => {}
        }
    }

    fn plan(&mut self, range_s: std::ops::Range<f64>, todo: Todo, now: Instant) {
        self.agenda.within(range_s, todo, now, &mut self.chance);
    }

    fn offered(&mut self, offer: &Offer, now: Instant) {
        if offer.state != OfferState::Open {
            self.agenda.forget(|todo| {
                matches!(todo, Todo::Accept(id) | Todo::Decline(id) if *id == offer.offer_id)
            });
            return;
        }
        let mood = self.chance.random::<f64>();
        let (id, word) = (offer.offer_id.clone(), mood - self.manners.accept);
        let word = if word < 0.0 && self.job.is_none() {
            self.plan(THINK_S, Todo::Accept(id), now);
            "accepted"
        } else if word < self.manners.decline {
            self.plan(THINK_S, Todo::Decline(id), now);
            "declined"
        } else {
            "ignored"
        };
        self.acts.push(Act::Tell(Fact::Offer(word)));
    }

    fn ride(&mut self, ride: &Ride, now: Instant) {
        let is_mine = ride.state.is_driven() && ride.driver.is_some();
        let known = self.job.as_ref().filter(|job| job.id == ride.ride_id);
        let before = known.map(|job| job.state);
        if !is_mine {
            if before.is_some() {
                self.free();
            }
            return;
        }
        if before.is_none() {
            self.free();
            self.talk.begin();
            if self.chance.random_bool(self.manners.cancel) {
                self.plan(REGRET_S, Todo::GiveUp(ride.ride_id.clone()), now);
            }
            self.maybe_say(&ride.ride_id, Line::Quick(QuickReply::OnMyWay), now);
        }
        if before == Some(ride.state) {
            return;
        }
        self.job = Some(Job {
            id: ride.ride_id.clone(),
            state: ride.state,
        });
        match ride.state {
            RideState::Accepted => self.drive(&ride.pickup),
            RideState::Arrived => {
                self.agenda.forget(|todo| matches!(todo, Todo::Arrive));
                self.plan(BOARD_S, Todo::Start, now);
                self.maybe_say(&ride.ride_id, Line::Quick(QuickReply::Here), now);
            }
            RideState::InProgress => self.drive(&ride.dropoff),
            _ => {}
        }
    }

    fn drive(&mut self, to: &Place) {
        self.acts.push(Act::Drive(Order::To(LatLon {
            latitude: to.latitude,
            longitude: to.longitude,
        })));
    }

    /// There is no ride, or no more.
    fn free(&mut self) {
        self.agenda.forget(|todo| {
            matches!(
                todo,
                Todo::Arrive | Todo::Start | Todo::Complete | Todo::GiveUp(_) | Todo::Say(..)
            )
        });
        if self.job.take().is_some() {
            self.acts.push(Act::Drive(Order::Cruise));
        }
    }

    fn maybe_say(&mut self, ride: &RideId, line: Line, now: Instant) {
        if self.chance.random_bool(TALKATIVE) {
            self.plan(WRITE_S, Todo::Say(ride.clone(), line), now);
        }
    }

    fn carry_out(&mut self, todo: Todo) {
        let job = self.job.as_ref().map(|job| (job.id.clone(), job.state));
        let step = |ride_id| RideStep { ride_id };
        let message = match (todo, job) {
            (Todo::Accept(offer_id), _) => ClientMessage::AcceptOffer(AnswerOffer { offer_id }),
            (Todo::Decline(offer_id), _) => ClientMessage::DeclineOffer(AnswerOffer { offer_id }),
            (Todo::Arrive, Some((ride_id, RideState::Accepted))) => ClientMessage::Arrive(Arrive {
                ride_id,
                force: None,
            }),
            (Todo::Start, Some((id, RideState::Arrived))) => ClientMessage::StartRide(step(id)),
            (Todo::Complete, Some((id, RideState::InProgress))) => {
                ClientMessage::CompleteRide(step(id))
            }
            (Todo::GiveUp(ride_id), Some((id, RideState::Accepted))) if id == ride_id => {
                ClientMessage::CancelRide(CancelRide {
                    ride_id,
                    reason: Some("a flat tyre".to_owned()),
                })
            }
            (Todo::Say(ride, line), _) => match self.talk.say(&ride, line) {
                Some(message) => message,
                None => return,
            },
            (Todo::Read(ride, number), _) => Talk::read(&ride, number),
            _ => return,
        };
        self.acts.push(Act::Ask(message));
    }
}

impl Play for DriverPlay {
    fn event(&mut self, event: &Event, now: Instant) {
        match event {
            Event::Offer(offer) => self.offered(offer, now),
            Event::Ride(ride) => self.ride(ride, now),
            Event::Chat(message) if self.talk.hears(message) => {
                self.acts.push(Act::Tell(Fact::Heard));
                let ride = message.ride_id.clone();
                self.plan(WRITE_S, Todo::Read(ride, message.number), now);
                if self
                    .job
                    .as_ref()
                    .is_some_and(|job| job.id == message.ride_id)
                {
                    self.maybe_say(&message.ride_id, Line::Quick(QuickReply::AllRight), now);
                }
            }
            Event::Chat(_) | Event::Receipt(_) | Event::Notice(_) => {}
        }
    }

    fn refused(&mut self, asked: &ClientMessage, code: ErrorCode, now: Instant) {
        let ClientMessage::Arrive(arrive) = asked else {
            return;
        };
        let is_there = self
            .job
            .as_ref()
            .is_some_and(|job| job.id == arrive.ride_id);
        if is_there && matches!(code, ErrorCode::TooFar | ErrorCode::NotOnline) {
            self.plan(AGAIN_S, Todo::Arrive, now);
        }
    }

    fn next(&self) -> Option<Instant> {
        self.agenda.next()
    }

    fn pass(&mut self, now: Instant) {
        while let Some(todo) = self.agenda.due(now) {
            self.carry_out(todo);
        }
    }

    fn acts(&mut self) -> Vec<Act> {
        std::mem::take(&mut self.acts)
    }

    fn is_busy(&self) -> bool {
        self.job.is_some()
    }
}
