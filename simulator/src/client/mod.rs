//! The client side of the protocol: what a driver's and a rider's app would do.

mod connection;
mod driver;
mod ending;
mod identity;
mod ledger;
mod mailbox;
mod places;
mod rider;
mod view;

use std::future::Future;
use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use ridecast_protocol::{Role, UserId};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::tally::Tally;
use crate::{Endpoint, Subprotocol};

pub(crate) use driver::{Driver, FixSource};
pub(crate) use identity::{Person, invent};
pub(crate) use mailbox::Mailbox;
pub(crate) use places::Places;
pub(crate) use rider::Rider;

use connection::Connection;
use ending::{Backoff, Ending, Then};

/// How many connections may be in the making at once: a crowd that comes at
/// once is served sooner when it queues here than in the kernel.
const CONNECTING: usize = 64;

/// What all sessions share.
pub(crate) struct Context {
    endpoint: Endpoint,
    connecting: Semaphore,
    pub(crate) tally: Tally,
    /// Drivers stop first, so that riders still hear the last of them.
    pub(crate) stop_drivers: CancellationToken,
    pub(crate) stop_riders: CancellationToken,
}

impl Context {
    pub(crate) fn new(endpoint: Endpoint, tally: Tally) -> Arc<Self> {
        Arc::new(Self {
            endpoint,
            connecting: Semaphore::new(CONNECTING),
            tally,
            stop_drivers: CancellationToken::new(),
            stop_riders: CancellationToken::new(),
        })
    }

    fn stop(&self, role: Role) -> &CancellationToken {
        match role {
            Role::Driver => &self.stop_drivers,
            Role::Rider | Role::Operator => &self.stop_riders,
        }
    }

    /// Opens a session and counts it.
    async fn open(
        &self,
        user: &UserId,
        role: Role,
        subprotocol: Subprotocol,
    ) -> Result<Connection, Ending> {
        let token = match self.endpoint.tokens.token(user, role) {
            Ok(token) => token,
            Err(error) => return Err(Ending::final_error("token", &error)),
        };
        let opening = async {
            let _permit = self.connecting.acquire().await;
            Connection::open(&self.endpoint.url, subprotocol, &token, &self.tally).await
        };
        let opened = tokio::select! {
            opened = opening => opened,
            () = self.stop(role).cancelled() => return Err(Ending::Stopped),
        };
        let (connection, took) = opened?;
        self.tally.opened(took);
        Ok(connection)
    }

    /// Keeps a client connected until the simulation stops or the service sends it away.
    pub(crate) async fn keep(&self, mut client: impl Client) {
        let mut backoff = Backoff::default();
        let mut sessions = 0;
        loop {
            let role = client.role();
            let opened = self.open(client.user(), role, client.subprotocol()).await;
            let ending = match opened {
                Ok(connection) => {
                    backoff.reset();
                    sessions += 1;
                    if sessions > 1 {
                        self.tally.reconnected();
                    }
                    let _present = self.tally.present(role);
                    client.session(connection, sessions == 1).await
                }
                Err(ending) => ending,
            };
            let wait = match ending.then(role) {
                Then::Nothing => return,
                Then::GiveUp => return self.tally.gave_up(&ending.word()),
                Then::ReconnectIn(wait) => wait,
                Then::Reconnect => backoff.wait(client.chance()),
            };
            self.tally.disconnected(&ending.word());
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.stop(role).cancelled() => return,
            }
        }
    }
}

/// Somebody who wants to be connected.
pub(crate) trait Client: Send {
    fn role(&self) -> Role;
    fn user(&self) -> &UserId;
    fn subprotocol(&self) -> Subprotocol;
    fn chance(&mut self) -> &mut ChaCha8Rng;
    /// Does what it connected for until that ends.
    fn session(
        &mut self,
        connection: Connection,
        first: bool,
    ) -> impl Future<Output = Ending> + Send;
}
