//! Which of 1,000 points are in a circle.

use std::hint::black_box;

use criterion::Criterion;
use ridecast::spatial::{Area, LatLon, Spot};

use crate::places::Places;

const POINTS: usize = 1_000;
const RADIUS_M: f64 = 1_000.0;

/// A vehicle's [`Spot`] is made once for each of its moves, whoever watches: the hub asks as
/// "ours" does. "With the spots" is what it would be for a single circle.
pub(crate) fn bench(criterion: &mut Criterion) {
    let mut places = Places::new();
    let middle = places.middle;
    // About half of them are in it.
    let points = places.circle(POINTS, RADIUS_M * std::f64::consts::SQRT_2);
    let both: Vec<(LatLon, Spot)> = points
        .iter()
        .map(|point| (*point, (*point).into()))
        .collect();
    let area = Area::circle(middle.latitude(), middle.longitude(), RADIUS_M).unwrap();
    let inside = area.inside();

    let ours = || {
        let has = |(point, spot): &&(LatLon, Spot)| inside.has(*point, *spot);
        black_box(&both).iter().filter(has).count()
    };
    let with_spots = || {
        let has = |point: &&LatLon| inside.has(**point, Spot::from(**point));
        black_box(&points).iter().filter(has).count()
    };
    let contains = || {
        let has = |point: &&LatLon| area.contains(**point);
        black_box(&points).iter().filter(has).count()
    };
    let haversine = || {
        let has = |point: &&LatLon| middle.distance_m(**point) <= RADIUS_M;
        black_box(&points).iter().filter(has).count()
    };
    assert_eq!(ours(), haversine());
    let mut group = criterion.benchmark_group("filter 1,000 points by a circle");
    group.bench_function("ours: Inside::has", |bencher| bencher.iter(ours));
    group.bench_function("ours, with the spots", |bencher| bencher.iter(with_spots));
    group.bench_function("Area::contains", |bencher| bencher.iter(contains));
    group.bench_function("naive: haversine", |bencher| bencher.iter(haversine));
    group.finish();
}
