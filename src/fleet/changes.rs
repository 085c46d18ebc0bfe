use std::sync::Arc;

use ridecast_protocol::VehicleId;
use rustc_hash::FxHashMap;

use super::Listener;
use crate::spatial::CoarseCell;
use crate::store::Change;

/// The changes of this node's own vehicles, as store and peers are told them.
#[derive(Debug)]
pub(super) struct ChangeLog {
    listener: Listener,
    /// The cell each vehicle was last told to be in, by handle.
    told_in: FxHashMap<u32, CoarseCell>,
}

impl ChangeLog {
    pub(super) fn new(listener: Listener) -> Self {
        Self {
            listener,
            told_in: FxHashMap::default(),
        }
    }

    pub(super) async fn changed(&self) {
        self.listener.changed().await;
    }

    /// Adds what has changed since the last time.
    pub(super) fn take_into(&mut self, changes: &mut FxHashMap<VehicleId, Change>) {
        for vehicle in self.listener.take() {
            let (id, handle) = (vehicle.id(), vehicle.handle());
            let change = match vehicle.seen() {
                Some(seen) if seen.ours => Change {
                    id: id.clone(),
                    was_in: self.told_in.insert(handle, seen.cell.coarse()),
                    now: Some(seen.record(id)),
                },
                None if vehicle.is_ours() => {
                    // One that was another node's until its driver went offline here was never told.
                    let told_in = self.told_in.remove(&handle);
                    let Some(was_in) = told_in.or_else(|| Some(vehicle.last_cell()?.coarse()))
                    else {
                        continue; // It never had a position.
                    };
                    Change {
                        id: id.clone(),
                        was_in: Some(was_in),
                        now: None,
                    }
                }
                Some(_) | None => {
                    // Another node answers for it.
                    self.told_in.remove(&handle);
                    changes.remove(id);
                    continue;
                }
            };
            merge(changes, change);
        }
    }
}

/// Of two changes of one vehicle remains where it was before the first and
/// where it is after the second.
fn merge(changes: &mut FxHashMap<VehicleId, Change>, newer: Change) {
    match changes.entry(newer.id.clone()) {
        std::collections::hash_map::Entry::Vacant(entry) => {
            entry.insert(newer);
        }
        std::collections::hash_map::Entry::Occupied(mut entry) => {
            let change = entry.get_mut();
            change.was_in = change.was_in.or(newer.was_in);
            change.now = newer.now;
        }
    }
}

/// The vehicle log of a listener to all.
impl super::Fleet {
    pub(super) fn change_log(self: &Arc<Self>) -> Result<ChangeLog, super::TooManyListeners> {
        self.listen(true).map(ChangeLog::new)
    }
}
