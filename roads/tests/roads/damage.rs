//! A broken file is an error that names the file, never a panic.

use std::path::Path;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use ridecast_roads::{LoadError, RoadNetwork};

use crate::cities::{HELSINKI, city};
use crate::extract::{Extract, load_bytes};

fn two_streets() -> Extract {
    Extract::default()
        .node(1, 60.000, 25.000)
        .node(2, 60.001, 25.000)
        .node(3, 60.001, 25.002)
        .way(&[1, 2], &["highway=residential", "name=A", "maxspeed=30"])
        .way(&[2, 3], &["highway=primary", "name=B"])
}

#[test]
fn a_missing_file_is_named() {
    let error = RoadNetwork::load(Path::new("no/such.osm.pbf"), &mut |_| {}).unwrap_err();
    assert!(matches!(error, LoadError::Open { .. }));
    assert!(error.to_string().contains("no/such.osm.pbf"), "{error}");
}

#[test]
fn an_empty_file_holds_no_roads() {
    assert!(matches!(load_bytes(&[]), Err(LoadError::NoRoads { .. })));
}

#[test]
fn a_directory_is_no_extract() {
    let directory = tempfile::tempdir().unwrap();
    assert!(RoadNetwork::load(directory.path(), &mut |_| {}).is_err());
}

#[test]
fn random_bytes_are_no_extract() {
    let mut rng = StdRng::seed_from_u64(1);
    for length in [1, 3, 4, 5, 64, 1000, 100_000] {
        let mut noise = vec![0_u8; length];
        rng.fill(noise.as_mut_slice());
        assert!(load_bytes(&noise).is_err(), "{length} bytes");
        // The same behind a plausible length of the first header.
        noise.splice(0..0, [0, 0, 0, 13]);
        assert!(
            load_bytes(&noise).is_err(),
            "{length} bytes behind a length"
        );
    }
}

#[test]
fn a_real_file_cut_off_anywhere_is_an_error() {
    let whole = std::fs::read(city(HELSINKI)).unwrap();
    let mut rng = StdRng::seed_from_u64(2);
    for _ in 0..25 {
        let length = rng.random_range(1..whole.len());
        assert!(
            load_bytes(&whole[..length]).is_err(),
            "cut to {length} bytes"
        );
    }
}

#[test]
fn a_small_file_cut_off_anywhere_is_an_error() {
    let whole = two_streets().to_bytes();
    assert!(load_bytes(&whole).is_ok());
    for length in 0..whole.len() {
        assert!(
            load_bytes(&whole[..length]).is_err(),
            "cut to {length} bytes"
        );
    }
}

#[test]
fn a_wrong_byte_anywhere_does_no_harm() {
    let whole = two_streets().to_bytes();
    for at in 0..whole.len() {
        for value in [0x00, 0x7f, 0x80, 0xff, whole[at] ^ 1, whole[at] ^ 0x40] {
            let mut damaged = whole.clone();
            damaged[at] = value;
            // Blocks that are not compressed carry no checksum, so some damage reads as a map.
            if let Ok(network) = load_bytes(&damaged) {
                let bounds = network.bounds();
                assert!(
                    bounds.south >= -90.0 && bounds.north <= 90.0,
                    "byte {at} = {value}"
                );
                assert!(
                    bounds.west >= -180.0 && bounds.east <= 180.0,
                    "byte {at} = {value}"
                );
                assert!(network.edges_m().is_finite(), "byte {at} = {value}");
                assert!(
                    network.roads_geojson().starts_with('{'),
                    "byte {at} = {value}"
                );
            }
        }
    }
}

#[test]
fn nodes_off_the_earth_are_as_good_as_missing() {
    let network = two_streets()
        .raw_node(4, 910_000_000, 0)
        .raw_node(5, 0, -1_810_000_000)
        .way(&[3, 4, 5, 1], &["highway=primary"])
        .load()
        .unwrap();
    assert_eq!(network.node_count(), 3);
    assert_eq!(network.survey().missing_nodes, 2);
}

#[test]
fn absurd_positions_do_not_panic() {
    // They wrap inside osmpbf, perhaps to a place on earth, so that the node may seem to be real.
    let extract = two_streets()
        .raw_node(4, i64::MAX, i64::MIN)
        .way(&[3, 4], &["highway=primary"]);
    assert!(extract.load().unwrap().node_count() >= 3);
}
