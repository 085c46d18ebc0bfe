//! All vehicles counted by cells, as once a second while somebody watches.

use std::collections::HashMap;
use std::hint::black_box;

use criterion::Criterion;
use ridecast::fleet::Grain;
use ridecast::spatial::{Area, Cell, Hexagon, LatLon, Resolution};

use crate::places::Places;
use crate::town::Town;

/// The reference makes each vehicle's cell anew from its position.
pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("count by cells");
    group.sample_size(20);
    for count in [10_000, 100_000] {
        let mut places = Places::new();
        let (center, radius_m) = (places.middle, 15_000.0);
        let town = Town::new(&places.circle(count, radius_m));
        let area = Area::Circle { center, radius_m };
        for resolution in [Resolution::Seven, Resolution::Nine] {
            let grain = Grain {
                resolution,
                class: None,
            };
            let _watch = town.fleet.watch_density(grain, area);
            group.bench_function(format!("ours, {count} at {resolution}"), |bencher| {
                bencher.iter(|| town.fleet.count_densities(false));
            });
        }
        group.bench_function(format!("naive, {count} at 7"), |bencher| {
            bencher.iter(|| black_box(naive(&town, Resolution::Seven)));
        });
    }
    group.finish();
}

fn naive(town: &Town, resolution: Resolution) -> HashMap<Hexagon, (LatLon, [u32; 2])> {
    let mut counts = HashMap::new();
    for seen in town.vehicles.iter().filter_map(|vehicle| vehicle.seen()) {
        let point = seen.fix.point;
        let hexagon = Hexagon::around(Cell::of(point), point, resolution);
        let (_, tally) = counts.entry(hexagon).or_insert((hexagon.center(), [0; 2]));
        tally[0] += 1;
        tally[1] += u32::from(seen.engaged);
    }
    counts
}
