//! Node to node: the same positions in every node that has somebody watching.

mod embedded;
mod inbox;
mod redis;

use std::sync::Arc;

use async_trait::async_trait;
use ridecast_protocol::{SessionId, UserId, VehicleId};
use serde::{Deserialize, Serialize};

use crate::spatial::CoarseCell;
use crate::store::{Address, RedisFault, StoreUrl, Told, VehicleRecord};

/// A process of the service, named anew at every start.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NodeId(pub String);

/// What happened in one coarse cell since the last batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// Who tells it.
    pub node: NodeId,
    /// Vehicles that moved in this cell, into it or out of it, each at most once.
    pub moved: Vec<VehicleRecord>,
    /// Vehicles that were last in this cell and are gone.
    pub gone: Vec<VehicleId>,
}

/// A driver's session has opened: any other session of that driver, on any node, ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Where the new session is.
    pub node: NodeId,
    /// Whose it is.
    pub driver: UserId,
    /// The new session.
    pub session: SessionId,
}

/// A message for the sockets of some persons, wherever they are. It may be lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whisper {
    /// Who tells it.
    pub node: NodeId,
    /// For whom.
    pub to: Vec<Address>,
    /// The message as it goes out, JSON.
    pub message: String,
}

/// What a node hears from the others. Never its own words, but for [`Heard::Told`].
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// Vehicles of a cell it listens to.
    Batch(CoarseCell, Batch),
    /// A driver's new session.
    Claim(Claim),
    /// An event was put into an inbox. Also by this node: go by its offset.
    Told(Told),
    /// A message to pass on to sockets.
    Whisper(Whisper),
    /// Something may have been missed: load the cells anew, and look into the inboxes. The
    /// connection was lost and is back, or more was told than was heard.
    Gap,
}

/// Why other nodes could not be told or listened to.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BrokerError {
    /// Redis could not be asked, or would not.
    #[error(transparent)]
    Redis(#[from] RedisFault),
    /// The connection that listens is lost, or Redis did not confirm in time.
    #[error("not connected to the other nodes")]
    NotConnected,
}

/// What carries batches from node to node.
///
/// Every implementation passes the same contract, `tests/broker.rs`.
#[async_trait]
pub trait Broker: Send + Sync {
    /// Whether there can be other nodes at all.
    fn has_peers(&self) -> bool;

    /// Tells the nodes that listen to these cells.
    ///
    /// # Errors
    /// [`BrokerError`]: batches may be lost; positions are newest-wins, so the next one mends it.
    async fn publish(&self, batches: &[(CoarseCell, Batch)]) -> Result<(), BrokerError>;

    /// Tells all nodes.
    ///
    /// # Errors
    /// [`BrokerError`].
    async fn claim(&self, claim: &Claim) -> Result<(), BrokerError>;

    /// Tells all nodes.
    ///
    /// # Errors
    /// [`BrokerError`]: the message is lost.
    async fn whisper(&self, whisper: &Whisper) -> Result<(), BrokerError>;

    /// Listens to exactly these cells from now on. Returns when the cells that are
    /// new are listened to, so that a load from the store afterwards misses nothing.
    ///
    /// # Errors
    /// [`BrokerError`]: not connected. The set is remembered and taken up with the
    /// next connection, which [`Heard::Gap`] tells.
    async fn listen(&self, cells: &[CoarseCell]) -> Result<(), BrokerError>;

    /// What others tell: the next, `None` when the broker is closed.
    async fn heard(&self) -> Option<Heard>;
}

/// Opens the broker that goes with a store: Redis carries it, the others are alone.
///
/// A Redis that does not answer is no error: it is tried again until it does,
/// and [`Heard::Gap`] tells when. Must be called within the Tokio runtime that lives longest.
///
/// # Errors
/// [`BrokerError`]: the URL is not one of Redis.
pub async fn open(url: &StoreUrl, node: NodeId) -> Result<Arc<dyn Broker>, BrokerError> {
    Ok(match url {
        StoreUrl::Memory | StoreUrl::Embedded(_) => Arc::new(embedded::Alone),
        StoreUrl::Redis(url) => Arc::new(redis::RedisBroker::open(url, node).await?),
    })
}
