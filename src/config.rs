//! The command line. Each flag is also an environment variable; `--help` is the reference.

mod access;
mod gate;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ridecast_protocol::{Role, UserId, VehicleClass};

pub use gate::{LimitArgs, TlsArgs};

use crate::app::Settings;
use crate::auth;
use crate::fleet::{self, Limits};
use crate::history;
use crate::http::Origins;
use crate::hub;
use crate::revocations;
use crate::ride::Rules;
use crate::rides;
use crate::routing;
use crate::store::StoreUrl;
use crate::webhooks;
use crate::ws;
pub use access::Access;

/// Live ride-tracking and geolocation push service.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How to log; what to log is `RUST_LOG`'s
    #[arg(long, global = true, value_enum, env = "RIDECAST_LOG_FORMAT", default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

/// How lines are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the service
    Serve(Box<Serve>),
    /// Runs the service with a simulated city and the live map, to look at
    Demo(Box<Demo>),
    /// Makes a token, to try things by hand
    Token(Token),
}

/// What `serve` and `demo` have in common.
#[derive(Debug, Args)]
pub struct Service {
    /// Address to listen on
    #[arg(long, env = "RIDECAST_BIND", default_value = "127.0.0.1:8080")]
    pub bind: SocketAddr,
    /// Threads that hold sessions [default: one for each core]
    #[arg(long, env = "RIDECAST_WORKERS")]
    workers: Option<usize>,
    /// How much one client may ask for.
    #[command(flatten)]
    limits: LimitArgs,
    /// Without a position for so long, a vehicle is shown as silent
    #[arg(long, value_name = "TIME", env = "RIDECAST_SILENT_AFTER", value_parser = humantime::parse_duration, default_value = "15s")]
    pub(crate) silent_after: Duration,
    /// Without a position for so long, a vehicle is gone
    #[arg(long, value_name = "TIME", env = "RIDECAST_GONE_AFTER", value_parser = humantime::parse_duration, default_value = "60s")]
    pub(crate) gone_after: Duration,
    /// How late a position may come
    #[arg(long, value_name = "TIME", env = "RIDECAST_MAX_POSITION_AGE", value_parser = humantime::parse_duration, default_value = "24h")]
    max_position_age: Duration,
    /// How far a device's clock may be ahead
    #[arg(long, value_name = "TIME", env = "RIDECAST_CLOCK_SKEW", value_parser = humantime::parse_duration, default_value = "10s")]
    clock_skew: Duration,
    /// No vehicle is faster, m/s
    #[arg(
        long,
        value_name = "M/S",
        env = "RIDECAST_MAX_SPEED",
        default_value_t = 100.0
    )]
    max_speed: f64,
    /// Largest radius of a subscription or query, metres
    #[arg(
        long,
        value_name = "METRES",
        env = "RIDECAST_MAX_RADIUS",
        default_value_t = 20_000.0
    )]
    max_radius: f64,
    /// Largest viewport, square kilometres
    #[arg(
        long,
        value_name = "KM2",
        env = "RIDECAST_MAX_VIEWPORT",
        default_value_t = 40_000.0
    )]
    max_viewport: f64,
    /// Most subscriptions of one session
    #[arg(long, env = "RIDECAST_MAX_SUBSCRIPTIONS", default_value_t = 16)]
    max_subscriptions: usize,
    /// How often clients are pinged; one not heard for twice as long is dropped
    #[arg(long, value_name = "TIME", env = "RIDECAST_HEARTBEAT", value_parser = humantime::parse_duration, default_value = "15s")]
    heartbeat: Duration,
    /// Whose messages are compressed, of the clients that offer permessage-deflate: who also asks by `?deflate=true`, all, or nobody
    #[arg(long, value_enum, env = "RIDECAST_DEFLATE", default_value = "asked")]
    deflate: ws::Compressing,
    /// Under one pseudonym riders see a vehicle for so long
    #[arg(long, value_name = "TIME", env = "RIDECAST_PSEUDONYM_FOR", value_parser = humantime::parse_duration, default_value = "10m")]
    pseudonym_for: Duration,
    /// Where vehicles were is kept for so long; 0s: not at all
    #[arg(long, value_name = "TIME", env = "RIDECAST_HISTORY", value_parser = humantime::parse_duration, default_value = "2h")]
    history: Duration,
    /// How rides are treated.
    #[command(flatten)]
    rides: RideArgs,
}

