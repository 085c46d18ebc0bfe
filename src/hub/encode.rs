use ridecast_protocol::SubscriptionName;
use ridecast_protocol::binary::FrameWriter;

use super::vehicle::{HubVehicle, Name};
use super::{Format, Sees};
use crate::fleet::Seen;

/// One `vehicles` message in the making.
///
/// As JSON the same text that serde would write for `VehiclesMessage`, with the
/// vehicles' parts copied instead of made anew (a test compares).
pub(super) struct Composer<'a> {
    sees: Sees,
    is_empty: bool,
    body: Body<'a>,
}

enum Body<'a> {
    Json {
        out: &'a mut Vec<u8>,
        /// What follows the vehicles: names, separated.
        left: Vec<u8>,
    },
    Binary {
        frame: FrameWriter<'a>,
        left: Vec<u32>,
    },
}

impl<'a> Composer<'a> {
    /// Begins a message at the end of `out`.
    pub(super) fn begin(
        out: &'a mut Vec<u8>,
        format: Format,
        name: &SubscriptionName,
        sees: Sees,
        snapshot: bool,
        now_ms: i64,
    ) -> Self {
        let body = match format {
            Format::Json => {
                out.extend_from_slice(b"{\"type\":\"vehicles\",\"subscription\":");
                write_text(out, name.as_str());
                out.extend_from_slice(if snapshot {
                    b",\"snapshot\":true,\"vehicles\":["
                } else {
                    b",\"snapshot\":false,\"vehicles\":["
                });
                Body::Json {
                    out,
                    left: Vec::new(),
                }
            }
            Format::Binary => Body::Binary {
                frame: FrameWriter::new(out, name, snapshot, u64::try_from(now_ms).unwrap_or(0)),
                left: Vec::new(),
            },
        };
        Self {
            sees,
            is_empty: !snapshot,
            body,
        }
    }

    /// A vehicle that the client does not have yet.
    pub(super) fn entered(&mut self, vehicle: &HubVehicle, seen: &Seen) {
        if let Body::Binary { frame, .. } = &mut self.body {
            self.is_empty = false;
            let id = self.sees.id(&vehicle.id, seen);
            frame.introduce(vehicle.record(self.sees, seen), &seen.info.class, id);
        } else {
            self.moved(vehicle, seen);
        }
    }

    /// A vehicle that the client has, and that changed.
    pub(super) fn moved(&mut self, vehicle: &HubVehicle, seen: &Seen) {
        self.is_empty = false;
        match &mut self.body {
            Body::Json { out, .. } => {
                if out.last() != Some(&b'[') {
                    out.push(b',');
                }
                out.extend_from_slice(vehicle.json(self.sees, seen));
            }
            Body::Binary { frame, .. } => frame.record(vehicle.record(self.sees, seen)),
        }
    }

    /// A vehicle that the client has under this name, and must forget.
    pub(super) fn left(&mut self, vehicle: &HubVehicle, name: &Name) {
        self.is_empty = false;
        let (id, handle) = vehicle.known_as(name);
        match &mut self.body {
            Body::Json { left, .. } => {
                if !left.is_empty() {
                    left.push(b',');
                }
                write_text(left, id.as_str());
            }
            Body::Binary { left, .. } => left.push(handle),
        }
    }

    /// Ends the message. False: it says nothing.
    pub(super) fn finish(self) -> bool {
        match self.body {
            Body::Json { out, left } => {
                out.extend_from_slice(b"],\"left\":[");
                out.extend_from_slice(&left);
                out.extend_from_slice(b"]}");
            }
            Body::Binary { frame, left } => frame.finish(left.into_iter()),
        }
        !self.is_empty
    }
}

/// A text in JSON.
fn write_text(out: &mut Vec<u8>, text: &str) {
    // A text is always JSON, and memory takes everything.
    let _ = serde_json::to_writer(out, text);
}
