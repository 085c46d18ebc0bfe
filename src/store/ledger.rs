//! What must never be lost: rides, offers, inboxes, chats, tracks.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use ridecast_protocol::{Role, UserId};
use serde::{Deserialize, Serialize};

use super::StoreError;

/// Whose inbox. A person who is a driver and a rider has two.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Address(String);

impl Address {
    /// How many events an inbox keeps, and how long it is kept after the last one.
    pub const KEEPS: Keep = Keep {
        most: 1_000,
        unused_for: Duration::from_hours(7 * 24),
    };
    /// The same of the operators' inbox, which all of them share and webhooks are sent from.
    pub const OPERATORS_KEEP: Keep = Keep {
        most: 100_000,
        unused_for: Duration::from_hours(30 * 24),
    };

    /// A person's; all operators have one together.
    #[must_use]
    pub fn of(role: Role, user: &UserId) -> Self {
        match role {
            Role::Driver => Self::driver(user),
            Role::Rider => Self::rider(user),
            Role::Operator => Self::operators(),
            // Nothing is ever put there.
            Role::Admin => Self(format!("admin:{user}")),
        }
    }

    /// A driver's.
    #[must_use]
    pub fn driver(user: &UserId) -> Self {
        Self(format!("driver:{user}"))
    }

    /// A rider's.
    #[must_use]
    pub fn rider(user: &UserId) -> Self {
        Self(format!("rider:{user}"))
    }

    /// Which tokens were revoked, for the nodes themselves: what is put there, each of them hears.
    #[must_use]
    pub fn revocations() -> Self {
        Self("revocations".to_owned())
    }

    /// The operators'. It has every change of every ride.
    #[must_use]
    pub fn operators() -> Self {
        Self("operators".to_owned())
    }

    /// The driver whose it is; `None`: it is no driver's.
    #[must_use]
    pub fn is_drivers(&self) -> Option<UserId> {
        UserId::new(self.0.strip_prefix("driver:")?).ok()
    }

    /// As it stands in keys.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How much of it is kept.
    #[must_use]
    pub fn keeps(&self) -> Keep {
        if self.0 == "operators" {
            Self::OPERATORS_KEEP
        } else {
            Self::KEEPS
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How much of an inbox is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// The newest so many events.
    pub most: u64,
    /// After so long without a new event, and without being asked after, the inbox is forgotten as
    /// a whole, its epoch too.
    pub unused_for: Duration,
}

/// Which state of a record a step builds on; [`Version::NONE`]: that there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version(pub u64);

impl Version {
    /// Of a record that does not exist.
    pub const NONE: Self = Self(0);
}

/// A record as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Changes with every write, and never comes back.
    pub version: Version,
    /// `None`: there is none.
    pub value: Option<Vec<u8>>,
}

/// A change that happens as a whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Names this step, and becomes the version of all records it writes. Committing the same step
    /// again within two minutes changes nothing and gives the same answer.
    pub id: u64,
    /// The step happens only if all these records have these versions.
    pub expects: Vec<(String, Version)>,
    /// Records to write or, with no value, to remove.
    pub puts: Vec<Put>,
    /// Events to append to inboxes; each gets the next offset of its inbox.
    pub tells: Vec<Tell>,
    /// Members to put into sorted lists or take out of them.
    pub lists: Vec<Listing>,
    /// Items to append to logs.
    pub logs: Vec<Append>,
}

impl Step {
    /// An empty step with a new name.
    #[must_use]
    pub fn new() -> Self {
        Self {
            // Never that of no record.
            id: rand::random::<u64>().max(1),
            expects: Vec::new(),
            puts: Vec::new(),
            tells: Vec::new(),
            lists: Vec::new(),
            logs: Vec::new(),
        }
    }
}

impl Default for Step {
    fn default() -> Self {
        Self::new()
    }
}

/// Writes or removes a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// Which.
    pub key: String,
    /// `None`: remove it.
    pub value: Option<Vec<u8>>,
    /// It is forgotten so long after this write. `None`: kept for ever.
    pub ttl: Option<Duration>,
}

