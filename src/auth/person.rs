use std::time::Duration;

use ridecast_protocol::{Role, TokenId, UserId};
use serde::{Deserialize, Deserializer, Serialize};

/// Whom a token names, and what it allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The claim `sub`.
    #[serde(rename = "sub")]
    pub user: UserId,
    /// The claim `role`.
    pub role: Role,
    /// The claim `exp`: seconds since the Unix epoch.
    #[serde(rename = "exp", deserialize_with = "seconds")]
    pub expires_at_s: i64,
    /// The claim `iat`: seconds since the Unix epoch. `None`: the token does not say when it was
    /// issued, so that a revocation of its user counts for it, whenever that was.
    #[serde(
        rename = "iat",
        default,
        deserialize_with = "maybe_seconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub issued_at_s: Option<i64>,
    /// The claim `jti`. `None`: this token cannot be revoked alone, only with its user's others.
    #[serde(rename = "jti", default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenId>,
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

/// A `NumericDate` of RFC 7519 may have a fraction.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    f64::deserialize(deserializer).map(whole)
}

fn maybe_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.map(whole))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast from float saturates, which is what is wanted"
)]
fn whole(seconds: f64) -> i64 {
    seconds.floor() as i64
}