/// How rides are treated.
#[derive(Debug, Args)]
pub struct RideArgs {
    /// A driver has so long to answer an offer
    #[arg(long, value_name = "TIME", env = "RIDECAST_OFFER_FOR", value_parser = humantime::parse_duration, default_value = "15s")]
    offer_for: Duration,
    /// A driver is looked for so long
    #[arg(long, value_name = "TIME", env = "RIDECAST_SEARCH_FOR", value_parser = humantime::parse_duration, default_value = "2m")]
    search_for: Duration,
    /// Drivers are looked for so far around the pickup, metres
    #[arg(
        long,
        value_name = "METRES",
        env = "RIDECAST_SEARCH_RADIUS",
        default_value_t = 5_000.0
    )]
    search_radius: f64,
    /// `arrive` is believed so near to the pickup, metres
    #[arg(
        long,
        value_name = "METRES",
        env = "RIDECAST_ARRIVE_WITHIN",
        default_value_t = 250.0
    )]
    arrive_within: f64,
    /// So near to pickup or dropoff a notice is raised, metres
    #[arg(
        long,
        value_name = "METRES",
        env = "RIDECAST_NEAR",
        default_value_t = 150.0
    )]
    near: f64,
    /// A rider may have so many open rides
    #[arg(long, env = "RIDECAST_MAX_OPEN_RIDES", default_value_t = 1)]
    max_open_rides: usize,
    /// After a ride its chat stays open for so long
    #[arg(long, value_name = "TIME", env = "RIDECAST_CHAT_GRACE", value_parser = humantime::parse_duration, default_value = "10m")]
    chat_grace: Duration,
    /// A ride is kept for so long after its end
    #[arg(long, value_name = "TIME", env = "RIDECAST_KEEP_RIDES", value_parser = humantime::parse_duration, default_value = "30d")]
    keep_rides: Duration,
    /// A share link works for so long at most
    #[arg(long, value_name = "TIME", env = "RIDECAST_SHARE_FOR", value_parser = humantime::parse_duration, default_value = "12h")]
    share_for: Duration,
    /// An OSRM server for times of arrival, instead of the service's own streets
    #[arg(long, value_name = "URL", env = "RIDECAST_OSRM")]
    osrm: Option<String>,
    /// How long OSRM may take to answer
    #[arg(long, value_name = "TIME", env = "RIDECAST_OSRM_TIMEOUT", value_parser = humantime::parse_duration, default_value = "500ms")]
    osrm_timeout: Duration,
}

/// `ridecast serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// What `demo` has too.
    #[command(flatten)]
    pub service: Service,
    /// TLS, and proxies before the service.
    #[command(flatten)]
    tls: TlsArgs,
    /// Where positions are kept: embedded:PATH, memory, or redis://HOST:PORT
    #[arg(long, env = "RIDECAST_STORE", default_value = "embedded:ridecast-data")]
    store: StoreUrl,
    /// Who may come in.
    #[command(flatten)]
    pub access: Access,
    /// Over how long sessions are sent away when the service stops
    #[arg(
        long,
        value_name = "SECONDS",
        env = "RIDECAST_DRAIN_SECONDS",
        default_value_t = 5.0
    )]
    drain_seconds: f64,
    /// Where ride events are sent by HTTP POST
    #[arg(
        long,
        value_name = "URL",
        env = "RIDECAST_WEBHOOK_URL",
        requires = "webhook_secret"
    )]
    webhook_url: Option<String>,
    /// Signs them: at least 16 bytes
    #[arg(long, env = "RIDECAST_WEBHOOK_SECRET", hide_env_values = true)]
    webhook_secret: Option<String>,
    /// Streets to draw and to estimate times of arrival on, an OpenStreetMap extract (.osm.pbf)
    #[arg(long, value_name = "FILE", env = "RIDECAST_NETWORK")]
    pub network: Option<PathBuf>,
    /// A map style for the page to use instead
    #[arg(long, value_name = "URL", env = "RIDECAST_MAP_STYLE")]
    map_style: Option<String>,
    /// Other origins that style needs (tiles, glyphs, sprites): scheme and host
    #[arg(
        long,
        value_name = "ORIGIN",
        env = "RIDECAST_MAP_ORIGIN",
        value_delimiter = ','
    )]
    map_origin: Vec<String>,
    /// Classes of vehicles that riders may choose from on the page [default: none are told apart]
    #[arg(
        long,
        value_name = "CLASS",
        env = "RIDECAST_PAGE_CLASSES",
        value_delimiter = ',',
        value_parser = vehicle_class
    )]
    page_classes: Vec<VehicleClass>,
}

