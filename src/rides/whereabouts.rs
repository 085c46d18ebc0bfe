//! Where the vehicle of a ride is, whichever node hears it.

use std::sync::Arc;

use ridecast_protocol::{Eta, RideState, Toward, VehicleUpdate};

use super::{Rides, eta, point};
use crate::fleet::Vehicle;
use crate::hub::Aim;
use crate::ride::{Drive, Ride};
use crate::spatial::{Area, LatLon};
use crate::telemetry::now_ms;

/// Vehicles of other nodes are known here where somebody asks for them: so far around the place
/// where this one was last. It stays known if it is looked for again before it has come so far.
const AROUND_M: f64 = 2_000.0;

impl Rides {
    /// What shows the vehicle of a ride that is driven.
    pub(super) async fn aim_at(&self, ride: &Ride) -> Option<Aim> {
        let drive = driven(ride)?;
        Some(Aim {
            vehicle: drive.driver.clone().into(),
            near: self.whereabouts(ride, drive).await,
        })
    }

    /// The vehicle of a ride that is driven. Looks for it among those of the other nodes, and for
    /// the next half minute this node hears of it.
    pub async fn find_vehicle(&self, ride: &Ride) -> Option<Arc<Vehicle>> {
        let drive = driven(ride)?;
        let at = self.whereabouts(ride, drive).await?;
        if let Ok(area) = Area::circle(at.latitude(), at.longitude(), AROUND_M) {
            // The others cannot be asked: what this node knows is all there is.
            let _ = self.peers.know(&area).await;
        }
        self.vehicle_of(&drive.driver)
    }

    /// Where the vehicle is, or was when that was kept last.
    async fn whereabouts(&self, ride: &Ride, drive: &Drive) -> Option<LatLon> {
        if let Some(here) = self.place_of(&drive.driver) {
            return Some(here);
        }
        let track = self.track_of(&ride.id, &drive.driver).await;
        let kept = track.unwrap_or_default().0.last().copied();
        let (latitude, longitude) = kept.map_or(drive.at, |mark| (mark.0, mark.1));
        LatLon::new(latitude, longitude).ok()
    }

    /// What is left of the way: from where the vehicle is now, or else as it was told last.
    pub(super) async fn eta_from(
        &self,
        vehicle: Option<&VehicleUpdate>,
        ride: &Ride,
    ) -> Option<Eta> {
        let drive = driven(ride)?;
        let (toward, place) = match ride.state {
            RideState::Accepted => (Toward::Pickup, &ride.pickup),
            RideState::InProgress => (Toward::Dropoff, &ride.dropoff),
            _ => return None,
        };
        let from = vehicle.and_then(|it| LatLon::new(it.latitude, it.longitude).ok());
        let Some((from, to)) = from.zip(point(place)) else {
            return drive.eta;
        };
        Some(eta(toward, self.router.way(from, to).await, now_ms()))
    }
}

fn driven(ride: &Ride) -> Option<&Drive> {
    ride.drive.as_ref().filter(|_| ride.state.is_driven())
}
