//! Who somebody is: signed tokens (JWT), and the keys that they are checked with.

mod error;
mod key;
mod keys;
mod person;
mod revoked;
mod settings;
mod source;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, EncodingKey, Header, Validation};
use parking_lot::RwLock;
use ridecast_protocol::{Role, TokenId, UserId};

use crate::telemetry::{AuthMetrics, now_ms};
use key::KeySet;
use keys::{Keys, Pace};

pub use error::AuthError;
pub use key::KeyError;
pub use person::Person;
pub use revoked::Revoked;
pub use settings::Settings;
pub use source::{InvalidJwks, KeySource, SourceError};

/// Signs and checks tokens.
pub struct Auth {
    /// `None`: there is nothing to sign with.
    signing: Option<EncodingKey>,
    keys: Arc<Keys>,
    /// One for each algorithm: a key is used under its own and no other.
    validations: [Validation; 4],
    /// Tokens that were good when they were checked. Their signatures need no second look as long
    /// as the keys are the same, only time and revocations. Others never get in, so who has none
    /// cannot fill it.
    good: RwLock<HashMap<Box<str>, Good>>,
    revoked: Revoked,
}

/// Whom a remembered token names, and of which generation the keys were that said so.
struct Good {
    person: Person,
    generation: u64,
}

impl Auth {
    /// As many bytes as HS256 puts out (RFC 7518, section 3.2).
    pub const LEAST_SECRET_BYTES: usize = 32;
    /// How far clocks may differ, seconds.
    const LEEWAY_S: u64 = 5;
    /// So many good tokens are remembered; then all are forgotten, and checked anew.
    const MOST_GOOD: usize = 10_000;
    /// A longer text is no token.
    const LONGEST_TOKEN: usize = 8 * 1024;

    /// Signs and checks with this secret.
    ///
    /// # Errors
    /// [`AuthError::WeakSecret`].
    pub fn new(secret: &str) -> Result<Self, AuthError> {
        Self::of(&Settings::secret(secret), AuthMetrics::default())
    }

    /// Reads the keys, and keeps them as they are where they come from. A URL that does not answer
    /// is no error: it is asked again. Must be called within the Tokio runtime that lives longest.
    ///
    /// # Errors
    /// [`AuthError::WeakSecret`], [`AuthError::NoKey`], [`AuthError::Source`].
    pub async fn open(settings: &Settings, metrics: AuthMetrics) -> Result<Self, AuthError> {
        let auth = Self::of(settings, metrics)?;
        if !settings.sources.is_empty() && settings.audiences.is_empty() {
            tracing::warn!(
                "tokens of any audience are accepted: whoever signs for others too can let them in"
            );
        }
        auth.keys.open().await?;
        Ok(auth)
    }

    fn of(settings: &Settings, metrics: AuthMetrics) -> Result<Self, AuthError> {
        let secret = settings.secret.as_deref();
        if secret.is_some_and(|secret| secret.len() < Self::LEAST_SECRET_BYTES) {
            return Err(AuthError::WeakSecret);
        }
        if secret.is_none() && settings.sources.is_empty() {
            return Err(AuthError::NoKey);
        }
        let pace = Pace {
            fetch: settings.fetch_every,
            look: settings.look_every,
            learn: settings.learn_every,
        };
        let sources = settings.sources.clone();
        Ok(Self {
            signing: secret.map(|secret| EncodingKey::from_secret(secret.as_bytes())),
            keys: Arc::new(Keys::new(secret, sources, pace, metrics)?),
            validations: [
                Algorithm::HS256,
                Algorithm::RS256,
                Algorithm::ES256,
                Algorithm::EdDSA,
            ]
            .map(|algorithm| settings.validation(algorithm, Self::LEEWAY_S)),
            good: RwLock::default(),
            revoked: Revoked::default(),
        })
    }

    /// The tokens that count no more.
    #[must_use]
    pub const fn revoked(&self) -> &Revoked {
        &self.revoked
    }

