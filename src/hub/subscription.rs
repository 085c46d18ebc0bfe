use std::collections::hash_map::Entry;
use std::time::Instant;

use ridecast_protocol::{SubscriptionName, VehicleId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::encode::Composer;
use super::vehicle::{HubVehicle, Mark, Name, Vehicles, goes_by, name};
use super::wish::Wish;
use super::{Format, Sees};
use crate::fleet::Seen;
use crate::spatial::{Inside, Spot, WatchCell};

/// One subscription of one session: what it wants, what its client has, and what it lacks.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) seat: usize,
    pub(super) name: SubscriptionName,
    pub(super) sees: Sees,
    wish: Wish,
    pub(super) cells: Vec<WatchCell>,
    /// The vehicles the client has, by slot, under the names it was told.
    shown: FxHashMap<u32, Name>,
    /// Vehicles the client has, that have only moved: slots, some of them several times.
    moved: Vec<u32>,
    /// What else to look at when the client is told next, likewise: first, as of these it is
    /// asked whether the client has them.
    pending: Vec<u32>,
    /// Slots that were dropped from the two, as they stood there twice.
    joined: u32,
    /// With a limit: all vehicles in the area, the shown ones among them.
    inside: FxHashSet<u32>,
    /// The client has been sent nothing yet, or must forget all it has.
    pub(super) snapshot_due: bool,
    /// No frame before this.
    pub(super) not_before: Option<Instant>,
}

/// So many are looked through at least before the list of them may grow.
const LEAST_PENDING: usize = 64;
/// A list that was longer gives its memory back when it is empty.
const KEPT_PENDING: usize = 256;

impl Subscription {
    pub(super) fn new(seat: usize, name: SubscriptionName, sees: Sees, wish: Wish) -> Self {
        Self {
            seat,
            name,
            sees,
            wish,
            cells: Vec::new(),
            shown: FxHashMap::default(),
            moved: Vec::new(),
            pending: Vec::new(),
            joined: 0,
            inside: FxHashSet::default(),
            snapshot_due: true,
            not_before: None,
        }
    }

    /// The area it watches.
    pub(super) const fn inside(&self) -> Option<Inside> {
        self.wish.inside()
    }

    /// A vehicle that may concern the client moved, changed, or is gone. `known`: it has only
    /// moved, and if it is wanted the client has it. Tells whether it is the first that waits.
    ///
    /// Most only move, and to ask `shown` for each was what cost most: among a thousand
    /// subscriptions it is never in the processor's cache.
    pub(super) fn note(&mut self, slot: u32, known: bool, vehicles: &mut Vehicles) -> bool {
        let first = self.moved.is_empty() && self.pending.is_empty();
        let slots = if known && self.wish.nearest().is_none() {
            &mut self.moved
        } else {
            &mut self.pending
        };
        self.joined += push(slots, slot, vehicles);
        first
    }

    /// Another wish: who moves a map is told at once, whatever the rate.
    pub(super) fn change_to(&mut self, wish: Wish) {
        self.wish = wish;
        self.not_before = None;
        self.inside.clear();
    }

    /// Whether the client has the vehicles that have moved is not certain any more.
    pub(super) fn doubt(&mut self) {
        self.pending.append(&mut self.moved);
    }

    /// Marks the vehicles that the client does not have as they are. After [`Self::doubt`].
    pub(super) fn mark_pending(&self, vehicles: &mut Vehicles) -> Mark {
        let mark = vehicles.new_mark();
        for vehicle in self.pending.iter().filter_map(|&slot| vehicles.get(slot)) {
            vehicle.mark(mark);
        }
        mark
    }

    /// Whether it wants the vehicle as this thread knows it.
    pub(super) fn wants(&self, vehicle: &HubVehicle) -> bool {
        self.wish.wants(vehicle, self.sees).is_some()
    }

    /// Whether the client has this vehicle, or is about to lose it.
    pub(super) fn shows(&self, slot: u32) -> bool {
        self.shown.contains_key(&slot)
    }

    /// The wish has changed: all that the client has are looked at again, but those that `stay`.
    pub(super) fn review(&mut self, stay: &FxHashSet<u32>, vehicles: &mut Vehicles) {
        for &slot in self.shown.keys().filter(|slot| !stay.contains(slot)) {
            self.joined += push(&mut self.pending, slot, vehicles);
        }
        if self.wish.nearest().is_some() {
            self.inside.extend(stay);
        }
    }

    /// Whether it follows one vehicle.
    pub(super) const fn is_for_one(&self) -> bool {
        self.wish.is_for_one()
    }

    /// The one vehicle that it follows.
    pub(super) const fn vehicle(&self) -> Option<&VehicleId> {
        self.wish.vehicle()
    }

    /// Another vehicle to follow: the one before must leave, whatever the rate.
    pub(super) fn aim(&mut self, vehicle: Option<VehicleId>, vehicles: &mut Vehicles) {
        self.wish.aim(vehicle);
        self.not_before = None;
        self.review(&FxHashSet::default(), vehicles);
    }

    /// Whether the client has a vehicle that is not about to leave, or is about to be told of one.
    pub(super) fn shows_any(&self, vehicles: &Vehicles) -> bool {
        let mut pending = self.pending.iter().filter_map(|&slot| vehicles.get(slot));
        pending.any(|vehicle| self.wants(vehicle))
            || self.shown.keys().any(|slot| !self.pending.contains(slot))
    }

    /// Whether the client has the vehicle as this thread knows it.
    pub(super) fn has_as_it_is(&self, slot: u32) -> bool {
        self.shows(slot) && !self.pending.contains(&slot)
    }

