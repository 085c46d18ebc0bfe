//! Simulated vehicles and riders: they live on the real roads of a city, and
//! each is a real WebSocket client of ridecast's public protocol, against any
//! address. The same clients, in numbers, are its load generator.
//!
//! - [`run`]: vehicles drive through a [`World`], riders look around and ask
//!   for rides, drivers take them (or not).
//! - [`replay`]: the fixes of a recorded [`Trace`], each sent by its vehicle's
//!   own driver.
//! - [`load`]: ramps to a number of both, holds, measures.
//!
//! All three end with a [`Report`] whose accounting is exact: what was sent,
//! what of it the service accepted, what it refused and why, and what reached
//! a rider after how long; what became of each ride, and whether any event of
//! anybody was missed, also by those whose connection broke. They end when their time is over or their `stop`
//! is cancelled, within about two seconds of it.
//!
//! ```no_run
//! use ridecast_simulator::{Endpoint, Fleet, RunSettings, TokenSource, load_city, run};
//! use tokio_util::sync::CancellationToken;
//!
//! # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
//! let router = load_city("data/helsinki-centre-2019-04.osm.pbf".as_ref(), &mut |_| {})?;
//! let endpoint = Endpoint::new("ws://127.0.0.1:8080", TokenSource::secret("a long secret"))?;
//! let settings = RunSettings { fleet: Fleet { drivers: 300, riders: 100, ..Fleet::default() }, ..RunSettings::new(endpoint) };
//! let report = run(router, settings, CancellationToken::new(), &mut |_| {}).await?;
//! println!("{report}");
//! # Ok(())
//! # }
//! ```

mod bars;
mod city;
mod client;
mod crew;

mod error;
mod fix;
mod load;
mod play;
mod replay;
mod report;
mod ride_book;
mod ride_figures;
mod run;
mod sendings;
mod settings;
mod tally;
mod tls;

mod token;
mod trace;
mod world;

pub use bars::{LoadingBar, RunningBar};
pub use city::load_city;
pub use error::SimError;
pub use load::load;
pub use replay::replay;
pub use report::{LoadFigures, Mode, Percentiles, ReplayFigures, Report};
pub use ride_figures::{RideFigures, Spread};
pub use run::run;
pub use settings::{
    Endpoint, Fleet, LoadSettings, Reception, ReplaySettings, Rides, RunProgress, RunSettings,
    Subprotocol,
};
pub use token::TokenSource;
pub use trace::{Trace, TraceError, TraceFix, TraceVehicle};
pub use world::{CLASSES, Fix, Order, Vehicle, World};
