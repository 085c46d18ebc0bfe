//! What the caller decides.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ridecast_protocol::{SUBPROTOCOL_BIN, SUBPROTOCOL_JSON};
use rustls::ClientConfig;
use serde::{Deserialize, Serialize};

use crate::{SimError, TokenSource, tls};

/// Where the service is and how sessions prove who they are.
#[derive(Debug, Clone)]
pub struct Endpoint {
    urls: Vec<String>,
    pub(crate) tokens: TokenSource,
    /// For `wss://`.
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

impl Endpoint {
    /// `url` is `ws://host:port` or `wss://host:port`; without a path the protocol's own, `/v1/ws`,
    /// is taken.
    ///
    /// # Errors
    /// [`SimError::Url`] when it is neither; [`SimError::Tls`] when it is `wss://` and this machine
    /// believes no certificates.
    pub fn new(url: &str, tokens: TokenSource) -> Result<Self, SimError> {
        Self::several([url], tokens)
    }

    /// The same of a service of several nodes. Sessions are spread over them, and whoever has
    /// to connect again takes the next one. Of none it is as of a wrong one.
    ///
    /// # Errors
    /// As of [`new`](Self::new).
    pub fn several<'a>(
        urls: impl IntoIterator<Item = &'a str>,
        tokens: TokenSource,
    ) -> Result<Self, SimError> {
        let urls = all_checked(urls)?;
        let is_secure = urls.iter().any(|url| url.starts_with("wss://"));
        let tls = is_secure.then(tls::as_this_machine).transpose()?;
        Ok(Self { urls, tokens, tls })
    }

    /// The same, and with `wss://` only certificates that one of this file (PEM) has signed are
    /// believed, whatever this machine believes.
    ///
    /// # Errors
    /// As of [`new`](Self::new); [`SimError::Tls`] also when the file has none.
    pub fn several_signed_by<'a>(
        urls: impl IntoIterator<Item = &'a str>,
        tokens: TokenSource,
        file: &Path,
    ) -> Result<Self, SimError> {
        let urls = all_checked(urls)?;
        let tls = Some(tls::signed_by(file)?);
        Ok(Self { urls, tokens, tls })
    }

    /// One of the addresses; with each `turn` the next.
    pub(crate) fn url(&self, turn: usize) -> &str {
        &self.urls[turn % self.urls.len()]
    }
}

fn all_checked<'a>(urls: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, SimError> {
    let urls: Vec<_> = urls.into_iter().map(checked).collect::<Result<_, _>>()?;
    if urls.is_empty() {
        checked("")?;
    }
    Ok(urls)
}

fn checked(url: &str) -> Result<String, SimError> {
    let bad = |reason: &str| SimError::Url {
        url: url.to_owned(),
        reason: reason.to_owned(),
    };
    let mut schemes = ["ws://", "wss://"].into_iter();
    let Some(scheme) = schemes.find(|scheme| url.starts_with(scheme)) else {
        return Err(bad("it must begin with ws:// or wss://"));
    };
    let rest = &url[scheme.len()..];
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if authority.is_empty() {
        return Err(bad("it names no host"));
    }
    let path = if path.len() > 1 { path } else { "/v1/ws" };
    let url = format!("{scheme}{authority}{path}");
    // Only what the client itself will accept when it connects.
    url.parse::<tokio_tungstenite::tungstenite::http::Uri>()
        .map_err(|error| bad(&error.to_string()))?;
    Ok(url)
}

/// How riders are sent vehicles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subprotocol {
    /// Everything is JSON text.
    Json,
    /// Vehicles come as compact frames: far cheaper to read in numbers.
    #[default]
    Bin,
}

impl Subprotocol {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Json => SUBPROTOCOL_JSON,
            Self::Bin => SUBPROTOCOL_BIN,
        }
    }
}

