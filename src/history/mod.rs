//! Where the vehicles have been: recorded as the fleet's writer hears of moves, kept as blocks of
//! some seconds in the store, and read again as lines.

mod block;
mod gathered;
mod open;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use ridecast_protocol::{self as wire, VehicleId};
use tokio::sync::Semaphore;
use tracing::{info, warn};

use crate::spatial::Area;
use crate::store::{MINUTE_MS, Store, StoreError, VehicleRecord};
use crate::telemetry::now_ms;
use gathered::{Gathered, Sought};
use open::Open;

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// For how long; zero: nothing is.
    pub keep: Duration,
    /// So much goes into one block. What is in none yet a crash loses, and other nodes do not see.
    pub block: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            keep: Duration::from_hours(2),
            block: Duration::from_secs(10),
        }
    }
}

/// The longest window of one question.
pub const MOST_WINDOW_MS: i64 = 10 * MINUTE_MS;
/// A block has fixes of so long before it was made at most, and nodes' clocks differ.
const REACH_MS: i64 = 30_000;
/// Blocks that wait for the store: of five minutes. Then the oldest goes.
const MOST_WAITING: usize = 30;
/// So many fixes are told at once, about 4 MB of JSON.
const MOST_TOLD: usize = 100_000;
/// So many are looked through at once, beside those of one more minute.
const MOST_GATHERED: usize = 500_000;
/// So many questions are answered at once, to bound what these take.
const QUESTIONS: usize = 2;
/// How long the others wait.
const WAIT: Duration = Duration::from_secs(5);

/// Why the past cannot be told.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HistoryError {
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Others ask too.
    #[error("too many ask about the past at once, ask again")]
    Busy,
}

/// Where the vehicles have been.
pub struct History {
    store: Arc<dyn Store>,
    settings: Settings,
    /// How often a vehicle that only moves is noted.
    every: Duration,
    open: Mutex<Open>,
    /// When each was made, ms since the Unix epoch, and the block; the oldest first.
    waiting: Mutex<VecDeque<(i64, Arc<Vec<u8>>)>>,
    questions: Semaphore,
}

