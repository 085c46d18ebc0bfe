use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use ridecast_protocol::{
    ChatMessage, ClientMessage, DriverCard, ErrorCode, Eta, Event, Offer, OfferId, OfferState,
    Party, Place, Ride, RideId, RideState, SubscriptionName, Toward, VehicleClass, VehicleId,
    VehicleInfo,
};
use ridecast_roads::LatLon;

use super::{Act, DriverPlay, Fact, Manners, Play, RiderPlay};
use crate::Order;
use crate::world::chance;

const PICKUP: LatLon = LatLon {
    latitude: 60.17,
    longitude: 24.94,
};
const DROPOFF: LatLon = LatLon {
    latitude: 60.18,
    longitude: 24.95,
};
/// Longer than anybody takes for anything.
const LONG: Duration = Duration::from_mins(5);

fn manners(accept: f64, decline: f64, cancel: f64) -> Manners {
    Manners {
        accept,
        decline,
        cancel,
        haste: 1.0,
    }
}

fn seeded(seed: u64) -> ChaCha8Rng {
    chance(seed, 0)
}

fn place(place: LatLon) -> Place {
    Place {
        latitude: place.latitude,
        longitude: place.longitude,
        address: None,
    }
}

fn card() -> DriverCard {
    DriverCard {
        id: VehicleId::new("ana").unwrap(),
        vehicle: VehicleInfo {
            class: VehicleClass::new("car").unwrap(),
            plate: None,
            label: None,
        },
    }
}

fn ride(id: &str, state: RideState, version: u64) -> Ride {
    let eta = Eta {
        toward: Toward::Pickup,
        seconds: 60,
        distance_m: 500,
        at_ms: 4_000,
    };
    Ride {
        ride_id: RideId::new(id).unwrap(),
        state,
        version,
        pickup: place(PICKUP),
        dropoff: place(DROPOFF),
        vehicle_class: None,
        rider: None,
        driver: state.is_driven().then(card),
        search: None,
        eta: (state == RideState::Accepted).then_some(eta),
        trip: None,
        cancelled: None,
        requested_at_ms: 1_000,
        accepted_at_ms: Some(5_000),
        arrived_at_ms: Some(74_000),
        started_at_ms: None,
        ended_at_ms: None,
        distance_m: None,
        duration_s: None,
    }
}

fn told(id: &str, state: RideState, version: u64) -> Event {
    Event::Ride(Box::new(ride(id, state, version)))
}

fn offer(state: OfferState) -> Event {
    Event::Offer(Offer {
        offer_id: OfferId::new("r.1").unwrap(),
        ride_id: RideId::new("r").unwrap(),
        state,
        pickup: place(PICKUP),
        dropoff: place(DROPOFF),
        vehicle_class: None,
        eta: ride("r", RideState::Accepted, 1).eta.unwrap(),
        trip: None,
        expires_at_ms: 0,
    })
}

/// All that is asked for until `now`, chats and subscriptions apart.
fn asked(play: &mut impl Play, now: Instant) -> Vec<String> {
    play.pass(now);
    let asked = play.acts().into_iter().filter_map(|act| match act {
        Act::Ask(message) => serde_json::to_value(message).unwrap()["type"]
            .as_str()
            .map(str::to_owned),
        Act::Drive(_) | Act::Tell(_) => None,
    });
    asked
        .filter(|kind| !kind.contains("chat") && !kind.contains("subscribe"))
        .collect()
}

fn driver(manners: Manners, seed: u64) -> DriverPlay {
    DriverPlay::new(manners, "k", seeded(seed))
}

fn rider(manners: Manners, seed: u64) -> RiderPlay {
    let channel = SubscriptionName::new("ride").unwrap();
    RiderPlay::new(manners, "k", channel, seeded(seed))
}

