//! What is counted of rides and events.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::play::Fact;
use crate::ride_figures::{RideFigures, Spread};

/// Rides are few, so that one lock for all of them is enough.
#[derive(Debug, Default)]
pub(crate) struct RideBook {
    events: AtomicU64,
    missed: AtomicU64,
    doubled: AtomicU64,
    progress: AtomicU64,
    /// People with a ride or a request under way.
    busy: AtomicI64,
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    asked: u64,
    heard: u64,
    outcomes: BTreeMap<&'static str, u64>,
    offers: BTreeMap<&'static str, u64>,
    refused: BTreeMap<String, u64>,
    accepted_s: Vec<f64>,
    late_s: Vec<f64>,
}

/// So many measurements are kept; rides that come after are counted, but not measured.
const MEASURED: usize = 100_000;

impl RideBook {
    pub(crate) fn fact(&self, fact: &Fact) {
        let mut pages = self.pages();
        match *fact {
            Fact::Asked => pages.asked += 1,
            Fact::Accepted(after) => keep(&mut pages.accepted_s, after.as_secs_f64()),
            Fact::Arrived(late_s) => keep(&mut pages.late_s, late_s),
            Fact::Over(word) => *pages.outcomes.entry(word).or_default() += 1,
            Fact::Offer(word) => *pages.offers.entry(word).or_default() += 1,
            Fact::Heard => pages.heard += 1,
        }
    }

    pub(crate) fn event(&self) {
        self.events.fetch_add(1, Relaxed);
    }

    pub(crate) fn broken(&self, missed: u64, doubled: u64) {
        self.missed.fetch_add(missed, Relaxed);
        self.doubled.fetch_add(doubled, Relaxed);
    }

    pub(crate) fn progress(&self) {
        self.progress.fetch_add(1, Relaxed);
    }

    /// A request about rides was not carried out, this once or for good.
    pub(crate) fn refused(&self, code: &str) {
        *self.pages().refused.entry(code.to_owned()).or_default() += 1;
    }

    /// Somebody has begun, or ended, to be busy.
    pub(crate) fn busy(&self, is_busy: bool) {
        self.busy.fetch_add(if is_busy { 1 } else { -1 }, Relaxed);
    }

    /// Whether anybody is busy.
    pub(crate) fn anybody_busy(&self) -> bool {
        self.busy.load(Relaxed) > 0
    }

    /// Rides that have ended, and those that go on.
    pub(crate) fn over_and_open(&self) -> (u64, u64) {
        let pages = self.pages();
        let over = pages.outcomes.values().sum();
        (over, pages.asked.saturating_sub(over))
    }

    pub(crate) fn events(&self) -> (u64, u64, u64) {
        let of = |count: &AtomicU64| count.load(Relaxed);
        (of(&self.events), of(&self.missed), of(&self.doubled))
    }

    pub(crate) fn figures(&self) -> RideFigures {
        let (_, open) = self.over_and_open();
        let pages = self.pages();
        let owned = |words: &BTreeMap<&'static str, u64>| {
            let words = words.iter();
            words
                .map(|(word, count)| ((*word).to_owned(), *count))
                .collect()
        };
        let mut error_s: Vec<f64> = pages.late_s.iter().map(|late_s| late_s.abs()).collect();
        let mut late_s = pages.late_s.clone();
        RideFigures {
            asked: pages.asked,
            outcomes: owned(&pages.outcomes),
            open,
            offers: owned(&pages.offers),
            time_to_accept_s: Spread::of(&mut pages.accepted_s.clone()),
            pickup_eta_error_s: Spread::of(&mut error_s),
            pickup_late_s: Spread::of(&mut late_s),
            chat_messages: pages.heard,
            progress_messages: self.progress.load(Relaxed),
            refused: pages.refused.clone(),
        }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keep(list: &mut Vec<f64>, value: f64) {
    if list.len() < MEASURED {
        list.push(value);
    }
}

/// How often it is looked whether somebody is still busy.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(20);
