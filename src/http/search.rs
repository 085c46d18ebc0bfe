use actix_web::web;
use ridecast_protocol::{ErrorBody, ErrorCode, Found, Role, VehicleCard, VehicleId};
use serde::Deserialize;

use super::{Caller, Error, Queries};
use crate::driver::Garage;
use crate::fleet::Spotted;
use crate::rides::{Rides, RidesError};
use crate::store::StoreError;

const LIMIT: usize = 20;
const MOST: usize = 50;
const LONGEST_TEXT: usize = 128;

/// `GET /v1/vehicles/{id}`: all that is known of a vehicle now.
pub(super) async fn card(
    caller: Caller,
    id: web::Path<String>,
    queries: web::ThinData<Queries>,
    garage: web::ThinData<Garage>,
) -> Result<web::Json<VehicleCard>, Error> {
    caller.must_be(&[Role::Operator])?;
    let unknown = || ErrorBody::new(ErrorCode::NotFound, "there is no such vehicle now");
    let id = VehicleId::new(id.as_str()).map_err(|_| unknown())?;
    let found = queries.roster.find(&id).await.map_err(away)?;
    let mut cards = cards(vec![found.ok_or_else(unknown)?], &garage.rides).await?;
    Ok(web::Json(cards.pop().ok_or_else(unknown)?))
}

/// The query of `GET /v1/search`.
#[derive(Debug, Deserialize)]
pub(super) struct Search {
    text: String,
    limit: Option<usize>,
}

/// `GET /v1/search`: vehicles by id, plate and label, rides by id and rider.
pub(super) async fn search(
    caller: Caller,
    query: web::Query<Search>,
    queries: web::ThinData<Queries>,
    garage: web::ThinData<Garage>,
) -> Result<web::Json<Found>, Error> {
    caller.must_be(&[Role::Operator])?;
    let Search { text, limit } = query.into_inner();
    let most = limit.unwrap_or(LIMIT);
    if !(1..=MOST).contains(&most) {
        return Err(Error::invalid(format!("`limit` must be 1 to {MOST}")));
    }
    if !(1..=LONGEST_TEXT).contains(&text.chars().count()) {
        let message = format!("`text` must have 1 to {LONGEST_TEXT} characters");
        return Err(Error::invalid(message));
    }
    let found = queries.roster.search(&text, most).await.map_err(away)?;
    Ok(web::Json(Found {
        vehicles: cards(found, &garage.rides).await?,
        rides: garage.rides.named(&text, most).await?,
    }))
}

async fn cards(found: Vec<Spotted>, rides: &Rides) -> Result<Vec<VehicleCard>, RidesError> {
    let ids: Vec<_> = found.iter().map(|it| it.vehicle.id.clone()).collect();
    let driven = rides.driven_by(&ids).await?;
    let cards = found
        .into_iter()
        .zip(driven)
        .map(|(Spotted { vehicle, info }, ride)| VehicleCard {
            vehicle,
            info,
            ride,
        });
    Ok(cards.collect())
}

#[expect(clippy::needless_pass_by_value, reason = "the signature of `map_err`")]
fn away(error: StoreError) -> ErrorBody {
    tracing::debug!(%error, "vehicles of other nodes could not be looked up");
    let message = "the vehicles of other nodes cannot be had right now";
    ErrorBody::new(ErrorCode::Unavailable, message)
}
