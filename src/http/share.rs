use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpResponse, web};
use ridecast_protocol::{ErrorBody, ErrorCode};

use super::rides::named;
use super::{Caller, Error, sse};
use crate::driver::Garage;
use crate::gate::Client;
use crate::hub::{Format, Hub};
use crate::ride::Refusal;
use crate::rides::RidesError;
use crate::watcher::Viewer;
use crate::ws::Door;

/// `POST /v1/rides/{ride_id}/share`: makes a link that shows the ride without a login.
pub(super) async fn share(
    caller: Caller,
    id: web::Path<String>,
    garage: web::ThinData<Garage>,
) -> Result<HttpResponse, Error> {
    let link = garage.rides.share(&caller.0, &named(&id)?).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/share/{}", link.token)))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(link))
}

/// `DELETE /v1/rides/{ride_id}/share/{token}`: makes a link worthless.
pub(super) async fn unshare(
    caller: Caller,
    path: web::Path<(String, String)>,
    garage: web::ThinData<Garage>,
) -> Result<HttpResponse, Error> {
    let (id, token) = path.into_inner();
    garage
        .rides
        .unshare(&caller.0, &named(&id)?, &token)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /v1/share/{token}`: the ride of a link. No login: the token is all it takes.
pub(super) async fn shared(
    token: web::Path<String>,
    garage: web::ThinData<Garage>,
) -> Result<HttpResponse, Error> {
    let shared = garage.rides.shared(&token).await.map_err(over)?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(garage.rides.show(&shared).await))
}

/// `GET /v1/share/{token}/events`: the same, as it changes.
pub(super) async fn events(
    token: web::Path<String>,
    door: web::Data<Door>,
    hub: web::ThinData<Hub>,
    client: web::ReqData<Client>,
) -> Result<HttpResponse, Error> {
    let garage = &door.garage;
    let place = garage.sessions.enter(client.limited_as())?;
    let shared = garage.rides.shared(&token).await.map_err(over)?;
    let (seat, feed) = hub.join(Format::Json);
    let heartbeat = door.settings.heartbeat;
    let (response, signs) = sse::answer(feed, heartbeat);
    let token = token.into_inner();
    Viewer::new(garage.clone(), (token, shared), seat, place).start(heartbeat, signs);
    Ok(response)
}

/// Who has a link has no rides.
pub(super) fn over(error: RidesError) -> Error {
    match error {
        RidesError::Refused(Refusal::Unknown) => Error(ErrorBody::new(
            ErrorCode::UnknownRide,
            "this link shows nothing: it never did, it was withdrawn, or it or the ride is over",
        )),
        error => error.into(),
    }
}
