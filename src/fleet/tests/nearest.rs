//! Who is nearest, and who is within, against brute force.

use proptest::prelude::*;
use ridecast_protocol::VehicleClass;

use super::*;
use crate::spatial::LatLon;

/// What happens to one of a few vehicles.
#[derive(Debug, Clone)]
enum Happens {
    /// It comes, or moves: so far from the middle, in that direction.
    Moves(f64, f64),
    Engaged(bool),
    Offline,
}

fn middle() -> impl Strategy<Value = LatLon> {
    prop_oneof![
        (-90.0..=90.0, -180.0..=180.0),
        (-60.0..=60.0, prop_oneof![179.99..=180.0, -180.0..=-179.99]),
        (89.98..=90.0, -180.0..=180.0),
        (-90.0..=-89.98, -180.0..=180.0),
        (-35.0..=-34.7, -56.4..=-56.0),
    ]
    .prop_map(|(latitude, longitude)| LatLon::new(latitude, longitude).unwrap())
}

fn happens() -> impl Strategy<Value = Happens> {
    let far = prop_oneof![0.0..50.0, 0.0..400.0, 0.0..3_000.0, 0.0..30_000.0];
    let moves = (far, 0.0..360.0_f64).prop_map(|(far, bearing)| Happens::Moves(far, bearing));
    prop_oneof![
        8 => moves,
        1 => any::<bool>().prop_map(Happens::Engaged),
        1 => Just(Happens::Offline),
    ]
}

fn happen(fleet: &Fleet, middle: LatLon, n: usize, what: &Happens, at_ms: i64) {
    let id = VehicleId::new(format!("d{n}")).unwrap();
    let session = session("s1");
    match *what {
        Happens::Moves(far, bearing) => {
            let class = if n.is_multiple_of(3) { "van" } else { "car" };
            let vehicle = fleet.go_online(&id, info(class), &session, at_ms);
            let point = middle.destination(bearing, far);
            let position = Position {
                latitude: point.latitude(),
                longitude: point.longitude(),
                timestamp_ms: at_ms,
                accuracy: None,
                bearing: None,
                speed: None,
            };
            fleet.report(&vehicle, &session, position, at_ms).unwrap();
        }
        Happens::Engaged(engaged) => {
            fleet.engage(&id, engaged);
        }
        Happens::Offline => {
            if let Some(vehicle) = fleet.get(&id) {
                fleet.go_offline(&vehicle, &session);
            }
        }
    }
}

/// All of the fleet that are sought and in the circle, nearest first.
fn brute(fleet: &Fleet, center: LatLon, radius_m: f64, sought: &Sought) -> Vec<(u32, f64)> {
    let mut all: Vec<_> = fleet
        .snapshot()
        .into_iter()
        .filter_map(|vehicle| Some((vehicle.handle(), vehicle.seen()?)))
        .filter(|(_, seen)| sought.class.is_none_or(|class| *class == seen.info.class))
        .filter(|(_, seen)| !(sought.free && seen.engaged))
        .filter(|(_, seen)| !sought.online || seen.state == VehicleState::Online)
        .map(|(handle, seen)| (handle, center.distance_m(seen.fix.point)))
        .filter(|(_, distance_m)| *distance_m <= radius_m)
        .collect();
    all.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
    all
}

