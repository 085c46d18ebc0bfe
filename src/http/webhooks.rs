use actix_web::{HttpResponse, web};
use ridecast_protocol::{DeadWebhooks, ErrorBody, ErrorCode, Role};
use serde::Deserialize;

use super::{Caller, Error};
use crate::webhooks::{DeadLetters, WebhookError};

/// The query of `GET /v1/webhooks/dead`.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    limit: Option<usize>,
}

const LIMIT: usize = 100;
const MOST: usize = 1_000;

impl From<WebhookError> for Error {
    fn from(error: WebhookError) -> Self {
        let code = match error {
            WebhookError::Unknown | WebhookError::NoEndpoint => ErrorCode::NotFound,
            WebhookError::Refused(_) | WebhookError::Store(_) => ErrorCode::Unavailable,
        };
        Self(ErrorBody::new(code, error.to_string()))
    }
}

/// `GET /v1/webhooks/dead`: webhooks that were given up, the newest first.
pub(super) async fn dead(
    caller: Caller,
    query: web::Query<Page>,
    letters: web::ThinData<DeadLetters>,
) -> Result<web::Json<DeadWebhooks>, Error> {
    caller.must_be(&[Role::Operator])?;
    let limit = query.limit.unwrap_or(LIMIT);
    if !(1..=MOST).contains(&limit) {
        return Err(Error::invalid(format!("`limit` must be 1 to {MOST}")));
    }
    let webhooks = letters.newest(limit).await.map_err(WebhookError::from)?;
    Ok(web::Json(DeadWebhooks { webhooks }))
}

/// `POST /v1/webhooks/dead/{id}`: sends one again.
pub(super) async fn send_again(
    caller: Caller,
    id: web::Path<String>,
    letters: web::ThinData<DeadLetters>,
) -> Result<HttpResponse, Error> {
    caller.must_be(&[Role::Operator])?;
    letters.send_again(&id).await?;
    Ok(HttpResponse::NoContent().finish())
}
