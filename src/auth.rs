//! Who somebody is: signed tokens (JWT, HS256).

use std::collections::HashMap;
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use parking_lot::RwLock;
use ridecast_protocol::{Role, UserId};
use serde::{Deserialize, Serialize};

use crate::telemetry::now_ms;

/// Signs and checks tokens.
pub struct Auth {
    signing: EncodingKey,
    checking: DecodingKey,
    validation: Validation,
    /// Tokens that were good when they were checked. Their signatures need no second look,
    /// only the time. Others never get in, so who has none cannot fill it.
    good: RwLock<HashMap<Box<str>, Person>>,
}

/// Whom a token names, and what it allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The claim `sub`.
    #[serde(rename = "sub")]
    pub user: UserId,
    /// The claim `role`.
    pub role: Role,
    /// The claim `exp`: seconds since the Unix epoch.
    #[serde(rename = "exp")]
    pub expires_at_s: i64,
}

/// A token was not accepted, or a secret is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The secret is too short to resist guessing.
    #[error("the secret must have at least {} bytes", Auth::LEAST_SECRET_BYTES)]
    WeakSecret,
    /// Expired.
    #[error("the token has expired")]
    Expired,
    /// Malformed, signed by somebody else, or without a claim that is needed.
    #[error("the token is not valid: {0}")]
    Invalid(String),
}

impl Auth {
    /// As many bytes as HS256 puts out (RFC 7518, section 3.2).
    pub const LEAST_SECRET_BYTES: usize = 32;
    /// How far clocks may differ, seconds.
    const LEEWAY_S: u64 = 5;
    /// So many good tokens are remembered; then all are forgotten, and checked anew.
    const MOST_GOOD: usize = 10_000;

    /// Signs and checks with this secret.
    ///
    /// # Errors
    /// [`AuthError::WeakSecret`].
    pub fn new(secret: &str) -> Result<Self, AuthError> {
        if secret.len() < Self::LEAST_SECRET_BYTES {
            return Err(AuthError::WeakSecret);
        }
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = Self::LEEWAY_S;
        validation.validate_nbf = true;
        // Tokens of other makers may carry an audience; we do not ask for one.
        validation.validate_aud = false;
        validation.set_required_spec_claims(&["exp", "sub"]);
        Ok(Self {
            signing: EncodingKey::from_secret(secret.as_bytes()),
            checking: DecodingKey::from_secret(secret.as_bytes()),
            validation,
            good: RwLock::default(),
        })
    }

    /// Reads a token.
    ///
    /// # Errors
    /// [`AuthError::Expired`], [`AuthError::Invalid`].
    pub fn check(&self, token: &str) -> Result<Person, AuthError> {
        use jsonwebtoken::errors::ErrorKind;
        match jsonwebtoken::decode::<Person>(token, &self.checking, &self.validation) {
            // The leeway is for `nbf` alone: a session that ends as it begins helps nobody.
            Ok(token) if token.claims.valid_for(now_ms()).is_zero() => Err(AuthError::Expired),
            Ok(token) => Ok(token.claims),
            Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => {
                Err(AuthError::Expired)
            }
            Err(error) => Err(AuthError::Invalid(error.to_string())),
        }
    }

    /// Reads a token that may come with each of many requests: as [`Auth::check`], but checks
    /// the signature only once in a while.
    ///
    /// # Errors
    /// [`AuthError::Expired`], [`AuthError::Invalid`].
    pub fn check_again(&self, token: &str) -> Result<Person, AuthError> {
        let person = self.good.read().get(token).cloned();
        if let Some(person) = person {
            if !person.valid_for(now_ms()).is_zero() {
                return Ok(person);
            }
            self.good.write().remove(token);
            return Err(AuthError::Expired);
        }
        let person = self.check(token)?;
        let mut good = self.good.write();
        if good.len() >= Self::MOST_GOOD {
            good.clear();
        }
        good.insert(token.into(), person.clone());
        Ok(person)
    }

