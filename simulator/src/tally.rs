//! What all sessions count together.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use ridecast_protocol::{Position, Role, VehicleId};

use crate::fix::{Fix, Fixes};
use crate::report::Percentiles;
use crate::sendings::Sendings;

/// Riders share this many histograms, so that they seldom wait for each other.
const SHARDS: usize = 8;
/// Nothing measured is longer: an hour, microseconds.
const LONGEST_MICROS: u64 = 3_600_000_000;

pub(crate) struct Tally {
    counts: Counts,
    words: Mutex<Words>,
    vehicles: HashMap<VehicleId, usize>,
    sendings: Vec<Mutex<Sendings>>,
    fixes: Fixes,
    latencies: Vec<Mutex<Histogram<u64>>>,
    connects: Mutex<Histogram<u64>>,
}

#[derive(Default)]
struct Counts {
    sent: AtomicU64,
    accepted: AtomicU64,
    seen: AtomicU64,
    delivered: AtomicU64,
    snapshot: AtomicU64,
    went_back: AtomicU64,
    unmatched: AtomicU64,
    opened: AtomicU64,
    reconnected: AtomicU64,
    gave_up: AtomicU64,
    drivers: AtomicU64,
    riders: AtomicU64,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    pub(crate) refused: BTreeMap<String, u64>,
    pub(crate) disconnects: BTreeMap<String, u64>,
    pub(crate) errors: BTreeMap<String, u64>,
}

