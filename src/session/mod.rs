//! What every connected person's actor shares: greeting, reading, answering,
//! heartbeat and farewell. What a role adds is its [`Part`].

mod actor;
mod counts;
mod events;
mod follow;
mod inbox;
mod listener;
mod registry;
mod renewal;
mod settings;
mod throttle;

use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use futures_util::future::{FutureExt as _, LocalBoxFuture};
use ridecast_protocol::{
    Channel, ClientMessage, CloseCode, ErrorBody, ErrorCode, Refused, RequestId, Resume, Ride,
    RideId, Role, ServerMessage, SessionId, SubscriptionName,
};

pub use actor::{End, FAREWELL, FAREWELL_OF_BROKEN, SessionActor, bye};
pub use counts::{Counted, Counts};
pub use listener::Listener;
pub use registry::{NoEntry, Place, Sessions};
pub use settings::Settings;

use crate::auth::{Auth, Person};
use crate::hub::{Aim, Seat, check_rate};
use crate::inbox::Post;
use crate::rides::{Rides, RidesError};
use crate::telemetry::Metrics;

/// What a socket brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A whole text message.
    Text(ByteString),
    /// A whole binary message; the protocol has none in this direction.
    Binary(Bytes),
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
    ride: Option<Box<Ride>>,
    number: Option<u64>,
    follow: Option<Follow>,
}

/// A subscription to a ride, and the vehicle it has now.
#[derive(Debug)]
struct Follow {
    name: SubscriptionName,
    max_rate_hz: Option<f32>,
    ride: RideId,
    aim: Option<Aim>,
}

impl Done {
    /// Of so many positions, those in `refused` were not accepted.
    #[must_use]
    pub fn positions(accepted: u32, refused: Vec<Refused>) -> Self {
        Self {
            accepted: Some(accepted),
            refused,
            ..Self::default()
        }
    }

    /// The ride is now like this.
    #[must_use]
    pub fn ride(ride: Ride) -> Self {
        Self {
            ride: Some(Box::new(ride)),
            ..Self::default()
        }
    }

    /// The chat message got this number.
    #[must_use]
    pub fn said(number: u64) -> Self {
        Self {
            number: Some(number),
            ..Self::default()
        }
    }
}

/// What will have become of a request.
pub type Doing = LocalBoxFuture<'static, Result<Done, ErrorBody>>;

/// What a role adds to a session.
pub trait Part: Unpin + 'static {
    /// The session is open.
    fn began(&mut self, _session: &Session, _end: actix::Recipient<End>) {}

    /// Carries out a request.
    ///
    /// # Errors
    /// What to tell the client. The session goes on.
    fn handle(&mut self, session: &Session, message: ClientMessage) -> Result<Done, ErrorBody>;

    /// Carries out a request about rides, which means to ask the store. They come one at a time.
    fn act(&mut self, session: &Session, message: ClientMessage) -> Doing {
        let _ = message;
        done(Err(session.forbidden()))
    }

    /// The session is over.
    fn ended(&mut self, _session: &Session) {}
}

/// What has been decided already.
#[must_use]
pub fn done(result: Result<Done, ErrorBody>) -> Doing {
    std::future::ready(result).boxed_local()
}

/// A command to the rides, with what `ok` says of it.
pub fn doing<T: 'static>(
    command: impl Future<Output = Result<T, RidesError>> + 'static,
    say: impl FnOnce(T) -> Done + 'static,
) -> Doing {
    // A task of its own, which goes on when the session ends over it: what has begun is carried
    // through, and told.
    let command = actix::spawn(command);
    async move {
        match command.await {
            Ok(result) => Ok(say(result?)),
            Err(error) => Err(ErrorBody::new(ErrorCode::Unavailable, error.to_string())),
        }
    }
    .boxed_local()
}

/// One connection of one person.
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// Whose it is.
    pub person: Person,
    /// Where the person says to have read up to.
    pub resume: Option<Resume>,
    /// All rides.
    pub rides: Arc<Rides>,
    auth: Arc<Auth>,
    post: Arc<Post>,
    seat: Seat,
    metrics: Arc<Metrics>,
}

impl Session {
    /// A session at this seat.
    #[must_use]
    pub fn new(
        id: SessionId,
        (person, resume): (Person, Option<Resume>),
        seat: Seat,
        auth: Arc<Auth>,
        rides: Arc<Rides>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            id,
            person,
            resume,
            auth,
            post: Arc::clone(rides.post()),
            rides,
            seat,
            metrics,
        }
    }

    /// What rider and driver may do alike, and the operator in part; nothing else.
    pub fn act(&self, message: ClientMessage) -> Doing {
        let (rides, person) = (Arc::clone(&self.rides), self.person.clone());
        match message {
            ClientMessage::Subscribe(request) => match request.channel {
                Channel::Ride(channel) => async move {
                    check_rate(request.max_rate_hz)?;
                    let aim = rides.aim(&person, &channel.ride_id).await?;
                    Ok(Done {
                        follow: Some(Follow {
                            name: request.subscription,
                            max_rate_hz: request.max_rate_hz,
                            ride: channel.ride_id,
                            aim,
                        }),
                        ..Done::default()
                    })
                }
                .boxed_local(),
                _ => done(Err(self.forbidden())),
            },
            ClientMessage::CancelRide(cancel) => doing(rides.cancel(person, cancel), Done::ride),
            ClientMessage::SendChat(chat) => {
                doing(async move { rides.say(person, chat).await }, Done::said)
            }
            ClientMessage::ReadChat(read) => {
                doing(async move { rides.read_chat(person, read).await }, |()| {
                    Done::default()
                })
            }
            _ => done(Err(self.forbidden())),
        }
    }

    /// Carries out what has to do with subscriptions, and nothing else.
    ///
    /// # Errors
    /// What to tell the client.
    pub fn watch(&self, message: &ClientMessage) -> Result<Done, ErrorBody> {
        match message {
            ClientMessage::Subscribe(request) | ClientMessage::Update(request)
                if matches!(request.channel, Channel::Density(_))
                    && self.person.role != Role::Operator =>
            {
                // Counts tell of vehicles that rides have taken.
                return Err(self.forbidden());
            }
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
        ErrorBody::new(
            ErrorCode::Forbidden,
            format!("the role `{role}` may not do that"),
        )
    }

    fn answer(
        &self,
        id: Option<RequestId>,
        result: Result<Done, ErrorBody>,
    ) -> Result<(), CloseCode> {
        let reply = match (id, result) {
            (Some(id), Ok(done)) => ServerMessage::Ok {
                id,
                accepted: done.accepted,
                refused: done.refused,
                ride: done.ride,
                number: done.number,
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
