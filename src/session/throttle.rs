use std::num::NonZeroU32;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use ridecast_protocol::{ErrorBody, ErrorCode};

use super::Settings;
use crate::telemetry::Limit;

/// How much one session may say and get wrong.
pub(super) struct Throttle {
    messages: Bucket,
    bytes: Bucket,
    malformed: DefaultDirectRateLimiter,
    beyond: DefaultDirectRateLimiter,
    rides: DefaultDirectRateLimiter,
}

const MALFORMED_PER_S: NonZeroU32 = NonZeroU32::new(5).unwrap();
const MALFORMED_AT_ONCE: NonZeroU32 = NonZeroU32::new(50).unwrap();
/// Each is written to the disk.
const RIDES_PER_S: NonZeroU32 = NonZeroU32::new(10).unwrap();
const RIDES_AT_ONCE: NonZeroU32 = NonZeroU32::new(60).unwrap();
const BEYOND_PER_S: NonZeroU32 = NonZeroU32::new(100).unwrap();
/// A frame costs work however little is in it.
const LEAST_BYTES: usize = 8;

/// A limit that operators set.
struct Bucket {
    limit: Limit,
    per_s: NonZeroU32,
    left: DefaultDirectRateLimiter,
}

impl Bucket {
    fn new(limit: Limit, per_s: NonZeroU32, times_at_once: u32) -> Self {
        let at_once = per_s.saturating_mul(NonZeroU32::new(times_at_once).unwrap_or(per_s));
        Self {
            limit,
            per_s,
            left: bucket(per_s, at_once),
        }
    }

    fn take(&self, count: usize) -> Result<(), Beyond> {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let Some(count) = NonZeroU32::new(count) else {
            return Ok(());
        };
        match self.left.check_n(count) {
            Ok(Ok(())) => Ok(()),
            _ => Err(Beyond(self.limit, self.per_s)),
        }
    }
}

fn bucket(per_s: NonZeroU32, at_once: NonZeroU32) -> DefaultDirectRateLimiter {
    RateLimiter::direct(Quota::per_second(per_s).allow_burst(at_once))
}

/// More came than may.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beyond(pub(super) Limit, NonZeroU32);

impl From<Beyond> for ErrorBody {
    fn from(Beyond(limit, per_s): Beyond) -> Self {
        let limit = limit.as_str();
        Self::new(
            ErrorCode::RateLimited,
            format!("a session may send {per_s} {limit} a second (`{limit}`); this was not taken"),
        )
    }
}

impl Throttle {
    pub(super) fn new(settings: &Settings) -> Self {
        let Settings {
            messages_per_s,
            bytes_per_s,
            ..
        } = *settings;
        Self {
            messages: Bucket::new(Limit::Messages, messages_per_s, Settings::MESSAGES_AT_ONCE),
            bytes: Bucket::new(Limit::Bytes, bytes_per_s, Settings::BYTES_AT_ONCE),
            malformed: bucket(MALFORMED_PER_S, MALFORMED_AT_ONCE),
            beyond: bucket(BEYOND_PER_S, BEYOND_PER_S),
            rides: bucket(RIDES_PER_S, RIDES_AT_ONCE),
        }
    }

    /// Whether one more message of so many bytes may be carried out.
    pub(super) fn message(&self, bytes: usize) -> Result<(), Beyond> {
        self.messages.take(1)?;
        self.bytes.take(bytes.max(LEAST_BYTES))
    }

    /// Whether one more request about rides may be carried out.
    pub(super) fn ride(&self) -> bool {
        self.rides.check().is_ok()
    }

    /// Whether one more malformed message is still a mistake and not abuse.
    pub(super) fn malformed(&self) -> bool {
        self.malformed.check().is_ok()
    }

    /// Whether one more message beyond the limit is still haste and not abuse.
    pub(super) fn beyond(&self) -> bool {
        self.beyond.check().is_ok()
    }
}