/// How good the vehicles' GPS is. The default is perfect.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Reception {
    /// Standard deviation of a fix, metres north and east, 0 or more. The error
    /// drifts over some ten seconds, as real ones do. 0: none.
    pub noise_m: f64,
    /// How often a vehicle loses reception for 5 to 40 s, per hour of driving, 0 or more.
    pub losses_per_hour: f64,
}

impl Reception {
    pub(crate) fn check(self) -> Result<(), SimError> {
        let sensible = |value: f64| value >= 0.0 && value.is_finite();
        if sensible(self.noise_m) && sensible(self.losses_per_hour) {
            return Ok(());
        }
        Err(SimError::Setting {
            setting: "noise and losses of reception",
            must: "0 or more",
        })
    }
}

/// Who takes part.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// How many vehicles. A replay has those of its trace instead.
    pub drivers: usize,
    /// How many riders look around.
    pub riders: usize,
    /// Begins the name of every driver and rider, so that two simulators can
    /// share one service. 1 to 100 bytes, no control characters.
    pub name: String,
    /// Decides everything that looks like chance.
    pub seed: u64,
    /// How riders are sent vehicles.
    pub subprotocol: Subprotocol,
    /// How far riders see, metres, above 0.
    pub radius_m: f64,
    /// How often a rider walks on (sometimes: appears elsewhere) and moves the subscription.
    pub look_around: Duration,
    /// How likely each connection is to drop without a word, in each second, 0 to below 1.
    /// Whoever it happens to connects again, goes on where it was, and misses nothing.
    pub flaky: f64,
}

impl Fleet {
    pub(crate) fn check(&self) -> Result<(), SimError> {
        let must = |good: bool, setting, must| {
            if good {
                Ok(())
            } else {
                Err(SimError::Setting { setting, must })
            }
        };
        must(
            !self.name.is_empty() && self.name.len() <= 100,
            "the name",
            "1 to 100 bytes long",
        )?;
        must(
            self.radius_m > 0.0 && self.radius_m.is_finite(),
            "the radius",
            "above 0 m",
        )?;
        must(
            self.look_around >= Duration::from_millis(10),
            "the time between two looks around",
            "at least 10 ms",
        )?;
        must(
            (0.0..1.0).contains(&self.flaky),
            "how flaky connections are",
            "0 or more and below 1",
        )
    }
}

impl Default for Fleet {
    fn default() -> Self {
        Self {
            drivers: 300,
            riders: 100,
            name: "sim".to_owned(),
            seed: 1,
            subprotocol: Subprotocol::default(),
            radius_m: 1_000.0,
            look_around: Duration::from_secs(15),
            flaky: 0.0,
        }
    }
}

/// How riders and drivers go about rides.
#[derive(Debug, Clone, PartialEq)]
pub struct Rides {
    /// Rides asked for in a minute by all riders together, at random moments, as long as there
    /// are riders who have none. 0: none.
    pub per_minute: f64,
    /// The share of offers that drivers accept, 0 to 1.
    pub accept: f64,
    /// The share of offers that drivers decline, 0 to 1. Those that they neither accept nor
    /// decline, they let pass.
    pub decline: f64,
    /// The share of rides that their riders give up, and of accepted ones that their drivers
    /// want to, 0 to 1. Some are over before.
    pub cancel: f64,
    /// How far it is from pickup to dropoff, metres as the crow flies; more often little than
    /// much. In a city too small for
    /// that it is the nearest to it that can be had.
    pub trip_m: std::ops::Range<f64>,
}

impl Rides {
    /// Nobody asks for any.
    #[must_use]
    pub fn none() -> Self {
        Self {
            per_minute: 0.0,
            ..Self::default()
        }
    }

    pub(crate) fn check(&self) -> Result<(), SimError> {
        let must = |good: bool, setting, must| {
            if good {
                Ok(())
            } else {
                Err(SimError::Setting { setting, must })
            }
        };
        must(
            (0.0..=60_000.0).contains(&self.per_minute),
            "the rides per minute",
            "0 to 60,000",
        )?;
        let share = |value: f64| (0.0..=1.0).contains(&value);
        must(
            share(self.accept) && share(self.decline) && self.accept + self.decline <= 1.0 + 1e-9,
            "the shares of offers accepted and declined",
            "0 to 1, together at most 1",
        )?;
        must(share(self.cancel), "the share of rides given up", "0 to 1")?;
        let trip = &self.trip_m;
        must(
            trip.start >= 0.0 && trip.start <= trip.end && trip.end.is_finite(),
            "how far trips are",
            "from 0 m or more to at least as much",
        )
    }
}

