//! Estimated times of arrival, from every source and through their failures.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "routing/fake.rs"]
mod fake;
#[path = "routing/faults.rs"]
mod faults;
#[path = "routing/learning.rs"]
mod learning;
#[path = "support/osrm.rs"]
mod osrm_server;
#[path = "routing/sources.rs"]
mod sources;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ridecast::routing::{self, Router, Settings};
use ridecast::spatial::LatLon;
use ridecast_roads::{NodeId, RoadNetwork};

const MONACO: &str = "monaco-2016-03.osm.pbf";
const HELSINKI: &str = "helsinki-centre-2019-04.osm.pbf";

fn extract(city: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(city)
}

fn roads(city: &str) -> Arc<ridecast_roads::Router> {
    let network = RoadNetwork::load(&extract(city), &mut |_| {}).unwrap();
    Arc::new(ridecast_roads::Router::new(Arc::new(network), &mut |_| {}))
}

fn open(settings: &Settings, roads: Option<Arc<ridecast_roads::Router>>) -> Arc<dyn Router> {
    routing::open(settings, roads).unwrap()
}

fn place(latitude: f64, longitude: f64) -> LatLon {
    LatLon::new(latitude, longitude).unwrap()
}

/// Places on the roads of a city, the same every time, all over it.
fn places(roads: &ridecast_roads::Router, count: u32) -> Vec<LatLon> {
    let network = roads.network();
    let all = u32::try_from(network.node_count()).unwrap();
    let node = |n: u32| network.node(NodeId(n.wrapping_mul(2_654_435_761) % all));
    let places = (1..=count).map(node);
    places.map(|p| place(p.latitude, p.longitude)).collect()
}
