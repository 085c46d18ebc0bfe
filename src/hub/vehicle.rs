use std::cell::OnceCell;

use ridecast_protocol::VehicleId;
use ridecast_protocol::binary::{RECORD_BYTES, Record};

use super::Sees;
use crate::fleet::Seen;

/// A vehicle as this thread last saw it, with its part of the wire made at most
/// once for all who are told of it under the same name.
#[derive(Debug)]
pub(super) struct HubVehicle {
    pub(super) id: VehicleId,
    pub(super) handle: u32,
    pub(super) seen: Seen,
    /// Under its own id.
    own: Encoded,
    /// Under its alias.
    alias: Encoded,
}

#[derive(Debug, Default)]
struct Encoded {
    json: OnceCell<Vec<u8>>,
    record: OnceCell<[u8; RECORD_BYTES]>,
}

/// What somebody knows a vehicle by: in JSON, and in binary frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) id: VehicleId,
    pub(super) handle: u32,
}

impl HubVehicle {
    pub(super) fn new(id: VehicleId, handle: u32, seen: Seen) -> Self {
        Self {
            id,
            handle,
            seen,
            own: Encoded::default(),
            alias: Encoded::default(),
        }
    }

    /// Whether this is how it is seen now.
    pub(super) fn is(&self, seen: &Seen) -> bool {
        self.seen.fix.position.timestamp_ms == seen.fix.position.timestamp_ms
            && self.seen.state == seen.state
            && self.seen.engaged == seen.engaged
    }

    /// The name under which those who see so much are told of it.
    pub(super) fn name(&self, sees: Sees) -> Name {
        Name {
            id: self.id(sees).clone(),
            handle: self.handle(sees),
        }
    }

    pub(super) fn id(&self, sees: Sees) -> &VehicleId {
        sees.id(&self.id, &self.seen)
    }

    pub(super) fn handle(&self, sees: Sees) -> u32 {
        sees.handle(self.handle, &self.seen)
    }

    const fn encoded(&self, sees: Sees) -> &Encoded {
        match sees {
            Sees::Free => &self.alias,
            Sees::Everything => &self.own,
        }
    }

    pub(super) fn json(&self, sees: Sees) -> &[u8] {
        self.encoded(sees).json.get_or_init(|| {
            // The type has no map with other keys than text and no failing field.
            serde_json::to_vec(&self.seen.update(self.id(sees))).unwrap_or_default()
        })
    }

    pub(super) fn record(&self, sees: Sees) -> &[u8; RECORD_BYTES] {
        self.encoded(sees).record.get_or_init(|| {
            let position = &self.seen.fix.position;
            Record {
                handle: self.handle(sees),
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
