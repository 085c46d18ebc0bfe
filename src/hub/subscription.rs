use std::collections::hash_map::Entry;
use std::time::Instant;

use ridecast_protocol::{SubscriptionName, VehicleId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Sees;
use super::vehicle::{HubVehicle, Name};
use super::wish::Wish;
use crate::spatial::{LatLon, WatchCell};

/// One subscription of one session: what it wants, what its client has, and what it lacks.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) seat: usize,
    pub(super) name: SubscriptionName,
    pub(super) sees: Sees,
    wish: Wish,
    pub(super) cells: Vec<WatchCell>,
    /// The vehicles the client has, by handle, under the names it was told.
    shown: FxHashMap<u32, Name>,
    /// Vehicles that changed since the client was last told: whether each is now wanted.
    changed: FxHashMap<u32, bool>,
    /// With a limit: all vehicles in the area, the shown ones among them.
    inside: FxHashSet<u32>,
    /// The client has been sent nothing yet, or must forget all it has.
    pub(super) snapshot_due: bool,
    /// No frame before this.
    pub(super) not_before: Option<Instant>,
}

/// What to tell the client of one subscription.
#[derive(Debug, Default)]
pub(super) struct Delta {
    pub(super) snapshot: bool,
    /// Vehicles the client does not have yet.
    pub(super) entered: Vec<u32>,
    /// Vehicles it has that changed.
    pub(super) moved: Vec<u32>,
    /// Vehicles to forget.
    pub(super) left: Vec<Name>,
}

impl Delta {
    pub(super) fn is_empty(&self) -> bool {
        !self.snapshot && self.entered.is_empty() && self.moved.is_empty() && self.left.is_empty()
    }
}

impl Subscription {
    pub(super) fn new(seat: usize, name: SubscriptionName, sees: Sees, wish: Wish) -> Self {
        Self {
            seat,
            name,
            sees,
            wish,
            cells: Vec::new(),
            shown: FxHashMap::default(),
            changed: FxHashMap::default(),
            inside: FxHashSet::default(),
            snapshot_due: true,
            not_before: None,
        }
    }

    /// A vehicle moved, changed, or is gone (`None`). Tells whether that concerns the client.
    pub(super) fn note(&mut self, handle: u32, vehicle: Option<&HubVehicle>) -> bool {
        let wanted = vehicle.is_some_and(|vehicle| self.wish.wants(vehicle, self.sees));
        let concerns =
            wanted || self.shown.contains_key(&handle) || self.changed.contains_key(&handle);
        if concerns {
            self.changed.insert(handle, wanted);
        }
        if self.wish.nearest().is_some() {
            if wanted {
                self.inside.insert(handle);
            } else {
                return self.inside.remove(&handle) || concerns;
            }
        }
        concerns
    }

    /// Another wish: who moves a map is told at once, whatever the rate.
    pub(super) fn change_to(&mut self, wish: Wish) {
        self.wish = wish;
        self.not_before = None;
    }

    /// The wish has changed: all must leave, unless it is found in the new area.
    /// Returns what the client has, and has as it is.
    ///
    /// What this thread knows of a vehicle is no help here: it may be of a cell
    /// that nobody has watched for a while.
    pub(super) fn review(&mut self) -> FxHashSet<u32> {
        let shown = self.shown.keys().copied();
        let as_it_is: FxHashSet<u32> = shown
            .filter(|handle| !self.changed.contains_key(handle))
            .collect();
        for wanted in self.changed.values_mut() {
            *wanted = false;
        }
        self.changed
            .extend(as_it_is.iter().map(|&handle| (handle, false)));
        self.inside.clear();
        as_it_is
    }

    /// A vehicle that the client has as it is was found in the new area: nothing to tell.
    pub(super) fn keep(&mut self, handle: u32, vehicle: &HubVehicle) {
        if !self.wish.wants(vehicle, self.sees) {
            return;
        }
        if self.wish.nearest().is_some() {
            self.inside.insert(handle);
        }
        // True: it has moved since `review`.
        if self.changed.get(&handle) == Some(&false) {
            self.changed.remove(&handle);
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
    pub(super) fn aim(&mut self, vehicle: Option<VehicleId>) {
        self.wish.aim(vehicle);
        self.not_before = None;
        self.review();
    }

    /// Whether the client has a vehicle that is not about to leave, or is about to be told of one.
    pub(super) fn shows_any(&self) -> bool {
        let mut shown = self.shown.keys();
        self.changed.values().any(|&wanted| wanted)
            || shown.any(|handle| !self.changed.contains_key(handle))
    }

    /// Whether the client has the vehicle as this thread knows it.
    pub(super) fn has_as_it_is(&self, handle: u32) -> bool {
        self.shown.contains_key(&handle) && !self.changed.contains_key(&handle)
    }

    /// Whether there is something to tell.
    pub(super) fn pending(&self) -> bool {
        self.snapshot_due || !self.changed.is_empty()
    }

    pub(super) fn due(&self, now: Instant) -> bool {
        self.pending() && self.not_before.is_none_or(|at| at <= now)
    }

    /// Takes what is to be told and counts it as told.
    pub(super) fn take<'a>(
        &mut self,
        vehicle: impl Fn(u32) -> Option<&'a HubVehicle>,
        now: Instant,
    ) -> Delta {
        self.not_before = self.wish.spacing.map(|spacing| now + spacing);
        let mut delta = Delta {
            snapshot: std::mem::take(&mut self.snapshot_due),
            ..Delta::default()
        };
        let nearest = self.wish.nearest();
        let nearest = nearest.map(|(limit, to)| self.nearest(limit, to, &vehicle));
        if let Some(nearest) = &nearest {
            // One vehicle's move changes who else is among the nearest.
            for handle in self.shown.keys().chain(nearest) {
                let shown = self.shown.contains_key(handle);
                if shown != nearest.contains(handle) {
                    self.changed.entry(*handle).or_insert(true);
                }
            }
        }
        for (handle, wanted) in self.changed.drain() {
            let wanted = wanted
                && nearest
                    .as_ref()
                    .is_none_or(|nearest| nearest.contains(&handle));
            match (vehicle(handle), wanted) {
                (Some(vehicle), true) => match self.shown.entry(handle) {
                    Entry::Vacant(entry) => {
                        entry.insert(vehicle.name(self.sees));
                        delta.entered.push(handle);
                    }
                    Entry::Occupied(entry) if entry.get().handle == vehicle.handle(self.sees) => {
                        delta.moved.push(handle);
                    }
                    Entry::Occupied(mut entry) => {
                        // It has another alias by now, and to the client is another vehicle.
                        delta.left.push(entry.insert(vehicle.name(self.sees)));
                        delta.entered.push(handle);
                    }
                },
                _ => delta.left.extend(self.shown.remove(&handle)),
            }
        }
        delta
    }

    fn nearest<'a>(
        &self,
        limit: usize,
        to: LatLon,
        vehicle: impl Fn(u32) -> Option<&'a HubVehicle>,
    ) -> FxHashSet<u32> {
        let mut by_distance: Vec<(f64, u32)> = self
            .inside
            .iter()
            .filter_map(|&handle| Some((to.distance_m(vehicle(handle)?.seen.fix.point), handle)))
            .collect();
        if by_distance.len() > limit {
            by_distance
                .select_nth_unstable_by(limit, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            by_distance.truncate(limit);
        }
        by_distance.into_iter().map(|(_, handle)| handle).collect()
    }
}
