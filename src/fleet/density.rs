//! How many vehicles are in which cell: counted once a second, for all who watch, and not at all
//! while nobody does. Moves know nothing of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use ridecast_protocol::{VehicleClass, VehicleState};
use rustc_hash::{FxHashMap, FxHashSet};
use slab::Slab;
use tokio::sync::{Notify, watch};

use super::Fleet;
use super::vehicle::Now;
use crate::spatial::{Area, CoarseCell, Hexagon, LatLon, Resolution, WatchCell};
use crate::telemetry::Metrics;

/// What is counted for somebody.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Grain {
    /// Of the cells.
    pub resolution: Resolution,
    /// Only vehicles of this class. `None`: all.
    pub class: Option<VehicleClass>,
}

/// How many vehicles are in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// All of them.
    pub vehicles: u32,
    /// Those that are silent.
    pub silent: u32,
    /// Those that a ride has taken.
    pub busy: u32,
}

/// The cells with vehicles in them, each with its centre.
#[derive(Debug, Default)]
pub struct Count {
    /// A count has a higher number than the one before, by one for each second.
    pub number: u64,
    /// By cell.
    pub cells: FxHashMap<Hexagon, (LatLon, Tally)>,
}

/// The newest count of each grain that somebody watches, once it has been counted.
pub type Counts = FxHashMap<Grain, Arc<Count>>;

/// What is watched, and the newest counts.
#[derive(Debug)]
pub(super) struct Density {
    watched: Mutex<Watched>,
    /// A grain is watched that was not.
    newly: Notify,
    number: AtomicU64,
    counts: watch::Sender<Arc<Counts>>,
}

#[derive(Debug, Default)]
struct Watched {
    /// How many watch each.
    grains: FxHashMap<Grain, usize>,
    /// Where other nodes' vehicles must be known.
    places: Slab<Arc<Place>>,
}

#[derive(Debug)]
struct Place {
    area: Area,
    /// The coarse cells that hold it: up to 35,000, which are found out only if there are peers,
    /// and not on the thread of a session.
    cells: OnceLock<Vec<CoarseCell>>,
}

/// Somebody watches the counts of a grain in an area, until this is dropped.
#[derive(Debug)]
pub struct DensityWatch {
    fleet: Arc<Fleet>,
    grain: Grain,
    place: usize,
}

/// Also the least time between two changes that a client is told of.
const COUNT_EVERY: Duration = Duration::from_secs(1);
/// Those who come at the same time get their first counts together.
const GATHER: Duration = Duration::from_millis(50);

impl Default for Density {
    fn default() -> Self {
        Self {
            watched: Mutex::default(),
            newly: Notify::new(),
            number: AtomicU64::new(0),
            counts: watch::Sender::default(),
        }
    }
}

impl Density {
    /// The coarse cells whose vehicles count for somebody.
    pub(super) fn coarse_cells(&self) -> FxHashSet<CoarseCell> {
        let places = &self.watched.lock().places;
        let places: Vec<_> = places.iter().map(|(_, it)| Arc::clone(it)).collect();
        let cells = places.iter().flat_map(|place| place.coarse_cells());
        cells.copied().collect()
    }
}

impl Place {
    fn coarse_cells(&self) -> &[CoarseCell] {
        self.cells.get_or_init(|| {
            let cover = self.area.cover().into_iter();
            let cells: FxHashSet<_> = cover.flat_map(WatchCell::coarse).collect();
            cells.into_iter().collect()
        })
    }
}

impl DensityWatch {
    /// What is counted.
    #[must_use]
    pub const fn grain(&self) -> &Grain {
        &self.grain
    }
}

impl Drop for DensityWatch {
    fn drop(&mut self) {
        let mut watched = self.fleet.density.watched.lock();
        watched.places.remove(self.place);
        if let Some(watchers) = watched.grains.get_mut(&self.grain) {
            *watchers -= 1;
            if *watchers == 0 {
                watched.grains.remove(&self.grain);
            }
        }
        drop(watched);
        self.fleet.watches_changed.notify_one();
    }
}

impl Fleet {
    /// From now on vehicles are counted by this grain, those that other nodes have in the area
    /// included; elsewhere other nodes' vehicles may be missing.
    #[must_use]
    pub fn watch_density(self: &Arc<Self>, grain: Grain, area: Area) -> DensityWatch {
        let mut watched = self.density.watched.lock();
        let place = watched.places.insert(Arc::new(Place {
            area,
            cells: OnceLock::new(),
        }));
        let watchers = watched.grains.entry(grain.clone()).or_default();
        *watchers += 1;
        if *watchers == 1 {
            self.density.newly.notify_one();
        }
        drop(watched);
        self.watches_changed.notify_one();
        DensityWatch {
            fleet: Arc::clone(self),
            grain,
            place,
        }
    }