/// `ridecast demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// What `serve` has too.
    #[command(flatten)]
    pub service: Service,
    /// How many vehicles drive
    #[arg(long, env = "RIDECAST_DEMO_DRIVERS", default_value_t = 300)]
    pub drivers: usize,
    /// How many riders look around and ask for rides
    #[arg(long, env = "RIDECAST_DEMO_RIDERS", default_value_t = 100)]
    pub riders: usize,
    /// Rides asked for in a minute by all riders together
    #[arg(
        long,
        value_name = "RIDES",
        env = "RIDECAST_DEMO_RIDES",
        default_value_t = 12.0
    )]
    pub rides_per_minute: f64,
    /// The share of offers that drivers accept, 0 to 1
    #[arg(
        long,
        value_name = "SHARE",
        env = "RIDECAST_DEMO_ACCEPT",
        default_value_t = 0.85
    )]
    pub accept: f64,
    /// The share of offers that drivers decline; what is left they let pass
    #[arg(
        long,
        value_name = "SHARE",
        env = "RIDECAST_DEMO_DECLINE",
        default_value_t = 0.1
    )]
    pub decline: f64,
    /// The share of rides that riders, and of accepted ones that drivers, give up
    #[arg(
        long,
        value_name = "SHARE",
        env = "RIDECAST_DEMO_CANCEL",
        default_value_t = 0.05
    )]
    pub cancel: f64,
    /// How likely each connection is to drop without a word, in each second; who it happens to
    /// comes back and must miss nothing
    #[arg(
        long,
        value_name = "SHARE",
        env = "RIDECAST_DEMO_FLAKY",
        default_value_t = 0.0
    )]
    pub flaky: f64,
    /// Decides everything that looks like chance
    #[arg(long, env = "RIDECAST_DEMO_SEED", default_value_t = 1)]
    pub seed: u64,
    /// Where they drive, an OpenStreetMap extract (.osm.pbf)
    #[arg(
        long,
        value_name = "FILE",
        env = "RIDECAST_NETWORK",
        default_value = "data/montevideo-2017-12.osm.pbf"
    )]
    pub network: PathBuf,
    /// Instead of simulated drivers, a recorded trace (.csv or .csv.gz: Cabspotting, AIS)
    #[arg(long, value_name = "FILE", env = "RIDECAST_DEMO_REPLAY")]
    pub replay: Option<PathBuf>,
    /// How many times faster than it was recorded
    #[arg(
        long,
        env = "RIDECAST_DEMO_SPEED",
        default_value_t = 1.0,
        requires = "replay"
    )]
    pub speed: f64,
    /// For how long, as in 30s [default: until Ctrl-C, or the end of the trace]
    #[arg(long = "for", value_name = "TIME", env = "RIDECAST_DEMO_FOR", value_parser = humantime::parse_duration)]
    pub duration: Option<Duration>,
    /// Writes the summary as JSON to this file
    #[arg(long, value_name = "FILE", env = "RIDECAST_DEMO_SUMMARY")]
    pub summary: Option<PathBuf>,
}

