use std::time::{Duration, Instant};

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// What somebody means to do, and when.
#[derive(Debug)]
pub(super) struct Agenda<T> {
    entries: Vec<(Instant, T)>,
    haste: f64,
}

impl<T> Agenda<T> {
    pub(super) fn new(haste: f64) -> Self {
        Self {
            entries: Vec::new(),
            haste,
        }
    }

    /// Some time within a range, seconds of life.
    pub(super) fn within(
        &mut self,
        range_s: std::ops::Range<f64>,
        todo: T,
        now: Instant,
        chance: &mut ChaCha8Rng,
    ) {
        let wait = Duration::from_secs_f64(chance.random_range(range_s) / self.haste);
        self.entries.push((now + wait, todo));
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.entries.iter().map(|(at, _)| *at).min()
    }

    /// Takes the earliest that is due.
    pub(super) fn due(&mut self, now: Instant) -> Option<T> {
        let due = |(_, (at, _)): &(usize, &(Instant, T))| *at <= now;
        let earliest = self.entries.iter().enumerate().filter(due);
        let (index, _) = earliest.min_by_key(|(_, (at, _))| *at)?;
        Some(self.entries.remove(index).1)
    }

    pub(super) fn forget(&mut self, what: impl Fn(&T) -> bool) {
        self.entries.retain(|(_, todo)| !what(todo));
    }
}
