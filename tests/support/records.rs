//! Vehicles to write and to tell of.

use std::time::{SystemTime, UNIX_EPOCH};

use ridecast::spatial::{CoarseCell, LatLon};
use ridecast::store::VehicleRecord;
use ridecast_protocol::{Position, SessionId, VehicleClass, VehicleId, VehicleInfo};

pub(crate) const MONTEVIDEO: (f64, f64) = (-34.9, -56.16);
pub(crate) const MONACO: (f64, f64) = (43.73, 7.42);
pub(crate) const HELSINKI: (f64, f64) = (60.17, 24.94);

/// The coarse cell of a place.
pub(crate) fn cell((latitude, longitude): (f64, f64)) -> CoarseCell {
    CoarseCell::of(LatLon::new(latitude, longitude).unwrap())
}

/// A vehicle at a place, heard just now, with every field there is.
pub(crate) fn record(id: &str, (latitude, longitude): (f64, f64)) -> VehicleRecord {
    VehicleRecord {
        id: VehicleId::new(id).unwrap(),
        info: VehicleInfo {
            class: VehicleClass::new("car").unwrap(),
            plate: Some("SBA 1234".to_owned()),
            label: Some("White \"Corsa\"".to_owned()),
        },
        position: Position {
            latitude,
            longitude,
            timestamp_ms: now_ms() - 700,
            accuracy: Some(4.5),
            bearing: Some(271.3),
            speed: Some(11.2),
        },
        heard_at_ms: now_ms(),
        session: SessionId::new("s-1").unwrap(),
        engaged: true,
    }
}

/// By the clock of this machine, ms since the Unix epoch.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}
