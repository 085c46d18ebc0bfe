//! The fleet: the newest position and presence of each vehicle, the index of
//! places, and who must hear of a move.

mod alias;
mod changes;
mod density;
mod engaged;
mod judge;
mod listener;
mod nearest;
mod others;
mod peers;
mod places;
#[cfg(test)]
mod tests;
mod vehicle;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use dashmap::mapref::entry::Entry;
use dashmap::{DashMap, DashSet};
use parking_lot::RwLock;
use ridecast_protocol::{Position, SessionId, VehicleId, VehicleInfo, VehicleState};
use rustc_hash::{FxBuildHasher, FxHashSet};
use tokio::sync::Notify;

pub use alias::Alias;
pub use density::{Count, Counts, DensityWatch, Grain, Tally, keep_counting};
pub use judge::{Fix, Limits, Refusal};
pub use listener::Listener;
pub use nearest::Sought;
pub use others::Teller;
pub use peers::Peers;
pub use vehicle::{Seen, Vehicle};
pub use writer::{Writer, WriterSettings};

use crate::spatial::{Area, Cell, CoarseCell, WatchCell};
use alias::Aliases;
use density::Density;
use listener::Changes;
use places::Places;
use vehicle::{Now, Place};

/// How the fleet treats its vehicles.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Without a position for this long a vehicle is shown as silent.
    pub silent_after: Duration,
    /// Without a position for this long a vehicle is gone.
    pub gone_after: Duration,
    /// What a position must keep to.
    pub limits: Limits,
    /// How long riders know a vehicle by one alias.
    pub alias_for: Duration,
    /// The secret that aliases are made of: the same on all nodes, and nobody else's.
    pub alias_key: [u8; 32],
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            silent_after: Duration::from_secs(15),
            gone_after: Duration::from_mins(1),
            limits: Limits::default(),
            alias_for: Duration::from_mins(10),
            alias_key: rand::random(),
        }
    }
}

/// All vehicles this node knows of.
#[derive(Debug)]
pub struct Fleet {
    settings: Settings,
    aliases: Aliases,
    vehicles: DashMap<VehicleId, Arc<Vehicle>, FxBuildHasher>,
    /// The vehicles of ours that a ride has taken, those that are gone for now included.
    engaged: DashSet<VehicleId, FxBuildHasher>,
    places: Places,
    /// A bit for each listener that watches a cell.
    watched: DashMap<WatchCell, u64, FxBuildHasher>,
    /// Bits of the listeners that hear everything.
    hear_all: AtomicU64,
    density: Density,
    listeners: RwLock<Vec<Arc<Changes>>>,
    next_handle: AtomicU32,
    /// Told whenever `watched` has changed, or the areas of `density`.
    watches_changed: Notify,
}

/// There are more readers than a vehicle has bits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the fleet has room for 64 readers: use fewer workers")]
pub struct TooManyListeners;

