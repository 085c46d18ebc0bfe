use std::collections::{HashMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use ridecast_protocol::VehicleId;

use super::once::Once;
use super::{Change, Store, StoreError, VehicleRecord};
use crate::spatial::CoarseCell;

/// Keeps everything in this process. Bounded by the number of vehicles online.
#[derive(Default)]
pub(super) struct MemoryStore {
    vehicles: Mutex<HashMap<VehicleId, VehicleRecord>>,
    once: Once,
}

#[async_trait]
impl Store for MemoryStore {
    async fn write(&self, changes: &[Change]) -> Result<(), StoreError> {
        let mut vehicles = self.vehicles.lock();
        for change in changes {
            match &change.now {
                Some(record) => vehicles.insert(change.id.clone(), record.clone()),
                None => vehicles.remove(&change.id),
            };
        }
        Ok(())
    }

    async fn load(&self, cells: &[CoarseCell]) -> Result<Vec<VehicleRecord>, StoreError> {
        let cells: HashSet<_> = cells.iter().copied().collect();
        let vehicles = self.vehicles.lock();
        let inside = vehicles
            .values()
            .filter(|record| record.cell().is_some_and(|cell| cells.contains(&cell)));
        Ok(inside.cloned().collect())
    }

    async fn load_own(&self) -> Result<Vec<VehicleRecord>, StoreError> {
        let vehicles = self.vehicles.lock();
        Ok(vehicles.values().cloned().collect())
    }

    async fn put_once(&self, key: &str, value: &str, ttl: Duration) -> Result<(), StoreError> {
        self.once.put(key, value, ttl)
    }

    async fn take_once(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.once.take(key))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
