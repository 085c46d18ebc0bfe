//! The rider's part of a session: looking around.

use ridecast_protocol::{ClientMessage, ErrorBody};

use crate::session::{Done, Part, Session, SessionActor};

/// The actor of a connected rider.
pub type RiderActor = SessionActor<Rider>;

/// A connected rider.
pub struct Rider;

impl Part for Rider {
    fn handle(&mut self, session: &Session, message: ClientMessage) -> Result<Done, ErrorBody> {
        session.watch(&message)
    }
}
