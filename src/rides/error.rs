use ridecast_protocol::{ErrorBody, ErrorCode};

use crate::ride::Refusal;
use crate::store::StoreError;

/// Why something about a ride was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RidesError {
    /// It may not be.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Something is wrong with the request.
    #[error(transparent)]
    Invalid(ErrorBody),
    /// The store did not answer: whether it was done is not known.
    #[error("the store cannot be reached: {0}")]
    Store(#[from] StoreError),
    /// Too many others change the same ride at this moment; nothing was done.
    #[error("too many changes of this ride at once")]
    Contended,
    /// What is kept cannot be read: another version of the service wrote it, or it is damaged.
    #[error("what is kept of it cannot be read: {0}")]
    Unreadable(String),
}

impl RidesError {
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(ErrorBody::new(ErrorCode::InvalidMessage, message))
    }
}

impl From<RidesError> for ErrorBody {
    fn from(error: RidesError) -> Self {
        match error {
            RidesError::Refused(refusal) => refusal.into(),
            RidesError::Invalid(error) => error,
            // Paths and addresses of the store are not the client's.
            RidesError::Store(_) => Self::new(
                ErrorCode::Unavailable,
                "the store cannot be reached right now; whether it was done is not known",
            ),
            RidesError::Contended | RidesError::Unreadable(_) => {
                Self::new(ErrorCode::Unavailable, error.to_string())
            }
        }
    }
}
