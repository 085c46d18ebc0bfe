use geo::{Bearing, Destination, Distance, Haversine, Point};

/// A point on Earth that cannot be invalid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatLon {
    latitude: f64,
    longitude: f64,
}

/// Latitude or longitude is not a number, or beyond its range.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("latitude must be -90 to 90 and longitude -180 to 180 degrees")]
pub struct NotOnEarth;

impl LatLon {
    /// 0° north, 0° east.
    pub(super) const ORIGIN: Self = Self {
        latitude: 0.0,
        longitude: 0.0,
    };

    /// Degrees north and east, WGS 84.
    ///
    /// # Errors
    /// [`NotOnEarth`] when latitude is not within ±90 or longitude not within ±180.
    pub fn new(latitude: f64, longitude: f64) -> Result<Self, NotOnEarth> {
        // Written so that NaN, which is in no range, is refused.
        if (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude) {
            Ok(Self {
                latitude,
                longitude,
            })
        } else {
            Err(NotOnEarth)
        }
    }

    /// Degrees north.
    #[must_use]
    pub const fn latitude(self) -> f64 {
        self.latitude
    }

    /// Degrees east.
    #[must_use]
    pub const fn longitude(self) -> f64 {
        self.longitude
    }

    /// Great-circle distance in metres, by the haversine formula on a sphere of
    /// the Earth's mean radius (at most 0.6 % off the ellipsoid).
    #[must_use]
    pub fn distance_m(self, other: Self) -> f64 {
        Haversine.distance(self.point(), other.point())
    }

    /// Bearing of the great circle to `other` at this point, degrees clockwise from north.
    #[must_use]
    pub fn bearing_to(self, other: Self) -> f64 {
        Haversine.bearing(self.point(), other.point())
    }

    /// The point `distance_m` metres away in direction `bearing` (degrees clockwise from north).
    #[must_use]
    pub fn destination(self, bearing: f64, distance_m: f64) -> Self {
        let point = Haversine.destination(self.point(), bearing, distance_m);
        let longitude = (point.x() + 180.0).rem_euclid(360.0) - 180.0;
        Self::new(point.y().clamp(-90.0, 90.0), longitude).unwrap_or(self)
    }

    fn point(self) -> Point {
        Point::new(self.longitude, self.latitude)
    }
}
