//! Where riders stand.

use std::sync::Arc;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use ridecast_roads::{EdgeId, LatLon, RoadNetwork};

use crate::Trace;

/// How often a random fix is drawn again because it lies nowhere on Earth.
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

    /// A place so far from another, metres as the crow flies; in a place too small for that,
    /// the nearest to it of many.
    pub(crate) fn pick_at(
        &self,
        from: LatLon,
        range_m: std::ops::Range<f64>,
        chance: &mut ChaCha8Rng,
    ) -> LatLon {
        let mut best = (f64::INFINITY, from);
        for _ in 0..ATTEMPTS {
            let place = self.pick(chance);
            let distance_m = from.distance_m(place);
            let beside_m = (range_m.start - distance_m).max(distance_m - range_m.end);
            if beside_m <= 0.0 {
                return place;
            }
            if beside_m < best.0 {
                best = (beside_m, place);
            }
        }
        best.1
    }
}

fn on_earth(place: &LatLon) -> bool {
    place.latitude.abs() <= 90.0 && place.longitude.abs() <= 180.0
}
