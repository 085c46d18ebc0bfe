use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Vehicle;

/// The changes one reader of the fleet has not taken yet.
///
/// A vehicle stands in the list at most once, however often it moves, so the
/// list is bounded by the number of vehicles and newest wins by construction:
/// the reader looks at the vehicle as it is when it gets to it.
#[derive(Debug, Default)]
pub(super) struct Changes {
    list: Mutex<Vec<Arc<Vehicle>>>,
    more: Notify,
}

/// One reader of the fleet's changes.
#[derive(Debug)]
pub struct Listener {
    bit: u32,
    changes: Arc<Changes>,
}

impl Changes {
    pub(super) fn push(&self, vehicle: Arc<Vehicle>) {
        let mut list = self.list.lock();
        let first = list.is_empty();
        list.push(vehicle);
        drop(list);
        if first {
            self.more.notify_one();
        }
    }

    /// How many vehicles wait.
    pub(super) fn waiting(&self) -> usize {
        self.list.lock().len()
    }
}

impl Listener {
    pub(super) const fn new(bit: u32, changes: Arc<Changes>) -> Self {
        Self { bit, changes }
    }

    pub(super) const fn mask(&self) -> u64 {
        1 << self.bit
    }

    /// Waits until something has changed.
    pub async fn changed(&self) {
        loop {
            if !self.changes.list.lock().is_empty() {
                return;
            }
            self.changes.more.notified().await;
        }
    }

    /// Takes the vehicles that changed. Look at each only after this.
    #[must_use]
    pub fn take(&self) -> Vec<Arc<Vehicle>> {
        let vehicles = std::mem::take(&mut *self.changes.list.lock());
        for vehicle in &vehicles {
            // Before the vehicle is looked at: a move from here on lists it anew.
            vehicle.listed.fetch_and(!self.mask(), Ordering::AcqRel);
        }
        vehicles
    }
}
