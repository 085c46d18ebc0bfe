use std::sync::Arc;

use actix_web::{HttpResponse, web};
use ridecast_protocol::VehicleState;
use serde_json::json;

use crate::auth::Auth;
use crate::fleet::{Fleet, Writer};
use crate::session::Sessions;
use crate::store::Store;
use crate::telemetry::{Metrics, Observed};

/// What readiness and metrics are read from.
#[derive(Clone)]
pub struct Health {
    /// Must have keys to check tokens by.
    pub auth: Arc<Auth>,
    /// The vehicles.
    pub fleet: Arc<Fleet>,
    /// Must answer for the node to be ready.
    pub store: Arc<dyn Store>,
    /// Must not lag.
    pub writer: Arc<Writer>,
    /// The counters.
    pub metrics: Arc<Metrics>,
    /// Tell whether the node takes no more.
    pub sessions: Arc<Sessions>,
}

/// `GET /healthz`: the process answers.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "alive": true }))
}

/// `GET /readyz`: the node should get traffic.
pub(super) async fn ready(health: web::ThinData<Health>) -> HttpResponse {
    let stopping = health.sessions.is_stopping();
    let lag = health.writer.lag();
    let store = match health.store.ping().await {
        Ok(()) if lag.is_zero() => "ok".to_owned(),
        Ok(()) => "catching up".to_owned(),
        Err(error) => error.to_string(),
    };
    let keys = health.auth.has_keys();
    let ready = !stopping && keys && store == "ok";
    let body = json!({
        "ready": ready,
        "stopping": stopping,
        "keys": if keys { "ok" } else { "not had yet" },
        "store": store,
        "store_lag_ms": u64::try_from(lag.as_millis()).unwrap_or(u64::MAX),
    });
    if ready {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable().json(body)
    }
}

/// `GET /metrics`: for Prometheus.
pub(super) async fn metrics(health: web::ThinData<Health>) -> HttpResponse {
    health.metrics.observe(&Observed {
        online: health.fleet.count(VehicleState::Online),
        silent: health.fleet.count(VehicleState::Silent),
        changes_waiting: health.fleet.waiting(),
        store_lag: health.writer.lag(),
    });
    HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(health.metrics.text())
}
