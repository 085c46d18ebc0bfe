//! Webhooks under way: side by side for different rides, one after the other for one ride.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::dead::DeadLetter;
use super::sender::{Answer, Endpoint, body};
use crate::store::StoredEvent;
use crate::telemetry::{Metrics, now_ms};

/// So many requests at once.
const SIDE_BY_SIDE: usize = 16;

/// All events that have been read and are not done.
pub(super) struct Flight {
    endpoint: Arc<Endpoint>,
    metrics: Arc<Metrics>,
    epoch: String,
    newest: u64,
    /// Whether each event after the cursor is done.
    open: BTreeMap<u64, bool>,
    /// For each ride that has one under way, those that wait for it.
    queues: HashMap<String, VecDeque<StoredEvent>>,
    tasks: JoinSet<Landed>,
    permits: Arc<Semaphore>,
    /// Counts what the backend has accepted: while that stands still, it is the backend that is
    /// ill, and no event.
    accepted: Arc<AtomicU64>,
}

/// An event that is done.
pub(super) struct Landed {
    offset: u64,
    ride: String,
    dead: Option<DeadLetter>,
}

impl Landed {
    pub(super) fn into_dead(self) -> Option<DeadLetter> {
        self.dead
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.tasks.abort_all();
    }
}

impl Flight {
    pub(super) fn new(
        endpoint: Arc<Endpoint>,
        metrics: Arc<Metrics>,
        epoch: String,
        after: u64,
    ) -> Self {
        Self {
            endpoint,
            metrics,
            epoch,
            newest: after,
            open: BTreeMap::new(),
            queues: HashMap::new(),
            tasks: JoinSet::new(),
            permits: Arc::new(Semaphore::new(SIDE_BY_SIDE)),
            accepted: Arc::default(),
        }
    }

    /// How many are not done, or wait for one before them that is not.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// The newest that was read.
    pub(super) const fn newest(&self) -> u64 {
        self.newest
    }

    /// Everything up to this offset is done.
    pub(super) fn done(&self) -> u64 {
        self.open
            .first_key_value()
            .map_or(self.newest, |(first, _)| first - 1)
    }

    pub(super) fn take_off(&mut self, events: Vec<StoredEvent>) {
        for event in events {
            self.newest = event.offset;
            self.open.insert(event.offset, false);
            let ride = ride_of(&event);
            if let Some(queue) = self.queues.get_mut(&ride) {
                queue.push_back(event);
            } else {
                self.queues.insert(ride.clone(), VecDeque::new());
                self.start(ride, event);
            }
        }
    }

    /// Waits until some are done. With none under way it waits for ever.
    pub(super) async fn land(&mut self) -> Vec<Landed> {
        let Some(first) = self.tasks.join_next().await else {
            return std::future::pending().await;
        };
        let mut all: Vec<Landed> = first.into_iter().collect();
        while let Some(next) = self.tasks.try_join_next() {
            all.extend(next);
        }
        for landed in &all {
            self.open.insert(landed.offset, true);
            match self.queues.get_mut(&landed.ride).map(VecDeque::pop_front) {
                Some(Some(event)) => self.start(landed.ride.clone(), event),
                _ => drop(self.queues.remove(&landed.ride)),
            }
        }
        while self.open.first_key_value().is_some_and(|(_, done)| *done) {
            self.open.pop_first();
        }
        all
    }

    fn start(&mut self, ride: String, event: StoredEvent) {
        let delivery = Delivery {
            endpoint: Arc::clone(&self.endpoint),
            metrics: Arc::clone(&self.metrics),
            permits: Arc::clone(&self.permits),
            accepted: Arc::clone(&self.accepted),
            id: format!("{}.{}", self.epoch, event.offset),
            ride,
            event,
        };
        self.tasks.spawn(delivery.run());
    }
}

struct Delivery {
    endpoint: Arc<Endpoint>,
    metrics: Arc<Metrics>,
    permits: Arc<Semaphore>,
    accepted: Arc<AtomicU64>,
    id: String,
    ride: String,
    event: StoredEvent,
}

impl Delivery {
    async fn run(self) -> Landed {
        let StoredEvent {
            offset,
            at_ms,
            event,
        } = &self.event;
        let id = &self.id;
        let body = body(id, *at_ms, event);
        let settings = &self.endpoint.settings;
        let mut pause = settings.shortest_pause;
        let mut attempts = 0;
        let accepted_before = self.accepted.load(Ordering::Relaxed);
        let dead = loop {
            let answer = {
                // Nobody closes it.
                let _permit = self.permits.acquire().await;
                self.endpoint.post(id, body.clone()).await
            };
            let Answer::Failed(reason) = answer else {
                self.accepted.fetch_add(1, Ordering::Relaxed);
                self.metrics.webhooks.delivered.inc();
                break None;
            };
            attempts += 1;
            self.metrics.webhooks.failed.inc();
            let others_pass = self.accepted.load(Ordering::Relaxed) > accepted_before;
            if attempts >= settings.attempts && others_pass {
                tracing::warn!(
                    id,
                    reason,
                    "a webhook is given up: the backend takes others"
                );
                break Some(DeadLetter {
                    id: id.clone(),
                    at_ms: *at_ms,
                    given_up_at_ms: now_ms(),
                    attempts,
                    reason,
                    event: event.clone(),
                });
            }
            tracing::debug!(id, reason, attempts, "a webhook was not accepted");
            // Up to a quarter more or less, so that not all come back at once.
            tokio::time::sleep(pause.mul_f64(rand::random_range(0.75..1.25))).await;
            pause = (pause * 2).min(settings.longest_pause);
        };
        Landed {
            offset: *offset,
            ride: self.ride,
            dead,
        }
    }
}

/// Events of one ride keep their order.
fn ride_of(event: &StoredEvent) -> String {
    #[derive(Deserialize)]
    struct Of {
        ride_id: String,
    }
    serde_json::from_str::<Of>(&event.event).map_or_else(|_| String::new(), |of| of.ride_id)
}
