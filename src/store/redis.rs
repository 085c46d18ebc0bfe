mod ledger;
mod link;
mod script;
mod steps;

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::Mutex;
use redis::{Pipeline, pipe};
use ridecast_protocol::VehicleId;

pub(crate) use link::{Link, address, config, connect, fault, in_time, open_client};

use super::keys::{self, VEHICLE_TTL_S};
use super::{
    Change, MINUTE_MS, RedisFault, Store, StoreError, VehicleRecord, forgotten_ms, now_ms,
};
use crate::spatial::CoarseCell;

/// Keeps vehicles in Redis, where all nodes of the service find them.
///
/// # Who wins
/// Nodes write without asking each other. When a driver's session moves from
/// node A to node B, A may still remove the vehicle that B has just written
/// into the same cell: it is back with B's next batch that has it, a second
/// later at a driver's usual rate. And a node that dies leaves its vehicles
/// where they were, perhaps in a cell the vehicle has left: so a vehicle may be
/// found in two cells, of which [`load`](Store::load) takes the newer word, and
/// members without a word for an hour are swept. A record's age is in
/// `heard_at_ms`; believe that, not its presence.
pub(super) struct RedisStore {
    link: Link,
    scripts: ledger::Scripts,
    /// When this node last swept a cell. Holds the cells of the last [`SWEEP_EVERY`].
    swept: Mutex<HashMap<CoarseCell, Instant>>,
}

/// How often a node sweeps a cell that it writes to.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// `GEOADD` takes latitudes up to here, where the Mercator square ends.
const GEO_MAX_LATITUDE: f64 = 85.051_128_78;

/// Removes from a cell what has not been heard since `ARGV[1]`, at most a
/// thousand at once. A script, so that a vehicle heard just now is not taken for stale.
const SWEEP: &str = "\
local stale = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 1000)
if #stale > 0 then
  redis.call('ZREM', KEYS[1], unpack(stale))
  redis.call('ZREM', KEYS[2], unpack(stale))
  redis.call('HDEL', KEYS[3], unpack(stale))
end
return #stale";

/// Whether Redis can be reached by this URL, without trying it.
pub(super) fn check_url(url: &str) -> Result<(), String> {
    redis::Client::open(url)
        .map(drop)
        .map_err(|error| error.to_string())
}

impl RedisStore {
    /// Tries once. A Redis that does not answer is no error: it is asked anew with every call.
    pub(super) async fn open(url: &str) -> Result<Self, RedisFault> {
        let store = Self {
            link: Link::new("store", url)?,
            scripts: ledger::Scripts::new(),
            swept: Mutex::default(),
        };
        // What went wrong has been logged.
        let _ = store.ping().await;
        Ok(store)
    }

    /// The cells among these that are due, marked as swept now.
    fn due_for_sweep(&self, cells: impl Iterator<Item = CoarseCell>) -> Vec<CoarseCell> {
        let now = Instant::now();
        let mut swept = self.swept.lock();
        swept.retain(|_, at| now.duration_since(*at) < SWEEP_EVERY);
        cells
            .filter(|cell| swept.insert(*cell, now).is_none())
            .collect()
    }
}

/// What a batch does to one cell: few commands, however many vehicles.
#[derive(Default)]
struct CellChanges<'a> {
    put: Vec<&'a VehicleRecord>,
    remove: Vec<&'a VehicleId>,
}

fn by_cell(changes: &[Change]) -> BTreeMap<CoarseCell, CellChanges<'_>> {
    let mut cells = BTreeMap::<_, CellChanges<'_>>::new();
    for change in changes {
        let now = change.now.as_ref();
        let is_in = now.and_then(VehicleRecord::cell);
        if let (Some(cell), Some(record)) = (is_in, now) {
            cells.entry(cell).or_default().put.push(record);
        }
        if let Some(cell) = change.was_in.filter(|was_in| is_in != Some(*was_in)) {
            cells.entry(cell).or_default().remove.push(&change.id);
        }
    }
    cells
}

