mod answers;
mod asks;
mod book;
mod file;
mod history;
mod ledger;
mod look;
mod sweep;
mod thread;
mod vehicles;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;

use self::asks::Asks;
use self::file::Wrote;
use self::thread::Waiting;
use super::once::Once;
use super::{Change, Store, StoreError, VehicleRecord, forgotten_ms};
use crate::spatial::CoarseCell;

/// Keeps everything in one file of this machine, which a thread of its own has;
/// or, with the same code, in memory.
///
/// Vehicles wait in memory, newest per vehicle, and go into the file once a
/// second in one transaction that ends with an fsync: what a crash can lose is
/// the last second of what it was given. When the disk is full they go on waiting, bounded by the
/// number of vehicles, and every call says so until there is room again.
///
/// A step of the ledger is answered when it is on the disk. All steps that wait
/// go into one transaction, so that many callers share one fsync.
pub(super) struct EmbeddedStore {
    waiting: Arc<Waiting>,
    /// `None` only while dropping, which is how the thread learns of it.
    asks: Option<Asks>,
    thread: Option<JoinHandle<()>>,
    once: Once,
}

impl EmbeddedStore {
    pub(super) async fn open(path: &Path) -> Result<Self, StoreError> {
        Self::start(Some(path)).await
    }

    /// Gone with the process. For tests and trials.
    pub(super) async fn in_memory() -> Result<Self, StoreError> {
        Self::start(None).await
    }

    async fn start(path: Option<&Path>) -> Result<Self, StoreError> {
        let waiting = Arc::<Waiting>::default();
        let (asks, thread) = thread::start(path, &waiting).await?;
        Ok(Self {
            waiting,
            asks: Some(asks),
            thread: Some(thread),
            once: Once::default(),
        })
    }

    fn asks(&self) -> Result<&Asks, StoreError> {
        self.asks.as_ref().ok_or(StoreError::Ended)
    }

    /// All vehicles, those included that wait for the file.
    async fn all(&self) -> Result<Vec<VehicleRecord>, StoreError> {
        self.flush().await?;
        self.asks()?.look(|file| file.read(vehicles::read)).await
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        drop(self.asks.take());
        // Waits for the last commit, so that whoever opens the path next finds everything.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn write(&self, changes: &[Change]) -> Result<(), StoreError> {
        let mut waiting = self.waiting.vehicles();
        for change in changes {
            waiting.insert(change.id.clone(), change.now.clone());
        }
        drop(waiting);
        self.waiting.check()
    }

    async fn load(&self, cells: &[CoarseCell]) -> Result<Vec<VehicleRecord>, StoreError> {
        let cells: HashSet<_> = cells.iter().copied().collect();
        let mut records = self.all().await?;
        records.retain(|r| r.cell().is_some_and(|cell| cells.contains(&cell)));
        Ok(records)
    }

    async fn shared_cells(&self) -> Result<Vec<CoarseCell>, StoreError> {
        Ok(Vec::new())
    }

    async fn load_own(&self) -> Result<Vec<VehicleRecord>, StoreError> {
        self.all().await
    }

    async fn append_history(
        &self,
        at_ms: i64,
        block: &[u8],
        keep: Duration,
    ) -> Result<(), StoreError> {
        let (until_ms, block) = (forgotten_ms(at_ms, keep), block.to_owned());
        let append = move |file: &mut file::StoreFile| {
            file.write(|transaction, _| {
                history::append(transaction, at_ms, until_ms, &block)?;
                Ok((Wrote::Something, ()))
            })
        };
        self.asks()?.look(append).await
    }

    async fn history(&self, minute: i64) -> Result<Vec<Vec<u8>>, StoreError> {
        self.asks()?
            .look(move |file| file.read(|transaction| history::of_minute(transaction, minute)))
            .await
    }

    async fn history_since(&self) -> Result<Option<i64>, StoreError> {
        self.asks()?.look(|file| file.read(history::since)).await
    }

    async fn put_once(&self, key: &str, value: &str, ttl: Duration) -> Result<(), StoreError> {
        self.once.put(key, value, ttl)
    }

    async fn take_once(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.once.take(key))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.waiting.check()
    }

    async fn flush(&self) -> Result<(), StoreError> {
        self.asks()?.flush().await
    }
}