    /// Whether there is anything to check tokens by.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        !self.keys.now().keys.is_empty()
    }

    /// Reads a token. Of one that names a key that is not known, looks for that key.
    ///
    /// # Errors
    /// [`AuthError::Expired`], [`AuthError::Revoked`], [`AuthError::Invalid`],
    /// [`AuthError::UnknownKey`], [`AuthError::KeysAway`].
    pub async fn admit(&self, token: &str) -> Result<Person, AuthError> {
        match self.check(token) {
            Err(AuthError::UnknownKey) => {
                self.learn(token).await?;
                self.check(token)
            }
            checked => checked,
        }
    }

    /// Looks for the key that a token names.
    ///
    /// # Errors
    /// [`AuthError::KeysAway`].
    pub async fn learn(&self, token: &str) -> Result<(), AuthError> {
        let header = jsonwebtoken::decode_header(token).ok();
        let kid = header.and_then(|header| header.kid);
        self.keys.learn(kid.as_deref()).await
    }

    /// Reads a token by the keys that are known.
    ///
    /// # Errors
    /// As of [`Auth::admit`].
    pub fn check(&self, token: &str) -> Result<Person, AuthError> {
        self.check_by(&self.keys.now(), token)
    }

    fn check_by(&self, keys: &KeySet, token: &str) -> Result<Person, AuthError> {
        let person = self.read(keys, token)?;
        self.still_good(&person)?;
        Ok(person)
    }

    /// Whether a token that was good is so now.
    ///
    /// # Errors
    /// [`AuthError::Expired`], [`AuthError::Revoked`].
    pub fn still_good(&self, person: &Person) -> Result<(), AuthError> {
        let now_ms = now_ms();
        // The leeway is for `nbf` alone: a session that ends as it begins helps nobody.
        if person.valid_for(now_ms).is_zero() {
            return Err(AuthError::Expired);
        }
        if self.revoked.has(person, now_ms) {
            return Err(AuthError::Revoked);
        }
        Ok(())
    }

    fn read(&self, keys: &KeySet, token: &str) -> Result<Person, AuthError> {
        if token.len() > Self::LONGEST_TOKEN {
            return Err(AuthError::Invalid("it is too long".to_owned()));
        }
        if keys.keys.is_empty() {
            return Err(AuthError::KeysAway);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|error| refusal(&error))?;
        if header.crit.is_some() {
            // RFC 7515, section 4.1.11: who does not understand it must refuse the token.
            return Err(AuthError::Invalid("`crit` is not understood".to_owned()));
        }
        let mut why = None;
        for key in keys.of(&header) {
            let validation = self.validation(key.algorithm)?;
            match jsonwebtoken::decode::<Person>(token, &key.decoding, validation) {
                Ok(read) => return Ok(read.claims),
                // Of several keys, what the one has to say that it was signed by.
                Err(error) if why.is_none() || !is_signature(&error) => why = Some(error),
                Err(_) => {}
            }
        }
        let is_by_name =
            header.alg != Algorithm::HS256 && header.kid.as_ref().is_some_and(|kid| !keys.has(kid));
        match why {
            Some(error) if !is_by_name || !is_signature(&error) => Err(refusal(&error)),
            _ if is_by_name && self.keys.may_learn() => Err(AuthError::UnknownKey),
            _ => Err(AuthError::Invalid("no key signs like this".to_owned())),
        }
    }

    fn validation(&self, algorithm: Algorithm) -> Result<&Validation, AuthError> {
        let mut all = self.validations.iter();
        let found = all.find(|validation| validation.algorithms == [algorithm]);
        found.ok_or_else(|| AuthError::Invalid("its algorithm is not known".to_owned()))
    }

    /// Reads a token that may come with each of many requests: as [`Auth::check`], but checks
    /// the signature only once in a while.
    ///
    /// # Errors
    /// As of [`Auth::admit`].
    pub fn check_again(&self, token: &str) -> Result<Person, AuthError> {
        let keys = self.keys.now();
        let person = match self.good.read().get(token) {
            Some(good) if good.generation == keys.generation => Some(good.person.clone()),
            _ => None,
        };
        if let Some(person) = person {
            let good = self.still_good(&person);
            if good.is_err() {
                self.good.write().remove(token);
            }
            return good.map(|()| person);
        }
        let person = self.check_by(&keys, token)?;
        let mut good = self.good.write();
        if good.len() >= Self::MOST_GOOD {
            good.clear();
        }
        let generation = keys.generation;
        let remembered = Good {
            person: person.clone(),
            generation,
        };
        good.insert(token.into(), remembered);
        Ok(person)
    }

    /// Makes a token that is good for `ttl`.
    ///
    /// # Errors
    /// [`AuthError::NothingToSignWith`]; [`AuthError::Invalid`], should the signature fail.
    pub fn sign(&self, user: UserId, role: Role, ttl: Duration) -> Result<String, AuthError> {
        let signing = self.signing.as_ref().ok_or(AuthError::NothingToSignWith)?;
        let ttl_s = i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX);
        let now_s = now_ms() / 1000;
        let person = Person {
            user,
            role,
            expires_at_s: now_s.saturating_add(ttl_s),
            issued_at_s: Some(now_s),
            token: TokenId::new(format!("{:032x}", rand::random::<u128>())).ok(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &person, signing)
            .map_err(|error| AuthError::Invalid(error.to_string()))
    }
}

fn is_signature(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidSignature)
}

fn refusal(error: &Error) -> AuthError {
    match error.kind() {
        ErrorKind::ExpiredSignature => AuthError::Expired,
        _ => AuthError::Invalid(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
