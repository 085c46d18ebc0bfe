//! Wiring: what is started in which order, and stopped in which.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::dev::Server;
use actix_web::{App as WebApp, HttpServer, web};
use ridecast_protocol::CloseCode;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::auth::{Auth, AuthError};
use crate::broker::{self, BrokerError, NodeId};
use crate::driver::Garage;
use crate::fleet::{self, Fleet, Peers, TooManyListeners, Writer, WriterSettings};
use crate::http::{self, BaseMap, Health, PageConfig, Queries};
use crate::hub::{self, Hub};
use crate::session::{End, Sessions};
use crate::store::{self, StoreError, StoreUrl};
use crate::telemetry::{Metrics, now_ms};
use crate::ws::{self, Door};

/// Everything the service can be told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen; port 0 takes a free one.
    pub bind: SocketAddr,
    /// Where positions are kept.
    pub store: StoreUrl,
    /// Signs and checks tokens.
    pub auth_secret: String,
    /// Threads that hold sessions.
    pub workers: usize,
    /// Most sessions at once.
    pub max_sessions: usize,
    /// Over how long sessions are sent away when the service stops.
    pub drain: Duration,
    /// Presence and the limits of positions.
    pub fleet: fleet::Settings,
    /// Limits of subscriptions.
    pub hub: hub::Settings,
    /// Heartbeat and hello.
    pub ws: ws::Settings,
    /// How positions are written.
    pub writer: WriterSettings,
    /// The streets the page draws.
    pub map: Option<Arc<BaseMap>>,
    /// What the page is told.
    pub page: PageConfig,
}

impl Settings {
    /// The defaults, with this secret.
    #[must_use]
    pub fn new(auth_secret: impl Into<String>) -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 8080)),
            store: StoreUrl::Memory,
            auth_secret: auth_secret.into(),
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            max_sessions: 20_000,
            drain: Duration::from_secs(5),
            fleet: fleet::Settings::default(),
            hub: hub::Settings::default(),
            ws: ws::Settings::default(),
            writer: WriterSettings::default(),
            map: None,
            page: PageConfig::default(),
        }
    }
}

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
    /// See [`TooManyListeners`].
    #[error(transparent)]
    Workers(#[from] TooManyListeners),
    /// The server failed while running.
    #[error("the server failed: {0}")]
    Server(std::io::Error),
}

/// The service, listening. [`App::run`] makes it serve.
pub struct App {
    address: SocketAddr,
    server: Server,
    sessions: Arc<Sessions>,
    writer: Arc<Writer>,
    stopping: Arc<AtomicBool>,
    drain: Duration,
}

/// What the kernel keeps of a slow client's bytes: small, so that newest wins
/// begins early. Left alone the kernel would keep 4 MB of stale positions.
const SEND_BUFFER_BYTES: usize = 32 * 1024;
/// A peer that acknowledges nothing for so long is dead, whatever else it is.
const DEAD_AFTER: Duration = Duration::from_secs(30);
const BACKLOG: i32 = 4_096;
/// How often vehicles are checked for silence.
const SWEEP_EVERY: Duration = Duration::from_millis(500);
/// Claims of other nodes waiting to be carried out.
const CLAIMS: usize = 1_024;

