//! What the service tells of itself: the clock it tells it by, and its metrics.

mod access;
mod limit;
mod push;

use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use ridecast_protocol::{ErrorCode, RideState, Role};

pub use access::AuthMetrics;
pub use limit::Limit;
use limit::LimitLabel;
pub use push::PushMetrics;

/// Now, in milliseconds since the Unix epoch, UTC.
#[must_use]
pub fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RoleLabel {
    role: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabel {
    code: &'static str,
}

/// The service's counters. Every handle is shared; none is a singleton, so
/// that several services in one process (as in the tests) count apart.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    sessions: Family<RoleLabel, Gauge>,
    /// Positions accepted, over sockets and by HTTP.
    pub positions_accepted: Counter,
    errors: Family<CodeLabel, Counter>,
    /// Of the push engine.
    pub push: PushMetrics,
    /// Sessions closed by the service, by close code.
    closes: Family<CloseLabel, Counter>,
    vehicles: Family<StateLabel, Gauge>,
    changes_waiting: Gauge,
    store_lag_seconds: Gauge<f64, AtomicU64>,
    rides: Family<StateLabel, Counter>,
    /// Offers made to drivers.
    pub offers_made: Counter,
    /// Offers that a driver declined, let pass, or that were withdrawn.
    pub offers_refused: Counter,
    /// Of webhooks.
    pub webhooks: WebhookMetrics,
    /// Of who may come in.
    pub auth: AuthMetrics,
    limited: Family<LimitLabel, Counter>,
    /// Connections that are open, sockets among them: to be counted up and down.
    pub connections: Gauge,
    /// Handshakes of TLS that came to nothing, those that took too long apart.
    pub tls_handshakes_failed: Counter,
}

/// The counters of webhooks.
#[derive(Debug, Default)]
pub struct WebhookMetrics {
    /// Accepted by the backend.
    pub delivered: Counter,
    /// Attempts not accepted.
    pub failed: Counter,
    /// Given up: on the list of dead ones.
    pub dead: Counter,
    /// Forgotten before the backend took them.
    pub lost: Counter,
    waiting: Gauge,
}

impl WebhookMetrics {
    fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        for (name, help, counter) in [
            ("delivered", "accepted by the backend", &metrics.delivered),
            ("failed", "attempts not accepted", &metrics.failed),
            ("dead", "given up while others were accepted", &metrics.dead),
            ("lost", "forgotten before they were taken", &metrics.lost),
        ] {
            let help = format!("Webhooks {help}, by this node");
            registry.register(format!("webhooks_{name}"), help, counter.clone());
        }
        registry.register(
            "webhooks_waiting",
            "Webhooks read by this node and not accepted yet",
            metrics.waiting.clone(),
        );
        metrics
    }

    /// So many are under way or wait for those before them.
    pub fn wait(&self, count: usize) {
        self.waiting.set(i64::try_from(count).unwrap_or(i64::MAX));
    }
}

