//! The watcher's part of a session: an operator who sees the fleet.

use ridecast_protocol::{ClientMessage, ErrorBody};

use crate::session::{Done, Part, Session, SessionActor};

/// The actor of a connected operator.
pub type WatcherActor = SessionActor<Watcher>;

/// A connected operator.
pub struct Watcher;

impl Part for Watcher {
    fn handle(&mut self, session: &Session, message: ClientMessage) -> Result<Done, ErrorBody> {
        session.watch(&message)
    }
}
