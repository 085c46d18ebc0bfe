//! How vehicles move.

#![expect(clippy::unwrap_used, reason = "that is how a test fails")]

use std::path::Path;
use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use ridecast_roads::{LatLon, Router};
use ridecast_simulator::{Order, Reception, World, load_city};

static HELSINKI: LazyLock<Arc<Router>> = LazyLock::new(|| {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/helsinki-centre-2019-04.osm.pbf");
    load_city(&path, &mut |_| {}).unwrap()
});

const BAD: Reception = Reception {
    noise_m: 5.0,
    losses_per_hour: 60.0,
};

fn world(count: usize, seed: u64, reception: Reception) -> World {
    World::new(Arc::clone(&HELSINKI), count, seed, reception)
}

/// Where all vehicles are, to the last bit, after each of 1,000 steps.
fn history(seed: u64, reception: Reception) -> Vec<Option<(u64, u64)>> {
    let mut world = world(10, seed, reception);
    let mut history = Vec::new();
    for _ in 0..1_000 {
        world.step(1.0);
        for index in 0..world.len() {
            let fix = world.fix(index);
            history
                .push(fix.map(|fix| (fix.place.latitude.to_bits(), fix.place.longitude.to_bits())));
        }
    }
    history
}

#[test]
fn the_same_seed_gives_the_same_positions_for_1000_steps() {
    assert_eq!(history(7, BAD), history(7, BAD));
    let perfect = history(7, Reception::default());
    assert_eq!(perfect, history(7, Reception::default()));
    assert_ne!(perfect, history(8, Reception::default()));
    assert_ne!(perfect, history(7, BAD));
}

#[test]
fn a_vehicle_does_not_depend_on_how_many_others_there_are() {
    let (mut few, mut many) = (world(3, 5, BAD), world(20, 5, BAD));
    for _ in 0..100 {
        few.step(1.0);
        many.step(1.0);
    }
    for index in 0..few.len() {
        assert_eq!(few.fix(index), many.fix(index));
    }
}

#[test]
fn vehicles_get_about() {
    let mut world = world(20, 3, Reception::default());
    let starts: Vec<LatLon> = (0..world.len()).map(|index| world.place(index)).collect();
    let mut farthest = vec![0.0_f64; world.len()];
    let mut fastest = 0.0_f64;
    for _ in 0..300 {
        world.step(1.0);
        for (index, start) in starts.iter().enumerate() {
            farthest[index] = farthest[index].max(start.distance_m(world.place(index)));
            fastest = fastest.max(world.vehicle(index).speed_mps());
        }
    }
    assert!(farthest.iter().all(|&m| m > 200.0), "{farthest:?}");
    assert!(fastest > 8.0, "{fastest} m/s");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn vehicles_keep_to_the_road_its_limit_and_what_tyres_can_do(seed in any::<u64>()) {
        const DT: f64 = 0.1;
        let network = HELSINKI.network();
        let mut world = world(5, seed, Reception::default());
        let mut last: Vec<f64> = (0..world.len()).map(|i| world.vehicle(i).speed_mps()).collect();
        for _ in 0..3_000 {
            world.step(DT);
            for (index, last) in last.iter_mut().enumerate() {
                let vehicle = world.vehicle(index);
                let speed = vehicle.speed_mps();
                let (edge, _) = vehicle.road();
                let limit = network.edge(edge).speed_mps;
                prop_assert!(speed <= limit + 0.5, "{speed} where {limit} is allowed");
                let gain = (speed - *last) / DT;
                // 2.2 m/s²; the last centimetres are left out, and with them 0.37 m/s.
                prop_assert!((-3.7..=1.81).contains(&gain), "{last} to {speed} in {DT} s");
                *last = speed;
            }
        }
        for index in 0..world.len() {
            let place = world.place(index);
            prop_assert!(network.snap(place.latitude, place.longitude, 0.5).is_some());
        }
    }
}

#[test]
fn vehicles_brake_for_turns() {
    let network = HELSINKI.network();
    let mut world = world(20, 11, Reception::default());
    let mut before: Vec<_> = (0..world.len())
        .map(|index| world.vehicle(index).bearing_deg(network))
        .collect();
    let mut turns = 0;
    for _ in 0..6_000 {
        world.step(0.1);
        for (index, before) in before.iter_mut().enumerate() {
            let vehicle = world.vehicle(index);
            let now = vehicle.bearing_deg(network);
            let turn = ((now - *before + 540.0).rem_euclid(360.0) - 180.0).abs();
            if turn > 75.0 {
                turns += 1;
                let speed = vehicle.speed_mps();
                assert!(speed < 6.5, "a turn of {turn} degrees at {speed} m/s");
            }
            *before = now;
        }
    }
    assert!(turns > 50, "only {turns} turns were seen");
}

