use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Leaves a service alone for a while after it failed, so that a dead one costs nothing.
///
/// The rest doubles with each failure in a row. After it one request is let through; the others
/// go on resting until that one has come back.
#[derive(Debug)]
pub(super) struct Breaker {
    first_rest: Duration,
    longest_rest: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Well,
    Resting { until: Instant, rest: Duration },
}

impl Breaker {
    pub(super) fn new(first_rest: Duration, longest_rest: Duration) -> Self {
        Self {
            first_rest,
            longest_rest,
            state: Mutex::new(State::Well),
        }
    }

    /// Whether it may be asked. The one that may after a rest moves its end on: so nothing is
    /// stuck when it never tells what became of it.
    pub(super) fn lets_through(&self, now: Instant) -> bool {
        match &mut *self.state.lock() {
            State::Well => true,
            State::Resting { until, .. } if now < *until => false,
            State::Resting { until, rest } => {
                *until = now + *rest;
                true
            }
        }
    }

    /// It answered; true when it had failed before.
    pub(super) fn succeeded(&self) -> bool {
        let was = std::mem::replace(&mut *self.state.lock(), State::Well);
        matches!(was, State::Resting { .. })
    }

    /// It failed. `Some` with its rest when it was well before.
    ///
    /// `asked` is when the request was made: those under way together fail together, and only
    /// the first of them counts.
    pub(super) fn failed(&self, asked: Instant, now: Instant) -> Option<Duration> {
        let mut state = self.state.lock();
        match &mut *state {
            State::Well => {
                let rest = self.first_rest;
                let until = now + rest;
                *state = State::Resting { until, rest };
                Some(rest)
            }
            State::Resting { until, rest } => {
                // Asked after the rest began, by the one that was let through.
                if asked + *rest >= *until {
                    *rest = (*rest * 2).min(self.longest_rest);
                    *until = now + *rest;
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn rests_double_up_to_the_longest_and_end_with_a_success() {
        let breaker = Breaker::new(ms(1000), ms(3000));
        let mut now = Instant::now();
        assert!(breaker.lets_through(now));
        assert!(!breaker.succeeded(), "it was well");

        assert_eq!(breaker.failed(now, now), Some(ms(1000)));
        for rest in [1000, 2000, 3000, 3000] {
            assert!(!breaker.lets_through(now + ms(rest - 1)));
            now += ms(rest);
            assert!(breaker.lets_through(now));
            assert!(!breaker.lets_through(now), "only one is let through");
            assert_eq!(breaker.failed(now, now + ms(500)), None);
            now += ms(500);
        }
        now += ms(3000);
        assert!(breaker.lets_through(now));
        assert!(breaker.succeeded());
        assert!(breaker.lets_through(now) && breaker.lets_through(now));
        assert_eq!(breaker.failed(now, now), Some(ms(1000)), "it begins anew");
    }

    #[test]
    fn requests_that_fail_together_count_once() {
        let breaker = Breaker::new(ms(1000), ms(30_000));
        let asked = Instant::now();
        let now = asked + ms(500);
        assert!(breaker.failed(asked, now).is_some());
        for _ in 0..10 {
            assert!(breaker.failed(asked, now).is_none());
        }
        assert!(breaker.lets_through(now + ms(1000)));
    }

    #[test]
    fn a_trial_that_is_never_heard_of_again_blocks_nothing() {
        let breaker = Breaker::new(ms(1000), ms(30_000));
        let now = Instant::now();
        assert!(breaker.failed(now, now).is_some());
        assert!(breaker.lets_through(now + ms(1000)));
        assert!(!breaker.lets_through(now + ms(1999)));
        assert!(breaker.lets_through(now + ms(2000)));
    }
}
