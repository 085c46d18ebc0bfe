//! The WebSocket: upgrade, frames, and who comes in.

mod deflate;
#[cfg(feature = "conformance")]
mod echo;
mod frames;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod outgoing;
mod socket;
mod upgrade;
mod utf8;

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, AsyncContext};
use actix_web::http::header::{
    AUTHORIZATION, HeaderValue, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL,
};
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, dev, web};
use futures_util::{Stream, StreamExt as _};
use ridecast_protocol::{
    ClientMessage, CloseCode, ErrorBody, ErrorCode, Request, Resume, Role, SUBPROTOCOL_BIN,
    SUBPROTOCOL_JSON, ServerMessage,
};
use serde::Deserialize;

use crate::auth::{Auth, Person};
use crate::driver::{Driver, Garage};
use crate::gate::Client;
use crate::http::Error;
use crate::hub::{Feed, Format, Hub, Message, Seat};
use crate::rider::Rider;
use crate::session::{
    FAREWELL, FAREWELL_OF_BROKEN, Incoming, Part, Place, Session, SessionActor, Sessions, bye,
};
use crate::store::Store;
use crate::watcher::Watcher;
pub use deflate::Compressing;
use deflate::Deflate;
#[cfg(feature = "conformance")]
pub use echo::routes as conformance;
use upgrade::Handover;
pub use upgrade::upgrade;

/// How sessions are held.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The service pings each client this often, and drops one not heard for twice as long.
    pub heartbeat: Duration,
    /// How long a client without a token in its request has to say `hello`.
    pub hello_within: Duration,
    /// Whose messages are compressed.
    pub compressing: Compressing,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(15),
            hello_within: Duration::from_secs(5),
            compressing: Compressing::default(),
        }
    }
}

/// What is needed to let somebody in.
#[derive(Clone)]
pub struct Door {
    /// Checks tokens.
    pub auth: Arc<Auth>,
    /// Keeps tickets.
    pub store: Arc<dyn Store>,
    /// What drivers need.
    pub garage: Garage,
    /// How sessions are held.
    pub settings: Settings,
}

/// The query of the upgrade request.
#[derive(Debug, Deserialize)]
pub struct Query {
    ticket: Option<String>,
    /// Where the events have been seen up to: epoch and offset, joined by a point.
    resume: Option<String>,
    /// Asks that messages be compressed.
    #[serde(default)]
    deflate: bool,
}

/// Whom the handler let in, until the socket is ours.
struct Arrival {
    seat: Seat,
    feed: Feed,
    deflate: Option<Deflate>,
    guest: Guest,
}

/// Who comes.
enum Guest {
    Person {
        door: web::Data<Door>,
        place: Place,
        who: Who,
    },
    /// Who tests whether the frames are those of RFC 6455.
    #[cfg(feature = "conformance")]
    Suite,
}

/// Who it is, if the request has said so, and where they have read up to.
type Who = (Result<Option<Person>, ErrorBody>, Option<Resume>);

/// `GET /v1/ws`: opens a session, as soon as [`upgrade`] has the socket.
///
/// # Errors
/// The handshake's, when it is none.
pub async fn open(
    request: HttpRequest,
    query: web::Query<Query>,
    door: web::Data<Door>,
    hub: web::ThinData<Hub>,
    client: web::ReqData<Client>,
) -> actix_web::Result<HttpResponse> {
    // The browser must see the close code, so a bad token is told after the upgrade, not instead of it.
    let person = door.who(&request, query.ticket.as_deref()).await;
    let resume = query.resume.as_deref().map(Resume::read);
    let place = door.sessions().enter(client.limited_as());
    let place = place.map_err(|no_entry| Error(no_entry.into()))?;
    // actix-ws checks the handshake and answers it. Reading and writing are ours
    // (see `frames` and `outgoing`), so it gets an empty payload, and its body is dropped.
    let nothing = web::Payload::from_request(&request, &mut dev::Payload::None).await?;
    let (mut response, ..) =
        actix_ws::handle_with_protocols(&request, nothing, &[SUBPROTOCOL_BIN, SUBPROTOCOL_JSON])?;
    let chosen = response.headers().get(SEC_WEBSOCKET_PROTOCOL);
    let format = match chosen {
        Some(protocol) if protocol == SUBPROTOCOL_BIN => Format::Binary,
        _ => Format::Json,
    };
    let asked = match door.settings.compressing {
        Compressing::Asked => query.deflate,
        Compressing::Offered => true,
        Compressing::Never => false,
    };
    // Nothing that is worth it goes to a driver.
    let is_driver = matches!(&person, Ok(Some(person)) if person.role == Role::Driver);
    let agreed = (asked && !is_driver).then(|| Deflate::agree(request.headers()));
    let deflate = agree(&mut response, agreed.flatten());
    let (seat, feed) = hub.join(format);
    let who = (person, resume);
    response.extensions_mut().insert(Handover::new(Arrival {
        seat,
        feed,
        deflate,
        guest: Guest::Person { door, place, who },
    }));
    Ok(response)
}

