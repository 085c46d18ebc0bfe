use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::fleet::{self, WriterSettings};
use crate::http::{BaseMap, PageConfig};
use crate::hub;
use crate::store::StoreUrl;
use crate::ws;

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
