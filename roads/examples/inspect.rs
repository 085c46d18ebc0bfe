//! Loads an extract, prepares it for routing and says what it found and how long that took:
//! `cargo run --release -p ridecast-roads --example inspect -- data/montevideo-2017-12.osm.pbf`.
//! A second argument is a file to write the map (GeoJSON) to.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use ridecast_roads::{LatLon, NodeId, RoadNetwork, Router};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("which .osm.pbf file?")?;
    let start = Instant::now();
    let network = Arc::new(RoadNetwork::load(&PathBuf::from(path), &mut |_| {})?);
    let survey = network.survey();
    println!("loaded in {:.2?}", start.elapsed());
    println!(
        "  in the file: {} ways, {} nodes ({} missing), {:.1} km",
        survey.ways,
        survey.nodes,
        survey.missing_nodes,
        survey.street_m / 1e3
    );
    println!(
        "  connected:   {} nodes, {} edges, {:.1} km of streets, {:.1} km of edges",
        network.node_count(),
        network.edge_count(),
        network.streets_m() / 1e3,
        network.edges_m() / 1e3
    );
    println!("  bounds:      {:?}", network.bounds());

    let start = Instant::now();
    let router = Router::new(Arc::clone(&network), &mut |_| {});
    println!("routes prepared in {:.2?}", start.elapsed());

    let start = Instant::now();
    let times = network
        .edges()
        .map(|edge| router.travel_ms(edge) * (2 + edge.0 % 2));
    let router = router.with_travel_times(times.collect());
    println!("prepared for other times in {:.2?}", start.elapsed());

    let mut search = router.search();
    let count = u32::try_from(network.node_count())?;
    let start = Instant::now();
    let mut edges = 0;
    for n in 0..1000_u32 {
        let node = |k: u32| NodeId(n.wrapping_mul(k) % count);
        edges += router
            .route(&mut search, node(2_654_435_761), node(40_503))
            .map_or(0, |r| r.edges.len());
    }
    println!(
        "a route in {:.2?} ({} edges on average)",
        start.elapsed() / 1000,
        edges / 1000
    );

    let places: Vec<_> = (0..1000_u32)
        .map(|n| network.node(NodeId(n.wrapping_mul(2_654_435_761) % count)))
        .collect();
    let start = Instant::now();
    let snap = |place: LatLon| network.snap(place.latitude, place.longitude, 500.0);
    let mut driven = 0;
    for pair in places.windows(2) {
        if let (Some(from), Some(to)) = (snap(pair[0]), snap(pair[1])) {
            driven += u32::from(router.drive(&mut search, &from, &to).is_some());
        }
    }
    println!(
        "a drive, snapped at both ends, in {:.2?}",
        start.elapsed() / driven.max(1)
    );

    let start = Instant::now();
    let map = network.roads_geojson();
    println!(
        "map of {} lines, {} bytes, in {:.2?}",
        network.streets().len(),
        map.len(),
        start.elapsed()
    );
    if let Some(path) = std::env::args_os().nth(2) {
        std::fs::write(path, map)?;
    }
    Ok(())
}