    /// Makes a token that is good for `ttl`.
    ///
    /// # Errors
    /// [`AuthError::Invalid`], should the signature fail.
    pub fn sign(&self, user: UserId, role: Role, ttl: Duration) -> Result<String, AuthError> {
        let ttl_s = i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX);
        let person = Person {
            user,
            role,
            expires_at_s: (now_ms() / 1000).saturating_add(ttl_s),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &person, &self.signing)
            .map_err(|error| AuthError::Invalid(error.to_string()))
    }
}

impl Person {
    /// For how long from now the token is good.
    #[must_use]
    pub fn valid_for(&self, now_ms: i64) -> Duration {
        let left_ms = self
            .expires_at_s
            .saturating_mul(1000)
            .saturating_sub(now_ms);
        Duration::from_millis(u64::try_from(left_ms).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a secret of thirty-two bytes, yes";

    #[test]
    fn a_token_names_who_it_was_signed_for() {
        let auth = Auth::new(SECRET).unwrap();
        let token = auth
            .sign(
                UserId::new("d1").unwrap(),
                Role::Driver,
                Duration::from_mins(1),
            )
            .unwrap();
        let person = auth.check(&token).unwrap();
        assert_eq!((person.user.as_str(), person.role), ("d1", Role::Driver));
    }

    #[test]
    fn a_token_that_was_good_is_good_until_it_expires_and_no_other_is() {
        let auth = Auth::new(SECRET).unwrap();
        let user = UserId::new("d1").unwrap();
        let sign = |ttl| auth.sign(user.clone(), Role::Rider, ttl).unwrap();
        let token = sign(Duration::from_secs(2));
        let person = auth.check_again(&token).unwrap();
        assert_eq!(auth.check_again(&token), Ok(person.clone()));
        // The same claims under another signature, and the same signature over others.
        let (claims, signature) = token.rsplit_once('.').unwrap();
        let longer = sign(Duration::from_hours(1));
        let (others, forged) = longer.rsplit_once('.').unwrap();
        for token in [
            format!("{claims}.{forged}"),
            format!("{others}.{signature}"),
            format!("{token} "),
            claims.to_owned(),
        ] {
            let again = auth.check_again(&token);
            assert!(matches!(again, Err(AuthError::Invalid(_))), "{again:?}");
        }
        assert_eq!(auth.good.read().len(), 1);

        let expired = Person {
            expires_at_s: now_ms() / 1000,
            ..person
        };
        auth.good.write().insert(token.as_str().into(), expired);
        assert_eq!(auth.check_again(&token), Err(AuthError::Expired));
        assert!(auth.good.read().is_empty());
    }

    #[test]
    fn remembered_tokens_are_bounded() {
        let auth = Auth::new(SECRET).unwrap();
        for n in 0..=Auth::MOST_GOOD {
            let user = UserId::new(format!("d{n}")).unwrap();
            let token = auth.sign(user, Role::Driver, Duration::from_mins(1));
            auth.check_again(&token.unwrap()).unwrap();
            assert!(auth.good.read().len() <= Auth::MOST_GOOD);
        }
    }

    #[test]
    fn what_is_not_ours_or_over_is_refused() {
        let auth = Auth::new(SECRET).unwrap();
        let other = Auth::new("another secret of thirty-two bytes").unwrap();
        let user = || UserId::new("d1").unwrap();
        let foreign = other
            .sign(user(), Role::Driver, Duration::from_mins(1))
            .unwrap();
        assert!(matches!(auth.check(&foreign), Err(AuthError::Invalid(_))));
        let old = Person {
            user: user(),
            role: Role::Driver,
            expires_at_s: now_ms() / 1000 - 1,
        };
        let old =
            jsonwebtoken::encode(&Header::new(Algorithm::HS256), &old, &auth.signing).unwrap();
        assert_eq!(auth.check(&old), Err(AuthError::Expired));
        // {"alg":"none"} with good claims and no signature.
        let none =
            "eyJhbGciOiJub25lIn0.eyJzdWIiOiJkMSIsInJvbGUiOiJkcml2ZXIiLCJleHAiOjk5OTk5OTk5OTl9.";
        assert!(auth.check(none).is_err());
        assert!(auth.check("rubbish").is_err());
        assert!(matches!(Auth::new("short"), Err(AuthError::WeakSecret)));
    }
}