fn write_cell(pipe: &mut Pipeline, cell: CoarseCell, changes: &CellChanges<'_>) {
    let (geo, heard, vehicles) = (keys::geo(cell), keys::heard(cell), keys::vehicles(cell));
    if !changes.remove.is_empty() {
        let ids: Vec<&str> = changes.remove.iter().map(|id| id.as_str()).collect();
        pipe.cmd("ZREM").arg(&geo).arg(&ids).ignore();
        pipe.cmd("ZREM").arg(&heard).arg(&ids).ignore();
        pipe.cmd("HDEL").arg(&vehicles).arg(&ids).ignore();
    }
    if changes.put.is_empty() {
        return;
    }
    let (on_map, beyond): (Vec<&VehicleRecord>, Vec<&VehicleRecord>) = changes
        .put
        .iter()
        .partition(|record| record.position.latitude.abs() <= GEO_MAX_LATITUDE);
    if !on_map.is_empty() {
        let command = pipe.cmd("GEOADD").arg(&geo);
        for record in on_map {
            let position = &record.position;
            command.arg(position.longitude).arg(position.latitude);
            command.arg(record.id.as_str());
        }
        command.ignore();
    }
    if !beyond.is_empty() {
        let ids: Vec<&str> = beyond.iter().map(|record| record.id.as_str()).collect();
        pipe.cmd("ZREM").arg(&geo).arg(&ids).ignore();
    }
    let command = pipe.cmd("ZADD").arg(&heard);
    for record in &changes.put {
        command.arg(record.heard_at_ms).arg(record.id.as_str());
    }
    command.ignore();
    let command = pipe.cmd("HSET").arg(&vehicles);
    for record in &changes.put {
        let json = serde_json::to_vec(record).unwrap_or_default();
        command.arg(record.id.as_str()).arg(json);
    }
    command.ignore();
    for key in [&geo, &heard, &vehicles] {
        pipe.cmd("EXPIRE").arg(key).arg(VEHICLE_TTL_S).ignore();
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn write(&self, changes: &[Change]) -> Result<(), StoreError> {
        let cells = by_cell(changes);
        if cells.is_empty() {
            return Ok(());
        }
        // Not a transaction: the cells lie in several slots of a cluster.
        let mut pipe = pipe();
        for (cell, changes) in &cells {
            write_cell(&mut pipe, *cell, changes);
        }
        let now_ms = now_ms();
        let command = pipe.cmd("ZADD").arg(keys::CELLS);
        for cell in cells.keys() {
            command.arg(now_ms).arg(cell.to_string());
        }
        command.ignore();
        pipe.cmd("EXPIRE")
            .arg(keys::CELLS)
            .arg(VEHICLE_TTL_S)
            .ignore();
        for cell in self.due_for_sweep(cells.keys().copied()) {
            let script = pipe.cmd("EVAL").arg(SWEEP).arg(3);
            script.arg(keys::heard(cell)).arg(keys::geo(cell));
            script.arg(keys::vehicles(cell)).arg(stale_before_ms());
            script.ignore();
        }
        Ok(self.link.ask(&pipe).await?)
    }

    async fn load(&self, cells: &[CoarseCell]) -> Result<Vec<VehicleRecord>, StoreError> {
        if cells.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = pipe();
        for cell in cells {
            pipe.cmd("HVALS").arg(keys::vehicles(*cell));
        }
        let found: Vec<Vec<Vec<u8>>> = self.link.ask(&pipe).await?;
        let mut newest = HashMap::<VehicleId, VehicleRecord>::new();
        let mut unreadable = 0_u64;
        for json in found.iter().flatten() {
            let Ok(record) = serde_json::from_slice::<VehicleRecord>(json) else {
                unreadable += 1;
                continue;
            };
            let known = newest.get(&record.id).map_or(i64::MIN, |r| r.heard_at_ms);
            if record.heard_at_ms > known.max(stale_before_ms()) {
                newest.insert(record.id.clone(), record);
            }
        }
        if unreadable > 0 {
            tracing::warn!(unreadable, "left out vehicles in Redis that cannot be read");
        }
        Ok(newest.into_values().collect())
    }

    async fn shared_cells(&self) -> Result<Vec<CoarseCell>, StoreError> {
        let mut pipe = pipe();
        let stale_ms = stale_before_ms();
        pipe.cmd("ZREMRANGEBYSCORE").arg(keys::CELLS);
        pipe.arg("-inf").arg(stale_ms).ignore();
        pipe.cmd("ZRANGE").arg(keys::CELLS).arg(0).arg(-1);
        let (cells,): (Vec<String>,) = self.link.ask(&pipe).await?;
        Ok(cells.iter().filter_map(|cell| cell.parse().ok()).collect())
    }

    async fn load_own(&self) -> Result<Vec<VehicleRecord>, StoreError> {
        Ok(Vec::new())
    }

    async fn append_history(
        &self,
        at_ms: i64,
        block: &[u8],
        keep: Duration,
    ) -> Result<(), StoreError> {
        let key = keys::history(at_ms.div_euclid(MINUTE_MS));
        let until_ms = forgotten_ms(at_ms, keep);
        let mut pipe = pipe();
        pipe.cmd("RPUSH").arg(&key).arg(block).ignore();
        pipe.cmd("PEXPIREAT").arg(&key).arg(until_ms).ignore();
        let since = keys::HISTORY_SINCE;
        pipe.cmd("SET").arg(since).arg(at_ms).arg("NX").ignore();
        pipe.cmd("PEXPIREAT").arg(since).arg(until_ms).ignore();
        Ok(self.link.ask(&pipe).await?)
    }

    async fn history(&self, minute: i64) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut pipe = pipe();
        pipe.cmd("LRANGE").arg(keys::history(minute)).arg(0).arg(-1);
        let (blocks,) = self.link.ask(&pipe).await?;
        Ok(blocks)
    }

    async fn history_since(&self) -> Result<Option<i64>, StoreError> {
        let mut pipe = pipe();
        pipe.cmd("GET").arg(keys::HISTORY_SINCE);
        let (since_ms,) = self.link.ask(&pipe).await?;
        Ok(since_ms)
    }

    async fn put_once(&self, key: &str, value: &str, ttl: Duration) -> Result<(), StoreError> {
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1);
        let mut pipe = pipe();
        pipe.cmd("SET").arg(keys::once(key)).arg(value);
        pipe.arg("PX").arg(ttl_ms).ignore();
        Ok(self.link.ask(&pipe).await?)
    }

    async fn take_once(&self, key: &str) -> Result<Option<String>, StoreError> {
        let mut pipe = pipe();
        pipe.cmd("GETDEL").arg(keys::once(key));
        let (value,) = self.link.ask(&pipe).await?;
        Ok(value)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let mut pipe = pipe();
        pipe.cmd("PING").ignore();
        Ok(self.link.ask(&pipe).await?)
    }

    /// Nothing to do: what Redis said ok to is as safe as Redis is set up to keep it.
    async fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn stale_before_ms() -> i64 {
    now_ms() - VEHICLE_TTL_S * 1_000
}
