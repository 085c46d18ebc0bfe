//! The keys that count now, and how they are kept so.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use reqwest::Client;

use super::AuthError;
use super::key::{Key, KeySet};
use super::source::{self, KeySource, SourceError};
use crate::telemetry::AuthMetrics;

/// How long a URL may take to answer.
const FETCH_TIMEOUT: Duration = Duration::from_secs(4);
/// After a fetch that failed the next comes so soon, or with the schedule, if that is sooner.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(30);
/// The same while there was no answer yet.
const TRY_AT_FIRST: Duration = Duration::from_secs(1);

/// How often keys are looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// A URL is asked this often,
    pub(super) fetch: Duration,
    /// a file is looked into this often,
    pub(super) look: Duration,
    /// and all of them at most this often because a token names a key that is not known.
    pub(super) learn: Duration,
}

/// Keys from a secret, from files and from URLs.
pub(super) struct Keys {
    secret: Option<Arc<Key>>,
    sources: Vec<Kept>,
    now: RwLock<Arc<KeySet>>,
    pace: Pace,
    /// `None`: nothing is asked over the network.
    client: Option<Client>,
    /// When it was last looked for a key that a token had named, and whether that could be done.
    /// Held while looking, so that many who ask are one look.
    learnt: Arc<tokio::sync::Mutex<Option<(Instant, bool)>>>,
    metrics: AuthMetrics,
}

/// A source, and what it gave last: kept when it fails.
struct Kept {
    source: KeySource,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    bytes: Vec<u8>,
    keys: Vec<Arc<Key>>,
    is_away: bool,
}

impl Keys {
    pub(super) fn new(
        secret: Option<&str>,
        sources: Vec<KeySource>,
        pace: Pace,
        metrics: AuthMetrics,
    ) -> Result<Self, AuthError> {
        // Takes milliseconds, as it reads what certificates the system trusts.
        let client = sources
            .iter()
            .any(KeySource::is_remote)
            .then(|| source::client(FETCH_TIMEOUT))
            .transpose()
            .map_err(|error| AuthError::Client(error.to_string()))?;
        let kept = sources.into_iter().map(|source| Kept {
            source,
            last: Mutex::default(),
        });
        let keys = Self {
            secret: secret.map(|secret| Arc::new(Key::of_secret(secret))),
            sources: kept.collect(),
            now: RwLock::default(),
            pace,
            client,
            learnt: Arc::default(),
            metrics,
        };
        keys.gather();
        Ok(keys)
    }

    /// Reads all sources for the first time. A file that cannot be read is a mistake; a URL that
    /// does not answer may come back.
    pub(super) async fn open(self: &Arc<Self>) -> Result<(), AuthError> {
        for kept in &self.sources {
            if let Err(error) = self.refresh(kept).await
                && !kept.source.is_remote()
            {
                return Err(AuthError::Source {
                    source_name: kept.source.to_string(),
                    error,
                });
            }
        }
        for nth in 0..self.sources.len() {
            tokio::spawn(Self::keep(Arc::downgrade(self), nth));
        }
        Ok(())
    }

    /// Looks again and again, as long as anybody needs the keys.
    async fn keep(keys: Weak<Self>, nth: usize) {
        loop {
            let Some(rest) = keys.upgrade().map(|keys| keys.rest(nth)) else {
                return;
            };
            tokio::time::sleep(rest).await;
            let Some(keys) = keys.upgrade() else {
                return;
            };
            // What went wrong has been told.
            let _ = keys.refresh(&keys.sources[nth]).await;
        }
    }

    fn rest(&self, nth: usize) -> Duration {
        let kept = &self.sources[nth];
        if kept.source.is_remote() {
            let last = kept.last.lock();
            let longest = match (last.is_away, last.keys.is_empty()) {
                // Nobody can come in.
                (true, true) => TRY_AT_FIRST,
                (true, false) => TRY_AGAIN_AFTER,
                (false, _) => Duration::MAX,
            };
            self.pace.fetch.min(longest)
        } else {
            self.pace.look
        }
    }

    pub(super) fn now(&self) -> Arc<KeySet> {
        Arc::clone(&self.now.read())
    }

    /// Whether looking again may bring a key of another name.
    pub(super) fn may_learn(&self) -> bool {
        !self.sources.is_empty()
    }

    /// A token names a key that is not known: looks for it, but not too often, or everybody could
    /// make the service ask.
    ///
    /// # Errors
    /// [`AuthError::KeysAway`]: it could not be looked for.
    pub(super) async fn learn(self: &Arc<Self>, kid: Option<&str>) -> Result<(), AuthError> {
        let mut learnt = Arc::clone(&self.learnt).lock_owned().await;
        if kid.is_some_and(|kid| self.now().has(kid)) {
            return Ok(()); // Somebody else has looked while we waited.
        }
        let all = match *learnt {
            Some((at, all)) if at.elapsed() < self.pace.learn => all,
            _ => {
                let keys = Arc::clone(self);
                // A task of its own, with the lock: who asks may go away meanwhile, and must not
                // be able to make the service begin again and again by that.
                let looking = tokio::spawn(async move {
                    let mut all = true;
                    for kept in &keys.sources {
                        all &= keys.refresh(kept).await.is_ok();
                    }
                    *learnt = Some((Instant::now(), all));
                    all
                });
                looking.await.unwrap_or(false)
            }
        };
        if all {
            Ok(())
        } else {
            Err(AuthError::KeysAway)
        }
    }

    async fn refresh(&self, kept: &Kept) -> Result<(), SourceError> {
        let read = kept.source.read(self.client.as_ref()).await;
        let result = read.and_then(|bytes| {
            if kept.last.lock().bytes == bytes {
                return Ok(false);
            }
            let keys = kept.source.parse(&bytes)?;
            let mut last = kept.last.lock();
            last.bytes = bytes;
            last.keys = keys;
            Ok(true)
        });
        let is_away = result.is_err();
        let was_away = std::mem::replace(&mut kept.last.lock().is_away, is_away);
        let from = &kept.source;
        match result {
            Ok(is_new) => {
                if is_new {
                    self.gather();
                    tracing::info!(%from, "has the keys that tokens are checked with");
                } else if was_away {
                    tracing::info!(%from, "gives keys again");
                }
                Ok(())
            }
            Err(error) => {
                self.metrics.refreshes_failed.inc();
                if !was_away {
                    tracing::warn!(%from, %error, "gives no keys; those that it gave last still count");
                }
                Err(error)
            }
        }
    }

    /// Puts the keys of all sources together.
    fn gather(&self) {
        let mut now = self.now.write();
        let mut keys: Vec<_> = self.secret.iter().cloned().collect();
        for kept in &self.sources {
            keys.extend(kept.last.lock().keys.iter().cloned());
        }
        self.metrics
            .keys
            .set(i64::try_from(keys.len()).unwrap_or(i64::MAX));
        *now = Arc::new(KeySet {
            keys,
            generation: now.generation + 1,
        });
    }
}