#[test]
fn offers_are_accepted_declined_and_ignored_in_their_shares() {
    let now = Instant::now();
    let mut counts = [0; 3];
    for seed in 0..1_000 {
        let mut driver = driver(manners(0.6, 0.3, 0.0), seed);
        driver.event(&offer(OfferState::Open), now);
        assert_eq!(
            asked(&mut driver, now),
            Vec::<String>::new(),
            "it takes thought"
        );
        match asked(&mut driver, now + LONG).first().map(String::as_str) {
            Some("accept_offer") => counts[0] += 1,
            Some("decline_offer") => counts[1] += 1,
            None => counts[2] += 1,
            other => panic!("{other:?}"),
        }
    }
    for (count, expected) in counts.into_iter().zip([600, 300, 100]) {
        assert!(
            (expected - 60..expected + 60).contains(&count),
            "{counts:?}"
        );
    }
}

#[test]
fn an_offer_that_is_over_is_not_answered() {
    let now = Instant::now();
    let mut driver = driver(manners(1.0, 0.0, 0.0), 1);
    driver.event(&offer(OfferState::Open), now);
    driver.event(&offer(OfferState::Withdrawn), now);
    assert_eq!(asked(&mut driver, now + LONG), Vec::<String>::new());
}

#[test]
fn a_driver_drives_a_ride_from_beginning_to_end() {
    let mut now = Instant::now();
    let mut driver = driver(manners(1.0, 0.0, 0.0), 1);
    driver.event(&offer(OfferState::Open), now);
    now += LONG;
    assert_eq!(asked(&mut driver, now), ["accept_offer"]);
    assert!(!driver.is_busy(), "not before the event");

    driver.event(&told("r", RideState::Accepted, 3), now);
    assert!(driver.is_busy());
    assert!(driver.acts().contains(&Act::Drive(Order::To(PICKUP))));
    now += LONG;
    assert_eq!(
        asked(&mut driver, now),
        Vec::<String>::new(),
        "still on the way"
    );
    driver.reached(now);
    now += LONG;
    assert_eq!(asked(&mut driver, now), ["arrive"]);

    let arrive = ClientMessage::Arrive(ridecast_protocol::Arrive {
        ride_id: RideId::new("r").unwrap(),
        force: None,
    });
    driver.refused(&arrive, ErrorCode::TooFar, now);
    now += LONG;
    assert_eq!(asked(&mut driver, now), ["arrive"], "once more");

    driver.event(&told("r", RideState::Arrived, 4), now);
    now += LONG;
    assert_eq!(asked(&mut driver, now), ["start_ride"]);
    driver.event(&told("r", RideState::InProgress, 5), now);
    assert!(driver.acts().contains(&Act::Drive(Order::To(DROPOFF))));
    driver.reached(now);
    now += LONG;
    assert_eq!(asked(&mut driver, now), ["complete_ride"]);
    driver.event(&told("r", RideState::Completed, 6), now);
    assert!(!driver.is_busy());
    assert!(driver.acts().contains(&Act::Drive(Order::Cruise)));
}

#[test]
fn a_driver_whose_ride_is_taken_away_cruises_on() {
    let now = Instant::now();
    for state in [RideState::Requested, RideState::Cancelled] {
        let mut driver = driver(manners(1.0, 0.0, 0.0), 1);
        driver.event(&told("r", RideState::Accepted, 3), now);
        driver.reached(now);
        driver.acts();
        driver.event(&told("other", RideState::Cancelled, 9), now);
        assert!(driver.is_busy(), "that was another ride");
        driver.event(&told("r", state, 4), now);
        assert!(!driver.is_busy());
        assert_eq!(driver.acts(), [Act::Drive(Order::Cruise)]);
        assert_eq!(asked(&mut driver, now + LONG), Vec::<String>::new());
    }
}

