//! Webhooks that were given up, for people to look at and to send again.

use std::sync::Arc;
use std::time::Duration;

use ridecast_protocol as wire;
use serde::{Deserialize, Serialize};

use super::sender::{Answer, Endpoint, body};
use crate::store::{Listing, Put, Step, Store, StoreError};
use crate::telemetry::now_ms;

/// A webhook that the backend refused again and again, while it took others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DeadLetter {
    pub(super) id: String,
    pub(super) at_ms: i64,
    pub(super) given_up_at_ms: i64,
    pub(super) attempts: u32,
    pub(super) reason: String,
    pub(super) event: String,
}

/// Why a dead letter could not be looked at or sent again.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// There is none of this id.
    #[error("no webhook of this id was given up")]
    Unknown,
    /// This node sends no webhooks.
    #[error("no address for webhooks is set")]
    NoEndpoint,
    /// The backend did not accept it this time either.
    #[error("the backend did not accept it: {0}")]
    Refused(String),
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
}

const LIST: &str = "webhooks:dead";
/// Dead letters are kept for so long.
const KEPT: Duration = Duration::from_hours(30 * 24);

fn key(id: &str) -> String {
    format!("webhooks:dead:{id}")
}

/// Puts a dead letter on the list.
pub(super) fn add(step: &mut Step, letter: &DeadLetter) {
    let kept_ms = i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
    step.puts.push(Put {
        key: key(&letter.id),
        value: serde_json::to_vec(letter).ok(),
        ttl: Some(KEPT),
    });
    step.lists.push(Listing {
        list: LIST.to_owned(),
        member: letter.id.clone(),
        score: Some(letter.given_up_at_ms),
        forget_below: Some(now_ms().saturating_sub(kept_ms)),
    });
}

/// The list of webhooks that were given up.
#[derive(Clone)]
pub struct DeadLetters {
    store: Arc<dyn Store>,
    endpoint: Option<Arc<Endpoint>>,
}

impl DeadLetters {
    /// The list in this store; `endpoint`: where they are sent again.
    #[must_use]
    pub const fn new(store: Arc<dyn Store>, endpoint: Option<Arc<Endpoint>>) -> Self {
        Self { store, endpoint }
    }

    /// The newest, at most so many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn newest(&self, most: usize) -> Result<Vec<wire::DeadWebhook>, StoreError> {
        let listed = self.store.listed(LIST, None, most).await?;
        let keys: Vec<_> = listed.iter().map(|(id, _)| key(id)).collect();
        let records = self.store.read(&keys).await?;
        let letters = records.into_iter().filter_map(|record| record.value);
        let letters = letters.filter_map(|value| serde_json::from_slice(&value).ok());
        Ok(letters.filter_map(DeadLetter::seen).collect())
    }

    /// Sends one again, and takes it off the list if it is accepted.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub async fn send_again(&self, id: &str) -> Result<(), WebhookError> {
        let endpoint = self.endpoint.as_ref().ok_or(WebhookError::NoEndpoint)?;
        let records = self.store.read(&[key(id)]).await?;
        let letter = records.into_iter().find_map(|record| record.value);
        let letter: Option<DeadLetter> =
            letter.and_then(|value| serde_json::from_slice(&value).ok());
        let letter = letter.ok_or(WebhookError::Unknown)?;
        let body = body(&letter.id, letter.at_ms, &letter.event);
        if let Answer::Failed(reason) = endpoint.post(&letter.id, body).await {
            return Err(WebhookError::Refused(reason));
        }
        let mut step = Step::new();
        step.puts.push(Put {
            key: key(id),
            value: None,
            ttl: None,
        });
        step.lists.push(Listing {
            list: LIST.to_owned(),
            member: id.to_owned(),
            score: None,
            forget_below: None,
        });
        self.store.commit(&step).await?;
        Ok(())
    }
}

impl DeadLetter {
    fn seen(self) -> Option<wire::DeadWebhook> {
        Some(wire::DeadWebhook {
            event: serde_json::from_str(&self.event).ok()?,
            id: self.id,
            at_ms: self.at_ms,
            given_up_at_ms: self.given_up_at_ms,
            attempts: self.attempts,
            reason: self.reason,
        })
    }
}
