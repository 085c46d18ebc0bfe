use super::{By, Route, Way};
use crate::spatial::LatLon;

/// The last resort: the great circle, somewhat longer, at the usual speed of a city.
pub(super) struct GreatCircle {
    pub(super) detour: f64,
    pub(super) speed_mps: f64,
}

impl GreatCircle {
    pub(super) fn way(&self, from: LatLon, to: LatLon) -> Way {
        let distance_m = from.distance_m(to) * self.detour;
        Way {
            duration_s: distance_m / self.speed_mps,
            distance_m,
            by: By::GreatCircle,
        }
    }

    pub(super) fn route(&self, from: LatLon, to: LatLon) -> Route {
        Route {
            way: self.way(from, to),
            line: vec![from, to],
        }
    }
}
