//! Ride events to the operator's backend, by HTTP.
//!
//! The source is the operators' inbox, which has every change of every ride;
//! a cursor in the ledger says how far the backend has got. So nothing has to
//! be queued, whatever happens to the backend or to a node: what was not
//! accepted is simply read again. One node at a time sends; when it dies,
//! another takes over where the cursor is.

mod dead;
mod flight;
mod lease;
mod sender;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use dead::{DeadLetters, WebhookError};
pub use sender::{Endpoint, InvalidEndpoint, sign};

use crate::broker::NodeId;
use crate::store::{Address, Outcome, Put, Step, Store, StoreError, StoredEvent, Version};
use crate::telemetry::Metrics;
use flight::{Flight, Landed};
use lease::Lease;

/// Where webhooks go, and how patiently.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The backend's.
    pub url: String,
    /// Signs them: at least [`Endpoint::LEAST_SECRET_BYTES`].
    pub secret: String,
    /// How long the backend has to answer.
    pub timeout: Duration,
    /// An event that is refused so often, while others are accepted, is given up.
    pub attempts: u32,
    /// Between attempts; doubled up to the longest with each that fails.
    pub shortest_pause: Duration,
    /// See there.
    pub longest_pause: Duration,
    /// When the node that sends dies, another takes over after so long.
    pub lease: Duration,
}

impl Settings {
    /// The defaults for this backend.
    #[must_use]
    pub fn new(url: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            secret: secret.into(),
            timeout: Duration::from_secs(10),
            attempts: 8,
            shortest_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
            lease: Duration::from_secs(15),
        }
    }
}

/// How far the backend has got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    /// Of the operators' inbox.
    epoch: String,
    /// Everything up to here was accepted, or given up.
    offset: u64,
}

/// Sends ride events to the operator's backend.
pub struct Webhooks {
    store: Arc<dyn Store>,
    endpoint: Arc<Endpoint>,
    lease: Lease,
    metrics: Arc<Metrics>,
}

const CURSOR: &str = "webhooks:cursor";
/// How often the inbox is looked at while there is nothing to send.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// After a failure of the store, or while another node sends.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// So many events are under way or waiting for those before them.
const MOST: usize = 512;

impl Webhooks {
    /// For this backend.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        endpoint: Arc<Endpoint>,
        node: &NodeId,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            store,
            lease: Lease::new(node, endpoint.settings.lease),
            endpoint,
            metrics,
        }
    }

    /// Sends, for ever.
    pub async fn run(self) {
        loop {
            match self.lease.take(&*self.store).await {
                Ok(true) => {
                    if let Err(error) = self.send().await {
                        tracing::warn!(%error, "webhooks wait for the store");
                    }
                }
                Ok(false) => {}
                Err(error) => tracing::debug!(%error, "webhooks wait for the store"),
            }
            tokio::time::sleep(LOOK_AGAIN_AFTER).await;
        }
    }

    /// Sends as long as this node may.
    async fn send(&self) -> Result<(), StoreError> {
        let operators = Address::operators();
        let (mut cursor, mut version) = self.cursor().await?;
        let mut flight = Flight::new(
            Arc::clone(&self.endpoint),
            Arc::clone(&self.metrics),
            cursor.epoch.clone(),
            cursor.offset,
        );
        loop {
            if !self.lease.hold(&*self.store).await? {
                return Ok(());
            }
            let room = MOST - flight.len();
            let events = self.store.events(&operators, flight.newest(), room).await?;
            self.metrics.webhooks.wait(flight.len() + events.len());
            let is_idle = events.is_empty() && flight.len() == 0;
            if is_idle {
                let inbox = self.store.inbox(&operators).await?;
                if inbox.epoch != cursor.epoch {
                    // The store has lost what it had, and begins anew.
                    return Ok(());
                }
            }
            self.note_hole(&events, flight.newest());
            flight.take_off(events);
            let landed = tokio::time::timeout(LOOK_EVERY, flight.land()).await;
            let landed: Vec<Landed> = landed.unwrap_or_default();
            let step = self.given_up(landed);
            if flight.done() > cursor.offset || !step.puts.is_empty() {
                cursor.offset = flight.done();
                version = self.keep(&cursor, version, step).await?;
            }
        }
    }

    /// Says so when events were forgotten before the backend took them.
    fn note_hole(&self, events: &[StoredEvent], newest: u64) {
        if let Some(first) = events.first()
            && first.offset > newest + 1
        {
            let lost = first.offset - newest - 1;
            self.metrics.webhooks.lost.inc_by(lost);
            tracing::error!(
                lost,
                "webhooks were not taken for so long that some are lost"
            );
        }
    }

    fn given_up(&self, landed: Vec<Landed>) -> Step {
        let mut step = Step::new();
        for letter in landed.into_iter().filter_map(Landed::into_dead) {
            self.metrics.webhooks.dead.inc();
            dead::add(&mut step, &letter);
        }
        step
    }

    async fn cursor(&self) -> Result<(Cursor, Version), StoreError> {
        let inbox = self.store.inbox(&Address::operators()).await?;
        let records = self.store.read(&[CURSOR.to_owned()]).await?;
        let record = records.into_iter().next();
        let version = record.as_ref().map_or(Version::NONE, |it| it.version);
        let known: Option<Cursor> = record
            .and_then(|record| record.value)
            .and_then(|value| serde_json::from_slice(&value).ok());
        let cursor = match known {
            Some(cursor) if cursor.epoch == inbox.epoch && cursor.offset <= inbox.last => cursor,
            // The first start with this backend, or a store that began anew: all that there is.
            _ => Cursor {
                epoch: inbox.epoch,
                offset: inbox.first - 1,
            },
        };
        Ok((cursor, version))
    }

    async fn keep(
        &self,
        cursor: &Cursor,
        version: Version,
        mut step: Step,
    ) -> Result<Version, StoreError> {
        step.expects.push((CURSOR.to_owned(), version));
        step.puts.push(Put {
            key: CURSOR.to_owned(),
            value: serde_json::to_vec(cursor).ok(),
            ttl: None,
        });
        match self.store.commit(&step).await? {
            Outcome::Done(_) => Ok(Version(step.id)),
            // Another node sends: this one's lease was over without its knowing.
            Outcome::Conflict => Err(StoreError::Busy),
        }
    }
}
