//! The thread that has the file, and how it is asked.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use ridecast_protocol::VehicleId;
use tokio::sync::oneshot;

use super::asks::Asks;
use super::book::Book;
use super::file::{self, StoreFile, Wrote};
use super::sweep::Sweep;
use super::vehicles;
use crate::store::{StoreError, VehicleRecord, now_ms};

/// Where an answer is sent. One that nobody waits for any more is no fault.
pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// So many questions may wait for the thread.
pub(super) const ASKS: usize = 1_024;
/// So many changes of the ledger go into one transaction.
const GROUP: usize = 256;
/// How long a vehicle's change may wait for the file.
const COMMIT_EVERY: Duration = Duration::from_secs(1);
/// So many entries of each table are swept with each of these commits.
const SWEPT: usize = 256;

pub(super) enum Ask {
    /// Puts the vehicles that wait into the file.
    Flush(Reply<()>),
    /// Looks into the file.
    Look(Box<dyn FnOnce(&mut StoreFile) + Send>),
    /// Changes the ledger.
    Change(Box<dyn Change>),
}

/// A change of the ledger that somebody waits for.
pub(super) trait Change: Send {
    fn carry_out(&mut self, book: &mut Book<'_>) -> Result<(), redb::Error>;
    /// Told when it is on the disk, or why it is not.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

/// What is not in the file yet, and why not.
#[derive(Default)]
pub(super) struct Waiting {
    /// `None`: to be removed.
    vehicles: Mutex<HashMap<VehicleId, Option<VehicleRecord>>>,
    fault: Mutex<Option<StoreError>>,
}

/// Opens the file (no path: in memory) and starts the thread, which ends when nobody can ask any more.
pub(super) async fn start(
    path: Option<&Path>,
    waiting: &Arc<Waiting>,
) -> Result<(Asks, JoinHandle<()>), StoreError> {
    let (asks, asked) = sync_channel(ASKS);
    let (opened, is_open) = oneshot::channel();
    let file_path = path.map(file::path_in).unwrap_or_default();
    let path = path.map(Path::to_owned);
    let waiting = Arc::clone(waiting);
    let run = move || {
        let file = match StoreFile::open(path.as_deref()) {
            Ok(file) => file,
            Err(error) => return drop(opened.send(Err(error))),
        };
        // Else nobody waits any more: the caller has given up.
        if opened.send(Ok(())).is_ok() {
            waiting.serve(file, &asked);
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
    Ok((Asks::new(asks), thread))
}

impl Waiting {
    pub(super) fn vehicles(&self) -> MutexGuard<'_, HashMap<VehicleId, Option<VehicleRecord>>> {
        self.vehicles.lock()
    }

    pub(super) fn check(&self) -> Result<(), StoreError> {
        let fault = self.fault.lock();
        fault.clone().map_or(Ok(()), Err)
    }

    /// Commits vehicles once a second, and the ledger whenever it is asked to.
    fn serve(&self, mut file: StoreFile, asked: &Receiver<Ask>) {
        let mut sweep = Sweep::default();
        let mut next_commit = Instant::now() + COMMIT_EVERY;
        loop {
            let left = next_commit.saturating_duration_since(Instant::now());
            match asked.recv_timeout(left) {
                Ok(ask) => self.answer(&mut file, ask, asked),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    let _ = self.commit_vehicles(&mut file);
                    return;
                }
            }
            // Not only when nothing is asked: somebody may always ask.
            if Instant::now() >= next_commit {
                // What goes wrong is kept in `fault`, where every caller finds it.
                if self.commit_vehicles(&mut file).is_ok()
                    && let Err(error) = sweep.sweep(&mut file, now_ms(), SWEPT)
                {
                    let _ = self.note(Err(error));
                }
                next_commit = Instant::now() + COMMIT_EVERY;
            }
        }
    }

    /// Answers this and whatever else waits: all changes of the ledger wait for the disk together.
    fn answer(&self, file: &mut StoreFile, ask: Ask, asked: &Receiver<Ask>) {
        let mut changes = Vec::new();
        let mut next = Some(ask);
        while let Some(ask) = next {
            match ask {
                Ask::Flush(reply) => drop(reply.send(self.commit_vehicles(file))),
                Ask::Look(look) => look(file),
                Ask::Change(change) => changes.push(change),
            }
            next = (changes.len() < GROUP)
                .then(|| asked.try_recv().ok())
                .flatten();
        }
        if !changes.is_empty() {
            self.commit(file, changes);
        }
    }

    /// Carries out the changes one after the other, and answers when all are on the disk.
    fn commit(&self, file: &mut StoreFile, mut changes: Vec<Box<dyn Change>>) {
        let committed = file.write(|transaction, answers| {
            let mut book = Book::open(transaction, answers, now_ms())?;
            for change in &mut changes {
                change.carry_out(&mut book)?;
            }
            let (wrote, answered) = book.close()?;
            Ok((wrote, (wrote, answered)))
        });
        let committed = match committed {
            Ok((wrote, answered)) => {
                file.answers.remember(answered);
                match wrote {
                    Wrote::Something => self.note(Ok(())),
                    // Which does not show that the file can be written.
                    Wrote::Nothing => Ok(()),
                }
            }
            Err(error) => self.note(Err(error)),
        };
        for change in changes {
            change.answer(committed.clone());
        }
    }

    fn commit_vehicles(&self, file: &mut StoreFile) -> Result<(), StoreError> {
        let changes = std::mem::take(&mut *self.vehicles());
        // After a fault the file is tried even with nothing to write, to learn of its end.
        if changes.is_empty() && self.fault.lock().is_none() {
            return Ok(());
        }
        let result = file.write(|transaction, _| {
            vehicles::write(transaction, &changes)?;
            Ok((Wrote::Something, ()))
        });
        if result.is_err() {
            // What came meanwhile is newer.
            let mut waiting = self.vehicles();
            for (id, now) in changes {
                waiting.entry(id).or_insert(now);
            }
        }
        self.note(result)
    }

    /// Keeps in mind and in the log whether the file can be written.
    fn note(&self, result: Result<(), StoreError>) -> Result<(), StoreError> {
        let mut fault = self.fault.lock();
        match &result {
            Ok(()) => {
                if fault.take().is_some() {
                    tracing::info!("the store's file takes what it is given again");
                }
            }
            Err(error) => {
                if fault.replace(error.clone()).is_none() {
                    tracing::warn!(
                        %error,
                        "the store's file takes nothing: positions wait, rides cannot go on"
                    );
                }
            }
        }
        result
    }
}
