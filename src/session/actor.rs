use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, StreamHandler};
use ridecast_protocol::{
    Bye, ClientMessage, CloseCode, ErrorBody, ErrorCode, Request, ServerMessage, Welcome,
};
use tracing::debug;

use super::throttle::Throttle;
use super::{Incoming, Part, Place, Session, Sessions};
use crate::hub::Message;
use crate::telemetry::now_ms;

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
    session: Session,
    part: P,
    sessions: Arc<Sessions>,
    _place: Place,
    heartbeat: Duration,
    throttle: Throttle,
    heard: Instant,
    /// The close frame is queued: nothing more is carried out.
    closing: bool,
}

/// A client that was not heard for this many heartbeats is taken for dead.
const HEARTBEATS_MISSED: u32 = 2;
/// How long the client has to answer our close frame.
pub const FAREWELL: Duration = Duration::from_secs(2);
/// How long it has after a broken frame, when no answer of its can be read any more.
pub const FAREWELL_OF_BROKEN: Duration = Duration::from_millis(500);
/// When to come back if nothing better is known: a second or so, not all at once.
const RECONNECT_MS: std::ops::Range<u64> = 500..2_000;

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
            sessions,
            _place: place,
            heartbeat,
            throttle: Throttle::new(),
            heard: Instant::now(),
            closing: false,
        }
    }

    fn carry_out(&mut self, text: &str) -> Result<(), CloseCode> {
        if !self.throttle.message() {
            let error = ErrorBody::new(
                ErrorCode::RateLimited,
                "too many messages; this one was not taken",
            );
            self.session.answer(None, Err(error))?;
            return if self.throttle.beyond() {
                Ok(())
            } else {
                Err(CloseCode::RateLimited)
            };
        }
        let Request { id, message } = match Request::parse(text) {
            Ok(request) => request,
            Err(bad) => {
                self.session.answer(bad.id, Err(bad.error))?;
                return if self.throttle.malformed() {
                    Ok(())
                } else {
                    Err(CloseCode::ProtocolError)
                };
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
            ClientMessage::Hello(_) => Err(ErrorBody::new(
                ErrorCode::AlreadyWelcome,
                "the session is open already",
            )),
            message => self.part.handle(&self.session, message),
        };
        self.session.answer(id, result)
    }

    fn end(&mut self, end: &End, ctx: &mut Context<Self>) {
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
        let session = &self.session;
        self.sessions
            .opened(session.id.clone(), ctx.address().recipient());
        session.metrics.sessions(session.person.role).inc();
        let welcome = ServerMessage::Welcome(Welcome {
            session: session.id.clone(),
            user: session.person.user.clone(),
            role: session.person.role,
            heartbeat_ms: u64::try_from(self.heartbeat.as_millis()).unwrap_or(u64::MAX),
            server_time_ms: now_ms(),
            inbox: None,
        });
        // The first message always fits.
        let _ = session.send(&welcome);
        self.part.began(session, ctx.address().recipient());
        ctx.run_interval(self.heartbeat, |actor, ctx| {
            if actor.heard.elapsed() > actor.heartbeat * HEARTBEATS_MISSED {
                actor.end(&End::because(CloseCode::Silent), ctx);
            } else if actor.session.seat.push(Message::Ping).is_err() {
                actor.end(&End::because(CloseCode::SlowConsumer), ctx);
            }
        });
        let valid_for = session.person.valid_for(now_ms());
        ctx.run_later(valid_for, |actor, ctx| {
            actor.end(&End::because(CloseCode::BadToken), ctx);
        });
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
        let result = match incoming {
            Incoming::Close(code) => {
                if !self.closing {
                    self.close(code, "", FAREWELL, ctx);
                }
                return ctx.stop();
            }
            _ if self.closing => return,
            Incoming::Broken { code, reason } => {
                self.session.metrics.closed(code);
                return self.close(Some(code), reason, FAREWELL_OF_BROKEN, ctx);
            }
            Incoming::Text(text) => self.carry_out(&text),
            Incoming::Binary => {
                let error =
                    ErrorBody::new(ErrorCode::BadJson, "messages to the service are JSON text");
                let answered = self.session.answer(None, Err(error));
                answered.and(if self.throttle.malformed() {
                    Ok(())
                } else {
                    Err(CloseCode::ProtocolError)
                })
            }
            Incoming::Ping(payload) => self
                .session
                .seat
                .pong(payload)
                .map_err(|_| CloseCode::SlowConsumer),
            Incoming::Pong => Ok(()),
        };
        if let Err(code) = result {
            self.end(&End::because(code), ctx);
        }
    }
}

impl<P: Part> Handler<End> for SessionActor<P> {
    type Result = ();

    fn handle(&mut self, end: End, ctx: &mut Self::Context) {
        self.end(&end, ctx);
    }
}
