//! The simulator against a service that keeps books of its own.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod books;
mod fake;
mod program;
mod replays;

use std::path::Path;
use std::sync::{Arc, LazyLock};

use ridecast_roads::Router;
use ridecast_simulator::load_city;

static HELSINKI: LazyLock<Arc<Router>> =
    LazyLock::new(|| load_city(&helsinki_file(), &mut |_| {}).unwrap());

fn helsinki_file() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/helsinki-centre-2019-04.osm.pbf")
}
