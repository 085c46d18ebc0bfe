use std::fmt;

use actix_web::error::{JsonPayloadError, QueryPayloadError};
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use ridecast_protocol::{ErrorBody, ErrorCode};

use crate::rides::RidesError;

/// Every answer that is not a success has this one shape.
#[derive(Debug)]
pub struct Error(pub ErrorBody);

impl From<ErrorBody> for Error {
    fn from(error: ErrorBody) -> Self {
        Self(error)
    }
}

impl From<RidesError> for Error {
    fn from(error: RidesError) -> Self {
        Self(error.into())
    }
}

impl Error {
    /// The request says something that cannot be.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self(ErrorBody::new(ErrorCode::InvalidMessage, message))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self.0.code {
            ErrorCode::BadToken => StatusCode::UNAUTHORIZED,
            ErrorCode::Forbidden => StatusCode::FORBIDDEN,
            ErrorCode::NotFound | ErrorCode::UnknownRide => StatusCode::NOT_FOUND,
            ErrorCode::NotOnline
            | ErrorCode::WrongRideState
            | ErrorCode::OfferOver
            | ErrorCode::TooFar
            | ErrorCode::OpenRideExists
            | ErrorCode::ChatClosed
            | ErrorCode::IdempotencyKeyReused => StatusCode::CONFLICT,
            ErrorCode::MessageTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::RateLimited | ErrorCode::TooManySessions => StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::TooSlow => StatusCode::REQUEST_TIMEOUT,
            ErrorCode::Overloaded | ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if self.status_code() == StatusCode::TOO_MANY_REQUESTS {
            response.insert_header((RETRY_AFTER, "1"));
        }
        response.json(&self.0)
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature of an error handler"
)]
pub(super) fn json(error: JsonPayloadError, _: &HttpRequest) -> actix_web::Error {
    let code = match &error {
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => {
            ErrorCode::MessageTooLarge
        }
        JsonPayloadError::Deserialize(error) if error.is_data() => ErrorCode::InvalidMessage,
        _ => ErrorCode::BadJson,
    };
    Error(ErrorBody::new(code, error.to_string())).into()
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature of an error handler"
)]
pub(super) fn query(error: QueryPayloadError, _: &HttpRequest) -> actix_web::Error {
    Error(ErrorBody::new(ErrorCode::InvalidMessage, error.to_string())).into()
}

pub(super) async fn not_found() -> Result<HttpResponse, Error> {
    Err(Error(ErrorBody::new(
        ErrorCode::NotFound,
        "there is nothing at this address",
    )))
}
