use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, VARY};
use actix_web::{HttpRequest, HttpResponse, web};
use ridecast_protocol::{self as wire, ErrorBody, ErrorCode, Role, VehicleId};
use serde::Deserialize;

use super::{Caller, Error, Queries, zipped};
use crate::history::{HistoryError, MOST_WINDOW_MS};
use crate::spatial::Area;
use crate::telemetry::now_ms;

/// The latest time that a JavaScript number holds to the millisecond.
const LATEST_MS: i64 = (1 << 53) - 1;

/// The query of `GET /v1/history`.
#[derive(Debug, Deserialize)]
pub(super) struct Window {
    south: f64,
    west: f64,
    north: f64,
    east: f64,
    from_ms: i64,
    to_ms: i64,
}

/// `GET /v1/history`: where the vehicles were that were in a rectangle in a time.
pub(super) async fn window(
    caller: Caller,
    request: HttpRequest,
    query: web::Query<Window>,
    queries: web::ThinData<Queries>,
) -> Result<HttpResponse, Error> {
    caller.must_be(&[Role::Operator])?;
    let Window {
        south,
        west,
        north,
        east,
        from_ms,
        to_ms,
    } = query.into_inner();
    let area = Area::rectangle(south, west, north, east)
        .map_err(|error| ErrorBody::new(ErrorCode::InvalidArea, error.to_string()))?;
    let (from_ms, to_ms) = within(from_ms, to_ms)?;
    let found = queries.history.window(area, from_ms, to_ms, now_ms()).await;
    answer(&request, found?).await
}

/// The query of `GET /v1/vehicles/{id}/trail`.
#[derive(Debug, Deserialize)]
pub(super) struct Trail {
    from_ms: Option<i64>,
    to_ms: Option<i64>,
}

/// `GET /v1/vehicles/{id}/trail`: where one vehicle was, by default in the last ten minutes.
pub(super) async fn trail(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    query: web::Query<Trail>,
    queries: web::ThinData<Queries>,
) -> Result<HttpResponse, Error> {
    caller.must_be(&[Role::Operator])?;
    let now_ms = now_ms();
    let (from_ms, to_ms) = match (query.from_ms, query.to_ms) {
        (Some(from_ms), Some(to_ms)) => (from_ms, to_ms),
        (Some(from_ms), None) => (
            from_ms,
            from_ms.saturating_add(MOST_WINDOW_MS).min(LATEST_MS),
        ),
        (None, to_ms) => {
            let to_ms = to_ms.unwrap_or(now_ms);
            (to_ms.saturating_sub(MOST_WINDOW_MS).max(0), to_ms)
        }
    };
    let (from_ms, to_ms) = within(from_ms, to_ms)?;
    let unknown = || {
        ErrorBody::new(
            ErrorCode::NotFound,
            "nothing is kept of such a vehicle then",
        )
    };
    let id = VehicleId::new(id.as_str()).map_err(|_| unknown())?;
    let found = queries.history.trail(&id, from_ms, to_ms, now_ms).await?;
    answer(&request, found.ok_or_else(unknown)?).await
}

fn within(from_ms: i64, to_ms: i64) -> Result<(i64, i64), Error> {
    if !(0..=LATEST_MS).contains(&from_ms) || !(from_ms..=LATEST_MS).contains(&to_ms) {
        return Err(Error::invalid(
            "`from_ms` and `to_ms` must be milliseconds since the Unix epoch, the first not after the second",
        ));
    }
    Ok((from_ms, to_ms))
}

/// Megabytes perhaps: written and compressed where no socket waits for it.
async fn answer(request: &HttpRequest, history: wire::History) -> Result<HttpResponse, Error> {
    let header = request.headers().get(ACCEPT_ENCODING);
    let zip = header.is_some_and(zipped::is_taken);
    let body = web::block(move || {
        let json = serde_json::to_vec(&history)?;
        Ok::<_, serde_json::Error>(if zip { zipped::quickly(&json) } else { json })
    });
    let failed = |error: String| ErrorBody::new(ErrorCode::Unavailable, error);
    let body = body.await.map_err(|error| failed(error.to_string()))?;
    let body = body.map_err(|error| failed(error.to_string()))?;
    let mut response = HttpResponse::Ok();
    response.content_type("application/json");
    response.insert_header((VARY, "accept-encoding"));
    if zip {
        response.insert_header((CONTENT_ENCODING, "gzip"));
    }
    Ok(response.body(body))
}

impl From<HistoryError> for Error {
    fn from(error: HistoryError) -> Self {
        let code = match error {
            HistoryError::Store(_) => ErrorCode::Unavailable,
            HistoryError::Busy => ErrorCode::Overloaded,
        };
        let message = match error {
            // Where the store is, is nobody's business.
            HistoryError::Store(_) => "the past cannot be had right now".to_owned(),
            HistoryError::Busy => error.to_string(),
        };
        Self(ErrorBody::new(code, message))
    }
}