impl App {
    /// Opens store and broker, takes back what the store kept, and listens.
    ///
    /// # Errors
    /// [`AppError`].
    pub async fn build(settings: Settings) -> Result<Self, AppError> {
        let auth = Arc::new(Auth::new(&settings.auth_secret)?);
        let listener =
            listen(settings.bind).map_err(|error| AppError::Bind(settings.bind, error))?;
        let address = listener
            .local_addr()
            .map_err(|error| AppError::Bind(settings.bind, error))?;

        let node = NodeId(format!("{:016x}", rand::random::<u64>()));
        let store = store::open(&settings.store).await?;
        let broker = broker::open(&settings.store, node.clone()).await?;
        let metrics = Arc::new(Metrics::default());
        let fleet = Fleet::new(settings.fleet.clone());
        let writer = Arc::new(Writer::start(&fleet, Arc::clone(&store), settings.writer)?);
        for record in store.load_own().await? {
            let heard_at_ms = record.heard_at_ms;
            fleet.hear(record, heard_at_ms, true);
        }
        fleet.sweep(now_ms());

        let sessions = Sessions::new(settings.max_sessions);
        let (claims, mut claimed) = mpsc::channel(CLAIMS);
        let peers = Peers::start(
            Arc::clone(&fleet),
            Arc::clone(&store),
            broker,
            node.clone(),
            claims,
        )?;
        tokio::spawn({
            let sessions = Arc::clone(&sessions);
            async move {
                while let Some(claim) = claimed.recv().await {
                    sessions.drives_elsewhere(&claim.driver, &claim.session);
                }
            }
        });
        tokio::spawn({
            let fleet = Arc::clone(&fleet);
            async move {
                loop {
                    tokio::time::sleep(SWEEP_EVERY).await;
                    fleet.sweep(now_ms());
                }
            }
        });

        let garage = Garage {
            fleet: Arc::clone(&fleet),
            peers: Arc::clone(&peers),
            sessions: Arc::clone(&sessions),
            node,
            metrics: Arc::clone(&metrics),
        };
        let door = web::Data::new(Door {
            auth: Arc::clone(&auth),
            store: Arc::clone(&store),
            garage: garage.clone(),
            settings: settings.ws.clone(),
        });
        let stopping = Arc::new(AtomicBool::new(false));
        let health = Health {
            fleet: Arc::clone(&fleet),
            store: Arc::clone(&store),
            writer: Arc::clone(&writer),
            metrics: Arc::clone(&metrics),
            stopping: Arc::clone(&stopping),
        };
        let queries = Queries {
            fleet: Arc::clone(&fleet),
            peers,
            limits: settings.hub.clone(),
        };
        let page = Arc::new(settings.page);
        let map = settings.map;

        // One reader of the fleet for each worker, made here, where it may fail.
        let listeners = (0..settings.workers.max(1))
            .map(|_| fleet.listen(false))
            .collect::<Result<Vec<_>, _>>()?;
        let listeners = Arc::new(Mutex::new(listeners));
        let limits = settings.hub;
        let server = HttpServer::new(move || {
            // Runs once on each worker's own thread.
            let listener = listeners
                .lock()
                .ok()
                .and_then(|mut listeners| listeners.pop());
            let hub = listener.map(|listener| {
                let hub = Hub::new(
                    Arc::clone(&fleet),
                    listener,
                    Arc::clone(&metrics),
                    limits.clone(),
                );
                actix_web::rt::spawn(hub.clone().run());
                hub
            });
            let app = WebApp::new()
                .app_data(door.clone())
                .app_data(web::ThinData(Arc::clone(&auth)))
                .app_data(web::ThinData(Arc::clone(&store)))
                .app_data(web::ThinData(garage.clone()))
                .app_data(web::ThinData(health.clone()))
                .app_data(web::ThinData(queries.clone()))
                .app_data(web::ThinData(Arc::clone(&page)))
                .app_data(web::ThinData(map.clone()));
            match hub {
                Some(hub) => app.app_data(web::ThinData(hub)),
                None => app,
            }
            .configure(http::routes)
        })
        .workers(settings.workers.max(1))
        .max_connections(settings.max_sessions.saturating_add(1_000))
        // Never between 1 and 600 ms: the timer may then never fire.
        .client_disconnect_timeout(Duration::ZERO)
        .tcp_nodelay(true)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)
        .map_err(|error| AppError::Bind(address, error))?
        .run();

        Ok(Self {
            address,
            server,
            sessions,
            writer,
            stopping,
            drain: settings.drain,
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
        self.stopping.store(true, Ordering::Relaxed);
        handle.pause().await;
        send_away(&self.sessions, self.drain).await;
        handle.stop(false).await;
        let _ = server.await;
        if let Some(writer) = Arc::into_inner(self.writer) {
            writer.stop().await?;
        } else {
            warn!("the last positions may not have been written: the writer is still in use");
        }
        Ok(())
    }
}

/// Says `bye` to all sessions, spread over the drain time, each with its own
/// time to come back, so that the other nodes do not get them all at once.
async fn send_away(sessions: &Sessions, drain: Duration) {
    let all = sessions.all();
    if all.is_empty() {
        return;
    }
    info!(sessions = all.len(), ?drain, "sending sessions away");
    let started = Instant::now();
    let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
    for (nth, session) in (0..).zip(all) {
        let reconnect_in = Duration::from_millis(rand::random_range(200..2_000));
        session.do_send(End {
            code: CloseCode::GoingAway,
            reconnect_in: Some(reconnect_in),
        });
        let due = drain * nth / count;
        if let Some(early) = due.checked_sub(started.elapsed()) {
            tokio::time::sleep(early).await;
        }
    }
    let last = Instant::now();
    while sessions.count() > 0 && last.elapsed() < Duration::from_secs(1) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    // Accepted sockets inherit these.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    #[cfg(target_os = "linux")]
    SockRef::from(&socket).set_tcp_user_timeout(Some(DEAD_AFTER))?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
