use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use redis::{Client, IntoConnectionInfo, ProtocolVersion, PushInfo, PushKind, RedisError, Value};
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::MissedTickBehavior;

use super::inbox::Inbox;
use super::{Batch, Broker, BrokerError, Claim, Heard, NodeId, Whisper};
use crate::spatial::CoarseCell;
use crate::store::keys;
use crate::store::redis::{Link, address, config, connect, fault, in_time, open_client};

/// Tells and hears by Redis' sharded pub/sub, which needs Redis 7.
///
/// Two connections: one to tell; and one to hear, held by a task that makes
/// it anew when it is lost. Pub/sub keeps nothing for who is not there, so
/// every new connection after the first is a [`Heard::Gap`].
pub(super) struct RedisBroker {
    link: Link,
    inbox: Arc<Inbox>,
    wanted: watch::Sender<Wanted>,
    state: watch::Receiver<State>,
    ear: AbortHandle,
}

/// The cells to listen to, and how often that has been said.
#[derive(Clone, Default)]
struct Wanted {
    version: u64,
    cells: BTreeSet<CoarseCell>,
}

/// How far the task is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The first attempt is still under way.
    Starting,
    /// Not connected.
    Away,
    /// Listens to what was wanted as of this version.
    Listening(u64),
}

impl RedisBroker {
    /// Waits for the first attempt to connect; that it fails is no error.
    pub(super) async fn open(url: &str, node: NodeId) -> Result<Self, BrokerError> {
        let inbox = Arc::new(Inbox::new(node));
        let (wanted, wants) = watch::channel(Wanted::default());
        let (tell_state, mut state) = watch::channel(State::Starting);
        let ear = Ear {
            client: resp3(&open_client(url)?)?,
            inbox: Arc::clone(&inbox),
            wanted: wants,
            state: tell_state,
        };
        let task = tokio::spawn(ear.run());
        // An error would mean that the task has ended: then nothing is heard, and `listen` says so.
        let _ = state.wait_for(|state| *state != State::Starting).await;
        Ok(Self {
            link: Link::new("broker", url)?,
            inbox,
            wanted,
            state,
            ear: task.abort_handle(),
        })
    }
}

impl Drop for RedisBroker {
    fn drop(&mut self) {
        self.ear.abort();
    }
}

#[async_trait]
impl Broker for RedisBroker {
    fn has_peers(&self) -> bool {
        true
    }

    async fn publish(&self, batches: &[(CoarseCell, Batch)]) -> Result<(), BrokerError> {
        if batches.is_empty() {
            return Ok(());
        }
        let mut pipe = redis::pipe();
        for (cell, batch) in batches {
            let json = serde_json::to_vec(batch).unwrap_or_default();
            pipe.cmd("SPUBLISH")
                .arg(keys::moves(*cell))
                .arg(json)
                .ignore();
        }
        Ok(self.link.ask(&pipe).await?)
    }

    async fn claim(&self, claim: &Claim) -> Result<(), BrokerError> {
        let json = serde_json::to_vec(claim).unwrap_or_default();
        let mut pipe = redis::pipe();
        pipe.cmd("SPUBLISH").arg(keys::CLAIMS).arg(json).ignore();
        Ok(self.link.ask(&pipe).await?)
    }

    async fn whisper(&self, whisper: &Whisper) -> Result<(), BrokerError> {
        let json = serde_json::to_vec(whisper).unwrap_or_default();
        let mut pipe = redis::pipe();
        pipe.cmd("SPUBLISH").arg(keys::TOLD).arg(json).ignore();
        Ok(self.link.ask(&pipe).await?)
    }

    async fn listen(&self, cells: &[CoarseCell]) -> Result<(), BrokerError> {
        let mut said = 0;
        self.wanted.send_modify(|wanted| {
            wanted.version += 1;
            wanted.cells = cells.iter().copied().collect();
            said = wanted.version;
        });
        let mut state = self.state.clone();
        let decided = state.wait_for(|state| match state {
            State::Listening(version) => *version >= said,
            State::Away => true,
            State::Starting => false,
        });
        match tokio::time::timeout(Link::TIMEOUT, decided).await {
            Ok(Ok(state)) if matches!(*state, State::Listening(_)) => Ok(()),
            _ => Err(BrokerError::NotConnected),
        }
    }

    async fn heard(&self) -> Option<Heard> {
        Some(self.inbox.next().await)
    }
}

/// The task that holds the listening connection.
struct Ear {
    client: Client,
    inbox: Arc<Inbox>,
    wanted: watch::Receiver<Wanted>,
    state: watch::Sender<State>,
}

impl Ear {
    /// Between attempts to connect; doubled up to the longest with each that fails.
    const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
    const LONGEST_PAUSE: Duration = Duration::from_secs(2);
    /// How often a silent connection is asked whether it is there.
    const PING_EVERY: Duration = Duration::from_secs(5);

