//! What riders and drivers do about rides: pure. Time is an argument, chance is
//! seeded, and nothing is sent: a play says what it wants done.
//!
//! A play believes the events of its inbox alone. That a request was answered
//! means little to it: the answer may be lost with the connection, the event
//! comes again.

mod agenda;
mod driver;
mod rider;
mod talk;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use ridecast_protocol::{ClientMessage, ErrorCode, Event, Ride};

use crate::Order;

pub(crate) use driver::DriverPlay;
pub(crate) use rider::RiderPlay;

/// How people behave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manners {
    /// The share of offers that drivers accept, 0 to 1.
    pub(crate) accept: f64,
    /// The share that they decline. The rest they let pass.
    pub(crate) decline: f64,
    /// The share of rides that riders, and of accepted rides that drivers, give up.
    pub(crate) cancel: f64,
    /// Everything takes so many times less than in life.
    pub(crate) haste: f64,
}

/// What a play wants done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act {
    /// Ask the service for this, until it answers.
    Ask(ClientMessage),
    /// Send the vehicle somewhere.
    Drive(Order),
    /// For the report.
    Tell(Fact),
}

/// What the report is made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fact {
    /// A ride was asked for, and the service knows of it.
    Asked,
    /// The first driver has accepted, so long after the rider asked.
    Accepted(Duration),
    /// The driver came so much later than was said at acceptance, seconds; earlier: below 0.
    Arrived(f64),
    /// The ride has ended in this way.
    Over(&'static str),
    /// The driver has decided what to do with an offer.
    Offer(&'static str),
    /// The other side said something.
    Heard,
}

/// Somebody's part in rides.
pub(crate) trait Play: Send {
    /// An event came, in order and once.
    fn event(&mut self, event: &Event, now: Instant);
    /// A request was carried out; with the ride as it is then.
    fn done(&mut self, _asked: &ClientMessage, _ride: Option<&Ride>, _now: Instant) {}
    /// A request was refused for good.
    fn refused(&mut self, _asked: &ClientMessage, _code: ErrorCode, _now: Instant) {}
    /// A session has begun: subscriptions have to be made anew.
    fn session(&mut self) {}
    /// When time changes something next.
    fn next(&self) -> Option<Instant>;
    /// It is so late.
    fn pass(&mut self, now: Instant);
    /// What is to be done since this was asked last, in order.
    fn acts(&mut self) -> Vec<Act>;
    /// Whether a ride is under way.
    fn is_busy(&self) -> bool;
}
