use super::{LatLon, Spot};

/// What somebody watches: a true circle, or a rectangle of degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Area {
    /// All points within `radius_m` metres of `center`, by the haversine formula.
    Circle {
        /// The centre.
        center: LatLon,
        /// Metres, above 0.
        radius_m: f64,
    },
    /// All points between two parallels and two meridians; `west` greater than
    /// `east` crosses the antimeridian.
    Rectangle {
        /// Degrees north.
        south: f64,
        /// Degrees east.
        west: f64,
        /// Degrees north, above `south`.
        north: f64,
        /// Degrees east.
        east: f64,
    },
}

/// An [`Area`] made ready to be asked of many points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Inside {
    /// All points to which the chord from the centre is at most so long.
    Circle {
        /// The centre.
        center: Spot,
        /// See [`Spot::chord_squared`].
        chord_squared: f64,
    },
    /// A rectangle needs no making ready.
    Rectangle(Area),
}

impl Inside {
    /// As [`Area::contains`], of one point in its two forms.
    #[must_use]
    #[inline]
    pub fn has(&self, point: LatLon, spot: Spot) -> bool {
        match self {
            Self::Circle {
                center,
                chord_squared,
            } => center.chord_squared(spot) <= *chord_squared,
            Self::Rectangle(area) => area.contains(point),
        }
    }
}

/// The numbers do not make an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAnArea {
    /// The circle's centre is not on Earth.
    #[error("the centre must be a latitude of -90 to 90 and a longitude of -180 to 180 degrees")]
    Center,
    /// The radius is not a positive number.
    #[error("`radius_m` must be a number above 0")]
    Radius,
    /// The rectangle's edges are not on Earth or the wrong way round.
    #[error("a viewport needs -90 <= south < north <= 90, and west and east within -180 to 180")]
    Edges,
}

/// Mean radius of the Earth, metres (IUGG); the one that crate `geo` uses.
pub(super) const EARTH_RADIUS_M: f64 = 6_371_008.8;

impl Area {
    /// A circle.
    ///
    /// # Errors
    /// [`NotAnArea`].
    pub fn circle(latitude: f64, longitude: f64, radius_m: f64) -> Result<Self, NotAnArea> {
        let center = LatLon::new(latitude, longitude).map_err(|_| NotAnArea::Center)?;
        if !(radius_m > 0.0 && radius_m.is_finite()) {
            return Err(NotAnArea::Radius);
        }
        Ok(Self::Circle { center, radius_m })
    }

    /// A rectangle.
    ///
    /// # Errors
    /// [`NotAnArea`].
    pub fn rectangle(south: f64, west: f64, north: f64, east: f64) -> Result<Self, NotAnArea> {
        let corners = LatLon::new(south, west).and(LatLon::new(north, east));
        if corners.is_err() || south >= north {
            return Err(NotAnArea::Edges);
        }
        Ok(Self::Rectangle {
            south,
            west,
            north,
            east,
        })
    }

    /// Whether the point lies in the area or on its edge.
    #[must_use]
    pub fn contains(&self, point: LatLon) -> bool {
        match *self {
            Self::Circle { center, radius_m } => {
                // A degree of latitude alone is a lower bound of the distance, and far cheaper.
                let north_m =
                    (point.latitude() - center.latitude()).abs().to_radians() * EARTH_RADIUS_M;
                north_m <= radius_m && center.distance_m(point) <= radius_m
            }
            Self::Rectangle { south, north, .. } => {
                (south..=north).contains(&point.latitude()) && self.spans(point.longitude())
            }
        }
    }

    /// The area, to be asked of many points.
    #[must_use]
    pub fn inside(&self) -> Inside {
        match *self {
            Self::Circle { center, radius_m } => Inside::Circle {
                center: center.into(),
                chord_squared: Spot::chord_squared_of(radius_m),
            },
            Self::Rectangle { .. } => Inside::Rectangle(*self),
        }
    }