    async fn run(mut self) {
        let mut pause = Self::SHORTEST_PAUSE;
        let mut was_connected = false;
        loop {
            let error = match self.connect().await {
                Ok(mut ear) => {
                    if was_connected {
                        self.inbox.gap();
                        tracing::info!(
                            address = address(&self.client),
                            "hears the other nodes again"
                        );
                    }
                    was_connected = true;
                    pause = Self::SHORTEST_PAUSE;
                    self.keep_listening(&mut ear).await
                }
                Err(error) => error,
            };
            let first = self.state.send_replace(State::Away) != State::Away;
            if first {
                let error = fault(&self.client, &error);
                tracing::warn!(%error, "hears no other node until Redis (7 or newer) is back");
                // Whoever starts without Redis has missed what was told until it came.
                was_connected = true;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Self::LONGEST_PAUSE);
        }
    }

    /// A connection that listens to all that is wanted, and says so.
    async fn connect(&mut self) -> Result<Connection, RedisError> {
        let inbox = Arc::clone(&self.inbox);
        let lost = Arc::new(Notify::new());
        let tell_lost = Arc::clone(&lost);
        let config = config().set_push_sender(move |push| {
            if !take_in(&inbox, push) {
                tell_lost.notify_one();
            }
            Ok::<(), std::convert::Infallible>(())
        });
        let mut ear = Connection {
            redis: connect(&Handle::current(), &self.client, config).await?,
            lost,
            listens_to: BTreeSet::new(),
        };
        let always = [keys::CLAIMS, keys::TOLD].map(str::to_owned);
        ear.command("SSUBSCRIBE", always).await?;
        self.take_up(&mut ear).await?;
        Ok(ear)
    }

    /// Returns why it could not go on.
    async fn keep_listening(&mut self, ear: &mut Connection) -> RedisError {
        let mut ping = tokio::time::interval(Self::PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let lost = Arc::clone(&ear.lost);
        loop {
            let result = tokio::select! {
                () = lost.notified() => Err(was_lost()),
                Ok(()) = self.wanted.changed() => self.take_up(ear).await,
                _ = ping.tick() => ear.ping().await,
            };
            if let Err(error) = result {
                return error;
            }
        }
    }

    /// Subscribes to what is wanted and not listened to yet, and the other way round.
    async fn take_up(&mut self, ear: &mut Connection) -> Result<(), RedisError> {
        let wanted = self.wanted.borrow_and_update().clone();
        let new = wanted.cells.difference(&ear.listens_to).copied();
        ear.command("SSUBSCRIBE", new.map(keys::moves)).await?;
        let old = ear.listens_to.difference(&wanted.cells).copied();
        ear.command("SUNSUBSCRIBE", old.map(keys::moves)).await?;
        ear.listens_to = wanted.cells;
        self.state.send_replace(State::Listening(wanted.version));
        Ok(())
    }
}

struct Connection {
    redis: MultiplexedConnection,
    lost: Arc<Notify>,
    listens_to: BTreeSet<CoarseCell>,
}

impl Connection {
    /// One command per channel, as channels lie in several slots of a cluster.
    async fn command(
        &self,
        name: &str,
        channels: impl IntoIterator<Item = String>,
    ) -> Result<(), RedisError> {
        let mut pipe = redis::pipe();
        for channel in channels {
            pipe.cmd(name).arg(channel).ignore();
        }
        if pipe.is_empty() {
            return Ok(());
        }
        in_time(pipe.exec_async(&mut self.redis.clone())).await
    }

    async fn ping(&self) -> Result<(), RedisError> {
        in_time(redis::cmd("PING").exec_async(&mut self.redis.clone())).await
    }
}

/// Puts what Redis pushed where it belongs. False: the connection is lost.
/// Runs in the connection's own task, so it must never block.
fn take_in(inbox: &Inbox, push: PushInfo) -> bool {
    if push.kind == PushKind::Disconnection {
        return false;
    }
    if push.kind == PushKind::SMessage
        && let Ok([Value::BulkString(channel), Value::BulkString(message)]) =
            <[Value; 2]>::try_from(push.data)
    {
        if channel == keys::CLAIMS.as_bytes() {
            inbox.claim(&message);
        } else if channel == keys::TOLD.as_bytes() {
            inbox.word(message);
        } else if let Some(cell) = keys::cell_of_moves(&channel) {
            inbox.batch(cell, message);
        }
    }
    true
}

/// The same Redis in the protocol that can push, whatever the URL says.
fn resp3(client: &Client) -> Result<Client, BrokerError> {
    let info = client.get_connection_info().clone();
    let settings = info
        .redis_settings()
        .clone()
        .set_protocol(ProtocolVersion::RESP3);
    let info = info
        .into_connection_info()
        .map(|info| info.set_redis_settings(settings));
    let client3 = info.and_then(Client::open);
    client3.map_err(|error| BrokerError::Redis(fault(client, &error)))
}

fn was_lost() -> RedisError {
    std::io::Error::new(
        std::io::ErrorKind::ConnectionReset,
        "the connection was lost",
    )
    .into()
}
