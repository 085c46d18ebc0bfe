use ridecast_protocol::{ErrorBody, ErrorCode};

use super::{Auth, SourceError};

/// A token was not accepted, or there is nothing to accept one by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The secret is too short to resist guessing.
    #[error("the secret must have at least {} bytes", Auth::LEAST_SECRET_BYTES)]
    WeakSecret,
    /// Neither a secret nor a public key is configured.
    #[error("tokens need a secret, a public key or a JWKS to be checked by")]
    NoKey,
    /// A file with keys is none.
    #[error("{source_name} gives no keys: {error}")]
    Source {
        /// Which.
        source_name: String,
        /// Why.
        error: SourceError,
    },
    /// Nothing could be fetched by this.
    #[error("keys cannot be fetched: {0}")]
    Client(String),
    /// Only public keys are configured.
    #[error("without a secret the service signs no tokens; who has the private key does")]
    NothingToSignWith,
    /// Expired.
    #[error("the token has expired")]
    Expired,
    /// It, or its user, was revoked after it was issued.
    #[error("the token was revoked")]
    Revoked,
    /// Malformed, signed by somebody else, or without a claim that is needed.
    #[error("the token is not valid: {0}")]
    Invalid(String),
    /// Signed by a key of a name that is not known, at least not yet.
    #[error("the token is not valid: it names a key that is not known")]
    UnknownKey,
    /// The keys cannot be had right now, so that nothing is known of the token.
    #[error("the keys to check the token by cannot be fetched right now")]
    KeysAway,
}

impl From<AuthError> for ErrorBody {
    fn from(error: AuthError) -> Self {
        let code = match error {
            AuthError::KeysAway => ErrorCode::Unavailable,
            _ => ErrorCode::BadToken,
        };
        Self::new(code, error.to_string())
    }
}
