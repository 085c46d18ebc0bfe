//! How far it is by road, and how long it takes: estimated times of arrival.
//!
//! Three sources are asked one after the other, each for what those before it could not answer:
//! OSRM over HTTP, the road network that the service has loaded, and the great circle, which
//! always answers.

mod breaker;
mod fallback;
mod great_circle;
mod learner;
mod line;
mod osrm;
mod roads;
mod source;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ridecast_protocol::VehicleId;

pub use learner::{Learner, Learning};
pub use source::{Route, SourceError, Way};

use crate::spatial::LatLon;
use fallback::Fallback;
use great_circle::GreatCircle;
use osrm::Osrm;
use roads::Roads;
use source::Source;

/// Who said how far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum By {
    /// An OSRM server.
    Osrm,
    /// The loaded road network, at the speeds of the fleet.
    Roads,
    /// The great circle, at a guess.
    GreatCircle,
}

impl By {
    /// As it is on the wire and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Osrm => "osrm",
            Self::Roads => "roads",
            Self::GreatCircle => "great_circle",
        }
    }
}

/// Where a vehicle of the fleet was, for learning how fast the streets are.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// Which vehicle: travel times are learnt from two fixes of one.
    pub vehicle: VehicleId,
    /// Where it was.
    pub at: LatLon,
    /// When, by its own clock, milliseconds since any moment: only differences between the fixes
    /// of one vehicle count.
    pub at_ms: i64,
}

/// Answers how far it is by road.
#[async_trait]
pub trait Router: Send + Sync {
    /// The fastest way from each of these places, at most some 30, to one: as many answers, in
    /// that order. Never fails: a worse source answers instead, OSRM's time-out and the
    /// roads' patience later at most.
    async fn ways(&self, from: &[LatLon], to: LatLon) -> Vec<Way>;

    /// The fastest way from one place to another. Never fails.
    async fn way(&self, from: LatLon, to: LatLon) -> Way;

    /// The same with the line to draw: thinned to some metres, at most 2,000 places. Never fails. It
    /// costs somewhat more than [`way`](Self::way).
    async fn route(&self, from: LatLon, to: LatLon) -> Route;

    /// Learns from a position. Cheap, never waits; a fix is dropped when the learner is busy.
    ///
    /// Give it every accepted position of a vehicle that takes part in traffic, and none of one
    /// that its driver has parked: waiting for the next ride, or for a rider to come aboard.
    fn learn(&self, fix: Fix);
}

/// How ways are found. See [`Default`] for the usual values.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where OSRM's HTTP API is, e.g. `http://osrm:5000`; a path is kept. `None`: there is none.
    pub osrm: Option<String>,
    /// How long OSRM may take for one request, 500 ms.
    pub osrm_timeout: Duration,
    /// For how long OSRM is left alone after it failed, 1 s. Doubles with each failure in a row.
    pub osrm_first_rest: Duration,
    /// What the rest doubles up to, 30 s.
    pub osrm_longest_rest: Duration,
    /// For how long a request waits for a free processor to search the road network, 500 ms.
    pub roads_patience: Duration,
    /// How often the road network takes on what was learnt from the fleet, 3 minutes.
    pub relearn_every: Duration,
    /// After how long what was learnt counts half, 30 minutes.
    pub forget_half: Duration,
    /// How many times as long as by the limits of speed a street takes, until the fleet has shown
    /// it: 1.25, which is OSRM's mean over Monaco and Montevideo, and what turns and lights cost.
    pub pace: f64,
    /// How much longer a street is than the great circle, 1.3.
    pub detour: f64,
    /// Speed of a car through a city, where nothing is known of it: 25 km/h, in m/s.
    pub city_speed_mps: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            osrm: None,
            osrm_timeout: Duration::from_millis(500),
            osrm_first_rest: Duration::from_secs(1),
            osrm_longest_rest: Duration::from_secs(30),
            roads_patience: Duration::from_millis(500),
            relearn_every: Duration::from_mins(3),
            forget_half: Duration::from_mins(30),
            pace: 1.25,
            detour: 1.3,
            city_speed_mps: 25.0 / 3.6,
        }
    }
}

/// Routing cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum RoutingError {
    /// OSRM's address is not one.
    #[error("OSRM's URL must be like http://host:5000")]
    OsrmUrl,
    /// No HTTP client can be made, e.g. because the machine trusts no certificate authority.
    #[error("no HTTP client for OSRM: {0}")]
    Client(#[from] reqwest::Error),
    /// The thread that learns cannot be started.
    #[error("no thread to learn travel times: {0}")]
    Thread(#[from] std::io::Error),
    /// A number that must be more than nothing is not.
    #[error("{0} must be more than 0")]
    NotPositive(&'static str),
}

/// Opens the sources there are. An OSRM that does not answer is no error: it is asked again
/// later, and the log says when it goes and when it is back.
///
/// # Errors
/// [`RoutingError`].
pub fn open(
    settings: &Settings,
    network: Option<Arc<ridecast_roads::Router>>,
) -> Result<Arc<dyn Router>, RoutingError> {
    for (name, value) in [
        ("pace", settings.pace),
        ("detour", settings.detour),
        ("city speed", settings.city_speed_mps),
        ("relearn every", settings.relearn_every.as_secs_f64()),
        ("forget half", settings.forget_half.as_secs_f64()),
    ] {
        if !(value.is_finite() && value > 0.0) {
            return Err(RoutingError::NotPositive(name));
        }
    }
    let osrm = settings.osrm.as_deref();
    let osrm = osrm.map(|url| Osrm::open(url, settings)).transpose()?;
    let roads = network
        .map(|network| Roads::open(slowed(&network, settings.pace), settings))
        .transpose()?
        .map(Arc::new);
    let mut sources: Vec<Arc<dyn Source>> = Vec::new();
    sources.extend(osrm.map(|osrm| Arc::new(osrm) as _));
    sources.extend(roads.clone().map(|roads| roads as _));
    Ok(Arc::new(Fallback {
        sources,
        last_resort: GreatCircle {
            detour: settings.detour,
            speed_mps: settings.city_speed_mps,
        },
        roads,
    }))
}

/// The same streets, each at so many times its travel time.
fn slowed(network: &ridecast_roads::Router, pace: f64) -> Arc<ridecast_roads::Router> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from f64 stops at the bounds"
    )]
    let slower = |edge| (f64::from(network.travel_ms(edge)) * pace).round() as u32;
    let travel_ms = network.network().edges().map(slower).collect();
    Arc::new(network.with_travel_times(travel_ms))
}
