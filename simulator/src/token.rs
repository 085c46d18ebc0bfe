//! The tokens that sessions open with.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ridecast_protocol::{Role, UserId};
use serde::Serialize;

use crate::SimError;

/// Long enough for any connect; each connection gets a new token.
const VALID_FOR: Duration = Duration::from_hours(1);

/// Makes the token of each simulated person, anew for every connection.
#[derive(Clone)]
pub struct TokenSource(Arc<Mint>);

type Mint = dyn Fn(&UserId, Role) -> Result<String, SimError> + Send + Sync;

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    role: Role,
    exp: u64,
}

impl TokenSource {
    /// Signs the tokens itself: HS256 with the service's own secret.
    #[must_use]
    pub fn secret(secret: impl AsRef<[u8]>) -> Self {
        let key = EncodingKey::from_secret(secret.as_ref());
        Self::new(move |user, role| {
            let expires = SystemTime::now() + VALID_FOR;
            let claims = Claims {
                sub: user.as_str(),
                role,
                exp: expires
                    .duration_since(SystemTime::UNIX_EPOCH)
                    .unwrap_or_default()
                    .as_secs(),
            };
            Ok(jsonwebtoken::encode(
                &Header::new(Algorithm::HS256),
                &claims,
                &key,
            )?)
        })
    }

    /// Asks the caller for each token.
    pub fn new(
        mint: impl Fn(&UserId, Role) -> Result<String, SimError> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(mint))
    }

    /// # Errors
    /// When no token can be made for that person.
    pub(crate) fn token(&self, user: &UserId, role: Role) -> Result<String, SimError> {
        (self.0)(user, role)
    }
}

/// The secret never appears in a log.
impl std::fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSource(..)")
    }
}