proptest! {
    #[test]
    fn the_nearest_are_those_that_brute_force_finds(
        middle in middle(),
        history in proptest::collection::vec((0..150_usize, happens()), 1..600),
        off in (prop_oneof![Just(0.0), 0.0..2_000.0], 0.0..360.0_f64),
        radius_m in prop_oneof![10.0..3_000.0, 3_000.0..60_000.0, Just(30e6)],
        limit in prop_oneof![1..20_usize, Just(1_000)],
        only_vans: bool,
        free: bool,
        online: bool,
    ) {
        let fleet = Fleet::new(Settings {
            limits: Limits { max_speed_mps: 1e9, ..Limits::default() },
            ..Settings::default()
        });
        let half = history.len() / 2;
        for (step, (n, what)) in history.iter().enumerate() {
            let step = i64::try_from(step).unwrap();
            happen(&fleet, middle, *n, what, NOW + step * 50);
            if step == i64::try_from(half).unwrap() {
                // Of those who do not move again some are silent.
                fleet.sweep(NOW + 15_000 + step * 25);
            }
        }
        let van = VehicleClass::new("van").unwrap();
        let sought = Sought { class: only_vans.then_some(&van), free, online };
        let center = middle.destination(off.1, off.0);
        let all = brute(&fleet, center, radius_m, &sought);

        let found = fleet.nearest(center, radius_m, limit, &sought);
        prop_assert_eq!(found.len(), all.len().min(limit));
        for ((vehicle, seen), (handle, distance_m)) in found.iter().zip(&all) {
            // Two that are as far to a micrometre may change places.
            let there_m = center.distance_m(seen.fix.point);
            prop_assert!(vehicle.handle() == *handle || (there_m - distance_m).abs() < 1e-6);
        }

        let area = Area::Circle { center, radius_m };
        let within: Vec<_> = fleet.within(&area).iter().map(|(it, _)| it.handle()).collect();
        let mut all: Vec<_> = brute(&fleet, center, radius_m, &Sought::default())
            .into_iter()
            .map(|(handle, _)| handle)
            .collect();
        all.sort_unstable();
        prop_assert_eq!(within, all);
    }

    #[test]
    fn a_rectangle_has_those_that_brute_force_finds(
        middle in middle(),
        history in proptest::collection::vec((0..150_usize, happens()), 1..300),
        (height, width) in (0.001..0.3_f64, 0.001..0.3_f64),
    ) {
        let fleet = Fleet::new(Settings {
            limits: Limits { max_speed_mps: 1e9, ..Limits::default() },
            ..Settings::default()
        });
        for (step, (n, what)) in history.iter().enumerate() {
            happen(&fleet, middle, *n, what, NOW + i64::try_from(step).unwrap());
        }
        let east = (middle.longitude() + width + 180.0).rem_euclid(360.0) - 180.0;
        let south = middle.latitude().min(89.9);
        let north = (south + height).min(90.0);
        let area = Area::rectangle(south, middle.longitude(), north, east).unwrap();
        let mut all: Vec<_> = fleet
            .snapshot()
            .into_iter()
            .filter(|it| it.seen().is_some_and(|seen| area.contains(seen.fix.point)))
            .map(|it| it.handle())
            .collect();
        all.sort_unstable();
        let within: Vec<_> = fleet.within(&area).iter().map(|(it, _)| it.handle()).collect();
        prop_assert_eq!(within, all);
    }
}

#[test]
fn each_is_met_once_while_they_go_from_block_to_block() {
    let fleet = Fleet::new(Settings {
        limits: Limits {
            max_speed_mps: 1e9,
            ..Limits::default()
        },
        ..Settings::default()
    });
    let middle = LatLon::new(-34.9, -56.2).unwrap();
    for n in 0..4 {
        happen(&fleet, middle, n, &Happens::Moves(900.0, 0.0), NOW);
    }
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for n in 0..4_u32 {
            let (fleet, done) = (&fleet, &done);
            scope.spawn(move || {
                for step in 1..20_000 {
                    let bearing = f64::from((n + step) % 7) * 50.0;
                    let moves = Happens::Moves(900.0, bearing);
                    happen(fleet, middle, n as usize, &moves, NOW + i64::from(step));
                }
                done.store(true, Ordering::Relaxed);
            });
        }
        while !done.load(Ordering::Relaxed) {
            let found = fleet.nearest(middle, 2_000.0, 10, &Sought::default());
            let mut handles: Vec<_> = found.iter().map(|(it, _)| it.handle()).collect();
            handles.sort_unstable();
            handles.dedup();
            assert_eq!(handles.len(), found.len(), "each once");
            assert!(
                fleet
                    .within(&Area::circle(-34.9, -56.2, 2_000.0).unwrap())
                    .len()
                    <= 4
            );
        }
    });
    assert_eq!(
        fleet.nearest(middle, 2_000.0, 10, &Sought::default()).len(),
        4
    );
    for n in 0..4 {
        happen(&fleet, middle, n, &Happens::Offline, NOW + 20_000);
    }
    assert!(fleet.places.is_empty(), "nothing is left behind");
}

#[test]
fn who_is_heard_in_another_class_by_another_node_is_found_by_that() {
    let fleet = node();
    let vehicle = online(&fleet, "s1", NOW);
    let seen = report(&fleet, &vehicle, "s1", NOW);
    let middle = seen.fix.point;
    let found = |class: &str| {
        let class = VehicleClass::new(class).unwrap();
        let sought = Sought {
            class: Some(&class),
            ..Sought::default()
        };
        fleet.nearest(middle, 1_000.0, 10, &sought).len()
    };
    assert_eq!((found("car"), found("van")), (1, 0));

    // The word that its driver is on another node now was lost.
    let mut record = seen.record(&id(), session("s2"));
    record.info = info("van");
    record.position.timestamp_ms += 1;
    fleet.hear(record, NOW + 1, NOW + 1, Teller::Node);
    assert_eq!((found("car"), found("van")), (0, 1));
    fleet.forget(&id());
    assert!(fleet.places.is_empty());
}
