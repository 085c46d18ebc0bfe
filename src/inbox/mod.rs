//! Durable events: every person's inbox, who is here to be told at once, and
//! where each session is in its reading.
//!
//! The store is the queue. What is told at once is only a shortcut: a session
//! that missed something, or cannot take it now, reads it from the store, so
//! nothing is ever dropped and nothing waits in memory.

mod reading;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix::Recipient;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use ridecast_protocol::{InboxPlace, Resume, SessionId, UserId};

pub use reading::{Hole, Next, Reading, as_of};

use crate::broker::{Broker, NodeId, Whisper};
use crate::store::{Address, Ledger, Outcome, Step, Store, StoreError, StoredEvent, Told};

/// What a session is told.
#[derive(Debug, Clone, actix::Message)]
#[rtype(result = "()")]
pub enum Word {
    /// An event has been put into the inbox.
    Event(Arc<StoredEvent>),
    /// A message to pass on as it is, or to lose.
    Whisper(Arc<str>),
    /// There may be events that this node was not told of: look.
    Look,
}

/// Brings events from the store to the sessions of this node.
pub struct Post {
    store: Arc<dyn Store>,
    broker: Arc<dyn Broker>,
    node: NodeId,
    here: DashMap<Address, Vec<Here>>,
}

struct Here {
    session: SessionId,
    tell: Recipient<Word>,
    newest: Arc<AtomicU64>,
}

/// A session's place at the post office, until dropped.
pub struct PostBox {
    post: Arc<Post>,
    address: Address,
    session: SessionId,
    newest: Arc<AtomicU64>,
}

impl Post {
    /// An office that nobody is at yet.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, broker: Arc<dyn Broker>, node: NodeId) -> Arc<Self> {
        Arc::new(Self {
            store,
            broker,
            node,
            here: DashMap::new(),
        })
    }

    /// Where everything durable is.
    #[must_use]
    pub fn ledger(&self) -> &dyn Ledger {
        &*self.store
    }

    /// From now on this session is told of the inbox's events.
    #[must_use]
    pub fn rent(
        self: &Arc<Self>,
        address: Address,
        session: SessionId,
        tell: Recipient<Word>,
    ) -> PostBox {
        let newest = Arc::new(AtomicU64::new(0));
        self.here.entry(address.clone()).or_default().push(Here {
            session: session.clone(),
            tell,
            newest: Arc::clone(&newest),
        });
        PostBox {
            post: Arc::clone(self),
            address,
            session,
            newest,
        }
    }

    /// Carries out a step, and tells the sessions of this node what it put into their inboxes.
    /// (The sessions of other nodes are told by the store itself.)
    ///
    /// # Errors
    /// [`StoreError`]: whether it happened is not known.
    pub async fn commit(&self, step: &Step) -> Result<Outcome, StoreError> {
        let outcome = self.store.commit(step).await?;
        if let Outcome::Done(offsets) = &outcome {
            for (tell, &offset) in step.tells.iter().zip(offsets) {
                self.deliver(
                    &tell.to,
                    StoredEvent {
                        offset,
                        at_ms: tell.at_ms,
                        event: tell.event.clone(),
                    },
                );
            }
        }
        Ok(outcome)
    }

    /// Another node has put something into an inbox.
    pub fn hear(&self, told: Told) {
        let event = StoredEvent {
            offset: told.offset,
            at_ms: told.at_ms,
            event: told.event,
        };
        self.deliver(&told.to, event);
    }

    fn deliver(&self, to: &Address, event: StoredEvent) {
        let Some(here) = self.here.get(to) else {
            return;
        };
        let event = Arc::new(event);
        for here in here.iter() {
            here.newest.fetch_max(event.offset, Ordering::AcqRel);
            // A session with a full mailbox finds the event by `newest`.
            let _ = here.tell.try_send(Word::Event(Arc::clone(&event)));
        }
    }

    /// Passes a message on to the sockets of these persons, wherever they are. It may be lost.
    pub async fn whisper(&self, to: Vec<Address>, message: String) {
        self.pass_on(&to, &message);
        if self.broker.has_peers() {
            let node = self.node.clone();
            let whisper = Whisper { node, to, message };
            if let Err(error) = self.broker.whisper(&whisper).await {
                tracing::debug!(%error, "other nodes could not be told");
            }
        }
    }

    /// Another node has a message for sockets here.
    pub fn pass_on(&self, to: &[Address], message: &str) {
        let message: Arc<str> = message.into();
        for here in to.iter().filter_map(|address| self.here.get(address)) {
            for here in here.iter() {
                let _ = here.tell.try_send(Word::Whisper(Arc::clone(&message)));
            }
        }
    }

    /// The drivers who have a session here.
    #[must_use]
    pub fn drivers_here(&self) -> Vec<UserId> {
        let addresses = self.here.iter();
        addresses.filter_map(|it| it.key().is_drivers()).collect()
    }

    /// This node may have missed something: every session looks into its inbox.
    pub fn look(&self) {
        for here in &self.here {
            for here in here.iter() {
                // A full mailbox has something in it that makes the session look.
                let _ = here.tell.try_send(Word::Look);
            }
        }
    }

    /// Where a session begins to read that has seen what `resume` says, and the newest offset.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open(
        &self,
        whose: &Address,
        resume: Option<&Resume>,
    ) -> Result<(InboxPlace, u64), StoreError> {
        let inbox = self.store.inbox(whose).await?;
        let recovered = resume.map(|resume| {
            resume.epoch == inbox.epoch
                && resume.offset <= inbox.last
                && resume.offset + 1 >= inbox.first
        });
        let offset = match (recovered, resume) {
            (Some(true), Some(resume)) => resume.offset,
            _ => inbox.last,
        };
        let place = InboxPlace {
            epoch: inbox.epoch,
            offset,
            recovered,
        };
        Ok((place, inbox.last))
    }

    /// The events after an offset, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn events(
        &self,
        whose: &Address,
        after: u64,
        most: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.store.events(whose, after, most).await
    }

    /// The newest offset of an inbox.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn newest(&self, whose: &Address) -> Result<(String, u64), StoreError> {
        let inbox = self.store.inbox(whose).await?;
        Ok((inbox.epoch, inbox.last))
    }
}

impl PostBox {
    /// Whose it is.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// What was heard counts no more: the inbox is another one.
    pub fn forget(&self) {
        self.newest.store(0, Ordering::Release);
    }

    /// The newest offset that this node has heard of since the session began; 0: none.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.newest.load(Ordering::Acquire)
    }
}

impl Drop for PostBox {
    fn drop(&mut self) {
        if let Entry::Occupied(mut entry) = self.post.here.entry(self.address.clone()) {
            entry.get_mut().retain(|here| here.session != self.session);
            if entry.get().is_empty() {
                entry.remove();
            }
        }
    }
}
