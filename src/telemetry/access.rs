use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The figures of who may come in.
#[derive(Debug, Clone, Default)]
pub struct AuthMetrics {
    /// Keys that tokens are checked with.
    pub keys: Gauge,
    /// Looks for keys in a file or at a URL that failed.
    pub refreshes_failed: Counter,
    /// Revocations in force.
    pub revocations: Gauge,
}

impl AuthMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "auth_keys",
            "Keys that tokens are checked with",
            metrics.keys.clone(),
        );
        registry.register(
            "auth_key_refreshes_failed",
            "Looks for keys in a file or at a URL that failed",
            metrics.refreshes_failed.clone(),
        );
        registry.register(
            "auth_revocations",
            "Revocations of tokens in force",
            metrics.revocations.clone(),
        );
        metrics
    }
}
