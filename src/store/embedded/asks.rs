use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use super::book::Book;
use super::file::StoreFile;
use super::thread::{ASKS, Ask, Change, Reply};
use crate::store::StoreError;

/// Asks the thread that has the file.
pub(super) struct Asks {
    thread: SyncSender<Ask>,
    /// A place in the thread's waiting room for each.
    places: Semaphore,
}

impl Asks {
    /// How long somebody waits for a place.
    const WAIT: Duration = Duration::from_secs(2);

    pub(super) fn new(thread: SyncSender<Ask>) -> Self {
        Self {
            thread,
            places: Semaphore::new(ASKS),
        }
    }

    /// Looks into the file.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&mut StoreFile) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let ask = |reply: Reply<T>| {
            Ask::Look(Box::new(move |file| {
                drop(reply.send(look(file)));
            }))
        };
        self.ask(ask).await
    }

    /// Changes the ledger. Returns when the change is on the disk.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Book<'_>) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let ask = |reply| {
            Ask::Change(Box::new(Job {
                work,
                done: None,
                reply,
            }))
        };
        self.ask(ask).await
    }

    pub(super) async fn flush(&self) -> Result<(), StoreError> {
        self.ask(Ask::Flush).await
    }

    async fn ask<T>(&self, ask: impl FnOnce(Reply<T>) -> Ask) -> Result<T, StoreError> {
        let place = tokio::time::timeout(Self::WAIT, self.places.acquire()).await;
        let Ok(Ok(_place)) = place else {
            return Err(StoreError::Busy);
        };
        let (reply, answer) = oneshot::channel();
        self.thread
            .try_send(ask(reply))
            .map_err(|error| match error {
                TrySendError::Full(_) => StoreError::Busy,
                TrySendError::Disconnected(_) => StoreError::Ended,
            })?;
        answer.await.unwrap_or(Err(StoreError::Ended))
    }
}

/// Some work on the ledger and who waits for it.
struct Job<W, T> {
    work: W,
    done: Option<T>,
    reply: Reply<T>,
}

impl<W, T> Change for Job<W, T>
where
    W: FnMut(&mut Book<'_>) -> Result<T, redb::Error> + Send,
    T: Send,
{
    fn carry_out(&mut self, book: &mut Book<'_>) -> Result<(), redb::Error> {
        self.done = Some((self.work)(book)?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let done = self.done.ok_or(StoreError::Ended);
        drop(self.reply.send(committed.and(done)));
    }
}
