use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use ridecast_protocol::VehicleId;
use rustc_hash::FxHashMap;
use tokio::sync::watch;
use tracing::{info, warn};

use super::changes::ChangeLog;
use super::{Fleet, TooManyListeners};
use crate::history::History;
use crate::store::{Change, Store, StoreError};
use crate::telemetry::now_ms;

/// How positions are written.
#[derive(Debug, Clone, Copy)]
pub struct WriterSettings {
    /// Changes are gathered for this long and written together.
    pub every: Duration,
    /// A vehicle that only moves is written once in so long: what it was told in between is
    /// nothing that a restart, or another node, could still use.
    pub moves_every: Duration,
    /// Wait before trying again after a failure.
    pub retry_after: Duration,
}

impl Default for WriterSettings {
    fn default() -> Self {
        Self {
            every: Duration::from_millis(200),
            moves_every: Duration::from_secs(5),
            retry_after: Duration::from_secs(1),
        }
    }
}

/// Writes the fleet's changes to the store, conflated, for as long as it lives. History is told
/// of them too.
///
/// While the store is away the newest change of each vehicle is kept, so
/// memory is bounded by the number of vehicles and positions catch up.
#[derive(Debug)]
pub struct Writer {
    health: Arc<Health>,
    stop: watch::Sender<bool>,
    task: Mutex<Option<tokio::task::JoinHandle<Result<(), StoreError>>>>,
}

#[derive(Debug, Default)]
struct Health {
    failing_since: Mutex<Option<Instant>>,
}

impl Writer {
    /// Starts writing, on the runtime this is called in.
    ///
    /// # Errors
    /// [`TooManyListeners`].
    pub fn start(
        fleet: &Arc<Fleet>,
        store: Arc<dyn Store>,
        history: Arc<History>,
        settings: WriterSettings,
    ) -> Result<Self, TooManyListeners> {
        let log = fleet.change_log(settings.moves_every)?;
        let health = Arc::new(Health::default());
        let (stop, stopped) = watch::channel(false);
        let writing = Writing {
            log,
            store,
            history,
            settings,
            health: Arc::clone(&health),
            unwritten: FxHashMap::default(),
        };
        let task = tokio::spawn(writing.run(stopped));
        Ok(Self {
            health,
            stop,
            task: Mutex::new(Some(task)),
        })
    }

    /// For how long writing has failed; zero while it works.
    #[must_use]
    pub fn lag(&self) -> Duration {
        self.health
            .failing_since
            .lock()
            .map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Writes what is left and ends. A second call has nothing to do.
    ///
    /// # Errors
    /// The store's, when the last write failed.
    pub async fn stop(&self) -> Result<(), StoreError> {
        self.stop.send_replace(true);
        let task = self.task.lock().take();
        match task {
            Some(task) => task.await.unwrap_or(Ok(())),
            None => Ok(()),
        }
    }
}

struct Writing {
    log: ChangeLog,
    store: Arc<dyn Store>,
    history: Arc<History>,
    settings: WriterSettings,
    health: Arc<Health>,
    unwritten: FxHashMap<VehicleId, Change>,
}

impl Writing {
    async fn run(mut self, mut stopped: watch::Receiver<bool>) -> Result<(), StoreError> {
        loop {
            let pause = if self.health.failing_since.lock().is_some() {
                self.settings.retry_after
            } else {
                self.settings.every
            };
            tokio::select! {
                () = self.log.changed(), if self.unwritten.is_empty() => {}
                () = tokio::time::sleep(pause), if !self.unwritten.is_empty() => {}
                _ = stopped.changed() => return self.finish().await,
            }
            tokio::select! {
                () = tokio::time::sleep(self.settings.every) => {}
                _ = stopped.changed() => return self.finish().await,
            }
            // A failure is told by `write` and mended by the next round.
            let _ = self.write().await;
        }
    }

    async fn finish(mut self) -> Result<(), StoreError> {
        self.log.take_all_into(&mut self.unwritten);
        self.write().await?;
        self.store.flush().await
    }

    async fn write(&mut self) -> Result<(), StoreError> {
        self.log.take_into(&mut self.unwritten);
        if self.unwritten.is_empty() {
            return Ok(());
        }
        let changes: Vec<Change> = self.unwritten.drain().map(|(_, change)| change).collect();
        // Before the store is asked, which may take long or fail: then it is told them again.
        let known = changes.iter().filter_map(|change| change.now.as_ref());
        self.history.note(known, now_ms());
        let result = self.store.write(&changes).await;
        let mut failing_since = self.health.failing_since.lock();
        if result.is_err() {
            // Nothing was taken meanwhile that could be newer.
            let kept = changes.iter().cloned();
            self.unwritten
                .extend(kept.map(|change| (change.id.clone(), change)));
        }
        match &result {
            Ok(()) => {
                if let Some(since) = failing_since.take() {
                    info!(away = ?since.elapsed(), vehicles = changes.len(), "the store is back: positions have caught up");
                }
            }
            Err(error) if failing_since.is_none() => {
                warn!(%error, "positions cannot be stored; the newest of each vehicle is kept until the store is back");
                *failing_since = Some(Instant::now());
            }
            Err(_) => {}
        }
        result
    }
}
