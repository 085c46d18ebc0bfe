use std::cell::{Cell as Mutable, OnceCell};
use std::collections::hash_map::Entry;
use std::sync::Arc;

use ridecast_protocol::VehicleId;
use ridecast_protocol::binary::{RECORD_BYTES, Record};
use rustc_hash::FxHashMap;
use slab::Slab;

use super::Sees;
use crate::fleet::{Alias, Seen, Vehicle};
use crate::spatial::{Cell, LatLon, Spot};

/// A vehicle as this thread last saw it, with its part of the wire made at most
/// once for all who are told of it under the same name.
#[derive(Debug)]
pub(super) struct HubVehicle {
    pub(super) id: VehicleId,
    handle: u32,
    /// `None`: gone, or where nobody of this thread watches. Kept for those whose clients have it.
    pub(super) seen: Option<Seen>,
    /// How many subscriptions' clients have it.
    shown_by: u32,
    /// Of whoever looked at it last.
    mark: Mutable<Mark>,
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

/// Where a vehicle is, in the forms that filters ask for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) cell: Cell,
    pub(super) point: LatLon,
    pub(super) spot: Spot,
}

/// What a client was told that a vehicle is called: `None` its own name, else that alias.
pub(super) type Name = Option<Arc<Alias>>;

/// The name under which those who see so much are told of a vehicle like this.
pub(super) fn name(sees: Sees, vehicle: &Seen) -> Name {
    match sees {
        Sees::Free => Some(Arc::clone(&vehicle.alias)),
        Sees::Everything => None,
    }
}

/// Whether a vehicle like this still goes by that name.
pub(super) fn goes_by(name: &Name, vehicle: &Seen) -> bool {
    name.as_ref()
        .is_none_or(|alias| Arc::ptr_eq(alias, &vehicle.alias))
}

/// Tells the vehicles that somebody has looked at from the others, without a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mark(u64);

impl HubVehicle {
    fn new(vehicle: &Vehicle, seen: Seen) -> Self {
        Self {
            id: vehicle.id().clone(),
            handle: vehicle.handle(),
            seen: Some(seen),
            shown_by: 0,
            mark: Mutable::default(),
            own: Encoded::default(),
            alias: Encoded::default(),
        }
    }

    /// Whether this is how it is seen now.
    pub(super) fn is(&self, seen: &Seen) -> bool {
        self.seen.as_ref().is_some_and(|known| {
            known.fix.position.timestamp_ms == seen.fix.position.timestamp_ms
                && known.state == seen.state
                && known.engaged == seen.engaged
        })
    }

    /// Marks it; false if it had that mark already.
    pub(super) fn mark(&self, mark: Mark) -> bool {
        self.mark.replace(mark) != mark
    }

    pub(super) fn has_mark(&self, mark: Mark) -> bool {
        self.mark.get() == mark
    }

    /// Where it is.
    pub(super) fn place(&self) -> Option<Place> {
        self.seen.as_ref().map(|seen| Place {
            cell: seen.cell,
            point: seen.fix.point,
            spot: seen.spot,
        })
    }

    /// The id and the number of binary frames that go with a name it has or had.
    pub(super) fn known_as<'a>(&'a self, name: &'a Name) -> (&'a VehicleId, u32) {
        match name {
            Some(alias) => (&alias.id, alias.handle),
            None => (&self.id, self.handle),
        }
    }

    const fn encoded(&self, sees: Sees) -> &Encoded {
        match sees {
            Sees::Free => &self.alias,
            Sees::Everything => &self.own,
        }
    }

    pub(super) fn json(&self, sees: Sees, now: &Seen) -> &[u8] {
        self.encoded(sees).json.get_or_init(|| {
            // The type has no map with other keys than text and no failing field.
            serde_json::to_vec(&now.update(sees.id(&self.id, now))).unwrap_or_default()
        })
    }

    pub(super) fn record(&self, sees: Sees, now: &Seen) -> &[u8; RECORD_BYTES] {
        self.encoded(sees).record.get_or_init(|| {
            let position = &now.fix.position;
            Record {
                handle: sees.handle(self.handle, now),
                latitude: position.latitude,
                longitude: position.longitude,
                timestamp_ms: position.timestamp_ms,
                bearing: position.bearing,
                speed: position.speed,
                state: now.state,
            }
            .encode()
        })
    }
}

