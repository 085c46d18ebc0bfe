use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::fleet::{self, WriterSettings};
use crate::http::{BaseMap, PageConfig};
use crate::hub;
use crate::rides;
use crate::routing;
use crate::store::StoreUrl;
use crate::webhooks;
use crate::ws;

/// Everything the service can be told.
#[derive(Clone)]
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
    /// How rides are treated.
    pub rides: rides::Settings,
    /// How times of arrival are estimated.
    pub routing: routing::Settings,
    /// Where ride events are sent.
    pub webhook: Option<webhooks::Settings>,
    /// The streets they are estimated on.
    pub roads: Option<Arc<ridecast_roads::Router>>,
    /// The streets the page draws.
    pub map: Option<Arc<BaseMap>>,
    /// What the page is told.
    pub page: PageConfig,
}

impl Settings {
    /// The defaults, with this secret.
    #[must_use]
    pub fn new(auth_secret: impl Into<String>) -> Self {
        let auth_secret = auth_secret.into();
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 8080)),
            store: StoreUrl::Memory,
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            max_sessions: 20_000,
            drain: Duration::from_secs(5),
            fleet: fleet::Settings {
                alias_key: alias_key(&auth_secret),
                ..fleet::Settings::default()
            },
            auth_secret,
            hub: hub::Settings::default(),
            ws: ws::Settings::default(),
            writer: WriterSettings::default(),
            rides: rides::Settings::default(),
            routing: routing::Settings::default(),
            webhook: None,
            roads: None,
            map: None,
            page: PageConfig::default(),
        }
    }
}

/// The same on every node, because their secret is; and of no use for signing tokens.
fn alias_key(auth_secret: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(auth_secret.as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(b"ridecast alias");
    mac.finalize().into_bytes().into()
}
