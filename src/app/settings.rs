use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::auth;
use crate::fleet::{self, WriterSettings};
use crate::gate;
use crate::history;
use crate::http::{BaseMap, Origins, PageConfig};
use crate::hub;
use crate::revocations;
use crate::rides;
use crate::routing;
use crate::session;
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
    /// Which tokens are believed.
    pub auth: auth::Settings,
    /// How long revocations of tokens hold.
    pub revocations: revocations::Settings,
    /// Pages of these may ask too.
    pub origins: Origins,
    /// Threads that hold sessions.
    pub workers: usize,
    /// How many sessions there may be, and how much each may say.
    pub sessions: session::Settings,
    /// TLS, whose address is whose, and how much one address may ask for.
    pub gate: gate::Settings,
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
    /// How much is kept of where vehicles were.
    pub history: history::Settings,
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
        Self::with(
            auth::Settings::secret(auth_secret.clone()),
            Some(&auth_secret),
        )
    }

    /// The defaults, with these tokens. `pseudonym_secret`: of pseudonyms, the same on every node.
    /// `None`: one made now, so that they are others on every node and after every start.
    #[must_use]
    pub fn with(auth: auth::Settings, pseudonym_secret: Option<&str>) -> Self {
        let made_now = format!("{:032x}", rand::random::<u128>());
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 8080)),
            store: StoreUrl::Memory,
            origins: Origins::default(),
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            sessions: session::Settings::default(),
            gate: gate::Settings::default(),
            drain: Duration::from_secs(5),
            fleet: fleet::Settings {
                alias_key: alias_key(pseudonym_secret.unwrap_or(&made_now)),
                ..fleet::Settings::default()
            },
            auth,
            revocations: revocations::Settings::default(),
            hub: hub::Settings::default(),
            ws: ws::Settings::default(),
            writer: WriterSettings::default(),
            history: history::Settings::default(),
            rides: rides::Settings::default(),
            routing: routing::Settings::default(),
            webhook: None,
            roads: None,
            map: None,
            page: PageConfig::default(),
        }
    }
}

/// The same on every node, because the secret is; and of no use for signing tokens.
fn alias_key(secret: &str) -> [u8; 32] {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(b"ridecast alias");
    mac.finalize().into_bytes().into()
}
