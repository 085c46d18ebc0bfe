use std::sync::Arc;

use actix_web::web;
use ridecast_protocol::{ErrorBody, ErrorCode, NearbyVehicles, Role, VehicleClass};
use serde::Deserialize;

use super::{Caller, Error};
use crate::fleet::{Fleet, Peers, Roster, Sought};
use crate::history::History;
use crate::hub::{Sees, Settings};
use crate::telemetry::now_ms;

/// What queries are answered from.
#[derive(Clone)]
pub struct Queries {
    /// The vehicles.
    pub fleet: Arc<Fleet>,
    /// Those of other nodes.
    pub peers: Arc<Peers>,
    /// Where vehicles were.
    pub history: Arc<History>,
    /// Finds vehicles by name.
    pub roster: Arc<Roster>,
    /// How much may be asked for.
    pub limits: Settings,
}

/// The query of `GET /v1/vehicles`.
#[derive(Debug, Deserialize)]
pub(super) struct Nearby {
    latitude: f64,
    longitude: f64,
    radius_m: f64,
    limit: Option<usize>,
    vehicle_class: Option<VehicleClass>,
}

const LIMIT: usize = 100;
const MOST: usize = 1_000;

/// `GET /v1/vehicles`: the vehicles in a circle, nearest first.
pub(super) async fn nearby(
    caller: Caller,
    query: web::Query<Nearby>,
    queries: web::ThinData<Queries>,
) -> Result<web::Json<NearbyVehicles>, Error> {
    caller.must_be(&[Role::Rider, Role::Operator])?;
    let limit = query.limit.unwrap_or(LIMIT);
    if !(1..=MOST).contains(&limit) {
        let message = format!("`limit` must be 1 to {MOST}");
        return Err(Error(ErrorBody::new(ErrorCode::InvalidMessage, message)));
    }
    let area = queries
        .limits
        .circle(query.latitude, query.longitude, query.radius_m)?;
    queries
        .peers
        .know(&area)
        .await
        .map_err(|error| ErrorBody::new(ErrorCode::Unavailable, error.to_string()))?;
    let sees = Sees::from(caller.0.role);
    let sought = Sought {
        class: query.vehicle_class.as_ref(),
        free: sees == Sees::Free,
        online: false,
    };
    let found = queries
        .fleet
        .nearest(area.middle(), query.radius_m, limit, &sought);
    Ok(web::Json(NearbyVehicles {
        vehicles: found
            .iter()
            .map(|(vehicle, seen)| seen.update(sees.id(vehicle.id(), seen)))
            .collect(),
        server_time_ms: now_ms(),
    }))
}