/// What is read at the moment of asking.
#[derive(Debug, Clone, Copy)]
pub struct Observed {
    /// Vehicles online.
    pub online: usize,
    /// Vehicles silent.
    pub silent: usize,
    /// Changes that hubs, store and peers have not taken yet.
    pub changes_waiting: usize,
    /// For how long the store has failed.
    pub store_lag: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CloseLabel {
    code: u16,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("ridecast");
        let sessions = Family::default();
        let positions_accepted = Counter::<u64, AtomicU64>::default();
        let errors = Family::default();
        let closes = Family::default();
        registry.register("sessions", "Open sessions by role", sessions.clone());
        registry.register(
            "positions_accepted",
            "Positions accepted",
            positions_accepted.clone(),
        );
        registry.register(
            "errors",
            "Requests and positions refused, by code",
            errors.clone(),
        );
        let push = PushMetrics::register(&mut registry);
        registry.register(
            "closes",
            "Sessions closed by the service, by close code",
            closes.clone(),
        );
        let vehicles = Family::default();
        let changes_waiting = Gauge::default();
        let store_lag_seconds = Gauge::<f64, AtomicU64>::default();
        registry.register("vehicles", "Vehicles shown, by state", vehicles.clone());
        registry.register(
            "changes_waiting",
            "Changes that hubs, store and peers have not taken yet",
            changes_waiting.clone(),
        );
        registry.register(
            "store_lag_seconds",
            "For how long positions could not be stored; 0 while they can",
            store_lag_seconds.clone(),
        );
        let rides = Family::default();
        let offers_made = Counter::<u64, AtomicU64>::default();
        let offers_refused = Counter::<u64, AtomicU64>::default();
        registry.register(
            "rides",
            "Rides that came into a state, by this node",
            rides.clone(),
        );
        registry.register(
            "offers_made",
            "Rides offered to a driver, by this node",
            offers_made.clone(),
        );
        registry.register(
            "offers_refused",
            "Offers declined, expired or withdrawn, by this node",
            offers_refused.clone(),
        );
        let webhooks = WebhookMetrics::register(&mut registry);
        let auth = AuthMetrics::register(&mut registry);
        let limited = Family::<LimitLabel, Counter>::default();
        for limit in Limit::ALL {
            // There from the start, so that the first refusal is seen as a rise.
            let _ = limited.get_or_create(&LimitLabel { limit });
        }
        let connections = Gauge::default();
        let tls_handshakes_failed = Counter::<u64, AtomicU64>::default();
        registry.register("limited", "What was refused by a limit", limited.clone());
        registry.register("connections", "Open connections", connections.clone());
        registry.register(
            "tls_handshakes_failed",
            "Handshakes of TLS that came to nothing",
            tls_handshakes_failed.clone(),
        );
        Self {
            registry,
            sessions,
            positions_accepted,
            errors,
            push,
            closes,
            vehicles,
            changes_waiting,
            store_lag_seconds,
            rides,
            offers_made,
            offers_refused,
            webhooks,
            auth,
            limited,
            connections,
            tls_handshakes_failed,
        }
    }
}

impl Metrics {
    /// How many sessions of this role are open: to be counted up and down.
    #[must_use]
    pub fn sessions(&self, role: Role) -> Gauge<i64, AtomicI64> {
        self.sessions
            .get_or_create(&RoleLabel {
                role: role.as_str(),
            })
            .clone()
    }

    /// How many viewers of shared rides there are, in the same way.
    #[must_use]
    pub fn viewers(&self) -> Gauge<i64, AtomicI64> {
        self.sessions
            .get_or_create(&RoleLabel { role: "viewer" })
            .clone()
    }

    /// Counts something refused.
    pub fn refused(&self, code: ErrorCode) {
        if let Some(limit) = Limit::of(code) {
            self.limited(limit);
        }
        self.errors
            .get_or_create(&CodeLabel {
                code: code.as_str(),
            })
            .inc();
    }

    /// Counts something that was refused by a limit.
    pub fn limited(&self, limit: Limit) {
        self.limited.get_or_create(&LimitLabel { limit }).inc();
    }

    /// Counts a ride that has come into a state.
    pub fn ride_became(&self, state: RideState) {
        let state = state.as_str();
        self.rides.get_or_create(&StateLabel { state }).inc();
    }

    /// Counts a session that the service closes.
    pub fn closed(&self, code: u16) {
        self.closes.get_or_create(&CloseLabel { code }).inc();
    }

    /// Sets what is read at the moment of asking rather than counted.
    pub fn observe(&self, now: &Observed) {
        for (state, count) in [("online", now.online), ("silent", now.silent)] {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.vehicles
                .get_or_create(&StateLabel { state })
                .set(count);
        }
        self.changes_waiting
            .set(i64::try_from(now.changes_waiting).unwrap_or(i64::MAX));
        self.store_lag_seconds.set(now.store_lag.as_secs_f64());
    }

    /// All of it, in the `OpenMetrics` text format.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        if let Err(error) = text::encode(&mut out, &self.registry) {
            out.clear();
            // A String takes everything; a collector may still fail.
            let _ = write!(out, "# {error}");
        }
        out
    }
}
