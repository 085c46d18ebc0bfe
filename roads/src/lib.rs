//! Road networks of cities, read from OpenStreetMap extracts (`.osm.pbf`).
//!
//! [`RoadNetwork::load`] reads an extract and keeps what a car may drive; the result never changes
//! and is shared through an `Arc`. Vehicles drive along its edges, [`RoadNetwork::snap`] puts a
//! fix on the nearest street, [`RoadNetwork::roads_geojson`] draws it, and a [`Router`] prepared
//! once from it answers the fastest way between two nodes, or two places on roads, in microseconds.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use ridecast_roads::{RoadNetwork, Router};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let network = RoadNetwork::load("data/helsinki-centre-2019-04.osm.pbf".as_ref(), &mut |_| {})?;
//! let network = Arc::new(network);
//! let router = Router::new(Arc::clone(&network), &mut |_| {});
//! let mut search = router.search();
//! let (from, to) = (network.nearest_node(60.17, 24.94), network.nearest_node(60.165, 24.95));
//! if let (Some(from), Some(to)) = (from, to) {
//!     let route = router.route(&mut search, from, to);
//!     println!("{:?} s", route.map(|r| r.duration_s));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! What it does not know: turn restrictions, conditional limits, lanes, elevation.

mod class;
mod connect;
mod drive;
mod geojson;
mod index;
mod lat_lon;
mod load;
mod network;
mod progress;
mod router;
mod street;
mod tags;

pub use class::RoadClass;
pub use drive::{Drive, Stretch};
pub use index::Snap;
pub use lat_lon::LatLon;
pub use load::LoadError;
pub use network::{Bounds, EdgeId, EdgeRef, NodeId, RoadNetwork, Survey};
pub use progress::{Phase, Progress};
pub use router::{Route, Router, Search};
pub use street::Street;
