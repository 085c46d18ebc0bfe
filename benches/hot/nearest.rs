//! The 10 nearest of 1,000 vehicles, after one of them has moved.

use std::hint::black_box;

use criterion::{BatchSize, Criterion};
use ridecast::hub::{Format, Sees};
use ridecast::spatial::LatLon;

use crate::places::{Places, a_step_from};
use crate::town::{Town, circle};

const VEHICLES: usize = 1_000;
const RADIUS_M: f64 = 2_000.0;
const LIMIT: u32 = 10;

/// Ours is a whole round of the hub, which also tells the client what it has to. The reference
/// sorts where all are, and ends there.
pub(crate) fn bench(criterion: &mut Criterion) {
    let mut places = Places::new();
    let middle = places.middle;
    let mut all = places.circle(VEHICLES, RADIUS_M - 100.0);
    let mut town = Town::new(&all);
    let channel = circle(middle, RADIUS_M, Some(LIMIT));
    let watching = town.watch(Format::Json, Sees::Free, channel);

    let first = nearest(middle, &all)[0];
    let ends = [all[first], a_step_from(all[first])];
    town.drive(first, ends[1]);
    town.hub.round();
    assert!(watching.taken.bytes.get() > 0, "it is among the nearest");

    let hub = town.hub.clone();
    let mut turn = 0;
    let mut drive = || {
        turn = 1 - turn;
        town.drive(first, ends[turn]);
    };
    let mut group = criterion.benchmark_group("10 nearest of 1,000");
    group.bench_function("ours", |bencher| {
        bencher.iter_batched(&mut drive, |()| hub.round(), BatchSize::PerIteration);
    });
    group.bench_function("naive: all by haversine", |bencher| {
        bencher.iter(|| {
            all.swap(0, 1);
            nearest(middle, black_box(&all))
        });
    });
    group.finish();
}

/// Which of the places they are, the nearest first.
fn nearest(middle: LatLon, all: &[LatLon]) -> Vec<usize> {
    let mut by_distance: Vec<(f64, usize)> = all
        .iter()
        .enumerate()
        .map(|(n, place)| (middle.distance_m(*place), n))
        .collect();
    by_distance.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
    by_distance.truncate(LIMIT as usize);
    by_distance.into_iter().map(|(_, n)| n).collect()
}
