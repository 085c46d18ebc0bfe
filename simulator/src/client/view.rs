//! What a rider has on the map.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Instant;

use ridecast_protocol::{VehicleId, VehicleState};

use crate::fix::Fix;
use crate::tally::Tally;

/// Vehicles by what they are called on the wire: an id, or a handle for one.
#[derive(Debug)]
pub(super) struct View<K>(HashMap<K, Known>);

#[derive(Debug, Clone, Copy)]
struct Known {
    /// Index in the tally; `None`: not one of ours.
    vehicle: Option<usize>,
    timestamp_ms: i64,
}

/// One vehicle of a message.
pub(super) struct Entry<'a, K> {
    pub(super) key: K,
    /// Always in JSON; in frames where it is introduced.
    pub(super) id: Option<&'a VehicleId>,
    pub(super) fix: Fix,
    pub(super) state: VehicleState,
}

impl<K: Hash + Eq> View<K> {
    pub(super) fn new() -> Self {
        Self(HashMap::new())
    }

    /// Replaces all.
    pub(super) fn snapshot<'a>(
        &mut self,
        entries: impl Iterator<Item = Entry<'a, K>>,
        tally: &Tally,
    ) {
        self.0.clear();
        let mut count = 0;
        for entry in entries {
            count += 1;
            self.enter(entry, tally);
        }
        tally.snapshot(count);
    }

    /// Applies changes that came at `now`, and measures how old they were.
    pub(super) fn change<'a>(
        &mut self,
        entries: impl Iterator<Item = Entry<'a, K>>,
        now: Instant,
        latencies: &mut Vec<u64>,
        tally: &Tally,
    ) {
        let mut count = 0;
        for entry in entries {
            count += 1;
            let Some(known) = self.0.get_mut(&entry.key) else {
                if let Some(vehicle) = self.enter(entry, tally) {
                    // In view since now: it may be old news, so nothing is measured.
                    let _ = tally.seen(vehicle.0, vehicle.1, now);
                }
                continue;
            };
            let timestamp_ms = entry.fix.timestamp_ms;
            if timestamp_ms < known.timestamp_ms {
                tally.went_back();
            }
            let fresh = timestamp_ms > known.timestamp_ms;
            known.timestamp_ms = timestamp_ms;
            // The same fix again tells of a new state, such as silence.
            if let Some(vehicle) = known.vehicle
                && fresh
                && entry.state == VehicleState::Online
            {
                match tally.seen(vehicle, timestamp_ms, now) {
                    Some(age) => latencies.push(micros(age)),
                    None => tally.unmatched(),
                }
            }
        }
        tally.delivered(count);
    }

    /// Adds a vehicle; gives it and its time if it is one of ours.
    fn enter(&mut self, entry: Entry<'_, K>, tally: &Tally) -> Option<(usize, i64)> {
        let Some(id) = entry.id else {
            tally.error("unknown_handle");
            return None;
        };
        let vehicle = tally.vehicle(id, entry.fix);
        let timestamp_ms = entry.fix.timestamp_ms;
        let known = Known {
            vehicle,
            timestamp_ms,
        };
        self.0.insert(entry.key, known);
        vehicle.map(|vehicle| (vehicle, timestamp_ms))
    }

    pub(super) fn leave(&mut self, key: &K) {
        self.0.remove(key);
    }
}

fn micros(age: std::time::Duration) -> u64 {
    u64::try_from(age.as_micros()).unwrap_or(u64::MAX)
}
