use actix_web::web;
use ridecast_protocol::{ChatPage, Ride, RideCounts, RideId, RideState, RidesPage, Role};
use serde::Deserialize;

use super::{Caller, Error};
use crate::driver::Garage;
use crate::ride::Refusal;
use crate::rides::{Before, Page, RidesError};

/// Entries of a page.
const LIMIT: usize = 20;
const MOST: usize = 100;

/// The query of `GET /v1/rides`.
#[derive(Debug, Deserialize)]
pub(super) struct List {
    before: Option<String>,
    limit: Option<usize>,
    state: Option<RideState>,
}

/// `GET /v1/rides`: the caller's rides, for operators all, the newest first.
pub(super) async fn list(
    caller: Caller,
    query: web::Query<List>,
    garage: web::ThinData<Garage>,
) -> Result<web::Json<RidesPage>, Error> {
    let List {
        before,
        limit,
        state,
    } = query.into_inner();
    if state.is_some() {
        caller.must_be(&[Role::Operator])?;
    }
    let before = before.map(|text| {
        Before::parse(&text)
            .ok_or_else(|| Error::invalid("`before` must be as the page before said it"))
    });
    let page = Page {
        state,
        before: before.transpose()?,
        most: within(limit)?,
    };
    Ok(web::Json(garage.rides.page(&caller.0, page).await?))
}

/// `GET /v1/rides/counts`: how many rides are in each state.
pub(super) async fn counts(
    caller: Caller,
    garage: web::ThinData<Garage>,
) -> Result<web::Json<RideCounts>, Error> {
    caller.must_be(&[Role::Operator])?;
    Ok(web::Json(garage.rides.counts().await?))
}

/// `GET /v1/rides/{ride_id}`.
pub(super) async fn one(
    caller: Caller,
    id: web::Path<String>,
    garage: web::ThinData<Garage>,
) -> Result<web::Json<Ride>, Error> {
    Ok(web::Json(garage.rides.see(&caller.0, &named(&id)?).await?))
}

/// The query of `GET /v1/rides/{ride_id}/chat`.
#[derive(Debug, Deserialize)]
pub(super) struct Chat {
    before: Option<u64>,
    limit: Option<usize>,
}

/// `GET /v1/rides/{ride_id}/chat`: what was said, the newest page, oldest first.
pub(super) async fn chat(
    caller: Caller,
    id: web::Path<String>,
    query: web::Query<Chat>,
    garage: web::ThinData<Garage>,
) -> Result<web::Json<ChatPage>, Error> {
    let (id, most) = (named(&id)?, within(query.limit)?);
    let page = garage.rides.chat(&caller.0, &id, query.before, most);
    Ok(web::Json(page.await?))
}

/// The ride of a path: what cannot be a ride's name names none.
pub(super) fn named(id: &str) -> Result<RideId, RidesError> {
    RideId::new(id).map_err(|_| Refusal::Unknown.into())
}

fn within(limit: Option<usize>) -> Result<usize, Error> {
    let limit = limit.unwrap_or(LIMIT);
    if (1..=MOST).contains(&limit) {
        return Ok(limit);
    }
    Err(Error::invalid(format!("`limit` must be 1 to {MOST}")))
}
