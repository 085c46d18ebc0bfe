use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ridecast_simulator::{Endpoint, Fleet, Reception, Rides, SimError, Subprotocol, TokenSource};

/// Simulated vehicles and riders for ridecast: real clients of its public
/// protocol, on real roads.
///
/// Every command ends with a report on stdout. The exit status is 1 when
/// nothing was delivered or anything failed.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Vehicles drive through a city, riders look around and are driven
    Run(Run),
    /// Sends each fix of a recorded trace by its vehicle's own driver
    Replay(Replay),
    /// Ramps to many drivers and riders, holds, measures
    Load(Load),
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) service: Service,
    #[command(flatten)]
    pub(crate) drivers: Drivers,
    #[command(flatten)]
    pub(crate) riders: Riders,
    #[command(flatten)]
    pub(crate) rides: RideFlags,
    /// Standard deviation of the GPS error, metres; 0 is perfect
    #[arg(
        long,
        value_name = "METRES",
        env = "RIDECAST_SIM_NOISE",
        default_value_t = 0.0
    )]
    noise: f64,
    /// How often a vehicle loses reception for 5 to 40 s, per hour of driving
    #[arg(
        long,
        value_name = "PER_HOUR",
        env = "RIDECAST_SIM_LOSSES",
        default_value_t = 0.0
    )]
    losses: f64,
    /// For how long, as in 30s or 5min [default: until Ctrl-C]
    #[arg(long = "for", value_name = "TIME", env = "RIDECAST_SIM_FOR", value_parser = humantime::parse_duration)]
    pub(crate) duration: Option<Duration>,
    #[command(flatten)]
    pub(crate) output: Output,
}

impl Run {
    pub(crate) fn reception(&self) -> Reception {
        Reception {
            noise_m: self.noise,
            losses_per_hour: self.losses,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The trace, .csv or .csv.gz, of Cabspotting taxis or AIS ships (told by its header)
    #[arg(value_name = "FILE", env = "RIDECAST_SIM_REPLAY")]
    pub(crate) trace: PathBuf,
    #[command(flatten)]
    pub(crate) service: Service,
    #[command(flatten)]
    pub(crate) riders: Riders,
    /// How many times faster than it was recorded
    #[arg(long, env = "RIDECAST_SIM_SPEED", default_value_t = 1.0)]
    pub(crate) speed: f64,
    /// For how long at most, as in 30s or 5min [default: to the end of the trace]
    #[arg(long = "for", value_name = "TIME", env = "RIDECAST_SIM_FOR", value_parser = humantime::parse_duration)]
    pub(crate) duration: Option<Duration>,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Load {
    #[command(flatten)]
    pub(crate) service: Service,
    #[command(flatten)]
    pub(crate) drivers: Drivers,
    #[command(flatten)]
    pub(crate) riders: Riders,
    #[command(flatten)]
    pub(crate) rides: RideFlags,
    /// Over how long the sessions are opened
    #[arg(long, value_name = "TIME", env = "RIDECAST_SIM_RAMP", default_value = "10s", value_parser = humantime::parse_duration)]
    pub(crate) ramp: Duration,
    /// How long the full number is held; latency is measured in this time
    #[arg(long, value_name = "TIME", env = "RIDECAST_SIM_HOLD", default_value = "30s", value_parser = humantime::parse_duration)]
    pub(crate) hold: Duration,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Service {
    /// The service's address; of several nodes all, and who reconnects takes the next
    #[arg(
        long,
        env = "RIDECAST_SIM_URL",
        value_delimiter = ',',
        default_value = "ws://127.0.0.1:8080"
    )]
    url: Vec<String>,
    /// With wss://, believe only certificates that one of this file (PEM) has signed
    #[arg(long, value_name = "FILE", env = "RIDECAST_SIM_TLS_CA")]
    tls_ca: Option<PathBuf>,
    /// The service's secret, to sign tokens with
    #[arg(long, env = "RIDECAST_AUTH_SECRET", hide_env_values = true)]
    auth_secret: String,
}

impl Service {
    pub(crate) fn endpoint(&self) -> Result<Endpoint, SimError> {
        let urls = self.url.iter().map(String::as_str);
        let tokens = TokenSource::secret(&self.auth_secret);
        match &self.tls_ca {
            Some(file) => Endpoint::several_signed_by(urls, tokens, file),
            None => Endpoint::several(urls, tokens),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Drivers {
    /// The roads, an OpenStreetMap extract (.osm.pbf)
    #[arg(
        long,
        value_name = "FILE",
        env = "RIDECAST_SIM_NETWORK",
        default_value = "data/montevideo-2017-12.osm.pbf"
    )]
    pub(crate) network: PathBuf,
    /// How many vehicles
    #[arg(
        id = "drivers",
        long,
        env = "RIDECAST_SIM_DRIVERS",
        default_value_t = 300
    )]
    count: usize,
    /// Positions per second of each
    #[arg(
        long,
        value_name = "HZ",
        env = "RIDECAST_SIM_RATE",
        default_value_t = 1.0
    )]
    pub(crate) rate: f64,
}