/// Says what was agreed on.
fn agree(response: &mut HttpResponse, agreed: Option<(Deflate, HeaderValue)>) -> Option<Deflate> {
    let (deflate, answer) = agreed?;
    let headers = response.headers_mut();
    headers.insert(SEC_WEBSOCKET_EXTENSIONS, answer);
    Some(deflate)
}

/// Until the client has closed too, but not for ever.
async fn goodbye(frames: &mut (impl Stream<Item = Incoming> + Unpin), longest: Duration) {
    let closed = async {
        while let Some(incoming) = frames.next().await {
            if matches!(incoming, Incoming::Close(_)) {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(longest, closed).await;
}

/// When a person's lost sessions may have made room: not all of their devices at once.
fn lost_ones_are_noticed() -> Duration {
    Duration::from_millis(rand::random_range(5_000..15_000))
}

/// Who comes, and where they have read up to.
type Comer = (Person, Option<Resume>);

impl Door {
    fn sessions(&self) -> &Arc<Sessions> {
        &self.garage.sessions
    }

    /// Whom the upgrade request names; `None` when it names nobody.
    ///
    /// # Errors
    /// [`ErrorCode::BadToken`]; [`ErrorCode::Unavailable`]: the ticket could not be looked up, or
    /// the keys are not known.
    pub async fn who(
        &self,
        request: &HttpRequest,
        ticket: Option<&str>,
    ) -> Result<Option<Person>, ErrorBody> {
        if let Some(ticket) = ticket {
            return self.redeem(ticket).await.map(Some);
        }
        let header = request.headers().get(AUTHORIZATION);
        let Some(header) = header else {
            return Ok(None);
        };
        let token = header
            .to_str()
            .ok()
            .and_then(|header| header.strip_prefix("Bearer "));
        let token = token.ok_or_else(|| {
            ErrorBody::new(
                ErrorCode::BadToken,
                "`Authorization` must be `Bearer` and a token",
            )
        })?;
        Ok(Some(self.auth.admit(token).await?))
    }

    async fn redeem(&self, ticket: &str) -> Result<Person, ErrorBody> {
        let person = self.store.take_once(ticket).await.map_err(|error| {
            tracing::warn!(%error, "a ticket could not be looked up");
            ErrorBody::new(
                ErrorCode::Unavailable,
                "tickets cannot be looked up right now",
            )
        })?;
        let person: Option<Person> = person.and_then(|person| serde_json::from_str(&person).ok());
        let person = person.ok_or_else(|| {
            ErrorBody::new(
                ErrorCode::BadToken,
                "the ticket was used, has expired or never was",
            )
        })?;
        // It is as good as the token that it was got by.
        self.auth.still_good(&person)?;
        Ok(person)
    }

    /// Finds out who is there and starts the actor of that role.
    async fn admit(
        self: Arc<Self>,
        seat: Seat,
        mut place: Place,
        mut frames: impl Stream<Item = Incoming> + Unpin + 'static,
        (person, resume): Who,
    ) {
        let person = match person {
            Ok(Some(person)) => Ok((person, resume)),
            Ok(None) => {
                match tokio::time::timeout(
                    self.settings.hello_within,
                    self.hello(&mut frames, &seat),
                )
                .await
                {
                    // Its own time is over: a key that has to be fetched is no fault of the client.
                    Ok(Some(Ok((token, said)))) => match self.auth.admit(&token).await {
                        Ok(person) => Ok((person, said.or(resume))),
                        Err(error) => Err(error.into()),
                    },
                    Ok(Some(Err(error))) => Err(error),
                    Ok(None) => return, // Gone, or told to go.
                    Err(_) => Err(ErrorBody::new(
                        ErrorCode::BadToken,
                        "no `hello` came in time",
                    )),
                }
            }
            Err(error) => Err(error),
        };
        let person = person.and_then(|comer| {
            if comer.0.role == Role::Admin {
                return Err(ErrorBody::new(
                    ErrorCode::Forbidden,
                    "the role `admin` opens no session",
                ));
            }
            place.give_to(&comer.0.user)?;
            Ok(comer)
        });
        match person {
            Ok(person) => self.start(person, seat, place, frames),
            Err(error) => {
                let code = match error.code {
                    // Not the client's fault: the same ticket may open a session in a moment.
                    ErrorCode::Unavailable => CloseCode::Unavailable,
                    ErrorCode::Forbidden => CloseCode::Forbidden,
                    ErrorCode::TooManySessions => CloseCode::TooManySessions,
                    _ => CloseCode::BadToken,
                };
                self.garage.metrics.refused(error.code);
                self.garage.metrics.closed(code.number());
                // The first messages of a session always fit.
                let _ = seat.send(&ServerMessage::Error { id: None, error });
                let later = (code == CloseCode::TooManySessions).then(lost_ones_are_noticed);
                let _ = seat.send(&bye(code, later));
                let _ = seat.push(Message::Close {
                    code: Some(code.number()),
                    reason: code.reason(),
                });
                goodbye(&mut frames, FAREWELL).await;
            }
        }
    }

    /// Waits for `hello`; gives its token, unread. `None`: the client has left, or broke RFC 6455
    /// and has been told so.
    async fn hello(
        &self,
        frames: &mut (impl Stream<Item = Incoming> + Unpin),
        seat: &Seat,
    ) -> Option<Result<(String, Option<Resume>), ErrorBody>> {
        let bad = |message: &str| Err(ErrorBody::new(ErrorCode::BadToken, message));
        loop {
            let text = match frames.next().await? {
                Incoming::Text(text) => text,
                Incoming::Ping(payload) => {
                    seat.pong(payload).ok()?;
                    continue;
                }
                Incoming::Pong => continue,
                Incoming::Binary(_) => {
                    return Some(bad("the first message must be `hello`, as text"));
                }
                Incoming::Close(code) => {
                    let _ = seat.push(Message::Close { code, reason: "" });
                    return None;
                }
                Incoming::Broken { code, reason } => {
                    self.garage.metrics.closed(code);
                    let code = Some(code);
                    let _ = seat.push(Message::Close { code, reason });
                    seat.hang_up();
                    goodbye(frames, FAREWELL_OF_BROKEN).await;
                    return None;
                }
            };
            return Some(match Request::parse(&text) {
                Ok(Request {
                    message: ClientMessage::Hello(hello),
                    ..
                }) => match hello.token {
                    Some(token) => Ok((token, hello.resume)),
                    None => bad("`hello` needs a `token`"),
                },
                Ok(_) => bad("the first message must be `hello` with a `token`"),
                Err(error) => Err(error.error),
            });
        }
    }

    fn start(
        &self,
        (person, resume): Comer,
        seat: Seat,
        place: Place,
        frames: impl Stream<Item = Incoming> + 'static,
    ) {
        let role = person.role;
        seat.sees(role.into());
        let session = Session::new(
            Sessions::name(),
            (person, resume),
            seat,
            Arc::clone(&self.auth),
            Arc::clone(&self.garage.rides),
            Arc::clone(&self.garage.metrics),
        );
        match role {
            Role::Driver => {
                self.run(session, Driver::new(self.garage.clone()), place, frames);
            }
            Role::Rider => {
                self.run(session, Rider, place, frames);
            }
            // No administrator comes as far as here.
            Role::Operator | Role::Admin => {
                self.run(session, Watcher, place, frames);
            }
        }
    }

    /// Starts the actor of a session. `frames`: what its client says; the session ends with it.
    pub fn run<P: Part>(
        &self,
        session: Session,
        part: P,
        place: Place,
        frames: impl Stream<Item = Incoming> + 'static,
    ) {
        SessionActor::create(|ctx| {
            ctx.add_stream(frames);
            SessionActor::new(
                session,
                part,
                Arc::clone(self.sessions()),
                place,
                self.settings.heartbeat,
            )
        });
    }
}