#[test]
fn noise_moves_fixes_by_what_was_asked_for_and_not_further() {
    let mut noisy = world(
        50,
        2,
        Reception {
            noise_m: 5.0,
            losses_per_hour: 0.0,
        },
    );
    let mut errors = Vec::new();
    for _ in 0..200 {
        noisy.step(5.0);
        for index in 0..noisy.len() {
            let fix = noisy.fix(index).expect("no reception is lost");
            errors.push(noisy.place(index).distance_m(fix.place));
        }
    }
    // 5 m each way is 7.07 m root mean square.
    let squares: f64 = errors.iter().map(|error| error * error).sum();
    let rms = (squares / f64::from(u32::try_from(errors.len()).unwrap())).sqrt();
    assert!((6.0..8.2).contains(&rms), "{rms}");
    assert!(errors.iter().all(|&error| error < 40.0));

    let mut perfect = world(50, 2, Reception::default());
    perfect.step(5.0);
    for index in 0..perfect.len() {
        assert_eq!(perfect.fix(index).unwrap().place, perfect.place(index));
    }
}

#[test]
fn reception_is_lost_for_a_while_and_comes_back() {
    let mut world = world(
        20,
        4,
        Reception {
            noise_m: 0.0,
            losses_per_hour: 60.0,
        },
    );
    let (mut lost, mut steps) = (0_u32, 0_u32);
    let mut gaps = vec![0_u32; world.len()];
    for _ in 0..1_800 {
        world.step(1.0);
        for (index, gap) in gaps.iter_mut().enumerate() {
            steps += 1;
            if world.fix(index).is_none() {
                lost += 1;
                *gap += 1;
                assert!(*gap <= 41, "a gap of {gap} s");
            } else {
                assert!(*gap == 0 || *gap >= 5, "a gap of {gap} s");
                *gap = 0;
            }
        }
    }
    // Gaps of 22.5 s after 60 s with reception: 27 % of the time.
    let share = f64::from(lost) / f64::from(steps);
    assert!((0.2..0.35).contains(&share), "{share}");
}

#[test]
fn a_vehicle_goes_where_it_is_ordered_stays_there_and_drives_on() {
    const DT: f64 = 0.1;
    let network = HELSINKI.network();
    let mut world = world(10, 9, Reception::default());
    let places: Vec<LatLon> = (0..10)
        .map(|nth| {
            let edge = network.edges().nth(nth * 97).unwrap();
            network.place_on(edge, network.edge(edge).length_m * 0.3)
        })
        .collect();
    let mut last = vec![0.0_f64; world.len()];
    for round in 0..3 {
        for index in 0..world.len() {
            last[index] = world.vehicle(index).speed_mps();
            world.order(index, Order::To(places[(index + round) % places.len()]));
        }
        for _ in 0..6_000 {
            world.step(DT);
            for (index, last) in last.iter_mut().enumerate() {
                let speed = world.vehicle(index).speed_mps();
                // Also who is sent back in full drive brakes like a vehicle.
                let gain = (speed - *last) / DT;
                assert!((-4.5..=1.81).contains(&gain), "{last} to {speed} in {DT} s");
                *last = speed;
            }
            if round == 1 && (0..world.len()).all(|index| last[index] > 0.0) {
                // The next orders come while all are under way.
                break;
            }
        }
    }
    for (index, speed) in last.iter().enumerate() {
        assert!(world.vehicle(index).is_there());
        assert!(speed.abs() < 1e-9);
        let missed_m = world.place(index).distance_m(places[(index + 2) % 10]);
        assert!(missed_m < 1.0, "{missed_m} m beside the goal");
        world.order(index, Order::Cruise);
    }
    world.step(60.0);
    for index in 0..world.len() {
        assert!(!world.vehicle(index).is_there());
    }
    let moved = (0..10).filter(|&i| world.place(i).distance_m(places[(i + 2) % 10]) > 20.0);
    assert!(moved.count() >= 8, "they drive on");
}