/// The vehicles that somebody of this thread watches, or whose clients still have them. Each
/// has a *slot*, which may be another's once nobody has it any more.
#[derive(Debug, Default)]
pub(super) struct Vehicles {
    slots: Slab<HubVehicle>,
    by_handle: FxHashMap<u32, u32>,
    /// The slots of those that are seen, by where they are.
    by_cell: FxHashMap<Cell, Vec<u32>>,
    marks: u64,
}

/// What has become of a vehicle.
pub(super) struct Noted {
    pub(super) slot: u32,
    /// Where it was before. `None`: nobody saw it.
    pub(super) before: Option<Place>,
    /// Where it is now. `None`: it is gone.
    pub(super) after: Option<Place>,
    /// Nothing else has changed but where, how fast and when: whoever saw it before and sees it
    /// now knows it already.
    pub(super) only_moved: bool,
}

impl Vehicles {
    pub(super) fn get(&self, slot: u32) -> Option<&HubVehicle> {
        self.slots.get(slot as usize)
    }

    /// Where the vehicle is kept.
    pub(super) fn slot(&self, vehicle: &Vehicle) -> Option<u32> {
        self.by_handle.get(&vehicle.handle()).copied()
    }

    /// A vehicle is now like this, or gone. `None`: it was not known, and is gone.
    pub(super) fn note(&mut self, vehicle: &Vehicle, seen: Option<Seen>) -> Option<Noted> {
        let Some(slot) = self.slot(vehicle) else {
            let slot = self.slots.insert(HubVehicle::new(vehicle, seen?));
            let after = self.slots[slot].place();
            let slot = u32::try_from(slot).ok()?;
            self.by_handle.insert(vehicle.handle(), slot);
            self.move_to(slot, None, after);
            return Some(Noted {
                slot,
                before: None,
                after,
                only_moved: false,
            });
        };
        let known = &mut self.slots[slot as usize];
        let before = known.place();
        let only_moved = matches!((&known.seen, &seen), (Some(before), Some(after))
            if Arc::ptr_eq(&before.alias, &after.alias) && before.engaged == after.engaged);
        known.seen = seen;
        known.own = Encoded::default();
        known.alias = Encoded::default();
        let after = known.place();
        self.move_to(slot, before, after);
        Some(Noted {
            slot,
            before,
            after,
            only_moved,
        })
    }

    fn move_to(&mut self, slot: u32, before: Option<Place>, after: Option<Place>) {
        let (before, after) = (before.map(|it| it.cell), after.map(|it| it.cell));
        if before == after {
            return;
        }
        if let Some(cell) = before
            && let Entry::Occupied(mut entry) = self.by_cell.entry(cell)
        {
            entry.get_mut().retain(|&other| other != slot);
            if entry.get().is_empty() {
                entry.remove();
            }
        }
        if let Some(cell) = after {
            self.by_cell.entry(cell).or_default().push(slot);
        }
    }

    /// Nobody of this thread watches where it is.
    pub(super) fn lose(&mut self, slot: u32) {
        if let Some(vehicle) = self.slots.get_mut(slot as usize) {
            let before = vehicle.place();
            vehicle.seen = None;
            self.move_to(slot, before, None);
            self.free(slot);
        }
    }

    /// Nobody of this thread watches this cell any more: what moves there is not heard, so what
    /// is known of it would soon be wrong.
    pub(super) fn lose_all(&mut self, cell: Cell) {
        for slot in self.by_cell.remove(&cell).unwrap_or_default() {
            if let Some(vehicle) = self.slots.get_mut(slot as usize) {
                vehicle.seen = None;
                self.free(slot);
            }
        }
    }

    /// One more client has it.
    pub(super) fn show(&mut self, slot: u32) {
        if let Some(vehicle) = self.slots.get_mut(slot as usize) {
            vehicle.shown_by += 1;
        }
    }

    /// One client less has it.
    pub(super) fn hide(&mut self, slot: u32) {
        if let Some(vehicle) = self.slots.get_mut(slot as usize) {
            vehicle.shown_by -= 1;
            self.free(slot);
        }
    }

    fn free(&mut self, slot: u32) {
        let vehicle = &self.slots[slot as usize];
        if vehicle.seen.is_none() && vehicle.shown_by == 0 {
            self.by_handle.remove(&vehicle.handle);
            self.slots.remove(slot as usize);
        }
    }

    /// A mark that no vehicle has.
    pub(super) const fn new_mark(&mut self) -> Mark {
        self.marks += 1;
        Mark(self.marks)
    }
}
