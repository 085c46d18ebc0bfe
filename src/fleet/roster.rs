use std::sync::Arc;
use std::time::{Duration, Instant};

use ridecast_protocol::{VehicleId, VehicleInfo, VehicleState, VehicleUpdate};
use rustc_hash::FxHashSet;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::vehicle::update;
use super::{Fleet, Peers, Seen, quiet};
use crate::spatial::Area;
use crate::store::{Store, StoreError, VehicleRecord};
use crate::telemetry::now_ms;

/// What the store knows of other nodes' vehicles is read anew after so long, however many ask.
const KNOWN_FOR: Duration = Duration::from_secs(2);
/// So many cells are read at once.
const CELLS: usize = 16;
/// To know more of one vehicle of another node, this one listens so far around it.
const AROUND_M: f64 = 2_000.0;

/// Finds vehicles by what they are called, whichever node hears them.
pub struct Roster {
    fleet: Arc<Fleet>,
    peers: Arc<Peers>,
    store: Arc<dyn Store>,
    /// Where the store's records are read: not on a thread that has sockets.
    runtime: Handle,
    /// Held while they are read, so that many who ask share one reading.
    stored: Mutex<Option<(Instant, Arc<Vec<VehicleRecord>>)>>,
}

/// A vehicle that was found.
#[derive(Debug, Clone)]
pub struct Spotted {
    /// Where it is. Of another node's vehicle that nobody here watches, where it was some seconds ago.
    pub vehicle: VehicleUpdate,
    /// What its driver said of it.
    pub info: VehicleInfo,
}

impl Roster {
    /// Must be called within the Tokio runtime that lives longest.
    #[must_use]
    pub fn new(fleet: Arc<Fleet>, peers: Arc<Peers>, store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            fleet,
            peers,
            store,
            runtime: Handle::current(),
            stored: Mutex::default(),
        })
    }

    /// The vehicle of this id, if it is not gone.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find(&self, id: &VehicleId) -> Result<Option<Spotted>, StoreError> {
        if let Some(here) = self.here(id) {
            return Ok(Some(here));
        }
        let stored = self.stored().await?;
        let Some(record) = stored.iter().find(|record| record.id == *id) else {
            return Ok(None);
        };
        let position = &record.position;
        if let Ok(area) = Area::circle(position.latitude, position.longitude, AROUND_M) {
            // The others cannot be asked: what the store says is all there is.
            let _ = self.peers.know(&area).await;
        }
        let now_ms = now_ms();
        Ok(self.here(id).or_else(|| self.elsewhere(record, now_ms)))
    }

    /// The vehicles whose id, plate or label has the text in it, at most so many; first those where
    /// it stands at the beginning. Capitals are small letters, and plates have no spaces and dashes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn search(&self, text: &str, most: usize) -> Result<Vec<Spotted>, StoreError> {
        let sought = Text::new(text);
        let stored = self.stored().await?;
        let mut found = Vec::new();
        let mut here = FxHashSet::default();
        for vehicle in self.fleet.snapshot() {
            let Some(seen) = vehicle.seen() else { continue };
            if let Some(rank) = sought.rank(vehicle.id(), &seen.info) {
                here.insert(vehicle.id().clone());
                found.push((rank, spotted(vehicle.id(), &seen)));
            }
        }
        let now_ms = now_ms();
        for record in stored.iter().filter(|record| !here.contains(&record.id)) {
            if let Some(rank) = sought.rank(&record.id, &record.info) {
                let elsewhere = self.elsewhere(record, now_ms);
                found.extend(elsewhere.map(|it| (rank, it)));
            }
        }
        found.sort_by(|(one, its), (other, others)| {
            (one, &its.vehicle.id).cmp(&(other, &others.vehicle.id))
        });
        found.truncate(most);
        Ok(found.into_iter().map(|(_, it)| it).collect())
    }

    fn here(&self, id: &VehicleId) -> Option<Spotted> {
        let seen = self.fleet.get(id)?.seen()?;
        Some(spotted(id, &seen))
    }

    /// As the store knows it; `None` when it was not heard for so long that it is gone.
    fn elsewhere(&self, record: &VehicleRecord, now_ms: i64) -> Option<Spotted> {
        let quiet = quiet(record.heard_at_ms, now_ms);
        // One that is known here, by the same id, is gone, or is another by now.
        if quiet >= self.fleet.settings.gone_after {
            return None;
        }
        let state = if quiet >= self.fleet.settings.silent_after {
            VehicleState::Silent
        } else {
            VehicleState::Online
        };
        let vehicle = update(&record.id, &record.position, &record.info.class, state);
        let info = record.info.clone();
        Some(Spotted { vehicle, info })
    }

    /// What the store that all nodes share knows; nothing if it is this node's own.
    async fn stored(&self) -> Result<Arc<Vec<VehicleRecord>>, StoreError> {
        let mut stored = self.stored.lock().await;
        if let Some((at, records)) = &*stored
            && at.elapsed() < KNOWN_FOR
        {
            return Ok(Arc::clone(records));
        }
        let store = Arc::clone(&self.store);
        let reading = self.runtime.spawn(async move {
            let mut records = Vec::new();
            for cells in store.shared_cells().await?.chunks(CELLS) {
                records.extend(store.load(cells).await?);
            }
            Ok(records)
        });
        // Not joined: the runtime is shutting down.
        let records = reading.await.unwrap_or(Err(StoreError::Ended))?;
        let records = Arc::new(records);
        *stored = Some((Instant::now(), Arc::clone(&records)));
        Ok(records)
    }
}

fn spotted(id: &VehicleId, seen: &Seen) -> Spotted {
    Spotted {
        vehicle: seen.update(id),
        info: VehicleInfo::clone(&seen.info),
    }
}

/// What is searched for.
struct Text {
    small: String,
    squeezed: String,
}

impl Text {
    fn new(text: &str) -> Self {
        let small = text.trim().to_lowercase();
        Self {
            squeezed: squeezed(&small),
            small,
        }
    }

    /// Whether the vehicle is called so: 0 if something of it begins so, 1 if it is anywhere.
    fn rank(&self, id: &VehicleId, info: &VehicleInfo) -> Option<u8> {
        let plate = info.plate.as_deref().unwrap_or_default();
        let label = info.label.as_deref().unwrap_or_default();
        let ranks = [
            place(&id.as_str().to_lowercase(), &self.small),
            place(&label.to_lowercase(), &self.small),
            place(&squeezed(&plate.to_lowercase()), &self.squeezed),
        ];
        ranks.into_iter().flatten().min()
    }
}

fn place(of: &str, text: &str) -> Option<u8> {
    if text.is_empty() {
        return None;
    }
    of.find(text).map(|at| u8::from(at > 0))
}

fn squeezed(text: &str) -> String {
    let is_left_out = |c: char| c.is_whitespace() || c == '-';
    text.chars().filter(|c| !is_left_out(*c)).collect()
}
