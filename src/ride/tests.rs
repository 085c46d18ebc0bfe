//! Random commands against a plain model: a list of what has happened, from which everything is
//! read off anew each time.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::RefCell;
use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use ridecast_protocol::{
    Eta, OfferId, Party, Place, RideId, RideState as S, Toward, UserId, VehicleClass, VehicleInfo,
};

use super::{Command, Pending, Reader, Refusal, Ride, Rules};

const RULES: Rules = Rules {
    offer_for_ms: 15_000,
    search_for_ms: 60_000,
    retry_after_ms: 3_000,
    abandoned_after_ms: 100_000,
    arrive_within_m: 250.0,
};

/// What somebody might say, in terms of who is meant: many of them wrong.
#[derive(Debug, Clone)]
enum Say {
    Offer(u8),
    NoVehicle,
    Accept(Who, Which),
    Decline(Who, Which),
    Arrive(Who, Option<u16>, bool),
    Start(Who),
    Complete(Who),
    RiderCancels(bool),
    DriverCancels(Who),
    OperatorCancels,
    Reassign,
    Near(Toward),
    Tick,
}

/// Who has the ride or its offer, or somebody else.
#[derive(Debug, Clone)]
enum Who {
    Right,
    Any(u8),
}

/// The newest offer, or an old one.
#[derive(Debug, Clone)]
enum Which {
    Newest,
    Number(u8),
}

/// What has happened.
#[derive(Debug, Clone, PartialEq)]
enum Fact {
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
enum Back {
    /// Declined, let pass, or offered to nobody.
    NotTaken,
    /// This driver gave it up.
    Left(u8),
    /// The operator took it away.
    TakenAway,
}

#[derive(Debug, Clone, PartialEq)]
enum No {
    Unknown,
    WrongState,
    OfferOver,
    TooFar,
    Nowhere,
}

/// `None`: nothing happens, and that is right.
type Answer = Result<Option<Fact>, No>;

#[derive(Default)]
struct Model {
    facts: Vec<Fact>,
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

