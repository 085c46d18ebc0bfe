//! A ride as a list of what has happened, from which everything is read off anew each time.

use ridecast_protocol::{Party, RideState as S, Toward};

use super::RULES;

/// What has happened.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fact {
    Offered {
        number: u8,
        to: u8,
        until_ms: i64,
    },
    Accepted {
        at_ms: i64,
    },
    Arrived {
        at_ms: i64,
    },
    Started {
        at_ms: i64,
    },
    Completed,
    /// Back to the search, at this time.
    Back(Back, i64),
    Near(Toward),
    Cancelled(Party),
    Expired,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Back {
    /// Declined, let pass, or offered to nobody.
    NotTaken,
    /// This driver gave it up.
    Left(u8),
    /// The operator took it away.
    TakenAway,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum No {
    Unknown,
    WrongState,
    OfferOver,
    TooFar,
    Nowhere,
}

/// `None`: nothing happens, and that is right.
pub(super) type Answer = Result<Option<Fact>, No>;

#[derive(Default)]
pub(super) struct Model {
    pub(super) facts: Vec<Fact>,
}

impl Model {
    /// The facts since the ride was last taken back: those of the driver who has it.
    fn now(&self) -> &[Fact] {
        let back = |fact: &Fact| matches!(fact, Fact::Back(..));
        let from = self.facts.iter().rposition(back).map_or(0, |at| at + 1);
        &self.facts[from..]
    }

    fn find<T>(&self, wanted: impl Fn(&Fact) -> Option<T>) -> Option<T> {
        self.now().iter().find_map(wanted)
    }

    pub(super) fn state(&self) -> S {
        let state = |fact: &Fact| match fact {
            Fact::Offered { .. } => Some(S::Offered),
            Fact::Accepted { .. } => Some(S::Accepted),
            Fact::Arrived { .. } => Some(S::Arrived),
            Fact::Started { .. } => Some(S::InProgress),
            Fact::Completed => Some(S::Completed),
            Fact::Cancelled(_) => Some(S::Cancelled),
            Fact::Expired => Some(S::Expired),
            Fact::Near(_) | Fact::Back(..) => None,
        };
        self.now()
            .iter()
            .rev()
            .find_map(state)
            .unwrap_or(S::Requested)
    }

    /// Number, driver and end of the offer that stands or has been accepted.
    pub(super) fn offer(&self) -> Option<(u8, u8, i64)> {
        self.find(|fact| match *fact {
            Fact::Offered {
                number,
                to,
                until_ms,
            } => Some((number, to, until_ms)),
            _ => None,
        })
    }

    fn has(&self, fact: fn(&Fact) -> bool) -> bool {
        self.now().iter().any(fact)
    }

    /// Who drives or has driven it to its end.
    pub(super) fn driver(&self) -> Option<u8> {
        let accepted = self.has(|fact| matches!(fact, Fact::Accepted { .. }));
        self.offer()
            .filter(|_| accepted)
            .map(|(_, driver, _)| driver)
    }

    pub(super) fn cancelled(&self) -> Option<Party> {
        self.find(|fact| match fact {
            Fact::Cancelled(by) => Some(*by),
            _ => None,
        })
    }

    /// Whether the driver had the ride or its offer once, and it went back.
    fn has_passed(&self, driver: u8) -> bool {
        let current = self.facts.len() - self.now().len();
        let was_offered = |fact: &Fact| matches!(fact, Fact::Offered { to, .. } if *to == driver);
        self.facts[..current].iter().any(was_offered)
    }

    fn has_left(&self, driver: u8) -> bool {
        let is_it = |fact: &Fact| matches!(fact, Fact::Back(Back::Left(by), _) if *by == driver);
        self.facts.iter().any(is_it)
    }

    fn searched_until_ms(&self) -> i64 {
        let anew = |fact: &Fact| match fact {
            Fact::Back(Back::Left(_) | Back::TakenAway, at_ms) => Some(*at_ms),
            _ => None,
        };
        self.facts.iter().rev().find_map(anew).unwrap_or(0) + RULES.search_for_ms
    }

    fn since_ms(&self) -> i64 {
        let since = |fact: &Fact| match fact {
            Fact::Accepted { at_ms } | Fact::Arrived { at_ms } | Fact::Started { at_ms } => {
                Some(*at_ms)
            }
            _ => None,
        };
        self.now().iter().rev().find_map(since).unwrap()
    }

    fn step(&self, driver: u8, done: fn(&Fact) -> bool, from: S) -> Result<bool, No> {
        if self.driver() != Some(driver) {
            return Err(No::Unknown);
        }
        if self.has(done) {
            return Ok(false);
        }
        if self.state() == from {
            Ok(true)
        } else {
            Err(No::WrongState)
        }
    }

    fn cancel(&self, by: Party) -> Answer {
        match self.state() {
            S::Cancelled if self.cancelled() == Some(by) => Ok(None),
            state if state.is_over() => Err(No::WrongState),
            _ => Ok(Some(Fact::Cancelled(by))),
        }
    }

    fn tick(&self, at_ms: i64) -> Option<Fact> {
        match self.state() {
            S::Requested if at_ms >= self.searched_until_ms() => Some(Fact::Expired),
            S::Offered if self.offer().is_some_and(|it| at_ms >= it.2) => {
                Some(Fact::Back(Back::NotTaken, at_ms))
            }
            S::Accepted | S::Arrived | S::InProgress
                if at_ms >= self.since_ms() + RULES.abandoned_after_ms =>
            {
                Some(Fact::Cancelled(Party::System))
            }
            _ => None,
        }
    }

    pub(super) fn answer(&self, say: &Concrete, at_ms: i64) -> Answer {
        let state = self.state();
        let only_in = |wanted: S, fact: Fact| {
            if state == wanted {
                Ok(Some(fact))
            } else {
                Err(No::WrongState)
            }
        };
        match *say {
            Concrete::Offer { number, to } => {
                let until_ms = at_ms + RULES.offer_for_ms;
                let offered = Fact::Offered {
                    number,
                    to,
                    until_ms,
                };
                only_in(S::Requested, offered)
            }
            // Something changes, but nothing that counts.
            Concrete::NoVehicle => only_in(S::Requested, Fact::Back(Back::NotTaken, at_ms)),
            Concrete::Accept { by, number } => match self.offer() {
                Some((it, to, _)) if (it, to) == (number, by) && self.driver().is_some() => {
                    Ok(None)
                }
                Some((it, to, until_ms))
                    if (it, to) == (number, by) && state == S::Offered && at_ms < until_ms =>
                {
                    Ok(Some(Fact::Accepted { at_ms }))
                }
                _ => Err(No::OfferOver),
            },
            Concrete::Decline { by, number } => match self.offer() {
                Some((it, to, _)) if (it, to) == (number, by) && state == S::Offered => {
                    Ok(Some(Fact::Back(Back::NotTaken, at_ms)))
                }
                _ if self.has_passed(by) => Ok(None),
                _ => Err(No::OfferOver),
            },
            Concrete::Arrive {
                by,
                distance_m,
                force,
            } => {
                let arrived = |fact: &Fact| matches!(fact, Fact::Arrived { .. });
                if !self.step(by, arrived, S::Accepted)? {
                    return Ok(None);
                }
                match distance_m {
                    Some(0..=250) => {}
                    _ if force => {}
                    Some(_) => return Err(No::TooFar),
                    None => return Err(No::Nowhere),
                }
                Ok(Some(Fact::Arrived { at_ms }))
            }
            Concrete::Start { by } => {
                let started = |fact: &Fact| matches!(fact, Fact::Started { .. });
                let is_new = self.step(by, started, S::Arrived)?;
                Ok(is_new.then_some(Fact::Started { at_ms }))
            }
            Concrete::Complete { by } => {
                let completed = |fact: &Fact| matches!(fact, Fact::Completed);
                let is_new = self.step(by, completed, S::InProgress)?;
                Ok(is_new.then_some(Fact::Completed))
            }
            Concrete::RiderCancels { own: false } => Err(No::Unknown),
            Concrete::RiderCancels { own: true } => self.cancel(Party::Rider),
            Concrete::OperatorCancels => self.cancel(Party::System),
            Concrete::DriverCancels { by } => match self.driver() {
                None if !state.is_over() && self.has_left(by) => Ok(None),
                Some(driver) if driver == by => match state {
                    S::Accepted => Ok(Some(Fact::Back(Back::Left(by), at_ms))),
                    _ => self.cancel(Party::Driver),
                },
                _ => Err(No::Unknown),
            },
            Concrete::Reassign => match state {
                S::Requested => Ok(None),
                S::Offered | S::Accepted | S::Arrived => {
                    Ok(Some(Fact::Back(Back::TakenAway, at_ms)))
                }
                _ => Err(No::WrongState),
            },
            Concrete::Near(end) => {
                let wanted = match end {
                    Toward::Pickup => S::Accepted,
                    Toward::Dropoff => S::InProgress,
                };
                if state == wanted && self.now().contains(&Fact::Near(end)) {
                    return Ok(None);
                }
                only_in(wanted, Fact::Near(end))
            }
            Concrete::Tick => Ok(self.tick(at_ms)),
        }
    }
}

/// What is said, with the persons and numbers that are meant.
#[derive(Debug, Clone)]
pub(super) enum Concrete {
    Offer {
        number: u8,
        to: u8,
    },
    NoVehicle,
    Accept {
        by: u8,
        number: u8,
    },
    Decline {
        by: u8,
        number: u8,
    },
    Arrive {
        by: u8,
        distance_m: Option<u16>,
        force: bool,
    },
    Start {
        by: u8,
    },
    Complete {
        by: u8,
    },
    RiderCancels {
        own: bool,
    },
    DriverCancels {
        by: u8,
    },
    OperatorCancels,
    Reassign,
    Near(Toward),
    Tick,
}
