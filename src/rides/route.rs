//! The way that lies before a ride, as a line.

use ridecast_protocol::{self as wire, RideId, RideState, RouteBy, Toward};

use super::error::RidesError;
use super::{Rides, point, reader, whole};
use crate::auth::Person;
use crate::ride::{Refusal, Ride};
use crate::routing::{By, Way};
use crate::spatial::LatLon;
use crate::telemetry::now_ms;

impl Rides {
    /// The way of a ride that is not over, for whom its `ride` channel is.
    ///
    /// # Errors
    /// [`RidesError`]; [`Refusal::Unknown`] also when it is somebody else's,
    /// [`Refusal::WrongState`] when it is over.
    pub async fn route(&self, person: &Person, id: &RideId) -> Result<wire::Route, RidesError> {
        let (ride, _) = self.read(id).await?;
        reader(person, &ride)?;
        self.route_of(&ride).await
    }

    /// The same, for who was found to have a right to it.
    ///
    /// # Errors
    /// [`RidesError`]; [`Refusal::WrongState`] when it is over.
    pub async fn route_of(&self, ride: &Ride) -> Result<wire::Route, RidesError> {
        if ride.state.is_over() {
            return Err(Refusal::WrongState(ride.state).into());
        }
        let ends = point(&ride.pickup).zip(point(&ride.dropoff));
        let (pickup, dropoff) = ends.ok_or_else(|| RidesError::invalid("no pickup or dropoff"))?;
        let on_the_way = matches!(ride.state, RideState::Accepted | RideState::InProgress);
        let here = if on_the_way {
            let vehicle = self.find_vehicle(ride).await;
            vehicle.and_then(|it| Some(it.seen()?.fix.point))
        } else {
            None
        };
        let (toward, from, to) = match (ride.state, here) {
            (RideState::Accepted, Some(here)) => (Toward::Pickup, here, pickup),
            (_, Some(here)) => (Toward::Dropoff, here, dropoff),
            (_, None) => (Toward::Dropoff, pickup, dropoff),
        };
        let route = self.router.route(from, to).await;
        Ok(wire::Route {
            toward,
            distance_m: whole(route.way.distance_m),
            duration_s: whole(route.way.duration_s),
            line: coordinates(&route.line),
            by: by(route.way),
            at_ms: now_ms(),
        })
    }
}

/// A line as GeoJSON has it, longitude first; to six decimals, which is a hand's breadth.
pub(super) fn coordinates(line: &[LatLon]) -> Vec<[f64; 2]> {
    let rounded = |degrees: f64| (degrees * 1e6).round() / 1e6;
    line.iter()
        .map(|place| [rounded(place.longitude()), rounded(place.latitude())])
        .collect()
}

pub(super) const fn by(way: Way) -> RouteBy {
    match way.by {
        By::Osrm => RouteBy::Osrm,
        By::Roads => RouteBy::Roads,
        By::GreatCircle => RouteBy::GreatCircle,
    }
}