/// Appends an event to an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tell {
    /// Whose.
    pub to: Address,
    /// When it happened, ms since the Unix epoch.
    pub at_ms: i64,
    /// The event as JSON.
    pub event: String,
}

/// Puts a member into a sorted list, moves it, or takes it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Which list.
    pub list: String,
    /// Who; at most once in a list.
    pub member: String,
    /// Where, up to 2^53 either way. `None`: nowhere, take it out.
    pub score: Option<i64>,
    /// Whoever stands below this is taken out too, so that a list of what is past stays bounded.
    pub forget_below: Option<i64>,
}

/// Appends an item to a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// Which log.
    pub log: String,
    /// What.
    pub item: Vec<u8>,
    /// The log is forgotten so long after its last item.
    pub ttl: Duration,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It happened. The offsets that its events got, in the order of `tells`.
    Done(Vec<u64>),
    /// A record has another version: nothing happened. Read anew and think again.
    Conflict,
}

/// Where an inbox stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxState {
    /// Made at random with the inbox: when it is another one, offsets begin anew.
    pub epoch: String,
    /// The newest event's offset; 0: none yet.
    pub last: u64,
    /// The oldest kept event's offset; `last + 1`: none is kept.
    pub first: u64,
}

/// An event in an inbox, as it is kept and as nodes tell each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its number, from 1, without holes.
    pub offset: u64,
    /// When it happened, ms since the Unix epoch.
    pub at_ms: i64,
    /// The event as JSON.
    pub event: String,
}

/// What nodes tell each other of an event that was appended to an inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Whose inbox.
    pub to: Address,
    /// When it happened, ms since the Unix epoch.
    pub at_ms: i64,
    /// The event as JSON.
    pub event: String,
    /// Its offset there.
    pub offset: u64,
}

/// Keeps what must never be lost.
///
/// When [`commit`](Self::commit) has returned, the step survives whatever
/// happens to this process (and to Redis as far as that is set up to keep its
/// word). Keys, lists and logs are named by their users; a name is text
/// without a NUL. Every implementation passes the same contract, `tests/store.rs`.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// The records under these keys, in this order, all of one moment.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn read(&self, keys: &[String]) -> Result<Vec<Record>, StoreError>;

    /// Carries out a step, as a whole or not at all.
    ///
    /// # Errors
    /// [`StoreError`]: whether it happened is not known; commit the same step again to learn it.
    async fn commit(&self, step: &Step) -> Result<Outcome, StoreError>;

    /// Where an inbox stands; one that does not exist yet gets its epoch now. It is kept for
    /// another [`Keep::unused_for`] from now on, less an hour at most.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn inbox(&self, whose: &Address) -> Result<InboxState, StoreError>;

    /// The events after an offset, oldest first. Those that are not kept any more are missing.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn events(
        &self,
        whose: &Address,
        after: u64,
        most: usize,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// Members of a list with their scores, the highest score first; of equal scores the greater
    /// member first. `before`: only those that come after this one in that order.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn listed(
        &self,
        list: &str,
        before: Option<(i64, String)>,
        most: usize,
    ) -> Result<Vec<(String, i64)>, StoreError>;

    /// How many members each of these lists has.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn counts(&self, lists: &[String]) -> Result<Vec<u64>, StoreError>;

    /// Members of a list whose score, a time, is `now_ms` or before, the longest overdue first.
    /// Each is moved to `now_ms + lease`, in the same step: so of several nodes one gets it, and
    /// when that one dies, or its answer is lost on the way, another does after the lease.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn due(
        &self,
        list: &str,
        now_ms: i64,
        lease: Duration,
        most: usize,
    ) -> Result<Vec<String>, StoreError>;

    /// Items of a log, in order, from this index on (from 0).
    ///
    /// # Errors
    /// [`StoreError`].
    async fn log(&self, log: &str, from: u64, most: usize) -> Result<Vec<Vec<u8>>, StoreError>;
}
