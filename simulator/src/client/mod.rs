//! The client side of the protocol: what a driver's and a rider's app would do.

mod connection;
mod desk;
mod driver;
mod ending;
mod errands;
mod identity;
mod inbox;
mod ledger;
mod mailbox;
mod places;
mod rider;
mod view;
mod wheel;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use ridecast_protocol::{Resume, Role, UserId};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::ride_book::RideBook;
use crate::tally::Tally;
use crate::{Endpoint, Subprotocol};

pub(crate) use driver::{Driver, FixSource};
pub(crate) use identity::{Person, invent};
pub(crate) use mailbox::Mailbox;
pub(crate) use places::Places;
pub(crate) use rider::Rider;
pub(crate) use wheel::Wheel;

use connection::{Connection, Mishap, Opening};
use ending::{Backoff, Ending, Then};

/// How many connections may be in the making at once: a crowd that comes at
/// once is served sooner when it queues here than in the kernel.
const CONNECTING: usize = 64;

/// What all sessions share.
pub(crate) struct Context {
    endpoint: Endpoint,
    connecting: Semaphore,
    pub(crate) tally: Tally,
    pub(crate) rides: RideBook,
    /// A wish for a ride each; free riders take them up.
    pub(crate) demand: Semaphore,
    /// How likely each connection drops, per second, 0 to below 1.
    flaky: f64,
    /// No new rides, no mishaps: all that is open comes to an end.
    pub(crate) wind_up: CancellationToken,
    /// Drivers stop first, so that riders still hear the last of them.
    pub(crate) stop_drivers: CancellationToken,
    pub(crate) stop_riders: CancellationToken,
}

impl Context {
    pub(crate) fn new(endpoint: Endpoint, flaky: f64, tally: Tally) -> Arc<Self> {
        Arc::new(Self {
            endpoint,
            connecting: Semaphore::new(CONNECTING),
            tally,
            rides: RideBook::default(),
            demand: Semaphore::new(0),
            flaky,
            wind_up: CancellationToken::new(),
            stop_drivers: CancellationToken::new(),
            stop_riders: CancellationToken::new(),
        })
    }

    /// Whether connections drop on purpose.
    fn is_flaky(&self) -> bool {
        self.flaky > 0.0
    }

    fn stop(&self, role: Role) -> &CancellationToken {
        match role {
            Role::Driver => &self.stop_drivers,
            Role::Rider | Role::Operator | Role::Admin => &self.stop_riders,
        }
    }

    /// Opens a session and counts it. `attempt` is counted from 0.
    async fn open(&self, client: &impl Client, attempt: usize) -> Result<Connection, Ending> {
        let role = client.role();
        let token = match self.endpoint.tokens.token(client.user(), role) {
            Ok(token) => token,
            Err(error) => return Err(Ending::final_error("token", &error)),
        };
        let opening = async {
            let _permit = self.connecting.acquire().await;
            let opening = Opening {
                url: self.endpoint.url(client.number() + attempt),
                tls: self.endpoint.tls.clone(),
                subprotocol: client.subprotocol(),
                token: &token,
                resume: client.resume(),
            };
            Connection::open(opening, &self.tally).await
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
        for attempt in 0.. {
            let role = client.role();
            let ending = match self.open(&client, attempt).await {
                Ok(mut connection) => {
                    if let Some(mishap) = self.mishap(client.chance()) {
                        connection.meets(mishap);
                    }
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

impl Context {
    /// A chance of so much in each second makes the time until it happens exponential.
    fn mishap(&self, chance: &mut ChaCha8Rng) -> Option<Mishap> {
        if !self.is_flaky() {
            return None;
        }
        let unlikely: f64 = 1.0 - chance.random::<f64>();
        let seconds = unlikely.ln() / (1.0 - self.flaky).ln();
        let wait = Duration::try_from_secs_f64(seconds).ok()?;
        Some(Mishap {
            at: tokio::time::Instant::now().checked_add(wait)?,
            spared: self.wind_up.clone(),
        })
    }
}

/// Somebody who wants to be connected.
pub(crate) trait Client: Send + Sync {
    /// Clients that have another begin at another endpoint.
    fn number(&self) -> usize;
    fn role(&self) -> Role;
    fn user(&self) -> &UserId;
    fn subprotocol(&self) -> Subprotocol;
    fn chance(&mut self) -> &mut ChaCha8Rng;
    /// Where the inbox was read up to.
    fn resume(&self) -> Option<&Resume>;
    /// Does what it connected for until that ends.
    fn session(
        &mut self,
        connection: Connection,
        first: bool,
    ) -> impl Future<Output = Ending> + Send;
}