impl Fleet {
    /// An empty fleet.
    #[must_use]
    pub fn new(settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            aliases: Aliases::new(&settings.alias_key, settings.alias_for),
            settings,
            vehicles: DashMap::default(),
            engaged: DashSet::default(),
            places: Places::default(),
            watched: DashMap::default(),
            hear_all: AtomicU64::new(0),
            density: Density::default(),
            listeners: RwLock::default(),
            next_handle: AtomicU32::new(1),
            watches_changed: Notify::new(),
        })
    }

    /// How many vehicles are known, those without a position yet included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.vehicles.len()
    }

    /// Whether no vehicle is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.vehicles.is_empty()
    }

    /// How many vehicles are shown in each state.
    #[must_use]
    pub fn count(&self, state: VehicleState) -> usize {
        self.snapshot()
            .into_iter()
            .filter(|vehicle| {
                let now = vehicle.now.lock();
                now.place.is_some() && now.state == state
            })
            .count()
    }

    /// A driver starts working. From the first position on, the vehicle is shown;
    /// one that was shown until now goes on from its last position, unless it is
    /// of another class: then it is another vehicle, and the one before is gone.
    pub fn go_online(
        &self,
        id: &VehicleId,
        info: VehicleInfo,
        session: &SessionId,
        now_ms: i64,
    ) -> Arc<Vehicle> {
        let info = Arc::new(info);
        let vehicle = loop {
            let engaged = self.engaged.contains(id);
            let vehicle = self.get_or_new(id, || Now {
                engaged,
                ..Now::new(&info, session, now_ms, true)
            });
            let mut now = vehicle.now.lock();
            if !now.gone && now.info.class != info.class {
                now.ours = true;
                self.remove(&vehicle, &mut now);
            }
            // Gone also when it left between the look-up and the lock: it is no longer in the map.
            if !now.gone {
                now.info = info;
                now.session = session.clone();
                now.ours = true;
                if now.engaged {
                    // It may have been another node's until now.
                    self.engaged.insert(id.clone());
                }
                if now.place.is_none() {
                    now.heard_at_ms = now_ms;
                }
                drop(now);
                break vehicle;
            }
        };
        self.list(&vehicle, [None; 2]);
        vehicle
    }

    fn get_or_new(&self, id: &VehicleId, now: impl FnOnce() -> Now) -> Arc<Vehicle> {
        let entry = self.vehicles.entry(id.clone());
        let vehicle = entry.or_insert_with(|| {
            let stagger_ms = self.aliases.stagger_ms(id);
            Arc::new(Vehicle::new(id.clone(), self.handle(), stagger_ms, now()))
        });
        Arc::clone(&vehicle)
    }

    /// A number that nothing else in this process gets, vehicle or alias.
    fn handle(&self) -> u32 {
        self.next_handle.fetch_add(1, Ordering::Relaxed)
    }

    /// The vehicle that this driver has online, whichever session drives it.
    #[must_use]
    pub fn get(&self, id: &VehicleId) -> Option<Arc<Vehicle>> {
        self.vehicles.get(id).map(|vehicle| Arc::clone(&vehicle))
    }

    /// Takes a driver's position in, as it is then known, or says why not.
    ///
    /// # Errors
    /// [`Refusal`]; [`Refusal::NotOnline`] also when another session drives the vehicle now.
    pub fn report(
        &self,
        vehicle: &Arc<Vehicle>,
        session: &SessionId,
        position: Position,
        now_ms: i64,
    ) -> Result<Fix, Refusal> {
        let mut now = vehicle.now.lock();
        if now.gone || !now.ours || now.session != *session {
            return Err(Refusal::NotOnline);
        }
        let fix = now.judge.judge(position, now_ms, &self.settings.limits)?;
        now.heard_at_ms = now_ms;
        now.state = VehicleState::Online;
        self.moved(vehicle, &mut now, &fix, now_ms);
        Ok(fix)
    }

    /// A driver stops working: the vehicle leaves every view and every query at once,
    /// unless a newer session than this drives it.
    pub fn go_offline(&self, vehicle: &Arc<Vehicle>, session: &SessionId) {
        let mut now = vehicle.now.lock();
        if now.session <= *session {
            now.ours = true;
            self.engaged.remove(vehicle.id());
            self.remove(vehicle, &mut now);
        }
    }

    /// Marks vehicles that were not heard for a while, and removes those not heard for longer.
    pub fn sweep(&self, now_ms: i64) {
        for vehicle in self.snapshot() {
            let mut now = vehicle.now.lock();
            // Farther ahead than nodes' clocks may differ: the clock was set back, and the vehicle
            // must not stay until it has come there again.
            if quiet(now_ms, now.heard_at_ms) > self.settings.silent_after {
                now.heard_at_ms = now_ms;
            }
            let quiet = quiet(now.heard_at_ms, now_ms);
            // Also one that never told where it is.
            if quiet >= self.settings.gone_after {
                self.remove(&vehicle, &mut now);
            } else if quiet >= self.settings.silent_after
                && now.state == VehicleState::Online
                && now.place.is_some()
            {
                now.state = VehicleState::Silent;
                self.changed(&vehicle, &now);
            }
        }
    }

    /// The vehicles in an area, as they are now.
    #[must_use]
    pub fn within(&self, area: &Area) -> Vec<(Arc<Vehicle>, Seen)> {
        let inside = area.inside();
        let mut vehicles = self.places.within(area);
        // A vehicle that crosses while we look may be met in both of its blocks.
        vehicles.sort_unstable_by_key(|vehicle| vehicle.handle());
        vehicles.dedup_by_key(|vehicle| vehicle.handle());
        let seen = vehicles.into_iter().filter_map(|vehicle| {
            let seen = vehicle.seen()?;
            Some((vehicle, seen))
        });
        seen.filter(|(_, seen)| inside.has(seen.fix.point, seen.spot))
            .collect()
    }

    /// A new reader of changes: of all of them, or of the cells it watches.
    ///
    /// # Errors
    /// [`TooManyListeners`].
    pub fn listen(&self, to_all: bool) -> Result<Listener, TooManyListeners> {
        let mut listeners = self.listeners.write();
        let bit = u32::try_from(listeners.len()).unwrap_or(u32::MAX);
        if bit >= u64::BITS {
            return Err(TooManyListeners);
        }
        let changes = Arc::new(Changes::default());
        listeners.push(Arc::clone(&changes));
        let listener = Listener::new(bit, changes);
        if to_all {
            self.hear_all.fetch_or(listener.mask(), Ordering::AcqRel);
        }
        Ok(listener)
    }

    /// From now on the listener hears of vehicles in, into and out of the cell.
    pub fn watch(&self, listener: &Listener, cell: WatchCell) {
        *self.watched.entry(cell).or_default() |= listener.mask();
        self.watches_changed.notify_one();
    }

    /// No longer.
    pub fn unwatch(&self, listener: &Listener, cell: WatchCell) {
        if let Entry::Occupied(mut entry) = self.watched.entry(cell) {
            *entry.get_mut() &= !listener.mask();
            if *entry.get() == 0 {
                entry.remove();
            }
        }
        self.watches_changed.notify_one();
    }

    /// How many changes the readers have not taken yet, all together.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.listeners
            .read()
            .iter()
            .map(|changes| changes.waiting())
            .sum()
    }

    /// The coarse cells that somebody watches some part of.
    fn watched_cells(&self) -> FxHashSet<CoarseCell> {
        self.watched
            .iter()
            .flat_map(|entry| entry.key().coarse())
            .chain(self.density.coarse_cells())
            .collect()
    }

    /// All vehicles. Nobody may lock a vehicle while holding a shard of the map:
    /// [`Fleet::remove`] takes the two the other way round.
    fn snapshot(&self) -> Vec<Arc<Vehicle>> {
        self.vehicles
            .iter()
            .map(|vehicle| Arc::clone(&vehicle))
            .collect()
    }

    /// The vehicle has a new newest position, heard then by the clock of who heard it:
    /// puts it into the index and tells who watches.
    fn moved(&self, vehicle: &Arc<Vehicle>, now: &mut Now, fix: &Fix, heard_at_ms: i64) {
        let alias = now.alias.as_ref();
        let (id, stagger_ms) = (vehicle.id(), vehicle.stagger_ms);
        let next = || self.handle();
        now.alias = Some(
            self.aliases
                .renewed(alias, id, stagger_ms, heard_at_ms, next),
        );
        let place = Place::from(fix.point);
        let before = now.place.replace(place);
        self.places.put(vehicle, now, &place, before.as_ref());
        let before = before.map(|before| before.cell);
        let left = before.filter(|&before| before != place.cell);
        self.list(vehicle, [Some(place.cell), left]);
    }

    /// The vehicle is where it was, but otherwise not as it was: tells who watches.
    fn changed(&self, vehicle: &Arc<Vehicle>, now: &Now) {
        if let Some(place) = &now.place {
            self.places.put(vehicle, now, place, Some(place));
        }
        self.list(vehicle, [now.cell(), None]);
    }

    fn remove(&self, vehicle: &Arc<Vehicle>, now: &mut Now) {
        now.gone = true;
        let place = now.place.take();
        if let Some(place) = &place {
            self.places.take_out(vehicle, place.tile);
        }
        self.vehicles
            .remove_if(vehicle.id(), |_, listed| Arc::ptr_eq(listed, vehicle));
        self.list(vehicle, [place.map(|place| place.cell), None]);
    }

    /// Puts the vehicle on the list of everyone who watches one of the cells or hears all.
    ///
    /// After the vehicle has changed, so that whoever takes it off the list sees the change;
    /// and with a cell, under the vehicle's lock, so that its end is in the list before
    /// another vehicle of that id can be.
    fn list(&self, vehicle: &Arc<Vehicle>, cells: [Option<Cell>; 2]) {
        let mut mask = self.hear_all.load(Ordering::Acquire);
        for watch in cells.into_iter().flatten().flat_map(WatchCell::around) {
            mask |= self.watched.get(&watch).map_or(0, |mask| *mask);
        }
        let mut new = mask & !vehicle.listed.fetch_or(mask, Ordering::AcqRel);
        if new == 0 {
            return;
        }
        let listeners = self.listeners.read();
        while new != 0 {
            let bit = new.trailing_zeros();
            new &= new - 1;
            if let Some(changes) = listeners.get(bit as usize) {
                changes.push(Arc::clone(vehicle));
            }
        }
    }
}

/// For how long a vehicle was not heard; not at all if that lies ahead.
fn quiet(heard_at_ms: i64, now_ms: i64) -> Duration {
    let quiet_ms = now_ms.saturating_sub(heard_at_ms);
    Duration::from_millis(u64::try_from(quiet_ms).unwrap_or(0))
}
