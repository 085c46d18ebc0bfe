use std::sync::Arc;

use actix_web::web;
use ridecast_protocol::{Estimate, RideId, Role, Route, UserId, VehicleClass};
use serde::Deserialize;

use super::rides::named;
use super::share::over;
use super::{Caller, Error};
use crate::driver::Garage;
use crate::gate::Rate;
use crate::spatial::LatLon;
use crate::telemetry::{Limit, Metrics};

/// How many estimates and routes one may ask for. Each searches the roads, up to 21 times: an
/// estimate takes 0.8 ms of a processor that dispatch needs too.
#[derive(Clone)]
pub struct RouteLimit {
    rate: Arc<Rate<Asker>>,
    metrics: Arc<Metrics>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Asker {
    Person(UserId),
    /// All who have a link to it.
    Ride(RideId),
}

/// Of each; ten times as many at once.
const PER_S: u32 = 5;

impl RouteLimit {
    /// Nobody has asked yet.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>) -> Self {
        let rate = Rate::new(Limit::Routes, PER_S);
        Self {
            rate: Arc::new(rate),
            metrics,
        }
    }

    fn take_of(&self, caller: &Caller) -> Result<(), Error> {
        let asker = Asker::Person(caller.0.user.clone());
        Ok(self.rate.take(&asker, "you", &self.metrics)?)
    }

    fn take_by_link(&self, ride: &RideId) -> Result<(), Error> {
        let asker = Asker::Ride(ride.clone());
        let whom = "those who have links to this ride";
        Ok(self.rate.take(&asker, whom, &self.metrics)?)
    }
}

/// The query of `GET /v1/estimate`.
#[derive(Debug, Deserialize)]
pub(super) struct Query {
    pickup_latitude: f64,
    pickup_longitude: f64,
    dropoff_latitude: f64,
    dropoff_longitude: f64,
    vehicle_class: Option<VehicleClass>,
}

/// `GET /v1/estimate`: what a ride would be like, before anybody asks for it.
pub(super) async fn estimate(
    caller: Caller,
    query: web::Query<Query>,
    limit: web::ThinData<RouteLimit>,
    garage: web::ThinData<Garage>,
) -> Result<web::Json<Estimate>, Error> {
    caller.must_be(&[Role::Rider, Role::Operator])?;
    let place = |name, latitude, longitude| {
        LatLon::new(latitude, longitude)
            .map_err(|_| Error::invalid(format!("`{name}` is no place on Earth")))
    };
    let pickup = place("pickup", query.pickup_latitude, query.pickup_longitude)?;
    let dropoff = place("dropoff", query.dropoff_latitude, query.dropoff_longitude)?;
    limit.take_of(&caller)?;
    let class = query.vehicle_class.as_ref();
    let estimate = garage.rides.estimate((pickup, dropoff), class).await?;
    Ok(web::Json(estimate))
}

/// `GET /v1/rides/{ride_id}/route`: the way that lies before the ride.
pub(super) async fn of_ride(
    caller: Caller,
    id: web::Path<String>,
    limit: web::ThinData<RouteLimit>,
    garage: web::ThinData<Garage>,
) -> Result<web::Json<Route>, Error> {
    limit.take_of(&caller)?;
    let route = garage.rides.route(&caller.0, &named(&id)?).await?;
    Ok(web::Json(route))
}

/// `GET /v1/share/{token}/route`: the same of a link's ride.
pub(super) async fn of_link(
    token: web::Path<String>,
    limit: web::ThinData<RouteLimit>,
    garage: web::ThinData<Garage>,
) -> Result<web::Json<Route>, Error> {
    let ride = garage.rides.shared(&token).await.map_err(over)?.ride;
    limit.take_by_link(&ride.id)?;
    Ok(web::Json(garage.rides.route_of(&ride).await?))
}
