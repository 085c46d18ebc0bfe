use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

/// Why a text is not accepted as a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must have 1 to {max} bytes of printable text without control characters")]
pub struct InvalidName {
    what: &'static str,
    max: usize,
}

/// A name is shared, never edited: cloning one is a reference count.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
        #[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
        #[serde(try_from = "String")]
        #[cfg_attr(test, ts(type = "string"))]
        #[cfg_attr(test, schemars(extend(
            "minLength" = 1, "maxLength" = $max, "pattern" = "^[^\\u0000-\\u001F\\u007F-\\u009F]*$"
        )))]
        pub struct $name(Arc<str>);

        impl $name {
            /// The longest this name may be, in bytes of UTF-8.
            pub const MAX_BYTES: usize = $max;

            /// Checks length and characters.
            ///
            /// # Errors
            /// [`InvalidName`] when `text` is empty, too long, or has control characters.
            pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidName> {
                let text = text.as_ref();
                if text.is_empty() || text.len() > $max || text.chars().any(char::is_control) {
                    return Err(InvalidName { what: $what, max: $max });
                }
                Ok(Self(text.into()))
            }

            /// The name as it goes over the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        // By hand: serde's `into` would copy it first.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), &self.0)
            }
        }
    };
}

name!(
    /// A person: the token's `sub`. A driver's is also the id of the vehicle.
    UserId, "a user id", 128
);
name!(
    /// A token: its claim `jti`.
    TokenId, "a token id", 256
);
name!(
    /// A vehicle as its reader knows it: the `sub` of its driver, or to riders a pseudonym that lives
    /// some minutes, until they have a ride with it.
    VehicleId, "a vehicle id", 128
);
name!(
    /// One connection of one person, named by the server.
    SessionId, "a session id", 64
);
name!(
    /// The client's own name for one of its subscriptions, unique within its session.
    SubscriptionName, "a subscription name", 64
);
name!(
    /// What kind of vehicle it is, in the operator's own words (`car`, `van`, `bike`, `xl` …).
    VehicleClass, "a vehicle class", 32
);

name!(
    /// One ride, named by the server.
    RideId, "a ride id", 64
);
name!(
    /// One offer of one ride to one driver, named by the server.
    OfferId, "an offer id", 64
);
name!(
    /// The client's own name for one wish, so that asking twice does not wish twice.
    IdempotencyKey, "an idempotency key", 64
);

impl From<UserId> for VehicleId {
    fn from(user: UserId) -> Self {
        Self(user.0)
    }
}

/// The client's number or text for a request; its one reply carries it back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(untagged)]
pub enum RequestId {
    /// A non-negative integer.
    Number(#[cfg_attr(test, ts(type = "number"))] u64),
    /// A text of at most [`RequestId::MAX_BYTES`] bytes.
    Text(
        #[serde(deserialize_with = "short_text")]
        #[cfg_attr(test, schemars(length(max = Self::MAX_BYTES)))]
        String,
    ),
}

impl RequestId {
    /// The longest text a request id may be, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 64;
}

fn short_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.len() > RequestId::MAX_BYTES {
        return Err(serde::de::Error::custom("`id` is longer than 64 bytes"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_on_the_wire_too() {
        assert!(serde_json::from_str::<SubscriptionName>("\"near me\"").is_ok());
        assert!(serde_json::from_str::<SubscriptionName>("\"\"").is_err());
        assert!(serde_json::from_str::<SubscriptionName>("\"a\\nb\"").is_err());
        let long = "x".repeat(65);
        assert!(SubscriptionName::new(&long).is_err());
        assert!(UserId::new(&long).is_ok());
    }

    #[test]
    fn a_request_id_is_a_number_or_a_short_text() {
        for good in ["7", "\"seven\"", "0"] {
            assert!(serde_json::from_str::<RequestId>(good).is_ok(), "{good}");
        }
        let long = format!("\"{}\"", "x".repeat(65));
        for bad in ["-1", "1.5", "null", "{}", &long] {
            assert!(serde_json::from_str::<RequestId>(bad).is_err(), "{bad}");
        }
    }
}
