use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, SpawnHandle, StreamHandler};
use ridecast_protocol::{
    Bye, ClientMessage, CloseCode, ErrorBody, ErrorCode, Request, RequestId, ServerMessage,
};
use tracing::debug;

use super::events::Events;
use super::follow::Followed;
use super::throttle::Throttle;
use super::{Incoming, Part, Place, Session, Sessions};
use crate::hub::Message;
use crate::telemetry::{Limit, now_ms};

/// Asks a session to end.
#[derive(Debug, Clone, actix::Message)]
#[rtype(result = "()")]
pub struct End {
    /// Why.
    pub code: CloseCode,
    /// When to come back. `None`: as the code says, soon or not at all.
    pub reconnect_in: Option<Duration>,
}

impl End {
    /// For this reason.
    #[must_use]
    pub const fn because(code: CloseCode) -> Self {
        Self {
            code,
            reconnect_in: None,
        }
    }
}

/// The actor that stands for one connected person.
pub struct SessionActor<P: Part> {
    pub(super) session: Session,
    pub(super) part: P,
    pub(super) sessions: Arc<Sessions>,
    _place: Place,
    pub(super) heartbeat: Duration,
    pub(super) throttle: Throttle,
    pub(super) heard: Instant,
    /// The close frame is queued: nothing more is carried out.
    pub(super) closing: bool,
    /// `None` only before it has started.
    pub(super) events: Option<Events>,
    /// Requests about rides that wait for the one before.
    pub(super) waiting: VecDeque<(Option<RequestId>, ClientMessage)>,
    pub(super) is_acting: bool,
    /// Subscriptions that show the vehicle of a ride.
    pub(super) follows: Vec<Followed>,
    /// What happens next as the token expires: the warning, or the end.
    pub(super) expiry: Option<SpawnHandle>,
    /// The token of a `hello` is being looked at.
    pub(super) is_renewing: bool,
}

/// A client that was not heard for this many heartbeats is taken for dead.
const HEARTBEATS_MISSED: u32 = 2;
/// Every so many heartbeats a session looks whether it was not told of something.
const HEARTBEATS_PER_LOOK: u32 = 4;
/// The close code of a message larger than is taken (RFC 6455, section 7.4.1).
const TOO_LARGE: u16 = 1009;
/// How long the client has to answer our close frame.
pub const FAREWELL: Duration = Duration::from_secs(2);
/// How long it has after a broken frame, when no answer of its can be read any more.
pub const FAREWELL_OF_BROKEN: Duration = Duration::from_millis(500);
/// When to come back if nothing better is known: a second or so, not all at once.
const RECONNECT_MS: std::ops::Range<u64> = 500..2_000;
/// Words of the post office that may wait; of more, a session learns from the store.
const MAILBOX: usize = 64;

/// The last message. `reconnect_in`: as in [`End`].
#[must_use]
pub fn bye(code: CloseCode, reconnect_in: Option<Duration>) -> ServerMessage {
    let reconnect_in_ms = code.reconnect().then(|| {
        reconnect_in.map_or_else(
            || rand::random_range(RECONNECT_MS),
            |reconnect_in| u64::try_from(reconnect_in.as_millis()).unwrap_or(u64::MAX),
        )
    });
    ServerMessage::Bye(Bye {
        code: code.number(),
        reason: code.reason().into(),
        reconnect_in_ms,
    })
}

impl<P: Part> SessionActor<P> {
    /// An actor for this session. To be started on the thread of its seat.
    #[must_use]
    pub fn new(
        session: Session,
        part: P,
        sessions: Arc<Sessions>,
        place: Place,
        heartbeat: Duration,
    ) -> Self {
        Self {
            session,
            part,
            throttle: Throttle::new(sessions.settings()),
            sessions,
            _place: place,
            heartbeat,
            heard: Instant::now(),
            closing: false,
            events: None,
            waiting: VecDeque::new(),
            is_acting: false,
            follows: Vec::new(),
            expiry: None,
            is_renewing: false,
        }
    }

    /// Whether a message of so many bytes is to be taken. If not, its client has been told.
    fn takes(&mut self, bytes: usize) -> Result<bool, CloseCode> {
        let Err(beyond) = self.throttle.message(bytes) else {
            return Ok(true);
        };
        self.session.metrics.limited(beyond.0);
        self.session.answer(None, Err(beyond.into()))?;
        if self.throttle.beyond() {
            Ok(false)
        } else {
            Err(CloseCode::RateLimited)
        }
    }

    /// What to do about one more message that is malformed.
    fn malformed(&self) -> Result<(), CloseCode> {
        if self.throttle.malformed() {
            return Ok(());
        }
        self.session.metrics.limited(Limit::Malformed);
        Err(CloseCode::ProtocolError)
    }

