//! Wiring: what is started in which order, and stopped in which.

mod farewell;
mod hearing;
mod listen;
mod serve;
mod settings;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use tokio::sync::mpsc;

pub use settings::Settings;

use crate::auth::{Auth, AuthError};
use crate::broker::{self, BrokerError, NodeId};
use crate::driver::Garage;
use crate::fleet::{Fleet, Peers, Teller, TooManyListeners, Writer, keep_counting};
use crate::gate::{Certificate, Gate, TlsError};
use crate::http::{Health, Queries, RouteLimit};
use crate::inbox::Post;
use crate::revocations::Revocations;
use crate::rides::Rides;
use crate::routing::{self, RoutingError};
use crate::session::Sessions;
use crate::store::{self, Store, StoreError};
use crate::telemetry::{Metrics, now_ms};
use crate::webhooks::{DeadLetters, Endpoint, InvalidEndpoint, Webhooks};
use farewell::send_away;
use hearing::Hearing;
use listen::listen;
use serve::serve;

/// Why the service cannot run.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The address cannot be had.
    #[error("cannot listen on {0}: {1}")]
    Bind(SocketAddr, std::io::Error),
    /// See [`AuthError`].
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
    /// See [`BrokerError`].
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// See [`RoutingError`].
    #[error(transparent)]
    Routing(#[from] RoutingError),
    /// See [`InvalidEndpoint`].
    #[error(transparent)]
    Webhook(#[from] InvalidEndpoint),
    /// See [`TooManyListeners`].
    #[error(transparent)]
    Workers(#[from] TooManyListeners),
    /// See [`TlsError`].
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The server failed while running.
    #[error("the server failed: {0}")]
    Server(std::io::Error),
}

/// The service, listening. [`App::run`] makes it serve.
pub struct App {
    address: SocketAddr,
    server: Server,
    sessions: Arc<Sessions>,
    rides: Arc<Rides>,
    writer: Arc<Writer>,
    drain: Duration,
}

/// How often vehicles are checked for silence.
const SWEEP_EVERY: Duration = Duration::from_millis(500);
/// What was heard of other nodes and waits to be passed on.
const HEARD: usize = 1_024;

impl App {
    /// Opens store and broker, takes back what the store kept, and listens.
    ///
    /// # Errors
    /// [`AppError`].
    pub async fn build(settings: Settings) -> Result<Self, AppError> {
        let bind_error = |error| AppError::Bind(settings.bind, error);
        let listener = listen(settings.bind).map_err(bind_error)?;
        let address = listener.local_addr().map_err(bind_error)?;
        let house = House::open(&settings).await?;
        let (sessions, rides, writer) = (
            Arc::clone(&house.garage.sessions),
            Arc::clone(&house.garage.rides),
            Arc::clone(&house.health.writer),
        );
        let drain = settings.drain;
        let server = serve(house, settings, listener)?;
        Ok(Self {
            address,
            server,
            sessions,
            rides,
            writer,
            drain,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` completes, then sends the sessions away and ends.
    ///
    /// # Errors
    /// [`AppError::Server`]; [`AppError::Store`] when the last positions could not be written.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), AppError> {
        let handle = self.server.handle();
        let mut server = tokio::spawn(self.server);
        tokio::select! {
            () = stop => {}
            ended = &mut server => {
                return match ended {
                    Ok(Err(error)) => Err(AppError::Server(error)),
                    _ => Ok(()),
                };
            }
        }
        // Still listening: who asks for readiness or a session is told no, instead of left waiting.
        self.sessions.stop();
        send_away(&self.sessions, self.drain).await;
        handle.stop(false).await;
        let _ = server.await;
        self.rides.stop().await;
        self.writer.stop().await?;
        Ok(())
    }
}

/// Everything below the sockets, running.
struct House {
    gate: Arc<Gate>,
    auth: Arc<Auth>,
    store: Arc<dyn Store>,
    garage: Garage,
    health: Health,
    queries: Queries,
    routes: RouteLimit,
    dead_letters: DeadLetters,
    revocations: Arc<Revocations>,
}

impl House {
    async fn open(settings: &Settings) -> Result<Self, AppError> {
        let metrics = Arc::new(Metrics::default());
        let auth = Arc::new(Auth::open(&settings.auth, metrics.auth.clone()).await?);
        let certificate = settings.gate.tls.clone().map(Certificate::load);
        let certificate = certificate.transpose()?;
        if let Some(certificate) = &certificate {
            tokio::spawn(Arc::clone(certificate).keep_up());
        }
        let gate = Gate::new(settings.gate.clone(), certificate, Arc::clone(&metrics))?;
        let node = NodeId(format!("{:016x}", rand::random::<u64>()));
        let store = store::open(&settings.store).await?;
        let broker = broker::open(&settings.store, node.clone()).await?;

        let fleet = Fleet::new(settings.fleet.clone());
        // Before the fleet is filled: the writer must know what the store holds, to remove it one day.
        let writer = Arc::new(Writer::start(&fleet, Arc::clone(&store), settings.writer)?);
        let now_ms = now_ms();
        for record in store.load_own().await? {
            let heard_at_ms = record.heard_at_ms;
            fleet.hear(record, heard_at_ms, now_ms, Teller::OwnStore);
        }
        fleet.sweep(now_ms);
        tokio::spawn(sweep(Arc::clone(&fleet)));
        tokio::spawn(keep_counting(Arc::clone(&fleet), Arc::clone(&metrics)));

        let sessions = Sessions::new(settings.sessions.clone(), Arc::clone(&metrics));
        let (tell, heard) = mpsc::channel(HEARD);
        let peers = Peers::start(
            Arc::clone(&fleet),
            Arc::clone(&store),
            Arc::clone(&broker),
            node.clone(),
            tell,
        )?;
        let post = Post::new(Arc::clone(&store), broker, node.clone());
        let revocations = Revocations::new(
            Arc::clone(&auth),
            Arc::clone(&post),
            Arc::clone(&sessions),
            metrics.auth.clone(),
            settings.revocations.clone(),
        );
        // Before anybody comes in. Should the store be away, it is read as soon as it is back.
        let _ = revocations.load().await;
        tokio::spawn(Arc::clone(&revocations).run());
        let rides = Rides::new(
            post,
            Arc::clone(&fleet),
            Arc::clone(&peers),
            routing::open(&settings.routing, settings.roads.clone())?,
            Arc::clone(&metrics),
            settings.rides.clone(),
        );
        let hearing = Hearing {
            sessions: Arc::clone(&sessions),
            rides: Arc::clone(&rides),
            revocations: Arc::clone(&revocations),
        };
        tokio::spawn(hearing.pass_on(heard));
        tokio::spawn(Arc::clone(&rides).run());
        let backend = settings.webhook.clone().map(Endpoint::new);
        let backend = backend.transpose()?.map(Arc::new);
        if let Some(backend) = &backend {
            let webhooks = Webhooks::new(
                Arc::clone(&store),
                Arc::clone(backend),
                &node,
                Arc::clone(&metrics),
            );
            tokio::spawn(webhooks.run());
        }

        Ok(Self {
            gate,
            garage: Garage {
                fleet: Arc::clone(&fleet),
                peers: Arc::clone(&peers),
                sessions: Arc::clone(&sessions),
                node,
                rides,
                metrics: Arc::clone(&metrics),
            },
            routes: RouteLimit::new(Arc::clone(&metrics)),
            health: Health {
                auth: Arc::clone(&auth),
                fleet: Arc::clone(&fleet),
                store: Arc::clone(&store),
                writer,
                metrics,
                sessions: Arc::clone(&sessions),
            },
            queries: Queries {
                fleet,
                peers,
                limits: settings.hub.clone(),
            },
            dead_letters: DeadLetters::new(Arc::clone(&store), backend),
            revocations,
            auth,
            store,
        })
    }
}

async fn sweep(fleet: Arc<Fleet>) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        fleet.sweep(now_ms());
    }
}