    /// Metres from the point to the nearest point of the area; 0 within.
    #[must_use]
    pub fn distance_m(&self, point: LatLon) -> f64 {
        match *self {
            Self::Circle { center, radius_m } => (center.distance_m(point) - radius_m).max(0.0),
            Self::Rectangle {
                south,
                west,
                north,
                east,
            } => {
                if self.spans(point.longitude()) {
                    // The shortest way to a parallel runs along the meridian.
                    let off = (south - point.latitude())
                        .max(point.latitude() - north)
                        .max(0.0);
                    return off.to_radians() * EARTH_RADIUS_M;
                }
                let to_meridian = |longitude: f64| {
                    // Foot of the perpendicular from the point on the meridian's great circle.
                    let (sin, cos) = point.latitude().to_radians().sin_cos();
                    let turn = (longitude - point.longitude()).to_radians().cos();
                    let foot = sin.atan2(cos * turn).to_degrees().clamp(south, north);
                    [south, foot, north]
                        .into_iter()
                        .filter_map(|latitude| LatLon::new(latitude, longitude).ok())
                        .map(|at| at.distance_m(point))
                        .fold(f64::INFINITY, f64::min)
                };
                to_meridian(west).min(to_meridian(east))
            }
        }
    }

    /// A point inside.
    #[must_use]
    pub fn middle(&self) -> LatLon {
        match *self {
            Self::Circle { center, .. } => center,
            Self::Rectangle {
                south, west, north, ..
            } => {
                let longitude =
                    (west + self.width_degrees() / 2.0 + 180.0).rem_euclid(360.0) - 180.0;
                // Between two valid latitudes, and wrapped into the valid longitudes.
                LatLon::new(f64::midpoint(south, north), longitude).unwrap_or(LatLon::ORIGIN)
            }
        }
    }

    /// Surface in square kilometres, on the sphere.
    #[must_use]
    pub fn surface_km2(&self) -> f64 {
        let radius_km = EARTH_RADIUS_M / 1000.0;
        match *self {
            Self::Circle { radius_m, .. } => {
                let angle = (radius_m / EARTH_RADIUS_M).min(std::f64::consts::PI);
                2.0 * std::f64::consts::PI * radius_km * radius_km * (1.0 - angle.cos())
            }
            Self::Rectangle { south, north, .. } => {
                let height = north.to_radians().sin() - south.to_radians().sin();
                radius_km * radius_km * height * self.width_degrees().to_radians()
            }
        }
    }

    /// Half the longest way through the area, metres, roughly: how far a cover must reach.
    #[must_use]
    pub fn reach_m(&self) -> f64 {
        match *self {
            Self::Circle { radius_m, .. } => radius_m,
            Self::Rectangle {
                south,
                west,
                north,
                east,
            } => {
                let middle = self.middle();
                [(south, west), (south, east), (north, west), (north, east)]
                    .into_iter()
                    .filter_map(|(latitude, longitude)| LatLon::new(latitude, longitude).ok())
                    .map(|corner| corner.distance_m(middle))
                    .fold(0.0, f64::max)
            }
        }
    }

    /// Its southernmost and northernmost latitudes, degrees.
    pub(super) fn latitudes(&self) -> (f64, f64) {
        match *self {
            Self::Circle { center, radius_m } => {
                let off = (radius_m / EARTH_RADIUS_M).to_degrees();
                let (south, north) = (center.latitude() - off, center.latitude() + off);
                (south.max(-90.0), north.min(90.0))
            }
            Self::Rectangle { south, north, .. } => (south, north),
        }
    }

    /// How far it reaches to the east and to the west of its middle, degrees; 180 is all around.
    pub(super) fn half_width_degrees(&self) -> f64 {
        match *self {
            Self::Circle { center, radius_m } => {
                let angle = radius_m / EARTH_RADIUS_M;
                let to_pole = (90.0 - center.latitude().abs()).to_radians();
                if angle >= to_pole {
                    return 180.0;
                }
                // Where a meridian touches the circle.
                (angle.sin() / to_pole.sin()).min(1.0).asin().to_degrees()
            }
            Self::Rectangle { .. } => self.width_degrees() / 2.0,
        }
    }

    fn width_degrees(&self) -> f64 {
        match *self {
            Self::Circle { .. } => 0.0,
            Self::Rectangle { west, east, .. } if west <= east => east - west,
            Self::Rectangle { west, east, .. } => east - west + 360.0,
        }
    }

    fn spans(&self, longitude: f64) -> bool {
        match *self {
            Self::Circle { .. } => false,
            Self::Rectangle { west, east, .. } if west <= east => {
                (west..=east).contains(&longitude)
            }
            Self::Rectangle { west, east, .. } => longitude >= west || longitude <= east,
        }
    }
}