    fn state(&self) -> S {
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
    fn offer(&self) -> Option<(u8, u8, i64)> {
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
    fn driver(&self) -> Option<u8> {
        let accepted = self.has(|fact| matches!(fact, Fact::Accepted { .. }));
        self.offer()
            .filter(|_| accepted)
            .map(|(_, driver, _)| driver)
    }

    fn cancelled(&self) -> Option<Party> {
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

    fn answer(&self, say: &Concrete, at_ms: i64) -> Answer {
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
            Concrete::Tick => Ok(match state {
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
            }),
        }
    }
}

/// What is said, with the persons and numbers that are meant.
#[derive(Debug, Clone)]
enum Concrete {
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

impl Say {
    fn concrete(&self, model: &Model) -> Concrete {
        let offers = |fact: &&Fact| matches!(fact, Fact::Offered { .. });
        let made = u8::try_from(model.facts.iter().filter(offers).count()).unwrap();
        let who = |who: &Who| match *who {
            Who::Right => model.offer().map_or(0, |it| it.1),
            Who::Any(n) => n,
        };
        let which = |which: &Which| match *which {
            Which::Newest => made,
            Which::Number(n) => n,
        };
        match self {
            Self::Offer(to) => Concrete::Offer {
                number: made + 1,
                to: *to,
            },
            Self::NoVehicle => Concrete::NoVehicle,
            Self::Accept(by, number) => Concrete::Accept {
                by: who(by),
                number: which(number),
            },
            Self::Decline(by, number) => Concrete::Decline {
                by: who(by),
                number: which(number),
            },
            Self::Arrive(by, distance_m, force) => Concrete::Arrive {
                by: who(by),
                distance_m: *distance_m,
                force: *force,
            },
            Self::Start(by) => Concrete::Start { by: who(by) },
            Self::Complete(by) => Concrete::Complete { by: who(by) },
            Self::RiderCancels(own) => Concrete::RiderCancels { own: *own },
            Self::DriverCancels(by) => Concrete::DriverCancels { by: who(by) },
            Self::OperatorCancels => Concrete::OperatorCancels,
            Self::Reassign => Concrete::Reassign,
            Self::Near(end) => Concrete::Near(*end),
            Self::Tick => Concrete::Tick,
        }
    }
}

fn user(n: u8) -> UserId {
    UserId::new(format!("d{n}")).unwrap()
}

fn offer_id(n: u8) -> OfferId {
    OfferId::new(format!("ride.{n}")).unwrap()
}

fn eta(toward: Toward) -> Eta {
    Eta {
        toward,
        seconds: 60,
        distance_m: 500,
        at_ms: 0,
    }
}

impl Concrete {
    fn command(&self, at_ms: i64) -> Command {
        match *self {
            Self::Offer { number, to } => Command::Offer(Pending {
                id: offer_id(number),
                driver: user(to),
                vehicle: VehicleInfo {
                    class: VehicleClass::new("car").unwrap(),
                    plate: None,
                    label: None,
                },
                at: (1.0, 2.0),
                eta: eta(Toward::Pickup),
                expires_at_ms: at_ms + RULES.offer_for_ms,
            }),
            Self::NoVehicle => Command::NoVehicle,
            Self::Accept { by, number } => Command::Accept {
                driver: user(by),
                offer: offer_id(number),
            },
            Self::Decline { by, number } => Command::Decline {
                driver: user(by),
                offer: offer_id(number),
            },
            Self::Arrive {
                by,
                distance_m,
                force,
            } => Command::Arrive {
                driver: user(by),
                distance_m: distance_m.map(f64::from),
                force,
            },
            Self::Start { by } => Command::Start {
                driver: user(by),
                eta: Some(eta(Toward::Dropoff)),
                fix_ms: Some(at_ms),
            },
            Self::Complete { by } => Command::Complete {
                driver: user(by),
                distance_m: 1_234,
            },
            Self::RiderCancels { own } => Command::CancelByRider {
                rider: UserId::new(if own { "rosa" } else { "mallory" }).unwrap(),
                reason: None,
            },
            Self::DriverCancels { by } => Command::CancelByDriver {
                driver: user(by),
                reason: None,
            },
            Self::OperatorCancels => Command::CancelBySystem { reason: None },
            Self::Reassign => Command::Reassign,
            Self::Near(end) => Command::Near(end),
            Self::Tick => Command::Tick,
        }
    }

    /// Whether somebody says it, who may say it twice.
    const fn is_repeatable(&self) -> bool {
        !matches!(self, Self::Offer { .. } | Self::NoVehicle | Self::Tick)
    }
}

fn ride() -> Ride {
    let place = |latitude| Place {
        latitude,
        longitude: 0.0,
        address: None,
    };
    Ride::request(
        RideId::new("ride").unwrap(),
        UserId::new("rosa").unwrap(),
        (place(1.0), place(2.0)),
        None,
        None,
        0,
        &RULES,
    )
}

/// What must hold of every ride, whatever has happened to it.
fn check(ride: &Ride, model: &Model, changes: u64) {
    let state = model.state();
    assert_eq!(ride.state, state);
    assert_eq!(ride.version, changes + 1);
    assert_eq!(ride.offer.is_some(), state == S::Offered);
    let driver = model.driver().map(user);
    assert_eq!(ride.drive.as_ref().map(|it| &it.driver), driver.as_ref());
    assert!(!state.is_driven() || driver.is_some());
    assert_eq!(ride.cancelled.as_ref().map(|it| it.by), model.cancelled());
    assert_eq!(ride.cancelled.is_some(), state == S::Cancelled);
    assert_eq!(ride.ended_at_ms.is_some(), state.is_over());
    assert_eq!(ride.distance_m.is_some(), state == S::Completed);
    assert_eq!(ride.deadline_ms(&RULES).is_some(), !state.is_over());

    let is_held = state == S::Offered || state.is_driven();
    let holder = model.offer().filter(|_| is_held).map(|it| user(it.1));
    assert_eq!(ride.holds(), holder.as_ref());
    assert_eq!(ride.driver(), driver.as_ref().filter(|_| state.is_driven()));

    let seen = ride.seen_by(Reader::Rider);
    assert_eq!(seen.driver.is_some(), state.is_driven());
    assert!(seen.rider.is_none());
    for n in 0..4 {
        let seen = ride.seen_by(Reader::Driver(&user(n)));
        assert_eq!(seen.driver.is_some(), driver == Some(user(n)));
        assert!(seen.rider.is_none());
    }
    assert!(ride.seen_by(Reader::Operator).rider.is_some());
    let kept = serde_json::to_vec(ride).unwrap();
    assert_eq!(&serde_json::from_slice::<Ride>(&kept).unwrap(), ride);
}

fn no(refusal: &Refusal) -> No {
    match refusal {
        Refusal::Unknown => No::Unknown,
        Refusal::WrongState(_) => No::WrongState,
        Refusal::OfferOver => No::OfferOver,
        Refusal::TooFar { .. } => No::TooFar,
        Refusal::Nowhere => No::Nowhere,
    }
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![4 => Just(Who::Right), 1 => (0..4_u8).prop_map(Who::Any)]
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![4 => Just(Which::Newest), 1 => (0..4_u8).prop_map(Which::Number)]
}

fn say() -> impl Strategy<Value = Say> {
    let end = || prop_oneof![Just(Toward::Pickup), Just(Toward::Dropoff)];
    let distance_m = proptest::option::weighted(0.9, 0..400_u16);
    prop_oneof![
        6 => (0..4_u8).prop_map(Say::Offer),
        1 => Just(Say::NoVehicle),
        6 => (who(), which()).prop_map(|(by, it)| Say::Accept(by, it)),
        1 => (who(), which()).prop_map(|(by, it)| Say::Decline(by, it)),
        5 => (who(), distance_m, any::<bool>()).prop_map(|(by, at, force)| Say::Arrive(by, at, force)),
        5 => who().prop_map(Say::Start),
        4 => who().prop_map(Say::Complete),
        1 => any::<bool>().prop_map(Say::RiderCancels),
        1 => who().prop_map(Say::DriverCancels),
        1 => Just(Say::OperatorCancels),
        1 => Just(Say::Reassign),
        3 => end().prop_map(Say::Near),
        3 => Just(Say::Tick),
    ]
}

/// Mostly soon after the last, sometimes much later.
fn later() -> impl Strategy<Value = i64> {
    prop_oneof![6 => 0..2_000_i64, 2 => 2_000..20_000_i64, 1 => 20_000..120_000_i64]
}

#[test]
fn whatever_is_said_a_ride_is_what_the_model_says() {
    let seen = RefCell::new(BTreeSet::new());
    let cases = Config {
        cases: 3_000,
        failure_persistence: None,
        ..Config::default()
    };
    let said = proptest::collection::vec((later(), say()), 1..40);
    let result = TestRunner::new(cases).run(&said, |said| {
        let (mut ride, mut model) = (ride(), Model::default());
        let (mut at_ms, mut changes) = (0, 0);
        check(&ride, &model, changes);
        for (later_ms, say) in said {
            at_ms += later_ms;
            let say = say.concrete(&model);
            let command = say.command(at_ms);
            let (is, should) = (
                ride.after(&command, at_ms, &RULES),
                model.answer(&say, at_ms),
            );
            let before = ride.state;
            match (is, should) {
                (Ok(Some(after)), Ok(Some(fact))) => {
                    changes += 1;
                    ride = after;
                    model.facts.push(fact);
                    check(&ride, &model, changes);
                    if say.is_repeatable() {
                        let again = ride.after(&command, at_ms, &RULES);
                        prop_assert_eq!(again, Ok(None), "{:?} twice", &command);
                    }
                    seen.borrow_mut().insert((before, ride.state));
                }
                (Ok(None), Ok(None)) => {}
                (Err(refusal), Err(should)) => prop_assert_eq!(no(&refusal), should),
                (is, should) => {
                    prop_assert!(
                        false,
                        "{:?} in {:?}: {:?}, and should be {:?}",
                        command,
                        before,
                        is,
                        should
                    );
                }
            }
        }
        Ok(())
    });
    result.unwrap();

    // Every way from state to state was gone, and no other.
    let (open, driven) = (
        [
            S::Requested,
            S::Offered,
            S::Accepted,
            S::Arrived,
            S::InProgress,
        ],
        [S::Accepted, S::InProgress],
    );
    let mut all = BTreeSet::from([
        (S::Requested, S::Requested),
        (S::Requested, S::Offered),
        (S::Requested, S::Expired),
        (S::Offered, S::Requested),
        (S::Offered, S::Accepted),
        (S::Accepted, S::Requested),
        (S::Accepted, S::Arrived),
        (S::Arrived, S::Requested),
        (S::Arrived, S::InProgress),
        (S::InProgress, S::Completed),
    ]);
    all.extend(open.map(|state| (state, S::Cancelled)));
    // A notice.
    all.extend(driven.map(|state| (state, state)));
    assert_eq!(seen.into_inner(), all);
}

#[test]
fn a_search_ends_however_often_drivers_say_no() {
    let (mut ride, mut at_ms) = (ride(), 0);
    for n in 0..200_u8 {
        let offer = Concrete::Offer { number: n, to: n };
        let Ok(Some(offered)) = ride.after(&offer.command(at_ms), at_ms, &RULES) else {
            unreachable!("it is requested");
        };
        at_ms += 10_000;
        let decline = Concrete::Decline { by: n, number: n };
        let declined = offered.after(&decline.command(at_ms), at_ms, &RULES);
        let declined = declined.unwrap().unwrap();
        match declined.after(&Command::Tick, at_ms, &RULES) {
            Ok(Some(expired)) => {
                assert_eq!(expired.state, S::Expired);
                assert_eq!(at_ms, RULES.search_for_ms);
                return;
            }
            _ => ride = declined,
        }
    }
    unreachable!("it goes on for ever");
}
