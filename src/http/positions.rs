use actix_web::web;
use ridecast_protocol::{PositionsJudged, PostPositions, Role, VehicleId};

use super::{Caller, Error};
use crate::broker::Claim;
use crate::driver::{Garage, check_count, check_vehicle, report_all};
use crate::fleet::Refusal;
use crate::session::Sessions;
use crate::telemetry::now_ms;

/// `POST /v1/positions`: for drivers who cannot hold a socket.
pub(super) async fn report(
    caller: Caller,
    body: web::Json<PostPositions>,
    garage: web::ThinData<Garage>,
) -> Result<web::Json<PositionsJudged>, Error> {
    caller.must_be(&[Role::Driver])?;
    let PostPositions { vehicle, positions } = body.into_inner();
    // Before anything happens: who is told no must not be online by it.
    check_count(&positions)?;
    vehicle.as_ref().map_or(Ok(()), check_vehicle)?;
    let driver = caller.0.user;
    let id = VehicleId::from(driver.clone());
    let online = garage.fleet.get(&id).filter(|online| online.is_ours());
    let vehicle = match (online, vehicle) {
        (Some(online), _) => online,
        (None, Some(info)) => {
            let session = Sessions::name();
            let vehicle = garage.fleet.go_online(&id, info, &session, now_ms());
            let node = garage.node.clone();
            garage.rides.driver_came(driver.clone());
            garage
                .peers
                .claim(Claim {
                    node,
                    driver: driver.clone(),
                    session,
                })
                .await;
            vehicle
        }
        (None, None) => return Err(Error(Refusal::NotOnline.into())),
    };
    // Of a driver who also holds a socket, both tell of the one vehicle.
    let session = vehicle.session();
    let (accepted, refused) = report_all(positions, &garage.metrics, |position| {
        let fix = garage
            .fleet
            .report(&vehicle, &session, position, now_ms())?;
        garage.rides.moved(&driver, &fix);
        Ok(())
    })?;
    Ok(web::Json(PositionsJudged { accepted, refused }))
}
