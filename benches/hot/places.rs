//! Where vehicles and riders are: at random, and always the same.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use ridecast::spatial::LatLon;

/// Gives places around a middle.
pub(crate) struct Places {
    chance: StdRng,
    pub(crate) middle: LatLon,
}

impl Places {
    pub(crate) fn new() -> Self {
        Self {
            chance: StdRng::seed_from_u64(1),
            middle: LatLon::new(-34.88, -56.16).unwrap(),
        }
    }

    /// Anywhere in a circle around a place, everywhere as likely.
    pub(crate) fn around(&mut self, center: LatLon, radius_m: f64) -> LatLon {
        let (bearing, part) = (
            self.chance.random_range(0.0..360.0),
            self.chance.random_range(0.0..1.0_f64),
        );
        as_a_device(center.destination(bearing, radius_m * part.sqrt()))
    }

    /// So many in a circle around the middle.
    pub(crate) fn circle(&mut self, count: usize, radius_m: f64) -> Vec<LatLon> {
        let middle = self.middle;
        (0..count).map(|_| self.around(middle, radius_m)).collect()
    }
}

/// 10 m away: within a cell, and within most circles.
pub(crate) fn a_step_from(place: LatLon) -> LatLon {
    as_a_device(place.destination(30.0, 10.0))
}

/// Devices send 7 decimals, and how long a number is decides what its text costs.
fn as_a_device(place: LatLon) -> LatLon {
    let rounded = |degrees: f64| (degrees * 1e7).round() / 1e7;
    LatLon::new(rounded(place.latitude()), rounded(place.longitude())).unwrap()
}
