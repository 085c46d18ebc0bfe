use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::{Mutex, MutexGuard};
use ridecast_protocol::VehicleId;
use tokio::sync::oneshot;

use super::embedded_file::{self, VehicleFile};
use super::once::Once;
use super::{Change, Store, StoreError, VehicleRecord};
use crate::spatial::CoarseCell;

/// So many questions may wait for the thread.
const ASKS: usize = 64;

/// Keeps vehicles in one file of this machine.
///
/// Changes wait in memory, newest per vehicle, and a thread of its own puts
/// them into the file once a second in one transaction that ends with an
/// fsync: what a crash can lose is the last second. When the disk is full the
/// changes go on waiting, bounded by the number of vehicles, and every call
/// says so until there is room again.
pub(super) struct EmbeddedStore {
    waiting: Arc<Waiting>,
    /// `None` only while dropping, which is how the thread learns of it.
    asks: Option<SyncSender<Ask>>,
    thread: Option<JoinHandle<()>>,
    once: Once,
}

/// What is not in the file yet, and why not.
#[derive(Default)]
struct Waiting {
    /// `None`: to be removed.
    changes: Mutex<HashMap<VehicleId, Option<VehicleRecord>>>,
    fault: Mutex<Option<StoreError>>,
}

enum Ask {
    Commit(oneshot::Sender<Result<(), StoreError>>),
    /// `None`: all cells.
    Load(
        Option<HashSet<CoarseCell>>,
        oneshot::Sender<Result<Vec<VehicleRecord>, StoreError>>,
    ),
}

impl EmbeddedStore {
    /// How long a change may wait for the file.
    const COMMIT_EVERY: Duration = Duration::from_secs(1);

    pub(super) async fn open(path: &Path) -> Result<Self, StoreError> {
        let path = path.to_owned();
        let waiting = Arc::<Waiting>::default();
        let (asks, asked) = sync_channel(ASKS);
        let (opened, is_open) = oneshot::channel();
        let file_path = embedded_file::path_in(&path);
        let shared = Arc::clone(&waiting);
        let run = move || {
            let file = match VehicleFile::open(&path) {
                Ok(file) => file,
                Err(error) => return drop(opened.send(Err(error))),
            };
            // Nobody waits any more: the caller has given up.
            if opened.send(Ok(())).is_ok() {
                shared.serve(file, &asked);
            }
        };
        let thread = thread::Builder::new()
            .name("ridecast-store".to_owned())
            .spawn(run)
            .map_err(|error| StoreError::File {
                path: file_path.clone(),
                reason: error.to_string(),
            })?;
        // No word at all: the thread panicked over what it found in the file.
        is_open.await.unwrap_or_else(|_| {
            Err(StoreError::Damaged {
                path: file_path,
                reason: "it could not be read".to_owned(),
            })
        })?;
        Ok(Self {
            waiting,
            asks: Some(asks),
            thread: Some(thread),
            once: Once::default(),
        })
    }

    async fn ask<T>(
        &self,
        ask: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Ask,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let asks = self.asks.as_ref().ok_or(StoreError::Ended)?;
        asks.try_send(ask(reply)).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::Ended,
        })?;
        answer.await.unwrap_or(Err(StoreError::Ended))
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

impl Waiting {
    /// The thread: commits once a second, answers in between, ends when nobody can ask any more.
    fn serve(&self, mut file: VehicleFile, asked: &Receiver<Ask>) {
        let mut next_commit = Instant::now() + EmbeddedStore::COMMIT_EVERY;
        loop {
            let left = next_commit.saturating_duration_since(Instant::now());
            // An answer nobody waits for any more is no fault.
            match asked.recv_timeout(left) {
                Ok(Ask::Commit(reply)) => drop(reply.send(self.commit(&mut file))),
                Ok(Ask::Load(cells, reply)) => {
                    let found = self.commit(&mut file).and_then(|()| file.read());
                    let found = found.map(|mut records| {
                        if let Some(cells) = cells {
                            records.retain(|r| r.cell().is_some_and(|cell| cells.contains(&cell)));
                        }
                        records
                    });
                    drop(reply.send(found));
                }
                Err(RecvTimeoutError::Timeout) => {
                    // Kept in `fault`, where every caller finds it.
                    let _ = self.commit(&mut file);
                    next_commit = Instant::now() + EmbeddedStore::COMMIT_EVERY;
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let _ = self.commit(&mut file);
                    return;
                }
            }
        }
    }

    fn commit(&self, file: &mut VehicleFile) -> Result<(), StoreError> {
        let changes = std::mem::take(&mut *self.changes());
        let result = file.write(&changes);
        let mut fault = self.fault.lock();
        match &result {
            Ok(()) => {
                if fault.take().is_some() {
                    tracing::info!("the store's file takes positions again");
                }
            }
            Err(error) => {
                if fault.replace(error.clone()).is_none() {
                    tracing::warn!(%error, "positions wait in memory for the store's file");
                }
                // What came meanwhile is newer.
                let mut waiting = self.changes();
                for (id, now) in changes {
                    waiting.entry(id).or_insert(now);
                }
            }
        }
        result
    }

    fn changes(&self) -> MutexGuard<'_, HashMap<VehicleId, Option<VehicleRecord>>> {
        self.changes.lock()
    }

    fn check(&self) -> Result<(), StoreError> {
        let fault = self.fault.lock();
        fault.clone().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn write(&self, changes: &[Change]) -> Result<(), StoreError> {
        let mut waiting = self.waiting.changes();
        for change in changes {
            waiting.insert(change.id.clone(), change.now.clone());
        }
        drop(waiting);
        self.waiting.check()
    }

    async fn load(&self, cells: &[CoarseCell]) -> Result<Vec<VehicleRecord>, StoreError> {
        let cells = cells.iter().copied().collect();
        self.ask(|reply| Ask::Load(Some(cells), reply)).await
    }

    async fn load_own(&self) -> Result<Vec<VehicleRecord>, StoreError> {
        self.ask(|reply| Ask::Load(None, reply)).await
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
        self.ask(Ask::Commit).await
    }
}
