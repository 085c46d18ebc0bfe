//! Random commands against a plain model.

mod model;

use std::cell::RefCell;
use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use ridecast_protocol::{
    Eta, OfferId, Place, RideId, RideState as S, Toward, UserId, VehicleClass, VehicleInfo,
};

use model::{Concrete, Fact, Model, No};

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
