use std::sync::Arc;
use std::time::{Duration, Instant};

use ridecast_protocol::VehicleId;
use rustc_hash::FxHashMap;

use super::{Listener, Vehicle};
use crate::spatial::{Cell, CoarseCell};
use crate::store::Change;

/// The changes of this node's own vehicles, as store and peers are told them.
#[derive(Debug)]
pub(super) struct ChangeLog {
    listener: Listener,
    /// A vehicle that only moves is told again after so long.
    moves_every: Duration,
    /// What was told of each vehicle last, by handle.
    told: FxHashMap<u32, Told>,
    /// Vehicles that have moved since, and are not to be told yet, by handle.
    resting: FxHashMap<u32, Arc<Vehicle>>,
}

#[derive(Debug, Clone, Copy)]
struct Told {
    at: Instant,
    cell: CoarseCell,
    engaged: bool,
}

impl ChangeLog {
    fn new(listener: Listener, moves_every: Duration) -> Self {
        Self {
            listener,
            moves_every,
            told: FxHashMap::default(),
            resting: FxHashMap::default(),
        }
    }

    pub(super) async fn changed(&self) {
        if self.resting.is_empty() {
            self.listener.changed().await;
        }
    }

    /// Adds what has changed since the last time, and is to be told.
    pub(super) fn take_into(&mut self, changes: &mut FxHashMap<VehicleId, Change>) {
        let now = Instant::now();
        let rested: Vec<_> = self
            .resting
            .extract_if(|handle, _| !rests(self.told.get(handle), self.moves_every, now))
            .map(|(_, vehicle)| vehicle)
            .collect();
        for vehicle in rested {
            self.take(&vehicle, changes, now);
        }
        for vehicle in self.listener.take() {
            let told = self.told.get(&vehicle.handle());
            if rests(told, self.moves_every, now) && told.is_some_and(|told| told.still(&vehicle)) {
                self.resting.insert(vehicle.handle(), vehicle);
            } else {
                self.resting.remove(&vehicle.handle());
                self.take(&vehicle, changes, now);
            }
        }
    }

    /// The same, without waiting for any.
    pub(super) fn take_all_into(&mut self, changes: &mut FxHashMap<VehicleId, Change>) {
        self.moves_every = Duration::ZERO;
        self.take_into(changes);
    }

    fn take(&mut self, vehicle: &Vehicle, changes: &mut FxHashMap<VehicleId, Change>, at: Instant) {
        let (id, handle) = (vehicle.id(), vehicle.handle());
        let change = match vehicle.seen_with_session() {
            Some((seen, session)) if seen.ours => {
                let (cell, engaged) = (seen.cell.coarse(), seen.engaged);
                let told = Told { at, cell, engaged };
                Change {
                    id: id.clone(),
                    was_in: self.told.insert(handle, told).map(|told| told.cell),
                    now: Some(seen.record(id, session)),
                }
            }
            None if vehicle.is_ours() => {
                // One that was another node's until its driver went offline here was never told.
                let told = self.told.remove(&handle).map(|told| told.cell);
                let Some(was_in) = told.or_else(|| Some(vehicle.last_cell()?.coarse())) else {
                    return; // It never had a position.
                };
                Change {
                    id: id.clone(),
                    was_in: Some(was_in),
                    now: None,
                }
            }
            Some(_) | None => {
                // Another node answers for it.
                self.told.remove(&handle);
                changes.remove(id);
                return;
            }
        };
        merge(changes, change);
    }
}

/// Whether it is too early to tell of a vehicle's move.
fn rests(told: Option<&Told>, moves_every: Duration, now: Instant) -> bool {
    told.is_some_and(|told| now.duration_since(told.at) < moves_every)
}

impl Told {
    /// Whether the vehicle has done nothing but move since it was told, within its coarse cell.
    fn still(&self, vehicle: &Vehicle) -> bool {
        let now = vehicle.now.lock();
        now.ours && now.engaged == self.engaged && now.cell().map(Cell::coarse) == Some(self.cell)
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
    /// A vehicle that only moves is told once in so long.
    pub(super) fn change_log(
        self: &Arc<Self>,
        moves_every: Duration,
    ) -> Result<ChangeLog, super::TooManyListeners> {
        let listener = self.listen(true)?;
        Ok(ChangeLog::new(listener, moves_every))
    }
}
