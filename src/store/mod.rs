//! Persistence behind one trait: in memory, embedded in a file, or in Redis.

mod embedded;
mod error;
pub(crate) mod keys;
mod ledger;
mod once;
pub(crate) mod redis;
mod url;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use ridecast_protocol::{Position, SessionId, VehicleId, VehicleInfo};
use serde::{Deserialize, Serialize};

pub use error::{RedisFault, StoreError};
pub use ledger::{
    Address, Append, InboxState, Keep, Ledger, Listing, Outcome, Put, Record, Step, StoredEvent,
    Tell, Told, Version,
};
pub use url::{InvalidStoreUrl, StoreUrl};

use crate::spatial::{CoarseCell, LatLon};

/// Blocks of history are found by the minute they were made in.
pub const MINUTE_MS: i64 = 60_000;

/// The newest word of one vehicle, as it is kept and as nodes tell each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VehicleRecord {
    /// Which vehicle.
    pub id: VehicleId,
    /// What its driver said of it.
    pub info: VehicleInfo,
    /// Its newest accepted position, bearing and speed filled in where they could be derived.
    pub position: Position,
    /// When the service heard that position, by the clock of the node that did, ms since the Unix epoch.
    pub heard_at_ms: i64,
    /// The session that said so: of two, the newer one's word counts.
    pub session: SessionId,
    /// Whether a ride has taken it, so that riders must not be shown it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub engaged: bool,
}

impl VehicleRecord {
    /// The coarse cell the vehicle is kept in; `None` if the position is not on Earth.
    #[must_use]
    pub fn cell(&self) -> Option<CoarseCell> {
        LatLon::new(self.position.latitude, self.position.longitude)
            .ok()
            .map(CoarseCell::of)
    }
}

/// What became of one vehicle since the store last heard of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Which vehicle.
    pub id: VehicleId,
    /// The cell the store keeps it in until now. `None`: not in the store.
    pub was_in: Option<CoarseCell>,
    /// Its newest word. `None`: it is gone, forget it.
    pub now: Option<VehicleRecord>,
}

/// What keeps the positions, which may be lost, and the [`Ledger`], which may not.
///
/// Every implementation passes the same contract, `tests/store.rs`.
#[async_trait]
pub trait Store: Ledger + Send + Sync {
    /// Takes in a batch of changes, at most one for each vehicle, in as few round trips as possible.
    ///
    /// # Errors
    /// [`StoreError`]; some of the batch may have been taken in. Writing it again is harmless.
    async fn write(&self, changes: &[Change]) -> Result<(), StoreError>;

    /// The vehicles kept in these cells.
    ///
    /// # Errors
    /// [`StoreError`]. A record that cannot be read is left out and logged, not an error.
    async fn load(&self, cells: &[CoarseCell]) -> Result<Vec<VehicleRecord>, StoreError>;

    /// The cells that have had a vehicle within the last hour. Empty for a store that other nodes
    /// do not share: there this node knows all vehicles.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn shared_cells(&self) -> Result<Vec<CoarseCell>, StoreError>;

    /// All vehicles that only this node knows of: what an embedded store kept
    /// over a restart. Empty for a store that other nodes share.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn load_own(&self) -> Result<Vec<VehicleRecord>, StoreError>;

    /// Keeps a block of history, made at `at_ms`, for so long from the end of that minute.
    ///
    /// # Errors
    /// [`StoreError`]. It may have been taken in: written again, it is there twice.
    async fn append_history(
        &self,
        at_ms: i64,
        block: &[u8],
        keep: Duration,
    ) -> Result<(), StoreError>;

    /// The blocks of all nodes that were made in this minute since the Unix epoch, in no order.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn history(&self, minute: i64) -> Result<Vec<Vec<u8>>, StoreError>;

    /// When the first block that may still be there was made, ms since the Unix epoch. `None`:
    /// there are none.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn history_since(&self) -> Result<Option<i64>, StoreError>;

    /// Keeps `value` under `key` for `ttl`, to be taken once.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn put_once(&self, key: &str, value: &str, ttl: Duration) -> Result<(), StoreError>;

    /// Takes what was put under `key`: of many takers on many nodes, one gets it.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn take_once(&self, key: &str) -> Result<Option<String>, StoreError>;

    /// Whether the store answers.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn ping(&self) -> Result<(), StoreError>;

    /// Makes sure that all that was written survives the process.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn flush(&self) -> Result<(), StoreError>;
}

/// Opens the store.
///
/// A Redis that does not answer is no error: the store asks it anew with every
/// call, and says in the log when it is gone and when it is back. Every call
/// returns within two seconds.
///
/// # Errors
/// [`StoreError`]: the embedded store's file is damaged, in use by another
/// process, or cannot be written.
pub async fn open(url: &StoreUrl) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match url {
        StoreUrl::Memory => Arc::new(embedded::EmbeddedStore::in_memory().await?),
        StoreUrl::Embedded(path) => Arc::new(embedded::EmbeddedStore::open(path).await?),
        StoreUrl::Redis(url) => Arc::new(redis::RedisStore::open(url).await?),
    })
}

/// When a block of history that was made then is forgotten, ms since the Unix epoch.
fn forgotten_ms(made_at_ms: i64, keep: Duration) -> i64 {
    let minute_ends = (made_at_ms.div_euclid(MINUTE_MS) + 1).saturating_mul(MINUTE_MS);
    minute_ends.saturating_add(i64::try_from(keep.as_millis()).unwrap_or(i64::MAX))
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}