    fn carry_out(&mut self, text: &str, ctx: &mut Context<Self>) -> Result<(), CloseCode> {
        let Request { id, message } = match Request::parse(text) {
            Ok(request) => request,
            Err(bad) => {
                self.session.answer(bad.id, Err(bad.error))?;
                return self.malformed();
            }
        };
        let result = match message {
            ClientMessage::Ping => {
                let pong = ServerMessage::Pong {
                    id,
                    server_time_ms: now_ms(),
                };
                return self.session.send(&pong);
            }
            ClientMessage::Hello(hello) => return self.renew(id, hello, ctx),
            ClientMessage::Ack(ack) => self.acked(ack.offset),
            message if message.is_about_rides() => return self.take_up(id, message, ctx),
            message => {
                if let ClientMessage::Unsubscribe(request) = &message {
                    self.follows
                        .retain(|follow| follow.name != request.subscription);
                }
                self.part.handle(&self.session, message)
            }
        };
        self.session.answer(id, result)
    }

    /// Takes what is neither a close nor broken.
    fn take(&mut self, message: Incoming, ctx: &mut Context<Self>) -> Result<(), CloseCode> {
        let bytes = match &message {
            Incoming::Text(text) => text.len(),
            Incoming::Ping(payload) | Incoming::Binary(payload) => payload.len(),
            // No message: of server-sent events there is one whenever something was taken.
            Incoming::Pong => return Ok(()),
            _ => 0,
        };
        if !self.takes(bytes)? {
            return Ok(());
        }
        match message {
            Incoming::Text(text) => self.carry_out(&text, ctx),
            Incoming::Binary(_) => {
                let error =
                    ErrorBody::new(ErrorCode::BadJson, "messages to the service are JSON text");
                self.session.answer(None, Err(error))?;
                self.malformed()
            }
            Incoming::Ping(payload) => self
                .session
                .seat
                .pong(payload)
                .map_err(|_| CloseCode::SlowConsumer),
            // The others never come here.
            Incoming::Pong | Incoming::Close(_) | Incoming::Broken { .. } => Ok(()),
        }
    }

    pub(super) fn end(&mut self, end: &End, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.closing, true) {
            return;
        }
        debug!(session = %self.session.id, code = end.code.number(), "closing");
        self.session.metrics.closed(end.code.number());
        let bye = bye(end.code, end.reconnect_in);
        // A client that takes nothing will not take this either: the close is for the others.
        let _ = self.session.send(&bye);
        self.close(Some(end.code.number()), end.code.reason(), FAREWELL, ctx);
    }

    fn close(
        &mut self,
        code: Option<u16>,
        reason: &'static str,
        farewell: Duration,
        ctx: &mut Context<Self>,
    ) {
        self.closing = true;
        let _ = self.session.seat.push(Message::Close { code, reason });
        ctx.run_later(farewell, |_, ctx| ctx.stop());
    }
}

impl<P: Part> Actor for SessionActor<P> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        let session = &self.session;
        let (id, person) = (session.id.clone(), session.person.clone());
        self.sessions
            .opened(id, Some(person), ctx.address().recipient());
        session.metrics.sessions(session.person.role).inc();
        self.greet(ctx);
        let mut beats = 0;
        ctx.run_interval(self.heartbeat, move |actor, ctx| {
            beats += 1;
            if actor.heard.elapsed() > actor.heartbeat * HEARTBEATS_MISSED {
                actor.end(&End::because(CloseCode::Silent), ctx);
            } else if actor.session.seat.push(Message::Ping).is_err() {
                actor.end(&End::because(CloseCode::SlowConsumer), ctx);
            } else if beats % HEARTBEATS_PER_LOOK == 0 {
                actor.look(ctx);
            } else {
                actor.catch_up(ctx);
            }
        });
        self.expire_in_time(ctx);
        self.end_if_revoked(ctx);
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.part.ended(&self.session);
        self.sessions.closed(&self.session.id);
        self.session
            .metrics
            .sessions(self.session.person.role)
            .dec();
    }
}

impl<P: Part> StreamHandler<Incoming> for SessionActor<P> {
    fn handle(&mut self, incoming: Incoming, ctx: &mut Self::Context) {
        self.heard = Instant::now();
        match incoming {
            Incoming::Close(code) => {
                if !self.closing {
                    self.close(code, "", FAREWELL, ctx);
                }
                ctx.stop();
            }
            _ if self.closing => {}
            Incoming::Broken { code, reason } => {
                self.session.metrics.closed(code);
                if code == TOO_LARGE {
                    self.session.metrics.limited(Limit::MessageBytes);
                }
                self.close(Some(code), reason, FAREWELL_OF_BROKEN, ctx);
                self.session.seat.hang_up();
            }
            message => {
                if let Err(code) = self.take(message, ctx) {
                    self.end(&End::because(code), ctx);
                }
            }
        }
    }
}

impl<P: Part> Handler<End> for SessionActor<P> {
    type Result = ();

    fn handle(&mut self, end: End, ctx: &mut Self::Context) {
        self.end(&end, ctx);
    }
}
