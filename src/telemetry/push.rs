use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// What the push engine counts: how much it sends, and what it joins instead of sending.
#[derive(Debug)]
pub struct PushMetrics {
    /// Sockets and streams that are fed, and the actors that feed them: what a session holds of
    /// its thread, until both have left.
    pub feeds: Gauge,
    /// Subscriptions, of all sessions.
    pub subscriptions: Gauge,
    /// Vehicles pushed: each vehicle in each frame to each subscriber.
    pub vehicle_updates_delivered: Counter,
    /// Moves that a subscriber was not told of, as a newer one of that vehicle came first.
    pub vehicle_updates_joined: Counter,
    /// Frames with vehicles pushed.
    pub frames_delivered: Counter,
    /// Frames that waited because their subscription wants no more in a second.
    pub frames_held_back: Counter,
    /// Vehicles in each frame.
    pub frame_vehicles: Histogram,
    /// Rounds of all threads: in each, everybody is told who has something to be told.
    pub rounds: Counter,
    /// How long threads have rested between rounds, to gather more into the next.
    pub rest_seconds: Counter<f64, AtomicU64>,
    /// Messages with counts of vehicles pushed.
    pub density_frames_delivered: Counter,
    /// How often vehicles were counted by cells.
    pub density_counts: Counter,
    /// How long that took.
    pub density_seconds: Counter<f64, AtomicU64>,
}

impl PushMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            feeds: Gauge::default(),
            subscriptions: Gauge::default(),
            vehicle_updates_delivered: Counter::default(),
            vehicle_updates_joined: Counter::default(),
            frames_delivered: Counter::default(),
            frames_held_back: Counter::default(),
            frame_vehicles: Histogram::new([1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1e3, 3e3, 1e4]),
            rounds: Counter::default(),
            rest_seconds: Counter::default(),
            density_frames_delivered: Counter::default(),
            density_counts: Counter::default(),
            density_seconds: Counter::default(),
        };
        for (name, help, counter) in [
            (
                "vehicle_updates_delivered",
                "Vehicles pushed, each in each frame to each subscriber",
                &metrics.vehicle_updates_delivered,
            ),
            (
                "vehicle_updates_joined",
                "Moves a subscriber was not told of, as a newer one of that vehicle came first",
                &metrics.vehicle_updates_joined,
            ),
            (
                "frames_delivered",
                "Frames with vehicles pushed",
                &metrics.frames_delivered,
            ),
            (
                "frames_held_back",
                "Frames that waited for the rate their subscription wants",
                &metrics.frames_held_back,
            ),
            (
                "rounds",
                "Rounds of all threads, in which everybody is told",
                &metrics.rounds,
            ),
            (
                "density_frames_delivered",
                "Messages with counts of vehicles by cells pushed",
                &metrics.density_frames_delivered,
            ),
            (
                "density_counts",
                "How often vehicles were counted by cells",
                &metrics.density_counts,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
        registry.register(
            "feeds",
            "Sockets and streams that are fed, whether or not they have said who they are",
            metrics.feeds.clone(),
        );
        registry.register(
            "subscriptions",
            "Subscriptions of all sessions",
            metrics.subscriptions.clone(),
        );
        registry.register(
            "frame_vehicles",
            "Vehicles in a frame",
            metrics.frame_vehicles.clone(),
        );
        registry.register(
            "rest_seconds",
            "How long threads have rested between rounds, to gather more into the next",
            metrics.rest_seconds.clone(),
        );
        registry.register(
            "density_seconds",
            "How long vehicles were counted by cells",
            metrics.density_seconds.clone(),
        );
        metrics
    }
}
