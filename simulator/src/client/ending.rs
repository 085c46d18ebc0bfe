//! Why a session ended, and what a client does then.

use std::time::Duration;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use ridecast_protocol::{CloseCode, Role};

/// The longest wait before the first attempt, doubled with each that fails.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// No wait is longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Why a session ended or never began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// We wanted it so.
    Stopped,
    /// The service closed it.
    Closed {
        code: u16,
        /// What its `bye` asked for.
        bye: Option<Bye>,
    },
    /// The service did not open it.
    Refused {
        /// Of the HTTP answer.
        status: u16,
        /// The code in its body, else made from the status.
        word: String,
    },
    /// We let it drop, as a bad network would.
    Dropped,
    /// It broke, or could not be made. Worth another attempt.
    Broken(&'static str),
    /// No attempt would ever succeed.
    Hopeless(String),
}

/// What the service said before it closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bye {
    pub(super) code: u16,
    /// `None`: do not reconnect.
    pub(super) reconnect_in: Option<Duration>,
}

/// What to do after an ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// All is well.
    Nothing,
    /// Wait as the service said.
    ReconnectIn(Duration),
    /// Wait as the back-off says.
    Reconnect,
    /// Stay away.
    GiveUp,
}

impl Ending {
    pub(super) fn final_error(what: &str, error: &dyn std::error::Error) -> Self {
        Self::Hopeless(format!("{what}: {error}"))
    }

    pub(super) fn then(&self, role: Role) -> Then {
        match *self {
            Self::Stopped => Then::Nothing,
            Self::Hopeless(_) => Then::GiveUp,
            // Whoever took the place would be replaced in turn, without an end.
            Self::Closed { code, .. }
                if code == CloseCode::Replaced.number() && role == Role::Driver =>
            {
                Then::GiveUp
            }
            Self::Closed { code, .. } if (4500..5000).contains(&code) => Then::GiveUp,
            Self::Closed { bye: Some(bye), .. } => match bye.reconnect_in {
                Some(wait) => Then::ReconnectIn(wait),
                None => Then::GiveUp,
            },
            Self::Refused { status, .. } if (400..500).contains(&status) => match status {
                408 | 425 | 429 => Then::Reconnect,
                _ => Then::GiveUp,
            },
            Self::Closed { bye: None, .. }
            | Self::Refused { .. }
            | Self::Dropped
            | Self::Broken(_) => Then::Reconnect,
        }
    }

    /// For the report.
    pub(super) fn word(&self) -> String {
        match self {
            Self::Stopped => "stopped".to_owned(),
            Self::Dropped => "dropped_on_purpose".to_owned(),
            Self::Closed { code, .. } => format!("closed_{code}"),
            Self::Refused { word, .. } | Self::Hopeless(word) => word.clone(),
            Self::Broken(word) => (*word).to_owned(),
        }
    }
}

/// Exponential back-off with full jitter: a crowd that lost its service at one
/// moment must not come back at one moment.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// A session was opened: the next trouble is a new one.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    pub(super) fn wait(&mut self, chance: &mut ChaCha8Rng) -> Duration {
        let longest = FIRST_WAIT
            .saturating_mul(1 << self.failures.min(16))
            .min(LONGEST_WAIT);
        self.failures += 1;
        longest.mul_f64(chance.random())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(code: u16) -> Ending {
        Ending::Closed { code, bye: None }
    }

    fn closed_after_bye(code: u16, reconnect_in: Option<Duration>) -> Ending {
        let bye = Some(Bye { code, reconnect_in });
        Ending::Closed { code, bye }
    }

    #[test]
    fn the_close_code_and_the_bye_decide() {
        let then = |ending: Ending| ending.then(Role::Driver);
        let soon = Duration::from_millis(70);
        let and_soon = |code| closed_after_bye(code, Some(soon));
        assert_eq!(then(closed(4000)), Then::Reconnect);
        assert_eq!(then(and_soon(4000)), Then::ReconnectIn(soon));
        assert_eq!(then(closed_after_bye(4000, None)), Then::GiveUp);
        assert_eq!(then(and_soon(4002)), Then::GiveUp);
        assert_eq!(and_soon(4002).then(Role::Rider), Then::ReconnectIn(soon));
        assert_eq!(then(and_soon(4500)), Then::GiveUp);
        assert_eq!(then(closed(1006)), Then::Reconnect);
        assert_eq!(then(Ending::Broken("connection_broken")), Then::Reconnect);
    }

    #[test]
    fn an_http_answer_that_will_not_change_is_final() {
        let refused = |status| Ending::Refused {
            status,
            word: String::new(),
        };
        for (status, then) in [
            (401, Then::GiveUp),
            (404, Then::GiveUp),
            (429, Then::Reconnect),
            (503, Then::Reconnect),
        ] {
            assert_eq!(refused(status).then(Role::Rider), then, "{status}");
        }
    }

    #[test]
    fn waits_grow_to_a_limit_and_spread_over_their_whole_range() {
        let mut chance = crate::world::chance(1, 0);
        let mut backoff = Backoff::default();
        assert!(backoff.wait(&mut chance) <= FIRST_WAIT);
        for _ in 0..30 {
            assert!(backoff.wait(&mut chance) <= LONGEST_WAIT);
        }
        let late: Vec<_> = (0..100).map(|_| backoff.wait(&mut chance)).collect();
        assert!(late.iter().any(|wait| *wait < LONGEST_WAIT / 4));
        assert!(late.iter().any(|wait| *wait > LONGEST_WAIT * 3 / 4));
    }
}
