//! Places on earth.

use geo::{Bearing, Distance, Haversine, Point};

/// A place on earth, WGS 84.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LatLon {
    /// Degrees north of the equator, -90 to 90.
    pub latitude: f64,
    /// Degrees east of Greenwich, -180 to 180.
    pub longitude: f64,
}

impl LatLon {
    /// Great-circle (haversine) distance in metres on a sphere of the mean radius 6,371,008.8 m;
    /// at most 0.5 % off the ellipsoid.
    #[must_use]
    pub fn distance_m(self, other: Self) -> f64 {
        Haversine.distance(Point::from(self), Point::from(other))
    }

    /// Direction in which a great circle to `other` starts: degrees clockwise from true north,
    /// 0 (included) to 360 (excluded). 0 when both are the same place.
    #[must_use]
    pub fn bearing_deg(self, other: Self) -> f64 {
        let bearing = Haversine.bearing(Point::from(self), Point::from(other));
        // The remainder of a tiny negative number is 360 itself after rounding.
        let bearing = bearing.rem_euclid(360.0);
        if bearing < 360.0 { bearing } else { 0.0 }
    }

    /// The place at `share` (0 to 1) of the straight line to `other`. Only for short lines that
    /// do not cross the antimeridian, as the edges of a network are.
    #[must_use]
    pub fn towards(self, other: Self, share: f64) -> Self {
        Self {
            latitude: self.latitude + (other.latitude - self.latitude) * share,
            longitude: self.longitude + (other.longitude - self.longitude) * share,
        }
    }
}

impl From<LatLon> for Point {
    fn from(place: LatLon) -> Self {
        Self::new(place.longitude, place.latitude)
    }
}
