//! Drives between places in the middle of streets.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use ridecast_roads::{Drive, EdgeId, RoadNetwork, Router, Snap};

use crate::cities::{HELSINKI, load};
use crate::rules::{STREET, crossing};

fn router(ways: &[(&[i64], &[&str])]) -> Router {
    let extract = ways.iter().fold(crossing(), |extract, (nodes, tags)| {
        extract.way(nodes, tags)
    });
    Router::new(Arc::new(extract.load().expect("streets")), &mut |_| {})
}

fn snap(router: &Router, latitude: f64, longitude: f64) -> Snap {
    router
        .network()
        .snap(latitude, longitude, 50.0)
        .expect("a street")
}

fn drive(router: &Router, from: (f64, f64), to: (f64, f64)) -> Drive {
    let (from, to) = (snap(router, from.0, from.1), snap(router, to.0, to.1));
    let drive = router
        .drive(&mut router.search(), &from, &to)
        .expect("a way");
    check(router.network(), &drive, &from, &to);
    drive
}

/// It begins and ends where it should, and has no gap.
fn check(network: &RoadNetwork, drive: &Drive, from: &Snap, to: &Snap) {
    let place = |edge, along_m| network.place_on(edge, along_m);
    let mut at = from.point;
    let mut length_m = 0.0;
    for stretch in &drive.stretches {
        assert!(0.0 <= stretch.from_m && stretch.from_m <= stretch.to_m);
        assert!(stretch.to_m <= network.edge(stretch.edge).length_m);
        assert!(place(stretch.edge, stretch.from_m).distance_m(at) < 0.01);
        at = place(stretch.edge, stretch.to_m);
        length_m += stretch.to_m - stretch.from_m;
    }
    assert!(at.distance_m(to.point) < 0.01);
    assert!((length_m - drive.length_m).abs() < 1e-6);
}

fn about(value: f64, expected: f64) -> bool {
    (value - expected).abs() < 0.01 * expected + 1e-9
}

// A street of 1,112 thousandths of a degree each, 111.2 m, at 36 km/h: 11.12 s.
const SLOW: &[&str] = &[STREET, "maxspeed=36"];
const ONE_WAY: &[&str] = &[STREET, "maxspeed=36", "oneway=yes"];

#[test]
fn only_the_driven_part_of_an_edge_counts() {
    let router = router(&[(&[1, 2, 3], SLOW)]);
    // On one edge, there and back.
    let (south, north) = ((60.0002, 25.0), (60.0008, 25.0));
    for (from, to) in [(south, north), (north, south)] {
        let drive = drive(&router, from, to);
        assert_eq!(drive.stretches.len(), 1);
        assert!(
            about(drive.length_m, 66.7) && about(drive.duration_s, 6.67),
            "{drive:?}"
        );
    }
    // Over two edges.
    let drive = drive(&router, (60.0008, 25.0), (60.0012, 25.0));
    assert!(
        about(drive.length_m, 44.5) && about(drive.duration_s, 4.45),
        "{drive:?}"
    );
}

#[test]
fn who_is_there_drives_no_way() {
    let router = router(&[(&[1, 2, 3], SLOW)]);
    for place in [(60.0005, 25.0), (60.001, 25.0)] {
        let drive = drive(&router, place, place);
        assert!(
            drive.length_m == 0.0 && drive.duration_s == 0.0,
            "{drive:?}"
        );
    }
}

#[test]
fn a_goal_behind_on_a_one_way_street_is_reached_around_the_block() {
    // 1 to 2 one-way, then 4, and back to 1.
    let router = router(&[(&[1, 2, 4, 1], ONE_WAY)]);
    let block_m = router.network().edges_m();
    let drive = drive(&router, (60.0008, 25.0), (60.0002, 25.0));
    assert!(about(drive.length_m, block_m - 66.7), "{drive:?}");
    assert!(
        about(drive.duration_s, (block_m - 66.7) / 10.0),
        "{drive:?}"
    );
}

#[test]
fn a_slow_part_of_one_edge_is_driven_around() {
    // North of 1 straight to 2, or by 4: as long as the straight edge is quick, that one.
    let router = router(&[(&[1, 2], SLOW), (&[1, 4, 2], SLOW)]);
    let (from, to) = ((60.0001, 25.0), (60.0009, 25.0));
    assert_eq!(drive(&router, from, to).stretches.len(), 1);
    let network = router.network();
    let jam = snap(&router, 60.0005, 25.0).edge;
    let is_jam = |edge: EdgeId| edge == jam || network.opposite(jam) == Some(edge);
    let times = network
        .edges()
        .map(|edge| router.travel_ms(edge) * if is_jam(edge) { 20 } else { 1 });
    let jammed = router.with_travel_times(times.collect());
    assert!(drive(&jammed, from, to).stretches.len() > 2);
}

#[test]
fn a_drive_costs_what_the_best_pair_of_ends_costs() {
    let network = Arc::new(load(HELSINKI));
    let router = Router::new(Arc::clone(&network), &mut |_| {});
    let mut search = router.search();
    let mut rng = StdRng::seed_from_u64(11);
    let bounds = network.bounds();
    let mut any = || loop {
        let latitude = rng.random_range(bounds.south..bounds.north);
        let longitude = rng.random_range(bounds.west..bounds.east);
        if let Some(snap) = network.snap(latitude, longitude, 200.0) {
            return snap;
        }
    };
    for _ in 0..300 {
        let (from, to) = (any(), any());
        let found = router.drive(&mut search, &from, &to).unwrap();
        check(&network, &found, &from, &to);
        if from.edge == to.edge {
            continue;
        }
        let seconds = |edge: EdgeId, metres: f64| {
            let length_m = network.edge(edge).length_m;
            let share = if length_m > 0.0 {
                metres / length_m
            } else {
                0.0
            };
            f64::from(router.travel_ms(edge)) / 1000.0 * share
        };
        let both = |snap: &Snap| {
            let length_m = network.edge(snap.edge).length_m;
            let back = network.opposite(snap.edge);
            let back = back.map(|edge| (edge, length_m - snap.along_m));
            [Some((snap.edge, snap.along_m)), back]
                .into_iter()
                .flatten()
        };
        let mut best = f64::INFINITY;
        for (out, out_m) in both(&from) {
            for (into, into_m) in both(&to) {
                let (leave, arrive) = (network.edge(out), network.edge(into).from);
                let between = router.route(&mut search, leave.to, arrive).unwrap();
                let ends = seconds(out, leave.length_m - out_m) + seconds(into, into_m);
                best = best.min(ends + between.duration_s);
            }
        }
        // Four ends are rounded to a millisecond when they are compared.
        assert!(
            (found.duration_s - best).abs() < 0.003,
            "{found:?}, not {best}"
        );
    }
}

#[test]
fn places_must_be_of_this_network() {
    let router = router(&[(&[1, 2, 3], SLOW)]);
    let here = snap(&router, 60.0005, 25.0);
    let mut search = router.search();
    for foreign in [
        Snap {
            edge: EdgeId(99),
            ..here
        },
        Snap {
            along_m: f64::NAN,
            ..here
        },
    ] {
        assert_eq!(router.drive(&mut search, &foreign, &here), None);
        assert_eq!(router.drive(&mut search, &here, &foreign), None);
    }
    // Too far along is the end.
    let beyond = Snap {
        along_m: 1e9,
        ..here
    };
    assert!(router.drive(&mut search, &here, &beyond).is_some());
}
