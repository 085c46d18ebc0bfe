//! The rider's part of a session: looking around, and asking for rides.

use std::sync::Arc;

use ridecast_protocol::{ClientMessage, ErrorBody};

use crate::session::{Doing, Done, Part, Session, SessionActor, doing};

/// The actor of a connected rider.
pub type RiderActor = SessionActor<Rider>;

/// A connected rider.
pub struct Rider;

impl Part for Rider {
    fn handle(&mut self, session: &Session, message: ClientMessage) -> Result<Done, ErrorBody> {
        session.watch(&message)
    }

    fn act(&mut self, session: &Session, message: ClientMessage) -> Doing {
        match message {
            ClientMessage::RequestRide(request) => {
                let rides = Arc::clone(&session.rides);
                doing(
                    rides.request(session.person.user.clone(), request),
                    Done::ride,
                )
            }
            message => session.act(message),
        }
    }
}
