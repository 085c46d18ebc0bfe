use ridecast_protocol::{ClientMessage, ErrorBody};

use super::{Done, Part, Session};

/// The part of a session that only listens, whoever's it is: server-sent events have no way back.
///
/// A driver who listens is not the driver's session: the socket of the same driver, here or on
/// another node, goes on.
pub struct Listener;

impl Part for Listener {
    fn handle(&mut self, session: &Session, _: ClientMessage) -> Result<Done, ErrorBody> {
        Err(session.forbidden())
    }
}
