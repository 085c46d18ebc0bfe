use std::sync::Arc;
use std::time::Duration;

use ridecast_protocol::{
    ErrorBody, ErrorCode, Place, RequestRide, Ride as WireRide, RideId, UserId,
};
use serde::{Deserialize, Serialize};

use super::error::RidesError;
use super::ledger::{Attempt, Open, pause, put, value};
use super::{MOST_ADDRESS_BYTES, Rides, names, point, short, trip};
use crate::ride::{Reader, Ride};
use crate::spatial::LatLon;
use crate::store::Step;
use crate::telemetry::now_ms;

/// What was asked for under an idempotency key.
#[derive(Serialize, Deserialize)]
struct Wish {
    ride: RideId,
    request: RequestRide,
}

/// Asking again within this time asks for the same ride.
const REMEMBERED: Duration = Duration::from_hours(24);
const ATTEMPTS: u32 = 8;

impl Rides {
    /// A rider asks for a ride; whoever is near is offered it.
    ///
    /// # Errors
    /// [`RidesError`].
    pub async fn request(
        self: Arc<Self>,
        rider: UserId,
        request: RequestRide,
    ) -> Result<WireRide, RidesError> {
        let (from, to) = (
            place(&request.pickup, "pickup")?,
            place(&request.dropoff, "dropoff")?,
        );
        let keys = [
            names::wish(&rider, &request.idempotency_key),
            names::rider(&rider),
        ];
        let mut ride = None;
        for attempt in 0..ATTEMPTS {
            let [wish, open] = self.records(keys.clone()).await?;
            if let Some(known) = value::<Wish>(&wish)? {
                return self.asked_before(&known, &request).await;
            }
            let mut list: Open = value(&open)?.unwrap_or_default();
            if list.rides.len() >= self.settings.max_open_rides {
                let most = self.settings.max_open_rides;
                return Err(RidesError::Invalid(ErrorBody::new(
                    ErrorCode::OpenRideExists,
                    format!(
                        "a rider may have {most} open at once; open is {}",
                        list.rides[0]
                    ),
                )));
            }
            if ride.is_none() {
                ride = Some(self.new_ride(&rider, &request, from, to).await);
            }
            let Some(ride) = &ride else { continue };
            list.rides.push(ride.id.clone());
            let mut step = Step::new();
            step.expects.push((keys[0].clone(), wish.version));
            step.expects.push((keys[1].clone(), open.version));
            let wish = Wish {
                ride: ride.id.clone(),
                request: request.clone(),
            };
            step.puts
                .push(put(keys[0].clone(), Some(&wish), Some(REMEMBERED)));
            step.puts.push(put(keys[1].clone(), Some(&list), None));
            if self.change(None, ride, step).await? == Attempt::Done {
                self.look_for_driver(ride.id.clone());
                return Ok(ride.seen_by(Reader::Rider));
            }
            pause(attempt).await;
        }
        Err(RidesError::Contended)
    }

    async fn new_ride(
        &self,
        rider: &UserId,
        request: &RequestRide,
        from: LatLon,
        to: LatLon,
    ) -> Ride {
        let way = self.router.way(from, to).await;
        let now_ms = now_ms();
        Ride::request(
            new_id(now_ms),
            rider.clone(),
            (request.pickup.clone(), request.dropoff.clone()),
            request.vehicle_class.clone(),
            Some(trip(way)),
            now_ms,
            &self.settings.rules,
        )
    }

    async fn asked_before(
        &self,
        known: &Wish,
        request: &RequestRide,
    ) -> Result<WireRide, RidesError> {
        if known.request != *request {
            return Err(RidesError::Invalid(ErrorBody::new(
                ErrorCode::IdempotencyKeyReused,
                "this `idempotency_key` was used for another wish; take a new one",
            )));
        }
        let (ride, _) = self.read(&known.ride).await?;
        Ok(ride.seen_by(Reader::Rider))
    }
}

/// Ids sort by the time of the request, and cannot be guessed.
fn new_id(now_ms: i64) -> RideId {
    let name = format!("{now_ms:011x}-{:016x}", rand::random::<u64>());
    // 28 ASCII bytes are always a name.
    RideId::new(&name).unwrap_or_else(|_| unreachable!("{name} is a ride id"))
}

fn place(place: &Place, what: &str) -> Result<LatLon, RidesError> {
    short(place.address.as_deref(), "address", MOST_ADDRESS_BYTES)?;
    point(place).ok_or_else(|| RidesError::invalid(format!("`{what}` is no place on Earth")))
}