#[test]
fn some_drivers_think_better_of_it_but_not_once_they_have_arrived() {
    let now = Instant::now();
    let mut driver = driver(manners(1.0, 0.0, 1.0), 1);
    driver.event(&told("r", RideState::Accepted, 3), now);
    assert_eq!(asked(&mut driver, now + LONG), ["cancel_ride"]);
    driver.event(&told("s", RideState::Accepted, 3), now);
    driver.event(&told("s", RideState::Arrived, 4), now);
    assert_eq!(asked(&mut driver, now + LONG), ["start_ride"]);
}

#[test]
fn a_rider_has_a_ride_and_its_figures() {
    let now = Instant::now();
    let mut rider = rider(manners(1.0, 0.0, 0.0), 1);
    assert!(rider.is_free());
    rider.wish(PICKUP, DROPOFF, now);
    assert!(!rider.is_free() && rider.is_busy());
    assert_eq!(asked(&mut rider, now), ["request_ride"]);

    rider.event(&told("r", RideState::Requested, 1), now);
    rider.event(&told("r", RideState::Offered, 2), now);
    assert_eq!(rider.acts(), [Act::Tell(Fact::Asked)]);
    rider.event(&told("r", RideState::Accepted, 3), now);
    let acts = rider.acts();
    assert!(acts.contains(&Act::Tell(Fact::Accepted(Duration::from_secs(4)))));
    let follows = |acts: &[Act]| {
        let subscribes = |act: &&Act| matches!(act, Act::Ask(ClientMessage::Subscribe(_)));
        acts.iter().filter(subscribes).count()
    };
    assert_eq!(follows(&acts), 1);
    rider.session();
    assert_eq!(
        follows(&rider.acts()),
        1,
        "a subscription ends with its session"
    );

    rider.event(&told("r", RideState::Arrived, 4), now);
    // Told at 4 s to come in 60 s, came at 74 s.
    assert_eq!(rider.acts(), [Act::Tell(Fact::Arrived(10.0))]);
    rider.event(&told("r", RideState::InProgress, 5), now);
    rider.event(&told("r", RideState::Completed, 6), now);
    assert!(rider.acts().contains(&Act::Tell(Fact::Over("completed"))));
    assert!(rider.is_free());
    rider.event(&told("r", RideState::Completed, 6), now);
    assert_eq!(rider.acts(), [], "it is over once");
}

#[test]
fn the_answer_to_a_repeated_wish_may_be_far_ahead() {
    let now = Instant::now();
    let mut rider = rider(manners(1.0, 0.0, 0.0), 1);
    rider.wish(PICKUP, DROPOFF, now);
    let [Act::Ask(request)] = &rider.acts()[..] else {
        panic!("a request");
    };
    rider.done(request, Some(&ride("r", RideState::Accepted, 3)), now);
    let before = rider.acts();
    assert!(before.contains(&Act::Tell(Fact::Asked)));
    assert!(before.contains(&Act::Tell(Fact::Accepted(Duration::from_secs(4)))));
    rider.event(&told("r", RideState::Requested, 1), now);
    rider.event(&told("r", RideState::Accepted, 3), now);
    assert_eq!(rider.acts(), [], "known already");
}

#[test]
fn each_end_of_a_ride_has_its_word() {
    let now = Instant::now();
    for (state, by, word) in [
        (RideState::Completed, None, "completed"),
        (RideState::Expired, None, "expired"),
        (
            RideState::Cancelled,
            Some(Party::Rider),
            "cancelled_by_rider",
        ),
        (
            RideState::Cancelled,
            Some(Party::Driver),
            "cancelled_by_driver",
        ),
        (
            RideState::Cancelled,
            Some(Party::System),
            "cancelled_by_system",
        ),
    ] {
        let mut rider = rider(manners(1.0, 0.0, 0.0), 1);
        rider.wish(PICKUP, DROPOFF, now);
        rider.event(&told("r", RideState::Requested, 1), now);
        let mut last = ride("r", state, 2);
        last.cancelled = by.map(|by| ridecast_protocol::Cancelled {
            by,
            stage: RideState::Requested,
            reason: None,
        });
        rider.event(&Event::Ride(Box::new(last)), now);
        assert!(
            rider.acts().contains(&Act::Tell(Fact::Over(word))),
            "{word}"
        );
        assert!(rider.is_free());
    }
}