    /// Whether there is something to tell.
    pub(super) fn pending(&self) -> bool {
        self.snapshot_due || !self.pending.is_empty() || !self.moved.is_empty()
    }

    pub(super) fn due(&self, now: Instant) -> bool {
        self.pending() && self.not_before.is_none_or(|at| at <= now)
    }

    /// Tells what there is to tell and counts it as told. Returns how many vehicles were told
    /// of, and how many earlier moves of them are passed over; `None`: nothing was told.
    pub(super) fn tell(
        &mut self,
        vehicles: &mut Vehicles,
        out: &mut Vec<u8>,
        format: Format,
        (now, now_ms): (Instant, i64),
    ) -> Option<(u32, u32)> {
        let snapshot = std::mem::take(&mut self.snapshot_due);
        let mut message = Composer::begin(out, format, &self.name, self.sees, snapshot, now_ms);
        self.not_before = self.wish.spacing.map(|spacing| now + spacing);
        let mut pending = std::mem::take(&mut self.pending);
        let nearest = self.nearest(&mut pending, vehicles);
        let mark = vehicles.new_mark();
        let (mut count, mut joined) = (0, std::mem::take(&mut self.joined));
        for &slot in &pending {
            let Some(vehicle) = vehicles.get(slot) else {
                continue;
            };
            if !vehicle.mark(mark) {
                joined += 1;
                continue;
            }
            let wanted = self.wish.wants(vehicle, self.sees);
            let is_near = |_: &&Seen| nearest.as_ref().is_none_or(|it| it.contains(&slot));
            let Some(seen) = wanted.filter(is_near) else {
                if let Some(name) = self.shown.remove(&slot) {
                    message.left(vehicle, &name);
                    vehicles.hide(slot);
                }
                continue;
            };
            count += 1;
            match self.shown.entry(slot) {
                Entry::Occupied(entry) if goes_by(entry.get(), seen) => {
                    message.moved(vehicle, seen);
                }
                Entry::Occupied(mut entry) => {
                    // It has another alias by now, and to the client is another vehicle.
                    let before = entry.insert(name(self.sees, seen));
                    message.left(vehicle, &before);
                    message.entered(vehicle, seen);
                }
                Entry::Vacant(entry) => {
                    entry.insert(name(self.sees, seen));
                    message.entered(vehicle, seen);
                    vehicles.show(slot);
                }
            }
        }
        self.pending = emptied(pending);
        let moved = std::mem::take(&mut self.moved);
        for vehicle in moved.iter().filter_map(|&slot| vehicles.get(slot)) {
            if !vehicle.mark(mark) {
                joined += 1;
            } else if let Some(seen) = self.wish.wants(vehicle, self.sees) {
                count += 1;
                message.moved(vehicle, seen);
            }
        }
        self.moved = emptied(moved);
        // What entered and left again before it was told is nothing to tell.
        message.finish().then_some((count, joined))
    }

    /// With a limit: the nearest vehicles. One's move changes who else is among them; such are
    /// added to what is looked at.
    fn nearest(&mut self, pending: &mut Vec<u32>, vehicles: &Vehicles) -> Option<FxHashSet<u32>> {
        let (limit, to) = self.wish.nearest()?;
        let mut seen = FxHashSet::default();
        for &slot in pending.iter().filter(|&&slot| seen.insert(slot)) {
            if vehicles
                .get(slot)
                .is_some_and(|vehicle| self.wants(vehicle))
            {
                self.inside.insert(slot);
            } else {
                self.inside.remove(&slot);
            }
        }
        let nearest = nearest(&self.inside, limit, to, vehicles);
        for &slot in self.shown.keys().chain(&nearest) {
            if !seen.contains(&slot) && self.shows(slot) != nearest.contains(&slot) {
                pending.push(slot);
            }
        }
        Some(nearest)
    }

    /// Its client has nothing any more.
    pub(super) fn forget_all(&mut self, vehicles: &mut Vehicles) {
        for (slot, _) in self.shown.drain() {
            vehicles.hide(slot);
        }
    }
}

/// Adds a slot. Each is kept only once when the list would grow: so a client that takes nothing
/// costs at most a few bytes for each vehicle. Returns how many were dropped.
fn push(slots: &mut Vec<u32>, slot: u32, vehicles: &mut Vehicles) -> u32 {
    let before = slots.len();
    if slots.len() == slots.capacity() && slots.len() >= LEAST_PENDING {
        let mark = vehicles.new_mark();
        slots.retain(|&slot| vehicles.get(slot).is_some_and(|vehicle| vehicle.mark(mark)));
        if slots.len() > slots.capacity() / 2 {
            slots.reserve(slots.capacity());
        }
    }
    let dropped = before - slots.len();
    slots.push(slot);
    u32::try_from(dropped).unwrap_or(u32::MAX)
}

/// The same list, empty, to be filled again.
fn emptied(mut slots: Vec<u32>) -> Vec<u32> {
    if slots.capacity() > KEPT_PENDING {
        return Vec::new();
    }
    slots.clear();
    slots
}

fn nearest(inside: &FxHashSet<u32>, limit: usize, to: Spot, vehicles: &Vehicles) -> FxHashSet<u32> {
    let seen = |slot| vehicles.get(slot)?.seen.as_ref();
    let mut by_distance: Vec<(f64, u32)> = inside
        .iter()
        .filter_map(|&slot| Some((seen(slot)?.spot.chord_squared(to), slot)))
        .collect();
    if by_distance.len() > limit {
        by_distance.select_nth_unstable_by(limit, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        by_distance.truncate(limit);
    }
    by_distance.into_iter().map(|(_, slot)| slot).collect()
}
