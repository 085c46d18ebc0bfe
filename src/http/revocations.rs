use std::sync::Arc;

use actix_web::{HttpResponse, web};
use ridecast_protocol as wire;
use ridecast_protocol::{ErrorBody, ErrorCode, Revoke};
use serde::Deserialize;

use super::{Administrator, Error};
use crate::revocations::{RevocationError, Revocations};

/// The query of `GET /v1/admin/revocations`.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    limit: Option<usize>,
}

const LIMIT: usize = 100;
const MOST: usize = 1_000;

impl From<RevocationError> for Error {
    fn from(error: RevocationError) -> Self {
        let code = match error {
            RevocationError::Invalid(_) => ErrorCode::InvalidMessage,
            RevocationError::Full => ErrorCode::Overloaded,
            RevocationError::Store(_) => ErrorCode::Unavailable,
        };
        Self(ErrorBody::new(code, error.to_string()))
    }
}

/// `POST /v1/admin/revocations`: refuses tokens from now on, and ends their sessions.
pub(super) async fn revoke(
    admin: Administrator,
    body: web::Json<Revoke>,
    revocations: web::ThinData<Arc<Revocations>>,
) -> Result<HttpResponse, Error> {
    let revocation = revocations.revoke(body.into_inner()).await?;
    // For the record: by whom. Of whom is in the list.
    tracing::info!(by = %admin.0.user, "tokens were revoked");
    Ok(HttpResponse::Created().json(revocation))
}

/// `GET /v1/admin/revocations`: those in force.
pub(super) async fn list(
    _: Administrator,
    query: web::Query<Page>,
    revocations: web::ThinData<Arc<Revocations>>,
) -> Result<web::Json<wire::Revocations>, Error> {
    let limit = query.limit.unwrap_or(LIMIT);
    if !(1..=MOST).contains(&limit) {
        return Err(Error::invalid(format!("`limit` must be 1 to {MOST}")));
    }
    Ok(web::Json(wire::Revocations {
        revocations: revocations.newest(limit),
    }))
}
