//! Tokens that count no more before they expire: kept in the store, told to every node, and
//! carried out on the sessions of this one.
//!
//! The store is what counts: an entry is put there together with the word to the other nodes, in
//! one step. A node that missed the word reads the entries anew.

use std::sync::Arc;
use std::time::Duration;

use ridecast_protocol::{Revocation, Revoke};

use crate::auth::{Auth, Revoked};
use crate::inbox::Post;
use crate::session::Sessions;
use crate::store::{Address, Listing, Outcome, Step, StoreError, Tell, Told};
use crate::telemetry::{AuthMetrics, now_ms};

/// How long revocations hold.
#[derive(Debug, Clone)]
pub struct Settings {
    /// One that does not say until when holds for so long: as long as the longest token lives.
    pub revoke_for: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            revoke_for: Duration::from_hours(30 * 24),
        }
    }
}

/// Nothing was revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevocationError {
    /// The request says something that cannot be.
    #[error("{0}")]
    Invalid(&'static str),
    /// More would not be remembered.
    #[error("{} revocations are in force, and no more can be", Revoked::MOST)]
    Full,
    /// Whether it is revoked is not known: ask again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Revokes tokens.
pub struct Revocations {
    auth: Arc<Auth>,
    post: Arc<Post>,
    sessions: Arc<Sessions>,
    metrics: AuthMetrics,
    settings: Settings,
}

/// The list in the store: each member is a [`Revocation`] as JSON, its score the end of it.
const LIST: &str = "revocations";
/// So many are read from it at once.
const PAGE: usize = 1_000;
/// None holds for longer.
const LONGEST: Duration = Duration::from_hours(366 * 24);
/// For the rare word that was never told, as when a node died over it.
const LOAD_EVERY: Duration = Duration::from_mins(1);
/// While the store does not answer.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(1);

impl Revocations {
    /// On these floors. [`Revocations::run`] keeps it as it is in the store.
    #[must_use]
    pub fn new(
        auth: Arc<Auth>,
        post: Arc<Post>,
        sessions: Arc<Sessions>,
        metrics: AuthMetrics,
        settings: Settings,
    ) -> Arc<Self> {
        Arc::new(Self {
            auth,
            post,
            sessions,
            metrics,
            settings,
        })
    }

    /// Refuses tokens from now on, on every node, and ends the sessions that rest on them. When
    /// this returns it survives whatever happens to this node.
    ///
    /// # Errors
    /// [`RevocationError`].
    pub async fn revoke(&self, revoke: Revoke) -> Result<Revocation, RevocationError> {
        let now_ms = now_ms();
        let Revoke {
            user,
            jti,
            until_ms,
        } = revoke;
        if user.is_some() == jti.is_some() {
            return Err(RevocationError::Invalid(
                "give `user` or `jti`, one of them",
            ));
        }
        let until_ms = until_ms.unwrap_or_else(|| after(now_ms, self.settings.revoke_for));
        if !(now_ms + 1..=after(now_ms, LONGEST)).contains(&until_ms) {
            return Err(RevocationError::Invalid(
                "`until_ms` must be ahead, and within 366 days",
            ));
        }
        let revoked = self.auth.revoked();
        if self.forget(now_ms) >= Revoked::MOST {
            return Err(RevocationError::Full);
        }
        let before = revoked.of(user.as_ref(), jti.as_ref());
        let revocation = Revocation {
            user,
            jti,
            revoked_at_ms: now_ms,
            // It never ends one before that holds for longer.
            until_ms: before
                .as_ref()
                .map_or(until_ms, |it| until_ms.max(it.until_ms)),
        };
        let mut step = Step::new();
        if let Some(before) = before {
            step.lists.push(Listing {
                list: LIST.to_owned(),
                member: json(&before),
                score: None,
                forget_below: None,
            });
        }
        step.lists.push(Listing {
            list: LIST.to_owned(),
            member: json(&revocation),
            score: Some(revocation.until_ms),
            forget_below: Some(now_ms),
        });
        step.tells.push(Tell {
            to: Address::revocations(),
            at_ms: now_ms,
            event: json(&revocation),
        });
        // It expects nothing, so that there can be no conflict.
        let (Outcome::Done(_) | Outcome::Conflict) = self.post.commit(&step).await?;
        self.carry_out(std::slice::from_ref(&revocation));
        Ok(revocation)
    }

    /// Those in force, the newest first.
    #[must_use]
    pub fn newest(&self, most: usize) -> Vec<Revocation> {
        self.auth.revoked().newest(most, now_ms())
    }

    /// Something was told to somebody: perhaps that another node has revoked something.
    pub fn hear(&self, told: &Told) {
        if told.to == Address::revocations()
            && let Ok(revocation) = serde_json::from_str(&told.event)
        {
            self.carry_out(&[revocation]);
        }
    }

    /// Reads all that is in force from the store.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn load(&self) -> Result<(), StoreError> {
        let now_ms = now_ms();
        let mut before = None;
        for _ in 0..Revoked::MOST.div_ceil(PAGE) {
            let page = self.post.ledger().listed(LIST, before, PAGE).await?;
            let revocations: Vec<Revocation> = page
                .iter()
                .filter(|(_, until_ms)| *until_ms > now_ms)
                .filter_map(|(member, _)| serde_json::from_str(member).ok())
                .collect();
            // The longest-lived come first: whatever follows one that is over is over.
            let is_last = revocations.len() < PAGE;
            self.carry_out(&revocations);
            before = page
                .into_iter()
                .last()
                .map(|(member, score)| (score, member));
            if is_last {
                break;
            }
        }
        Ok(())
    }

    /// Keeps this node's revocations as they are in the store, for ever.
    pub async fn run(self: Arc<Self>) {
        loop {
            let rest = match self.load().await {
                Ok(()) => LOAD_EVERY,
                Err(_) => TRY_AGAIN_AFTER,
            };
            tokio::time::sleep(rest).await;
        }
    }

    fn carry_out(&self, revocations: &[Revocation]) {
        let now_ms = now_ms();
        let revoked = self.auth.revoked();
        for revocation in revocations {
            if !revoked.add(revocation, now_ms) {
                tracing::warn!("more tokens are revoked than can be remembered");
                break;
            }
        }
        self.forget(now_ms);
        // First refused, then ended: who comes in between is found by itself.
        if !revocations.is_empty() {
            let ended = self.sessions.end_of(|person| revoked.has(person, now_ms));
            if ended > 0 {
                tracing::info!(ended, "ended sessions whose tokens were revoked");
            }
        }
    }

    fn forget(&self, now_ms: i64) -> usize {
        let left = self.auth.revoked().forget(now_ms);
        self.metrics
            .revocations
            .set(i64::try_from(left).unwrap_or(i64::MAX));
        left
    }
}

fn after(now_ms: i64, time: Duration) -> i64 {
    now_ms.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

fn json(revocation: &Revocation) -> String {
    // Our own type: no map, no failing field.
    serde_json::to_string(revocation).unwrap_or_default()
}
