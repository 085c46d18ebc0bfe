use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use ridecast_protocol::{ErrorBody, ErrorCode, Ticket};

use super::{Caller, Error};
use crate::store::Store;

/// How long a ticket waits to be used.
const TTL: Duration = Duration::from_secs(30);

/// `POST /v1/tickets`: a browser cannot send a token with its upgrade request,
/// but a ticket, which is worth nothing to who reads it later in a log.
pub(super) async fn issue(
    caller: Caller,
    store: web::ThinData<Arc<dyn Store>>,
) -> Result<web::Json<Ticket>, Error> {
    let ticket = format!(
        "{:032x}{:032x}",
        rand::random::<u128>(),
        rand::random::<u128>()
    );
    let unavailable = |message: String| Error(ErrorBody::new(ErrorCode::Unavailable, message));
    let person =
        serde_json::to_string(&caller.0).map_err(|error| unavailable(error.to_string()))?;
    store
        .put_once(&ticket, &person, TTL)
        .await
        .map_err(|error| unavailable(error.to_string()))?;
    Ok(web::Json(Ticket {
        ticket,
        expires_in_ms: 30_000,
    }))
}