#[derive(Debug, Args)]
pub(crate) struct Riders {
    /// How many riders look around
    #[arg(
        id = "riders",
        long,
        env = "RIDECAST_SIM_RIDERS",
        default_value_t = 100
    )]
    count: usize,
    /// How far riders see, metres
    #[arg(
        long,
        value_name = "METRES",
        env = "RIDECAST_SIM_RADIUS",
        default_value_t = 1_000.0
    )]
    radius: f64,
    /// How riders are sent vehicles
    #[arg(long, value_enum, env = "RIDECAST_SIM_SUBPROTOCOL", default_value_t = Wire::Bin)]
    subprotocol: Wire,
    /// Decides everything that looks like chance
    #[arg(long, env = "RIDECAST_SIM_SEED", default_value_t = 1)]
    seed: u64,
    /// Begins the name of every driver and rider; several simulators need several
    #[arg(long, env = "RIDECAST_SIM_NAME", default_value = "sim")]
    name: String,
    /// How likely each connection is to drop without a word, in each second; who it happens to
    /// comes back and goes on where it was
    #[arg(
        long,
        value_name = "SHARE",
        env = "RIDECAST_SIM_FLAKY",
        default_value_t = 0.0
    )]
    flaky: f64,
}

/// What riders and drivers do about rides. The shares are 0 to 1.
#[derive(Debug, Args)]
pub(crate) struct RideFlags {
    /// Rides asked for in a minute by all riders together [default: 12; of `load`: 0]
    #[arg(
        long = "rides-per-minute",
        visible_alias = "rides",
        value_name = "RIDES",
        env = "RIDECAST_SIM_RIDES"
    )]
    per_minute: Option<f64>,
    /// The share of offers that drivers accept
    #[arg(
        long,
        value_name = "SHARE",
        env = "RIDECAST_SIM_ACCEPT",
        default_value_t = 0.85
    )]
    accept: f64,
    /// The share of offers that drivers decline; what is left they let pass
    #[arg(
        long,
        value_name = "SHARE",
        env = "RIDECAST_SIM_DECLINE",
        default_value_t = 0.1
    )]
    decline: f64,
    /// The share of rides that riders, and of accepted ones that drivers, give up
    #[arg(
        long,
        value_name = "SHARE",
        env = "RIDECAST_SIM_CANCEL",
        default_value_t = 0.05
    )]
    cancel: f64,
}

impl RideFlags {
    pub(crate) fn rides(&self, per_minute: f64) -> Rides {
        Rides {
            per_minute: self.per_minute.unwrap_or(per_minute),
            accept: self.accept,
            decline: self.decline,
            cancel: self.cancel,
            ..Rides::default()
        }
    }
}

impl Riders {
    pub(crate) fn fleet(&self, drivers: Option<&Drivers>) -> Fleet {
        Fleet {
            drivers: drivers.map_or(0, |drivers| drivers.count),
            riders: self.count,
            name: self.name.clone(),
            seed: self.seed,
            subprotocol: match self.subprotocol {
                Wire::Json => Subprotocol::Json,
                Wire::Bin => Subprotocol::Bin,
            },
            radius_m: self.radius,
            flaky: self.flaky,
            ..Fleet::default()
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Wire {
    /// JSON text
    Json,
    /// Compact frames
    Bin,
}

#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Writes the report as JSON to this file too
    #[arg(long, value_name = "FILE", env = "RIDECAST_SIM_SUMMARY")]
    pub(crate) summary: Option<PathBuf>,
    /// Prints the report as JSON instead of a table
    #[arg(long, env = "RIDECAST_SIM_JSON")]
    pub(crate) json: bool,
}
