use super::LatLon;
use super::area::EARTH_RADIUS_M;

/// A point on the unit sphere, as a vector from its middle: two of them are compared by a few
/// multiplications, where latitudes and longitudes need sines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot([f64; 3]);

impl From<LatLon> for Spot {
    fn from(point: LatLon) -> Self {
        let (sin, cos) = point.latitude().to_radians().sin_cos();
        let (east_sin, east_cos) = point.longitude().to_radians().sin_cos();
        Self([cos * east_cos, cos * east_sin, sin])
    }
}

impl Spot {
    /// The square of the straight line to another, in radii. It grows with the distance along
    /// the surface: s = 4 sin²(d / 2r), which is four times the haversine of the angle.
    #[must_use]
    #[inline]
    pub fn chord_squared(self, other: Self) -> f64 {
        // Of differences: for points close together the dot product would lose all digits.
        let [x, y, z] = std::array::from_fn(|i| self.0[i] - other.0[i]);
        x * x + y * y + z * z
    }

    /// What `distance_m` metres along the surface are as [`Spot::chord_squared`]; from half the
    /// way around on, more than any chord has.
    #[must_use]
    pub fn chord_squared_of(distance_m: f64) -> f64 {
        let angle = distance_m / EARTH_RADIUS_M;
        if angle >= std::f64::consts::PI {
            return f64::INFINITY;
        }
        4.0 * (angle / 2.0).sin().powi(2)
    }
}
