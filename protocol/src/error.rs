use serde::{Deserialize, Serialize};

/// What was wrong, for programs. These names never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Not JSON, not an object, or without `type`.
    BadJson,
    /// No message of this `type` exists.
    UnknownType,
    /// A field is missing, has the wrong type or a value out of its range.
    InvalidMessage,
    /// Larger than a message may be.
    MessageTooLarge,
    /// No valid token.
    BadToken,
    /// The session has had its `welcome`; another `hello` must bring a token of the same person
    /// in the same role.
    AlreadyWelcome,
    /// This role may not do that.
    Forbidden,
    /// The driver is not online.
    NotOnline,
    /// Latitude, longitude, accuracy, bearing or speed beyond what exists.
    PositionOutOfRange,
    /// Taken later than now, beyond the allowance for clock skew.
    PositionInFuture,
    /// Taken longer ago than late positions are accepted.
    PositionTooLate,
    /// Not newer than the newest position known.
    PositionOutOfOrder,
    /// No vehicle gets there from the last position in that time.
    PositionJump,
    /// More messages or positions than the limit; some were not taken.
    RateLimited,
    /// No channel of this `kind` exists.
    UnknownChannel,
    /// The circle or viewport is not an area on Earth.
    InvalidArea,
    /// The circle or viewport is larger than the limit.
    AreaTooLarge,
    /// The session has as many subscriptions as it may have.
    TooManySubscriptions,
    /// The name is in use; `update` changes a subscription.
    SubscriptionExists,
    /// No subscription has that name.
    UnknownSubscription,
    /// No such ride, or it is not yours.
    UnknownRide,
    /// The ride, as far as it has come, does not allow that.
    WrongRideState,
    /// The offer is over: answered, expired or withdrawn.
    OfferOver,
    /// The vehicle is too far from the pickup to have arrived; `force` says so nevertheless.
    TooFar,
    /// The rider has as many open rides as a rider may have.
    OpenRideExists,
    /// There is nobody to talk to: no driver yet, or the ride has been over for too long.
    ChatClosed,
    /// The key was used for another wish.
    IdempotencyKeyReused,
    /// There is nothing at this address.
    NotFound,
    /// The service has as many sessions as it may have.
    Overloaded,
    /// The address, or the person, has as many sessions as it may have.
    TooManySessions,
    /// The request did not come whole, or could not be answered, in time.
    TooSlow,
    /// Something behind the service cannot be reached right now.
    Unavailable,
}

impl ErrorCode {
    /// The word on the wire and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadJson => "bad_json",
            Self::UnknownType => "unknown_type",
            Self::InvalidMessage => "invalid_message",
            Self::MessageTooLarge => "message_too_large",
            Self::BadToken => "bad_token",
            Self::AlreadyWelcome => "already_welcome",
            Self::Forbidden => "forbidden",
            Self::NotOnline => "not_online",
            Self::PositionOutOfRange => "position_out_of_range",
            Self::PositionInFuture => "position_in_future",
            Self::PositionTooLate => "position_too_late",
            Self::PositionOutOfOrder => "position_out_of_order",
            Self::PositionJump => "position_jump",
            Self::RateLimited => "rate_limited",
            Self::UnknownChannel => "unknown_channel",
            Self::InvalidArea => "invalid_area",
            Self::AreaTooLarge => "area_too_large",
            Self::TooManySubscriptions => "too_many_subscriptions",
            Self::SubscriptionExists => "subscription_exists",
            Self::UnknownSubscription => "unknown_subscription",
            Self::UnknownRide => "unknown_ride",
            Self::WrongRideState => "wrong_ride_state",
            Self::OfferOver => "offer_over",
            Self::TooFar => "too_far",
            Self::OpenRideExists => "open_ride_exists",
            Self::ChatClosed => "chat_closed",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::NotFound => "not_found",
            Self::Overloaded => "overloaded",
            Self::TooManySessions => "too_many_sessions",
            Self::TooSlow => "too_slow",
            Self::Unavailable => "unavailable",
        }
    }

    /// Whether the same request may succeed later without a change.
    #[must_use]
    pub const fn retryable(self) -> bool {
        matches!(
            self,
            Self::RateLimited
                | Self::Overloaded
                | Self::TooManySessions
                | Self::TooSlow
                | Self::Unavailable
        )
    }
}

/// The one shape of an error: the fields of a socket's `error` message, and
/// the body of every REST answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[error("{}: {message}", .code.as_str())]
pub struct ErrorBody {
    /// For programs.
    pub code: ErrorCode,
    /// For people: says what to mend. Its wording may change.
    pub message: String,
    /// Whether the same request may succeed later without a change.
    pub retryable: bool,
}

impl ErrorBody {
    /// An error whose `retryable` follows from its code.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retryable: code.retryable(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ErrorCode;

    #[test]
    fn the_word_in_metrics_is_the_word_on_the_wire() {
        for code in [
            ErrorCode::BadJson,
            ErrorCode::PositionJump,
            ErrorCode::NotFound,
        ] {
            let wire = serde_json::to_string(&code).unwrap();
            assert_eq!(wire, format!("\"{}\"", code.as_str()));
        }
    }
}