/// `ridecast token`.
#[derive(Debug, Args)]
pub struct Token {
    /// The service's secret
    #[arg(long, env = "RIDECAST_AUTH_SECRET", hide_env_values = true)]
    pub auth_secret: String,
    /// Whom it names
    #[arg(long, value_parser = user_id)]
    pub sub: UserId,
    /// What it allows: driver, rider, operator or admin
    #[arg(long, value_parser = role)]
    pub role: Role,
    /// For how long it is good
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "24h")]
    pub ttl: Duration,
}

fn user_id(text: &str) -> Result<UserId, ridecast_protocol::InvalidName> {
    UserId::new(text)
}

fn vehicle_class(text: &str) -> Result<VehicleClass, ridecast_protocol::InvalidName> {
    VehicleClass::new(text)
}

fn role(text: &str) -> Result<Role, String> {
    [Role::Driver, Role::Rider, Role::Operator, Role::Admin]
        .into_iter()
        .find(|role| role.as_str() == text)
        .ok_or_else(|| "a role is driver, rider, operator or admin".to_owned())
}

impl Service {
    /// The settings these flags ask for.
    #[must_use]
    pub fn settings(&self, auth: auth::Settings, pseudonym_secret: Option<&str>) -> Settings {
        let defaults = Settings::with(auth, pseudonym_secret);
        Settings {
            bind: self.bind,
            workers: self.workers.unwrap_or(defaults.workers),
            sessions: self.limits.sessions(),
            gate: self.limits.gate(),
            fleet: fleet::Settings {
                silent_after: self.silent_after,
                gone_after: self.gone_after,
                limits: Limits {
                    future_ms: ms(self.clock_skew),
                    late_ms: ms(self.max_position_age),
                    max_speed_mps: self.max_speed,
                    ..Limits::default()
                },
                alias_for: self.pseudonym_for,
                ..defaults.fleet
            },
            history: history::Settings {
                keep: self.history,
                ..history::Settings::default()
            },
            rides: self.rides.settings(),
            routing: routing::Settings {
                osrm: self.rides.osrm.clone(),
                osrm_timeout: self.rides.osrm_timeout,
                ..routing::Settings::default()
            },
            hub: hub::Settings {
                max_radius_m: self.max_radius,
                max_viewport_km2: self.max_viewport,
                max_subscriptions: self.max_subscriptions,
                ..hub::Settings::default()
            },
            ws: ws::Settings {
                heartbeat: self.heartbeat,
                compressing: self.deflate,
                ..ws::Settings::default()
            },
            ..defaults
        }
    }
}

impl RideArgs {
    fn settings(&self) -> rides::Settings {
        rides::Settings {
            rules: Rules {
                offer_for_ms: ms(self.offer_for),
                search_for_ms: ms(self.search_for),
                arrive_within_m: self.arrive_within,
                ..Rules::default()
            },
            search_radius_m: self.search_radius,
            near_m: self.near,
            chat_grace: self.chat_grace,
            kept_for: self.keep_rides,
            max_open_rides: self.max_open_rides,
            share_for: self.share_for,
        }
    }
}

fn ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

impl Serve {
    /// The settings these flags ask for; the streets come apart.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let access = &self.access;
        let mut settings = self
            .service
            .settings(access.settings(), access.pseudonym_secret());
        settings.revocations = revocations::Settings {
            revoke_for: access.revoke_for,
        };
        settings.origins = Origins(access.allow_origin.clone());
        self.tls.add_to(&mut settings.gate);
        settings.store = self.store.clone();
        settings.drain = Duration::try_from_secs_f64(self.drain_seconds).unwrap_or(settings.drain);
        let backend = self.webhook_url.clone().zip(self.webhook_secret.clone());
        settings.webhook = backend.map(|(url, secret)| webhooks::Settings::new(url, secret));
        settings.page.style.clone_from(&self.map_style);
        settings.page.origins.clone_from(&self.map_origin);
        settings.page.classes.clone_from(&self.page_classes);
        settings
    }
}