#[test]
fn riders_who_regret_it_give_it_up_and_at_the_end_all_do() {
    let now = Instant::now();
    let mut regretful = rider(manners(1.0, 0.0, 1.0), 1);
    regretful.wish(PICKUP, DROPOFF, now);
    regretful.event(&told("r", RideState::Requested, 1), now);
    regretful.acts();
    assert_eq!(asked(&mut regretful, now + LONG), ["cancel_ride"]);

    // Even who has asked and knows nothing yet.
    let mut last = rider(manners(1.0, 0.0, 0.0), 1);
    last.wish(PICKUP, DROPOFF, now);
    last.wind_up();
    assert_eq!(asked(&mut last, now), ["request_ride"]);
    last.event(&told("r", RideState::Requested, 1), now);
    assert_eq!(asked(&mut last, now), ["cancel_ride"]);
    let mut cancelled = ride("r", RideState::Cancelled, 2);
    cancelled.cancelled = Some(ridecast_protocol::Cancelled {
        by: Party::Rider,
        stage: RideState::Requested,
        reason: None,
    });
    last.event(&Event::Ride(Box::new(cancelled)), now);
    assert!(last.acts().contains(&Act::Tell(Fact::Over("cut_short"))));
    assert!(
        !last.is_free() && !last.is_busy(),
        "and wishes nothing more"
    );
}

#[test]
fn a_refused_wish_leaves_the_rider_free() {
    let now = Instant::now();
    let mut rider = rider(manners(1.0, 0.0, 0.0), 1);
    rider.wish(PICKUP, DROPOFF, now);
    let [Act::Ask(request)] = &rider.acts()[..] else {
        panic!("a request");
    };
    rider.refused(request, ErrorCode::OpenRideExists, now);
    assert!(rider.is_free());
}

#[test]
fn what_is_said_is_read_and_talk_comes_to_an_end() {
    let mut now = Instant::now();
    let (mut rider, mut driver) = (
        rider(manners(1.0, 0.0, 0.0), 1),
        driver(manners(1.0, 0.0, 0.0), 2),
    );
    rider.wish(PICKUP, DROPOFF, now);
    for play in [&mut rider as &mut dyn Play, &mut driver] {
        play.event(&told("r", RideState::Accepted, 3), now);
    }
    let (mut said, mut read, mut heard) = (0_u64, 0, 0);
    let mut hear = |from, play: &mut dyn Play, now| {
        said += 1;
        play.event(
            &Event::Chat(ChatMessage {
                ride_id: RideId::new("r").unwrap(),
                number: said,
                from,
                text: None,
                quick: None,
                at_ms: 0,
            }),
            now,
        );
    };
    // Somebody has to begin; then they answer each other.
    hear(Party::Driver, &mut rider, now);
    let mut lines = 0;
    for _ in 0..200 {
        now += LONG;
        for (from, is_rider) in [(Party::Rider, true), (Party::Driver, false)] {
            let play: &mut dyn Play = if is_rider { &mut rider } else { &mut driver };
            play.pass(now);
            let acts = play.acts();
            let other: &mut dyn Play = if is_rider { &mut driver } else { &mut rider };
            for act in acts {
                match act {
                    Act::Ask(ClientMessage::SendChat(_)) => {
                        lines += 1;
                        hear(from, other, now);
                    }
                    Act::Ask(ClientMessage::ReadChat(_)) => read += 1,
                    Act::Tell(Fact::Heard) => heard += 1,
                    _ => {}
                }
            }
        }
    }
    assert!(lines <= 8, "{lines} lines");
    assert_eq!((read, heard), (lines + 1, lines + 1), "all was read");
}
