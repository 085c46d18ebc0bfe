//! What every connected person's actor shares: greeting, reading, answering,
//! heartbeat and farewell. What a role adds is its [`Part`].

mod actor;
mod registry;
mod throttle;

use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use ridecast_protocol::{
    ClientMessage, CloseCode, ErrorBody, ErrorCode, Refused, RequestId, ServerMessage, SessionId,
};

pub use actor::{End, FAREWELL, FAREWELL_OF_BROKEN, SessionActor, bye};
pub use registry::{NoEntry, Place, Sessions};

use crate::auth::Person;
use crate::hub::Seat;
use crate::telemetry::Metrics;

/// What a socket brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A whole text message.
    Text(ByteString),
    /// A whole binary message; the protocol has none in this direction.
    Binary,
    /// A protocol ping with its payload.
    Ping(Bytes),
    /// A protocol pong.
    Pong,
    /// The client closes, with this code if it gave one.
    Close(Option<u16>),
    /// The client broke RFC 6455: close with this code.
    Broken {
        /// 1002, 1007 or 1009.
        code: u16,
        /// For people.
        reason: &'static str,
    },
}

/// A request was carried out; what to add to `ok`.
#[derive(Debug, Default)]
pub struct Done {
    accepted: Option<u32>,
    refused: Vec<Refused>,
}

impl Done {
    /// Of so many positions, those in `refused` were not accepted.
    #[must_use]
    pub fn positions(accepted: u32, refused: Vec<Refused>) -> Self {
        Self {
            accepted: Some(accepted),
            refused,
        }
    }
}

/// What a role adds to a session.
pub trait Part: Unpin + 'static {
    /// The session is open.
    fn began(&mut self, _session: &Session, _end: actix::Recipient<End>) {}

    /// Carries out a request.
    ///
    /// # Errors
    /// What to tell the client. The session goes on.
    fn handle(&mut self, session: &Session, message: ClientMessage) -> Result<Done, ErrorBody>;

    /// The session is over.
    fn ended(&mut self, _session: &Session) {}
}

/// One connection of one person.
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// Whose it is.
    pub person: Person,
    seat: Seat,
    metrics: Arc<Metrics>,
}

impl Session {
    /// A session at this seat.
    #[must_use]
    pub const fn new(id: SessionId, person: Person, seat: Seat, metrics: Arc<Metrics>) -> Self {
        Self {
            id,
            person,
            seat,
            metrics,
        }
    }

    /// Carries out what has to do with subscriptions, and nothing else.
    ///
    /// # Errors
    /// What to tell the client.
    pub fn watch(&self, message: &ClientMessage) -> Result<Done, ErrorBody> {
        match message {
            ClientMessage::Subscribe(request) => self.seat.subscribe(request)?,
            ClientMessage::Update(request) => self.seat.update(request)?,
            ClientMessage::Unsubscribe(request) => self.seat.unsubscribe(&request.subscription)?,
            _ => return Err(self.forbidden()),
        }
        Ok(Done::default())
    }

    /// This role may not do that.
    #[must_use]
    pub fn forbidden(&self) -> ErrorBody {
        let role = self.person.role.as_str();
        ErrorBody::new(ErrorCode::Forbidden, format!("a {role} may not do that"))
    }

    fn answer(
        &self,
        id: Option<RequestId>,
        result: Result<Done, ErrorBody>,
    ) -> Result<(), CloseCode> {
        let reply = match (id, result) {
            (Some(id), Ok(Done { accepted, refused })) => ServerMessage::Ok {
                id,
                accepted,
                refused,
                ride: None,
                number: None,
            },
            (None, Ok(done)) => match refusals(&done) {
                Some(error) => ServerMessage::Error { id: None, error },
                None => return Ok(()),
            },
            (id, Err(error)) => {
                self.metrics.refused(error.code);
                ServerMessage::Error { id, error }
            }
        };
        self.send(&reply)
    }

    fn send(&self, message: &ServerMessage) -> Result<(), CloseCode> {
        self.seat.send(message).map_err(|_| CloseCode::SlowConsumer)
    }
}

/// Who gives a request no id still hears when positions of it were refused.
fn refusals(done: &Done) -> Option<ErrorBody> {
    let first = done.refused.first()?;
    let (refused, index) = (done.refused.len(), first.index);
    Some(ErrorBody::new(
        first.code,
        format!("{refused} of the positions were refused, the first of them at index {index}"),
    ))
}
