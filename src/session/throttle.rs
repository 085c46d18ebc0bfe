use std::num::NonZeroU32;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// How much one session may say and get wrong.
pub(super) struct Throttle {
    messages: DefaultDirectRateLimiter,
    malformed: DefaultDirectRateLimiter,
    beyond: DefaultDirectRateLimiter,
    rides: DefaultDirectRateLimiter,
}

const MESSAGES_PER_S: NonZeroU32 = NonZeroU32::new(100).unwrap();
const MESSAGES_AT_ONCE: NonZeroU32 = NonZeroU32::new(500).unwrap();
const MALFORMED_PER_S: NonZeroU32 = NonZeroU32::new(5).unwrap();
const MALFORMED_AT_ONCE: NonZeroU32 = NonZeroU32::new(50).unwrap();
/// Each is written to the disk.
const RIDES_PER_S: NonZeroU32 = NonZeroU32::new(10).unwrap();
const RIDES_AT_ONCE: NonZeroU32 = NonZeroU32::new(60).unwrap();
const BEYOND_AT_ONCE: NonZeroU32 = NonZeroU32::new(100).unwrap();

impl Throttle {
    pub(super) fn new() -> Self {
        let limit = |rate, burst| RateLimiter::direct(Quota::per_second(rate).allow_burst(burst));
        Self {
            messages: limit(MESSAGES_PER_S, MESSAGES_AT_ONCE),
            malformed: limit(MALFORMED_PER_S, MALFORMED_AT_ONCE),
            beyond: limit(MESSAGES_PER_S, BEYOND_AT_ONCE),
            rides: limit(RIDES_PER_S, RIDES_AT_ONCE),
        }
    }

    /// Whether one more message may be carried out.
    pub(super) fn message(&self) -> bool {
        self.messages.check().is_ok()
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
