use std::time::{Duration, Instant};

use ridecast_protocol::{
    Channel, ErrorBody, ErrorCode, Subscribe, SubscriptionName, VehicleClass, VehicleId,
};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Settings;
use super::vehicle::HubVehicle;
use crate::spatial::{Area, WatchCell};

/// What one subscription wants to see, checked.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) area: Area,
    /// Only the nearest so many to the area's middle.
    limit: Option<usize>,
    class: Option<VehicleClass>,
    /// Least time between two frames.
    spacing: Option<Duration>,
}

impl Wish {
    /// Checks a `subscribe` or `update` against the limits.
    pub(super) fn read(request: &Subscribe, settings: &Settings) -> Result<Self, ErrorBody> {
        let invalid = |message: &str| ErrorBody::new(ErrorCode::InvalidMessage, message);
        let (area, limit, class) = match &request.channel {
            Channel::Nearby(nearby) => {
                let area = settings.circle(nearby.latitude, nearby.longitude, nearby.radius_m)?;
                let limit = nearby.limit.map(|limit| limit as usize);
                if limit.is_some_and(|limit| !(1..=1000).contains(&limit)) {
                    return Err(invalid("`limit` must be 1 to 1000"));
                }
                (area, limit, nearby.vehicle_class.clone())
            }
            Channel::Viewport(view) => {
                let area = settings.rectangle(view.south, view.west, view.north, view.east)?;
                (area, None, None)
            }
            Channel::Ride(_) => return Err(invalid("a ride has no area")),
        };
        let spacing = match request.max_rate_hz {
            None => None,
            Some(rate) if rate > 0.0 && rate <= 50.0 => Some(Duration::from_secs_f32(
                // A rate of next to nothing is once an hour, not once an eternity.
                (1.0 / rate).min(3600.0),
            )),
            Some(_) => return Err(invalid("`max_rate_hz` must be above 0 and at most 50")),
        };
        Ok(Self {
            area,
            limit,
            class,
            spacing,
        })
    }

    fn wants(&self, vehicle: &HubVehicle) -> bool {
        self.class
            .as_ref()
            .is_none_or(|class| *class == vehicle.seen.info.class)
            && self.area.contains(vehicle.seen.fix.point)
    }
}

/// One subscription of one session: what it wants, what its client has, and what it lacks.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) seat: usize,
    pub(super) name: SubscriptionName,
    pub(super) wish: Wish,
    pub(super) cells: Vec<WatchCell>,
    /// The vehicles the client has, by handle.
    shown: FxHashMap<u32, VehicleId>,
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
    pub(super) left: Vec<(u32, VehicleId)>,
}

impl Delta {
    pub(super) fn is_empty(&self) -> bool {
        !self.snapshot && self.entered.is_empty() && self.moved.is_empty() && self.left.is_empty()
    }
}

impl Subscription {
    pub(super) fn new(
        seat: usize,
        name: SubscriptionName,
        wish: Wish,
        cells: Vec<WatchCell>,
    ) -> Self {
        Self {
            seat,
            name,
            wish,
            cells,
            shown: FxHashMap::default(),
            changed: FxHashMap::default(),
            inside: FxHashSet::default(),
            snapshot_due: true,
            not_before: None,
        }
    }

    /// A vehicle moved, changed, or is gone (`None`). Tells whether that concerns the client.
    pub(super) fn note(&mut self, handle: u32, vehicle: Option<&HubVehicle>) -> bool {
        let wanted = vehicle.is_some_and(|vehicle| self.wish.wants(vehicle));
        let concerns =
            wanted || self.shown.contains_key(&handle) || self.changed.contains_key(&handle);
        if concerns {
            self.changed.insert(handle, wanted);
        }
        if self.wish.limit.is_some() {
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
        if !self.wish.wants(vehicle) {
            return;
        }
        if self.wish.limit.is_some() {
            self.inside.insert(handle);
        }
        // True: it has moved since `review`.
        if self.changed.get(&handle) == Some(&false) {
            self.changed.remove(&handle);
        }
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
        let nearest = self.wish.limit.map(|limit| self.nearest(limit, &vehicle));
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
                (Some(vehicle), true) => {
                    if self.shown.insert(handle, vehicle.id.clone()).is_none() {
                        delta.entered.push(handle);
                    } else {
                        delta.moved.push(handle);
                    }
                }
                _ => {
                    if let Some(id) = self.shown.remove(&handle) {
                        delta.left.push((handle, id));
                    }
                }
            }
        }
        delta
    }

    fn nearest<'a>(
        &self,
        limit: usize,
        vehicle: impl Fn(u32) -> Option<&'a HubVehicle>,
    ) -> FxHashSet<u32> {
        let middle = self.wish.area.middle();
        let mut by_distance: Vec<(f64, u32)> = self
            .inside
            .iter()
            .filter_map(|&handle| {
                Some((middle.distance_m(vehicle(handle)?.seen.fix.point), handle))
            })
            .collect();
        if by_distance.len() > limit {
            by_distance
                .select_nth_unstable_by(limit, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            by_distance.truncate(limit);
        }
        by_distance.into_iter().map(|(_, handle)| handle).collect()
    }
}