impl History {
    /// Notes what the fleet's writer writes, which is one move of a vehicle in `every` at least.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, every: Duration, settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            store,
            settings,
            every,
            open: Mutex::default(),
            waiting: Mutex::default(),
            questions: Semaphore::new(QUESTIONS),
        })
    }

    /// Takes the newest words of vehicles in. Does not wait for anything.
    pub fn note<'a>(&self, records: impl Iterator<Item = &'a VehicleRecord>, now_ms: i64) {
        if self.settings.keep.is_zero() {
            return;
        }
        // A word that is older is that of a vehicle which fell silent, or was there before a
        // restart: it says nothing new, and a block must not reach far back.
        let stale_ms = now_ms - self.reach_ms();
        let mut open = self.open.lock();
        for record in records.filter(|record| record.heard_at_ms > stale_ms) {
            open.note(record);
        }
    }

    /// Makes blocks and hands them to the store, for as long as it lives.
    pub async fn run(self: Arc<Self>) {
        if self.settings.keep.is_zero() {
            return;
        }
        let mut failing = false;
        loop {
            tokio::time::sleep(self.settings.block).await;
            match self.write().await {
                Ok(()) if failing => {
                    info!("the store takes history again");
                    failing = false;
                }
                Err(error) if !failing => {
                    warn!(%error, "history cannot be stored; the last five minutes are kept until it can");
                    failing = true;
                }
                Ok(()) | Err(_) => {}
            }
        }
    }

    /// Hands all that was noted until now to the store.
    ///
    /// # Errors
    /// The store's: what it has not taken waits for the next time.
    pub async fn write(&self) -> Result<(), StoreError> {
        let sealed = self.open.lock().seal();
        if let Some(lines) = sealed {
            let made_at_ms = now_ms();
            // Some milliseconds for a large fleet, in which others want to go on.
            let block = tokio::task::spawn_blocking(move || block::encode(&lines)).await;
            if let Ok(block) = block {
                let mut waiting = self.waiting.lock();
                if waiting.len() >= MOST_WAITING {
                    waiting.pop_front();
                }
                waiting.push_back((made_at_ms, Arc::new(block)));
            }
        }
        loop {
            let first = self.waiting.lock().front().cloned();
            let Some((made_at_ms, block)) = first else {
                return Ok(());
            };
            let keep = self.settings.keep;
            self.store.append_history(made_at_ms, &block, keep).await?;
            // Nobody else takes any, but the oldest may have gone for a newer one.
            let mut waiting = self.waiting.lock();
            if waiting.front().is_some_and(|(at, _)| *at == made_at_ms) {
                waiting.pop_front();
            }
        }
    }

    /// The ways of the vehicles that were in an area in a time, of ten minutes at most: `to_ms`
    /// of the answer says up to when they are whole.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn window(
        &self,
        area: Area,
        from_ms: i64,
        to_ms: i64,
        now_ms: i64,
    ) -> Result<wire::History, HistoryError> {
        // What came later may be in no block yet, or in one of another node.
        let told_ms = now_ms - self.reach_ms() - ms(self.settings.block);
        let to_ms = to_ms.min(told_ms).max(from_ms);
        self.answer(Sought::In(area), from_ms, to_ms, now_ms).await
    }

    /// The way of one vehicle in a time, of ten minutes at most, up to now if this node hears it.
    /// `None`: nothing is known of it.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn trail(
        &self,
        id: &VehicleId,
        from_ms: i64,
        to_ms: i64,
        now_ms: i64,
    ) -> Result<Option<wire::History>, HistoryError> {
        let sought = Sought::One(id.clone());
        let to_ms = to_ms.min(now_ms).max(from_ms);
        let answer = self.answer(sought, from_ms, to_ms, now_ms).await?;
        Ok((!answer.vehicles.is_empty()).then_some(answer))
    }

    async fn answer(
        &self,
        sought: Sought,
        from_ms: i64,
        to_ms: i64,
        now_ms: i64,
    ) -> Result<wire::History, HistoryError> {
        let one_of_few = tokio::time::timeout(WAIT, self.questions.acquire()).await;
        let Ok(Ok(_one_of_few)) = one_of_few else {
            return Err(HistoryError::Busy);
        };
        let mut to_ms = to_ms.min(from_ms.saturating_add(MOST_WINDOW_MS));
        let kept_from_ms = self.kept_from_ms(now_ms).await?;
        let mut gathered = Gathered::new(sought, from_ms.max(kept_from_ms), to_ms);
        // Before the store is read: what goes there meanwhile is found twice, not missed.
        self.add_what_waits(&mut gathered);
        let first = from_ms.max(kept_from_ms).div_euclid(MINUTE_MS);
        let last = (to_ms + REACH_MS).min(now_ms).div_euclid(MINUTE_MS);
        for minute in first..=last {
            let blocks = self.store.history(minute).await?;
            gathered = in_background(move || {
                add(&mut gathered, blocks.iter().map(Vec::as_slice));
                gathered
            })
            .await?;
            let whole_ms = (minute + 1) * MINUTE_MS - REACH_MS;
            if gathered.len() > MOST_GATHERED && whole_ms > from_ms {
                to_ms = to_ms.min(whole_ms);
                break;
            }
        }
        let (vehicles, to_ms) = in_background(move || gathered.trails(to_ms, MOST_TOLD)).await?;
        Ok(wire::History {
            from_ms,
            to_ms,
            kept_from_ms,
            every_ms: ms(self.every),
            vehicles,
        })
    }

    /// How long before it was made a block has fixes of at most: a vehicle's last move may have
    /// waited to be written.
    fn reach_ms(&self) -> i64 {
        ms(self.every + self.settings.block) + 1_000
    }

    async fn kept_from_ms(&self, now_ms: i64) -> Result<i64, StoreError> {
        if self.settings.keep.is_zero() {
            return Ok(now_ms);
        }
        let stored_ms = self.store.history_since().await?;
        let stored_ms = stored_ms.map_or(i64::MAX, |made_at_ms| made_at_ms - self.reach_ms());
        let since_ms = stored_ms.min(self.open.lock().since_ms().unwrap_or(i64::MAX));
        let longest_ms = now_ms.saturating_sub(ms(self.settings.keep));
        Ok(since_ms.clamp(longest_ms, now_ms))
    }

    /// What no other node can know of yet, and the store may not.
    fn add_what_waits(&self, gathered: &mut Gathered) {
        let waiting: Vec<_> = self.waiting.lock().iter().cloned().collect();
        add(gathered, waiting.iter().map(|(_, block)| block.as_slice()));
        if let Some(id) = gathered.one().cloned() {
            self.open.lock().line_of(&id, |line| {
                gathered.add(id.as_str(), &line.class, &line.fixes);
            });
        }
    }
}

fn add<'a>(gathered: &mut Gathered, blocks: impl Iterator<Item = &'a [u8]>) {
    let damaged = blocks.filter(|block| gathered.add_block(block).is_err());
    let damaged = damaged.count();
    if damaged > 0 {
        warn!(damaged, "left out blocks of history that cannot be read");
    }
}

/// Some tens of milliseconds at most, in which the sockets of this thread want to go on.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, HistoryError> {
    let done = tokio::task::spawn_blocking(work).await;
    // It has no reason to panic; and when the runtime ends, nobody waits for the answer.
    done.map_err(|_| HistoryError::Busy)
}

fn ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
