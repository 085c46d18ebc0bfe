use ridecast_protocol::{self as wire, DriverCard, RideState, UserId, VehicleId};

use super::{Drive, Ride};

/// Who looks at a ride.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader<'a> {
    /// Its rider, or somebody the rider shares it with.
    Rider,
    /// A driver.
    Driver(&'a UserId),
    /// An operator.
    Operator,
}

impl Ride {
    /// The ride as this reader may see it: riders are told of the driver while that one drives
    /// them, drivers nothing of the rider's name, operators everything.
    #[must_use]
    pub fn seen_by(&self, reader: Reader<'_>) -> wire::Ride {
        let shown = self.drive.as_ref().filter(|drive| match reader {
            Reader::Operator => true,
            Reader::Rider => self.state.is_driven(),
            Reader::Driver(driver) => drive.driver == *driver,
        });
        let is_searched = matches!(self.state, RideState::Requested | RideState::Offered);
        let drive = self.drive.as_ref();
        wire::Ride {
            ride_id: self.id.clone(),
            state: self.state,
            version: self.version,
            pickup: self.pickup.clone(),
            dropoff: self.dropoff.clone(),
            vehicle_class: self.vehicle_class.clone(),
            rider: (reader == Reader::Operator).then(|| self.rider.clone()),
            driver: shown.map(card),
            search: is_searched.then(|| wire::Search {
                offers: self.search.offers,
                setback: self.search.setback,
                offer_until_ms: self.offer.as_ref().map(|offer| offer.expires_at_ms),
                until_ms: self.search.until_ms,
            }),
            eta: drive
                .filter(|_| self.state.is_driven())
                .and_then(|drive| drive.eta),
            trip: self.trip,
            cancelled: self.cancelled.clone(),
            requested_at_ms: self.requested_at_ms,
            accepted_at_ms: drive.map(|drive| drive.accepted_at_ms),
            arrived_at_ms: drive.and_then(|drive| drive.arrived_at_ms),
            started_at_ms: drive.and_then(|drive| drive.started_at_ms),
            ended_at_ms: self.ended_at_ms,
            distance_m: self.distance_m,
            duration_s: self.duration_s(),
        }
    }

    fn duration_s(&self) -> Option<u32> {
        self.distance_m?;
        let started_at_ms = self.drive.as_ref()?.started_at_ms?;
        u32::try_from((self.ended_at_ms? - started_at_ms) / 1_000).ok()
    }
}

fn card(drive: &Drive) -> DriverCard {
    DriverCard {
        id: VehicleId::from(drive.driver.clone()),
        vehicle: drive.vehicle.clone(),
    }
}
