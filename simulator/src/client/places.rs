//! Where riders stand.

use std::ops::Range;
use std::sync::Arc;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use ridecast_roads::{EdgeId, LatLon, RoadNetwork};

use crate::Trace;

/// How often a random place is drawn to find one that is good for something.
const ATTEMPTS: usize = 100;

/// Where a random rider may be.
#[derive(Clone)]
pub(crate) enum Places {
    /// Anywhere on the roads.
    Roads(Arc<RoadNetwork>),
    /// Where vehicles were recorded.
    Fixes(Arc<Trace>),
}

impl Places {
    pub(crate) fn pick(&self, chance: &mut ChaCha8Rng) -> LatLon {
        match self {
            Self::Roads(network) => {
                let count = u32::try_from(network.edge_count()).unwrap_or(u32::MAX);
                let edge = EdgeId(chance.random_range(0..count));
                network.place_on(edge, network.edge(edge).length_m * chance.random::<f64>())
            }
            Self::Fixes(trace) => {
                let mut draw = || {
                    let fix = trace.fixes()[chance.random_range(0..trace.fixes().len())];
                    LatLon {
                        latitude: fix.latitude,
                        longitude: fix.longitude,
                    }
                };
                (0..ATTEMPTS)
                    .map(|_| draw())
                    .find(on_earth)
                    .unwrap_or(LatLon {
                        latitude: 0.0,
                        longitude: 0.0,
                    })
            }
        }
    }

    /// The end of a trip from there, metres as the crow flies. Short trips are more frequent than
    /// long ones. Where the range cannot be had, it is the nearest to it of many places.
    pub(crate) fn trip(
        &self,
        from: LatLon,
        range_m: &Range<f64>,
        chance: &mut ChaCha8Rng,
    ) -> LatLon {
        let share: f64 = chance.random();
        let wanted_m = range_m.start + (range_m.end - range_m.start) * share * share;
        let beside_m = |place: &LatLon| {
            let distance_m = from.distance_m(*place);
            let outside = distance_m < range_m.start || distance_m > range_m.end;
            (outside, (distance_m - wanted_m).abs())
        };
        let places = (0..ATTEMPTS).map(|_| self.pick(chance));
        let nearest = places.min_by(|a, b| {
            let ((out_a, a), (out_b, b)) = (beside_m(a), beside_m(b));
            out_a.cmp(&out_b).then(a.total_cmp(&b))
        });
        nearest.unwrap_or(from)
    }
}

fn on_earth(place: &LatLon) -> bool {
    place.latitude.abs() <= 90.0 && place.longitude.abs() <= 180.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load_city;
    use crate::world::chance;

    #[test]
    fn trips_are_as_long_as_was_asked_for_and_more_often_short() {
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../data/helsinki-centre-2019-04.osm.pbf"
        );
        let city = load_city(file.as_ref(), &mut |_| {}).unwrap();
        let places = Places::Roads(Arc::clone(city.network()));
        let mut chance = chance(1, 0);
        let mut short = 0;
        for _ in 0..500 {
            let from = places.pick(&mut chance);
            let to = places.trip(from, &(200.0..600.0), &mut chance);
            let distance_m = from.distance_m(to);
            assert!((200.0..=600.0).contains(&distance_m), "{distance_m}");
            short += u32::from(distance_m < 400.0);
        }
        assert!(
            (300..420).contains(&short),
            "{short} of 500 below the middle"
        );
        let from = places.pick(&mut chance);
        let to = places.trip(from, &(50_000.0..60_000.0), &mut chance);
        assert!(from.distance_m(to) > 500.0, "as far as the city goes");
    }
}
