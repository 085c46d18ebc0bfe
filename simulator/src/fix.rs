//! Recognising a vehicle by where and when it was.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Drivers share this many maps, so that they seldom wait for each other.
const SHARDS: usize = 8;

/// A position as it comes over the wire: to 7 decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fix {
    pub(crate) timestamp_ms: i64,
    latitude_e7: i32,
    longitude_e7: i32,
}

impl Fix {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "180e7 fits in an i32, and a cast from float saturates"
    )]
    pub(crate) fn new(latitude: f64, longitude: f64, timestamp_ms: i64) -> Self {
        let e7 = |degrees: f64| (degrees * 1e7).round() as i32;
        Self {
            timestamp_ms,
            latitude_e7: e7(latitude),
            longitude_e7: e7(longitude),
        }
    }
}

/// Which vehicle sent each of the positions that are remembered. Riders see
/// aliases: by their ids they cannot tell.
#[derive(Debug)]
pub(crate) struct Fixes([Mutex<HashMap<Fix, usize>>; SHARDS]);

impl Fixes {
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }

    pub(crate) fn remember(&self, fix: Fix, vehicle: usize) {
        self.shard(fix).insert(fix, vehicle);
    }

    pub(crate) fn forget(&self, fix: Fix) {
        self.shard(fix).remove(&fix);
    }

    pub(crate) fn vehicle(&self, fix: Fix) -> Option<usize> {
        self.shard(fix).get(&fix).copied()
    }

    fn shard(&self, fix: Fix) -> MutexGuard<'_, HashMap<Fix, usize>> {
        let shard = fix.timestamp_ms.unsigned_abs() % SHARDS as u64;
        let shard = usize::try_from(shard).unwrap_or(0);
        self.0[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