/// Somebody is connected for as long as this lives.
pub(crate) struct Present<'a>(&'a AtomicU64);

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Tally {
    /// Of these vehicles; their index in the list is what they go by here.
    pub(crate) fn new(vehicles: impl IntoIterator<Item = VehicleId>) -> Self {
        let vehicles: HashMap<_, _> = vehicles.into_iter().zip(0..).collect();
        Self {
            counts: Counts::default(),
            words: Mutex::default(),
            sendings: (0..vehicles.len()).map(|_| Mutex::default()).collect(),
            fixes: Fixes::new(),
            vehicles,
            latencies: (0..SHARDS).map(|_| Mutex::new(histogram())).collect(),
            connects: Mutex::new(histogram()),
        }
    }

    /// Which of our vehicles somebody sees: by its id, or where the service keeps that to
    /// itself by the position.
    pub(crate) fn vehicle(&self, id: &VehicleId, fix: Fix) -> Option<usize> {
        let known = self.vehicles.get(id).copied();
        known.or_else(|| self.fixes.vehicle(fix))
    }

    pub(crate) fn opened(&self, took: Duration) {
        self.counts.opened.fetch_add(1, Relaxed);
        lock(&self.connects).saturating_record(micros(took));
    }

    pub(crate) fn reconnected(&self) {
        self.counts.reconnected.fetch_add(1, Relaxed);
    }

    /// Counts somebody as connected until the answer is dropped.
    pub(crate) fn present(&self, role: Role) -> Present<'_> {
        let count = match role {
            Role::Driver => &self.counts.drivers,
            Role::Rider | Role::Operator | Role::Admin => &self.counts.riders,
        };
        count.fetch_add(1, Relaxed);
        Present(count)
    }

    /// A position is about to be sent.
    pub(crate) fn sending(&self, vehicle: usize, position: &Position, at: Instant) {
        let fix = Fix::new(position.latitude, position.longitude, position.timestamp_ms);
        self.fixes.remember(fix, vehicle);
        if let Some(forgotten) = lock(&self.sendings[vehicle]).add(fix, at) {
            self.fixes.forget(forgotten);
        }
    }

    /// A position could not be sent after all.
    pub(crate) fn not_sent(&self, vehicle: usize, timestamp_ms: i64) {
        lock(&self.sendings[vehicle]).forget(timestamp_ms);
    }

    /// A rider received a position: how long ago it was sent. `None`: nobody remembers.
    pub(crate) fn seen(&self, vehicle: usize, timestamp_ms: i64, now: Instant) -> Option<Duration> {
        let seen = lock(&self.sendings[vehicle]).seen(timestamp_ms, now)?;
        if seen.first {
            self.counts.seen.fetch_add(1, Relaxed);
        }
        Some(seen.age)
    }

    pub(crate) fn sent(&self, count: u64) {
        self.counts.sent.fetch_add(count, Relaxed);
    }

    pub(crate) fn accepted(&self, count: u64) {
        self.counts.accepted.fetch_add(count, Relaxed);
    }

    pub(crate) fn refused(&self, code: &str, count: u64) {
        bump(&mut lock(&self.words).refused, code, count);
    }

    pub(crate) fn error(&self, word: &str) {
        bump(&mut lock(&self.words).errors, word, 1);
    }

    pub(crate) fn disconnected(&self, word: &str) {
        bump(&mut lock(&self.words).disconnects, word, 1);
    }

    /// Somebody will not try again.
    pub(crate) fn gave_up(&self, word: &str) {
        self.counts.gave_up.fetch_add(1, Relaxed);
        self.error(word);
    }

    pub(crate) fn delivered(&self, count: u64) {
        self.counts.delivered.fetch_add(count, Relaxed);
    }

    pub(crate) fn snapshot(&self, count: u64) {
        self.counts.snapshot.fetch_add(count, Relaxed);
    }

    pub(crate) fn went_back(&self) {
        self.counts.went_back.fetch_add(1, Relaxed);
    }

    pub(crate) fn unmatched(&self) {
        self.counts.unmatched.fetch_add(1, Relaxed);
    }

    /// Records latencies, microseconds, and empties the list.
    pub(crate) fn latencies(&self, rider: usize, latencies: &mut Vec<u64>) {
        if latencies.is_empty() {
            return;
        }
        let mut histogram = lock(&self.latencies[rider % SHARDS]);
        for micros in latencies.drain(..) {
            histogram.saturating_record(micros);
        }
    }

    /// Forgets the latencies so far.
    pub(crate) fn begin_measuring(&self) {
        for histogram in &self.latencies {
            lock(histogram).reset();
        }
        self.counts.unmatched.store(0, Relaxed);
    }

    /// What stands in the books now.
    pub(crate) fn totals(&self) -> Totals {
        let mut latency = histogram();
        for shard in &self.latencies {
            // Both have the same bounds.
            let _ = latency.add(&*lock(shard));
        }
        let of = |count: &AtomicU64| count.load(Relaxed);
        let counts = &self.counts;
        Totals {
            sent: of(&counts.sent),
            accepted: of(&counts.accepted),
            seen: of(&counts.seen),
            delivered: of(&counts.delivered),
            snapshot: of(&counts.snapshot),
            went_back: of(&counts.went_back),
            unmatched: of(&counts.unmatched),
            opened: of(&counts.opened),
            reconnected: of(&counts.reconnected),
            gave_up: of(&counts.gave_up),
            latency: Percentiles::of_micros(&latency),
            connect: Percentiles::of_micros(&lock(&self.connects)),
            words: lock(&self.words).clone(),
        }
    }

    pub(crate) fn drivers_online(&self) -> u64 {
        self.counts.drivers.load(Relaxed)
    }

    pub(crate) fn riders_watching(&self) -> u64 {
        self.counts.riders.load(Relaxed)
    }

    pub(crate) fn updates_sent(&self) -> u64 {
        self.counts.sent.load(Relaxed)
    }

    pub(crate) fn updates_delivered(&self) -> u64 {
        self.counts.delivered.load(Relaxed)
    }
}

/// All counts at one moment.
#[derive(Debug)]
pub(crate) struct Totals {
    pub(crate) sent: u64,
    pub(crate) accepted: u64,
    pub(crate) seen: u64,
    pub(crate) delivered: u64,
    pub(crate) snapshot: u64,
    pub(crate) went_back: u64,
    pub(crate) unmatched: u64,
    pub(crate) opened: u64,
    pub(crate) reconnected: u64,
    pub(crate) gave_up: u64,
    pub(crate) latency: Percentiles,
    pub(crate) connect: Percentiles,
    pub(crate) words: Words,
}

fn histogram() -> Histogram<u64> {
    // Three digits keep a percentile right to a thousandth.
    Histogram::new_with_bounds(1, LONGEST_MICROS, 3)
        .unwrap_or_else(|_| unreachable!("these bounds are valid"))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn bump(words: &mut BTreeMap<String, u64>, word: &str, count: u64) {
    match words.get_mut(word) {
        Some(so_far) => *so_far += count,
        None => {
            words.insert(word.to_owned(), count);
        }
    }
}

/// Nothing is left half done under these locks, so a panic elsewhere spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
