//! The watcher's part of a session: an operator who sees the fleet and all rides. And the viewer
//! of one shared ride.

mod viewer;

use std::sync::Arc;

use ridecast_protocol::{ClientMessage, ErrorBody};

use crate::session::{Doing, Done, Part, Session, SessionActor, doing, done};

pub use viewer::Viewer;

/// The actor of a connected operator.
pub type WatcherActor = SessionActor<Watcher>;

/// A connected operator.
pub struct Watcher;

impl Part for Watcher {
    fn handle(&mut self, session: &Session, message: ClientMessage) -> Result<Done, ErrorBody> {
        session.watch(&message)
    }

    fn act(&mut self, session: &Session, message: ClientMessage) -> Doing {
        match message {
            ClientMessage::ReassignRide(step) => doing(
                Arc::clone(&session.rides).reassign(step.ride_id),
                Done::ride,
            ),
            ClientMessage::SendChat(_) | ClientMessage::ReadChat(_) => {
                done(Err(session.forbidden()))
            }
            message => session.act(message),
        }
    }
}
