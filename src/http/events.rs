use actix_web::{HttpRequest, HttpResponse, web};
use ridecast_protocol::{ErrorBody, ErrorCode, Resume, Role};
use serde::Deserialize;

use super::{Caller, Error, sse};
use crate::auth::Person;
use crate::gate::Client;
use crate::hub::{Format, Hub};
use crate::session::{Listener, NoEntry, Session, Sessions};
use crate::ws::Door;

/// The query of `GET /v1/events`.
#[derive(Debug, Deserialize)]
pub(super) struct Query {
    ticket: Option<String>,
    /// As `Last-Event-ID`, for the first request of an `EventSource`, which can set no header.
    resume: Option<String>,
}

/// `GET /v1/events`: the caller's inbox as server-sent events. A session like that of a socket,
/// which only listens.
pub(super) async fn inbox(
    request: HttpRequest,
    query: web::Query<Query>,
    door: web::Data<Door>,
    hub: web::ThinData<Hub>,
    client: web::ReqData<Client>,
) -> Result<HttpResponse, Error> {
    // Before the ticket is used up.
    let mut place = door.garage.sessions.enter(client.limited_as())?;
    let person = door.who(&request, query.ticket.as_deref()).await?;
    let person: Person = person.ok_or_else(|| {
        ErrorBody::new(
            ErrorCode::BadToken,
            "the request needs `Authorization: Bearer` and a token, or a `ticket`",
        )
    })?;
    if person.role == Role::Admin {
        return Err(Caller(person).forbidden());
    }
    place.give_to(&person.user)?;
    // After a reconnect of its own, an `EventSource` still has the old query.
    let last = request.headers().get("last-event-id");
    let last = last.and_then(|id| id.to_str().ok());
    let resume = last.or(query.resume.as_deref()).map(Resume::read);
    let (seat, feed) = hub.join(Format::Json);
    let (response, signs) = sse::answer(feed, door.settings.heartbeat);
    let session = Session::new(
        Sessions::name(),
        (person, resume),
        seat,
        door.auth.clone(),
        door.garage.rides.clone(),
        door.garage.metrics.clone(),
    );
    door.run(session, Listener, place, signs);
    Ok(response)
}

impl From<NoEntry> for Error {
    fn from(no_entry: NoEntry) -> Self {
        Self(no_entry.into())
    }
}
