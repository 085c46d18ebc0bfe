use std::cell::OnceCell;

use ridecast_protocol::VehicleId;
use ridecast_protocol::binary::{RECORD_BYTES, Record};

use crate::fleet::Seen;

/// A vehicle as this thread last saw it, with its part of the wire made at most
/// once for all who are told of it.
#[derive(Debug)]
pub(super) struct HubVehicle {
    pub(super) id: VehicleId,
    pub(super) handle: u32,
    pub(super) seen: Seen,
    json: OnceCell<Vec<u8>>,
    record: OnceCell<[u8; RECORD_BYTES]>,
}

impl HubVehicle {
    pub(super) const fn new(id: VehicleId, handle: u32, seen: Seen) -> Self {
        Self {
            id,
            handle,
            seen,
            json: OnceCell::new(),
            record: OnceCell::new(),
        }
    }

    /// Whether this is how it is seen now.
    pub(super) fn is(&self, seen: &Seen) -> bool {
        self.seen.fix.position.timestamp_ms == seen.fix.position.timestamp_ms
            && self.seen.state == seen.state
    }

    pub(super) fn json(&self) -> &[u8] {
        self.json.get_or_init(|| {
            // The type has no map with other keys than text and no failing field.
            serde_json::to_vec(&self.seen.update(&self.id)).unwrap_or_default()
        })
    }

    pub(super) fn record(&self) -> &[u8; RECORD_BYTES] {
        self.record.get_or_init(|| {
            let position = &self.seen.fix.position;
            Record {
                handle: self.handle,
                latitude: position.latitude,
                longitude: position.longitude,
                timestamp_ms: position.timestamp_ms,
                bearing: position.bearing,
                speed: position.speed,
                state: self.seen.state,
            }
            .encode()
        })
    }
}
