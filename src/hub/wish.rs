use std::time::Duration;

use ridecast_protocol::{Channel, ErrorBody, ErrorCode, Subscribe, VehicleClass, VehicleId};

use super::vehicle::HubVehicle;
use super::{Sees, Settings};
use crate::fleet::Seen;
use crate::spatial::{Area, Inside, Spot};

/// What one subscription wants to see, checked.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    what: What,
    /// Least time between two frames.
    pub(super) spacing: Option<Duration>,
}

#[derive(Debug, Clone)]
enum What {
    /// The vehicles of an area.
    Around {
        inside: Inside,
        /// Its middle.
        middle: Spot,
        /// Only the nearest so many to the area's middle.
        limit: Option<usize>,
        class: Option<VehicleClass>,
    },
    /// This vehicle, wherever it is. `None`: none yet, or none any more.
    One(Option<VehicleId>),
}

/// The zoom levels of a map.
pub(super) const ZOOM: std::ops::RangeInclusive<f32> = 0.0..=24.0;

pub(super) fn invalid(message: &str) -> ErrorBody {
    ErrorBody::new(ErrorCode::InvalidMessage, message)
}

/// Checks the rate of a subscription, where what it is to show must be looked up first.
///
/// # Errors
/// [`ErrorCode::InvalidMessage`].
pub fn check_rate(max_rate_hz: Option<f32>) -> Result<(), ErrorBody> {
    spacing(max_rate_hz).map(|_| ())
}

pub(super) fn spacing(max_rate_hz: Option<f32>) -> Result<Option<Duration>, ErrorBody> {
    match max_rate_hz {
        None => Ok(None),
        Some(rate) if rate > 0.0 && rate <= 50.0 => Ok(Some(Duration::from_secs_f32(
            // A rate of next to nothing is once an hour, not once an eternity.
            (1.0 / rate).min(3600.0),
        ))),
        Some(_) => Err(invalid("`max_rate_hz` must be above 0 and at most 50")),
    }
}

impl Wish {
    /// Checks a `subscribe` or `update` against the limits, and tells its area.
    pub(super) fn read(
        request: &Subscribe,
        settings: &Settings,
    ) -> Result<(Self, Area), ErrorBody> {
        let (area, limit, class) = match &request.channel {
            Channel::Nearby(nearby) => {
                let area = settings.circle(nearby.latitude, nearby.longitude, nearby.radius_m)?;
                let limit = nearby.limit.map(|limit| limit as usize);
                if limit.is_some_and(|limit| !(1..=1000).contains(&limit)) {
                    return Err(invalid("`limit` must be 1 to 1000"));
                }
                (area, limit, nearby.vehicle_class.clone())
            }
            Channel::Viewport(view) => {
                if view.zoom.is_some_and(|zoom| !ZOOM.contains(&zoom)) {
                    return Err(invalid("`zoom` must be 0 to 24"));
                }
                let area = settings.rectangle(view.south, view.west, view.north, view.east)?;
                (area, None, None)
            }
            Channel::Ride(_) => return Err(invalid("a ride has no area")),
            Channel::Density(_) => return Err(invalid("counts are no vehicles")),
        };
        let wish = Self {
            what: What::Around {
                inside: area.inside(),
                middle: area.middle().into(),
                limit,
                class,
            },
            spacing: spacing(request.max_rate_hz)?,
        };
        Ok((wish, area))
    }

    /// One vehicle, not known yet which.
    pub(super) fn one(max_rate_hz: Option<f32>) -> Result<Self, ErrorBody> {
        Ok(Self {
            what: What::One(None),
            spacing: spacing(max_rate_hz)?,
        })
    }

    /// The vehicle as it is, if it is wanted.
    pub(super) fn wants<'a>(&self, vehicle: &'a HubVehicle, sees: Sees) -> Option<&'a Seen> {
        let now = vehicle.seen.as_ref()?;
        let wanted = match &self.what {
            What::Around { inside, class, .. } => {
                sees.shows(now)
                    && class.as_ref().is_none_or(|class| *class == now.info.class)
                    && inside.has(now.fix.point, now.spot)
            }
            What::One(one) => one.as_ref() == Some(&vehicle.id),
        };
        wanted.then_some(now)
    }

    /// The area outside of which nothing is wanted.
    pub(super) const fn inside(&self) -> Option<Inside> {
        match self.what {
            What::Around { inside, .. } => Some(inside),
            What::One(_) => None,
        }
    }

    /// How many of the nearest are wanted, and nearest to where.
    pub(super) fn nearest(&self) -> Option<(usize, Spot)> {
        match &self.what {
            What::Around { middle, limit, .. } => limit.map(|limit| (limit, *middle)),
            What::One(_) => None,
        }
    }

    /// Whether it is for one vehicle.
    pub(super) const fn is_for_one(&self) -> bool {
        matches!(self.what, What::One(_))
    }

    /// The one vehicle.
    pub(super) const fn vehicle(&self) -> Option<&VehicleId> {
        match &self.what {
            What::One(one) => one.as_ref(),
            What::Around { .. } => None,
        }
    }

    /// Another one vehicle.
    pub(super) fn aim(&mut self, vehicle: Option<VehicleId>) {
        self.what = What::One(vehicle);
    }
}