impl Default for Rides {
    fn default() -> Self {
        Self {
            per_minute: 12.0,
            accept: 0.85,
            decline: 0.1,
            cancel: 0.05,
            trip_m: 1_000.0..6_000.0,
        }
    }
}

/// What [`run`](crate::run) does.
#[derive(Debug, Clone)]
pub struct RunSettings {
    /// Where.
    pub endpoint: Endpoint,
    /// Who.
    pub fleet: Fleet,
    /// Positions per second that each driver sends, above 0, at most 50.
    pub rate_hz: f64,
    /// How good the GPS is.
    pub reception: Reception,
    /// What riders and drivers do about rides.
    pub rides: Rides,
    /// Vehicles drive, and people do what they do, so many times faster than in life; above 0,
    /// at most 20. For tests: a service may not believe speeds that no vehicle has, and times of
    /// arrival are those of life.
    pub haste: f64,
    /// For how long. `None`: until stopped. Then open rides are given up, and their ends awaited
    /// for a few seconds at most.
    pub duration: Option<Duration>,
}

impl RunSettings {
    /// 300 drivers at 1 Hz and 100 riders with 12 rides a minute, until stopped.
    #[must_use]
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            fleet: Fleet::default(),
            rate_hz: 1.0,
            reception: Reception::default(),
            rides: Rides::default(),
            haste: 1.0,
            duration: None,
        }
    }
}

/// What [`replay`](crate::replay) does.
#[derive(Debug, Clone)]
pub struct ReplaySettings {
    /// Where.
    pub endpoint: Endpoint,
    /// Who looks; `drivers` is not used.
    pub fleet: Fleet,
    /// How many times faster than it was recorded, above 0.
    pub speed: f64,
    /// For how long at most. `None`: to the end of the trace.
    pub duration: Option<Duration>,
}

impl ReplaySettings {
    /// At the speed of the recording, with 100 riders.
    #[must_use]
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            fleet: Fleet::default(),
            speed: 1.0,
            duration: None,
        }
    }
}

/// What [`load`](crate::load) does.
#[derive(Debug, Clone)]
pub struct LoadSettings {
    /// Where.
    pub endpoint: Endpoint,
    /// Who.
    pub fleet: Fleet,
    /// Positions per second that each driver sends, above 0, at most 50.
    pub rate_hz: f64,
    /// What riders and drivers do about rides.
    pub rides: Rides,
    /// Over how long the sessions are opened.
    pub ramp: Duration,
    /// How long the full number is held; latency is that of this time alone.
    pub hold: Duration,
}

impl LoadSettings {
    /// 300 drivers at 1 Hz and 100 riders, opened over 10 s and held for 30; no rides.
    #[must_use]
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            fleet: Fleet::default(),
            rate_hz: 1.0,
            rides: Rides::none(),
            ramp: Duration::from_secs(10),
            hold: Duration::from_secs(30),
        }
    }
}

/// How a simulation goes: told once a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunProgress {
    /// Since the start.
    pub elapsed: Duration,
    /// Drivers with an open session right now.
    pub drivers_online: u64,
    /// Riders with an open session right now.
    pub riders_watching: u64,
    /// Positions sent so far.
    pub updates_sent: u64,
    /// In a replay: how many positions there are.
    pub updates_total: Option<u64>,
    /// Vehicle entries received by riders so far, snapshots apart.
    pub vehicle_updates_delivered: u64,
    /// Rides that go on.
    pub rides_open: u64,
    /// Rides that have ended.
    pub rides_over: u64,
}
