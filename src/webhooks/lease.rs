use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::broker::NodeId;
use crate::store::{Outcome, Put, Step, Store, StoreError};
use crate::telemetry::now_ms;

/// The right to be the one node that sends.
pub(super) struct Lease {
    node: String,
    lasts: Duration,
    renewed: Mutex<Option<Instant>>,
}

#[derive(Serialize, Deserialize)]
struct Held {
    node: String,
    until_ms: i64,
}

const KEY: &str = "webhooks:lease";

impl Lease {
    pub(super) fn new(node: &NodeId, lasts: Duration) -> Self {
        Self {
            node: node.0.clone(),
            lasts,
            renewed: Mutex::default(),
        }
    }

    /// Takes or renews it, unless another node has it.
    pub(super) async fn take(&self, ledger: &dyn Store) -> Result<bool, StoreError> {
        let records = ledger.read(&[KEY.to_owned()]).await?;
        let Some(record) = records.into_iter().next() else {
            return Ok(false);
        };
        let held: Option<Held> = record
            .value
            .and_then(|value| serde_json::from_slice(&value).ok());
        if held.is_some_and(|held| held.node != self.node && held.until_ms > now_ms()) {
            return Ok(false);
        }
        let lasts_ms = i64::try_from(self.lasts.as_millis()).unwrap_or(i64::MAX);
        let held = Held {
            node: self.node.clone(),
            until_ms: now_ms() + lasts_ms,
        };
        let mut step = Step::new();
        step.expects.push((KEY.to_owned(), record.version));
        step.puts.push(Put {
            key: KEY.to_owned(),
            value: serde_json::to_vec(&held).ok(),
            ttl: Some(self.lasts * 2),
        });
        let taken = matches!(ledger.commit(&step).await?, Outcome::Done(_));
        *self.renewed.lock() = taken.then(Instant::now);
        Ok(taken)
    }

    /// Renews it when that is due. False: another node has it now.
    pub(super) async fn hold(&self, ledger: &dyn Store) -> Result<bool, StoreError> {
        let renewed = *self.renewed.lock();
        match renewed {
            Some(at) if at.elapsed() < self.lasts / 4 => Ok(true),
            _ => self.take(ledger).await,
        }
    }
}