    /// The newest counts.
    #[must_use]
    pub fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.density.counts.borrow())
    }

    /// Is told of every new count.
    #[must_use]
    pub fn hear_counts(&self) -> watch::Receiver<Arc<Counts>> {
        self.density.counts.subscribe()
    }

    /// Counts the vehicles by all grains that somebody watches; or only by those that were not
    /// counted yet, beside the newest counts of the others.
    pub fn count_densities(&self, only_new: bool) {
        let before = self.counts();
        let mut all = Vec::new();
        let mut by_class: FxHashMap<VehicleClass, Vec<Counting>> = FxHashMap::default();
        for grain in self.density.watched.lock().grains.keys() {
            if only_new && before.contains_key(grain) {
                continue;
            }
            let counting = Counting::new(grain.resolution);
            match &grain.class {
                Some(class) => by_class.entry(class.clone()).or_default().push(counting),
                None => all.push(counting),
            }
        }
        if all.is_empty() && by_class.is_empty() {
            return;
        }
        for vehicle in self.snapshot() {
            let now = vehicle.now.lock();
            // A vehicle is in at most twelve of them, whatever is watched.
            let of_class = by_class.get_mut(&now.info.class);
            for counting in all.iter_mut().chain(of_class.into_iter().flatten()) {
                counting.add(&now);
            }
        }
        let next = u64::from(!only_new);
        let number = self.density.number.fetch_add(next, Ordering::Relaxed) + next;
        let mut counts = if only_new {
            Counts::clone(&before)
        } else {
            Counts::default()
        };
        let of_class = by_class.into_iter().flat_map(|(class, counted)| {
            counted.into_iter().map(move |it| (Some(class.clone()), it))
        });
        for (class, counting) in all.into_iter().map(|it| (None, it)).chain(of_class) {
            let resolution = counting.resolution;
            let grain = Grain { resolution, class };
            let known = before.get(&grain);
            let count = counting.count(number, known.map(|known| &**known));
            counts.insert(grain, Arc::new(count));
        }
        self.density.counts.send_replace(Arc::new(counts));
    }
}

/// A count under way.
struct Counting {
    resolution: Resolution,
    cells: FxHashMap<Hexagon, Tally>,
}

impl Counting {
    fn new(resolution: Resolution) -> Self {
        Self {
            resolution,
            cells: FxHashMap::default(),
        }
    }

    fn add(&mut self, now: &Now) {
        let (Some(place), Some(fix)) = (&now.place, now.judge.newest()) else {
            return;
        };
        let hexagon = Hexagon::around(place.cell, fix.point, self.resolution);
        let tally = self.cells.entry(hexagon).or_default();
        tally.vehicles += 1;
        tally.silent += u32::from(now.state == VehicleState::Silent);
        tally.busy += u32::from(now.engaged);
    }

    /// `before`: has most of the centres already.
    fn count(self, number: u64, before: Option<&Count>) -> Count {
        let cells = self.cells.into_iter().map(|(hexagon, tally)| {
            let known = before.and_then(|before| before.cells.get(&hexagon));
            let center = known.map_or_else(|| hexagon.center(), |(center, _)| *center);
            (hexagon, (center, tally))
        });
        Count {
            number,
            cells: cells.collect(),
        }
    }
}

/// Counts once a second while somebody watches, for ever.
pub async fn keep_counting(fleet: Arc<Fleet>, metrics: Arc<Metrics>) {
    loop {
        fleet.density.newly.notified().await;
        let mut due = Instant::now();
        while !fleet.density.watched.lock().grains.is_empty() {
            let begun = Instant::now();
            let only_new = begun < due;
            let counted = Arc::clone(&fleet);
            // A hundred thousand vehicles take some milliseconds that others must not wait.
            let counting = tokio::task::spawn_blocking(move || counted.count_densities(only_new));
            let _ = counting.await;
            let push = &metrics.push;
            push.density_counts.inc();
            push.density_seconds.inc_by(begun.elapsed().as_secs_f64());
            if !only_new {
                due = Instant::now() + COUNT_EVERY;
            }
            tokio::select! {
                () = tokio::time::sleep_until(due.into()) => {}
                () = async {
                    fleet.density.newly.notified().await;
                    tokio::time::sleep(GATHER).await;
                } => {}
            }
        }
        // Who comes next must not be told how it was.
        fleet.density.counts.send_replace(Arc::default());
    }
}
