//! When a vehicle's last positions were sent, to measure latency by.

use std::time::{Duration, Instant};

use crate::fix::Fix;

/// How many are remembered: latency of up to so many periods can be measured.
const REMEMBERED: usize = 32;

/// The last few positions of one vehicle, in a ring.
#[derive(Debug, Default)]
pub(crate) struct Sendings {
    ring: Vec<Sending>,
    next: usize,
}

#[derive(Debug)]
struct Sending {
    fix: Fix,
    /// The fix's own, unless it could not be sent.
    timestamp_ms: i64,
    at: Instant,
    seen: bool,
}

/// A position that came to a rider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Since its sending.
    pub(crate) age: Duration,
    /// No rider had it before.
    pub(crate) first: bool,
}

impl Sendings {
    /// Of two with the same time the first is remembered: the service refuses the second.
    /// Gives the one that is forgotten for it.
    pub(crate) fn add(&mut self, fix: Fix, at: Instant) -> Option<Fix> {
        if let Some(first) = self.find(fix.timestamp_ms) {
            return Some(fix).filter(|&fix| fix != first.fix);
        }
        let sending = Sending {
            fix,
            timestamp_ms: fix.timestamp_ms,
            at,
            seen: false,
        };
        let next = self.next;
        self.next = (next + 1) % REMEMBERED;
        if self.ring.len() < REMEMBERED {
            self.ring.push(sending);
            return None;
        }
        let forgotten = std::mem::replace(&mut self.ring[next], sending).fix;
        // One that could not be sent may have been sent at last.
        Some(forgotten).filter(|&forgotten| forgotten != fix)
    }

    /// It could not be sent after all.
    pub(crate) fn forget(&mut self, timestamp_ms: i64) {
        if let Some(sending) = self.find(timestamp_ms) {
            // No position is of that time.
            sending.timestamp_ms = i64::MIN;
        }
    }

    /// `None`: it was never sent from here, or too long ago.
    pub(crate) fn seen(&mut self, timestamp_ms: i64, now: Instant) -> Option<Seen> {
        let sending = self.find(timestamp_ms)?;
        let first = !std::mem::replace(&mut sending.seen, true);
        let age = now.saturating_duration_since(sending.at);
        Some(Seen { age, first })
    }

    fn find(&mut self, timestamp_ms: i64) -> Option<&mut Sending> {
        self.ring
            .iter_mut()
            .find(|sending| sending.timestamp_ms == timestamp_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_few_are_remembered_and_the_first_to_see_is_known() {
        let start = Instant::now();
        let at = |ms: i64| start + Duration::from_millis(ms.unsigned_abs());
        let fix = |ms| Fix::new(1.0, 2.0, ms);
        let mut sendings = Sendings::default();
        for ms in 0..100 {
            let forgotten = sendings.add(fix(ms), at(ms));
            let before = ms - i64::try_from(REMEMBERED).unwrap();
            assert_eq!(forgotten, (before >= 0).then(|| fix(before)));
        }
        assert_eq!(sendings.add(fix(99), at(500)), None);
        let seen = |first| {
            let age = Duration::from_millis(7);
            Some(Seen { age, first })
        };
        assert_eq!(sendings.seen(99, at(106)), seen(true));
        assert_eq!(sendings.seen(99, at(106)), seen(false));
        assert_eq!(sendings.seen(68, at(75)), seen(true));
        assert_eq!(sendings.seen(67, at(75)), None, "too long ago");
        sendings.forget(98);
        assert_eq!(sendings.seen(98, at(105)), None, "not sent");
        sendings.add(fix(98), at(200));
        assert_eq!(sendings.seen(98, at(207)), seen(true), "sent at last");
    }
}
