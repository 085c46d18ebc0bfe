//! What the loader makes of single streets.

use std::sync::Arc;

use ridecast_roads::{EdgeId, LatLon, LoadError, NodeId, RoadClass, RoadNetwork, Router};

use crate::extract::Extract;

/// Four nodes, some 110 m apart: 1 in the south, then 2 and 3 to the north, 4 east of 2.
pub(crate) fn crossing() -> Extract {
    Extract::default()
        .node(1, 60.000, 25.000)
        .node(2, 60.001, 25.000)
        .node(3, 60.002, 25.000)
        .node(4, 60.001, 25.002)
}

pub(crate) const STREET: &str = "highway=residential";

pub(crate) fn node(network: &RoadNetwork, latitude: f64, longitude: f64) -> NodeId {
    network
        .nearest_node(latitude, longitude)
        .expect("a finite place")
}

/// The edge between two of the nodes of [`crossing`], by their places.
fn edge(network: &RoadNetwork, from: (f64, f64), to: (f64, f64)) -> Option<EdgeId> {
    let (from, to) = (node(network, from.0, from.1), node(network, to.0, to.1));
    network
        .edges_from(from)
        .find(|&edge| network.edge(edge).to == to)
}

pub(crate) const N1: (f64, f64) = (60.000, 25.000);
pub(crate) const N2: (f64, f64) = (60.001, 25.000);

#[test]
fn a_two_way_street_is_two_opposite_edges() {
    let network = crossing()
        .way(&[1, 2, 3], &[STREET, "name=Pitkäkatu", "maxspeed=36"])
        .load()
        .unwrap();
    assert_eq!((network.node_count(), network.edge_count()), (3, 4));
    let there = edge(&network, N1, N2).unwrap();
    let back = edge(&network, N2, N1).unwrap();
    assert_eq!(network.opposite(there), Some(back));
    assert_eq!(network.opposite(back), Some(there));
    let data = network.edge(there);
    assert_eq!(data.street, Some("Pitkäkatu"));
    assert_eq!(data.class, RoadClass::Residential);
    assert!((data.speed_mps - 10.0).abs() < 1e-9);
    // A thousandth of a degree of latitude on a sphere of the mean radius.
    assert!((data.length_m - 111.195).abs() < 0.001, "{}", data.length_m);
    assert_eq!(data.travel_ms(), 11_120);
    assert!(network.bearing_deg(there).abs() < 1e-6);
    assert!((network.bearing_deg(back) - 180.0).abs() < 1e-6);
    assert!((network.streets_m() - 222.390).abs() < 0.002);
    assert!((network.edges_m() - 444.780).abs() < 0.004);
}

#[test]
fn a_place_on_an_edge() {
    let network = crossing().way(&[1, 2], &[STREET]).load().unwrap();
    let there = edge(&network, N1, N2).unwrap();
    let half = network.place_on(there, network.edge(there).length_m / 2.0);
    assert!((half.latitude - 60.0005).abs() < 1e-9 && (half.longitude - 25.0).abs() < 1e-9);
    assert_eq!(
        network.place_on(there, -5.0),
        network.node(network.edge(there).from)
    );
    assert_eq!(
        network.place_on(there, 1e9),
        network.node(network.edge(there).to)
    );
}

#[test]
fn one_way_streets_go_one_way() {
    let round = |tag: &str| {
        // 1 -> 2 -> 4 -> 1, one of whose sides is one-way.
        let extract = crossing()
            .way(&[1, 2], &[STREET, tag])
            .way(&[2, 4, 1], &[STREET]);
        let network = extract.load().unwrap();
        (
            edge(&network, N1, N2).is_some(),
            edge(&network, N2, N1).is_some(),
        )
    };
    assert_eq!(round("oneway=no"), (true, true));
    assert_eq!(round("oneway=yes"), (true, false));
    assert_eq!(round("oneway=-1"), (false, true));
    assert_eq!(round("junction=roundabout"), (true, false));
}

#[test]
fn a_dead_end_of_a_one_way_street_is_cut_off() {
    let network = crossing()
        .way(&[1, 2, 4, 1], &[STREET])
        .way(&[2, 3], &[STREET, "oneway=yes", "name=Trap"])
        .load()
        .unwrap();
    assert_eq!(network.node_count(), 3);
    assert_eq!(network.survey().nodes, 4);
    assert!(
        network
            .streets()
            .iter()
            .all(|street| street.name != Some("Trap"))
    );
}

#[test]
fn a_street_drawn_backwards_runs_in_driving_direction() {
    let network = crossing()
        .way(&[1, 2], &[STREET, "oneway=-1", "name=Back"])
        .way(&[1, 4, 2], &[STREET])
        .load()
        .unwrap();
    let streets = network.streets();
    let back = streets
        .iter()
        .find(|street| street.name == Some("Back"))
        .unwrap();
    assert!(back.oneway);
    let line: Vec<_> = back
        .line
        .iter()
        .map(|p| (p.latitude, p.longitude))
        .collect();
    assert_eq!(line, [N2, N1]);
    let map: serde_json::Value = serde_json::from_str(&network.roads_geojson()).unwrap();
    let feature = map["features"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["properties"]["name"] == "Back");
    assert_eq!(
        feature.unwrap()["geometry"]["coordinates"],
        serde_json::json!([[25.0, 60.001], [25.0, 60.0]])
    );
}

#[test]
fn a_way_is_cut_where_the_extract_ends() {
    // 99 is outside: 1-2 stays, and nothing jumps from 2 to 4.
    let network = crossing()
        .way(&[1, 2, 99, 4, 99], &[STREET])
        .load()
        .unwrap();
    assert_eq!((network.node_count(), network.edge_count()), (2, 2));
    assert_eq!(network.survey().missing_nodes, 1);
}

#[test]
fn only_the_largest_part_stays() {
    let network = crossing()
        .node(11, 61.0, 25.0)
        .node(12, 61.001, 25.0)
        .way(&[11, 12], &[STREET])
        .way(&[1, 2, 3], &[STREET])
        .load()
        .unwrap();
    assert_eq!(network.node_count(), 3);
    assert!(network.bounds().north < 60.1);
}

#[test]
fn ways_may_stand_before_nodes() {
    let mut extract = crossing().way(&[1, 2, 3], &[STREET]);
    extract.ways_first = true;
    assert_eq!(extract.load().unwrap().node_count(), 3);
}

#[test]
fn repeated_nodes_and_nodes_on_one_spot_do_no_harm() {
    let network = crossing()
        .node(5, N2.0, N2.1)
        .way(&[1, 1, 2, 2, 5, 3], &[STREET])
        .load()
        .unwrap();
    assert_eq!((network.node_count(), network.edge_count()), (4, 6));
    assert!(
        network
            .edges()
            .all(|id| network.edge(id).from != network.edge(id).to)
    );
    let snap = network.snap(N2.0, N2.1, 1.0).unwrap();
    assert!(snap.distance_m < 0.01 && snap.along_m.is_finite());
    let network = Arc::new(network);
    let router = Router::new(Arc::clone(&network), &mut |_| {});
    let (from, to) = (node(&network, 60.0, 25.0), node(&network, 60.002, 25.0));
    assert_eq!(
        router
            .route(&mut router.search(), from, to)
            .unwrap()
            .edges
            .len(),
        3
    );
}

#[test]
fn what_is_not_a_road_for_cars_is_no_road() {
    for tags in [
        &["highway=footway"][..],
        &["building=yes"],
        &[STREET, "access=private"],
        &[],
    ] {
        let error = crossing().way(&[1, 2, 3], tags).load().unwrap_err();
        assert!(
            matches!(error, LoadError::NoRoads { .. }),
            "{tags:?}: {error}"
        );
    }
    // A one-way street alone: nobody can come back.
    let error = crossing()
        .way(&[1, 2], &[STREET, "oneway=yes"])
        .load()
        .unwrap_err();
    assert!(matches!(error, LoadError::NoRoads { .. }), "{error}");
}

#[test]
fn places_that_are_not_finite_have_no_neighbour() {
    let network = crossing().way(&[1, 2], &[STREET]).load().unwrap();
    for (latitude, longitude) in [
        (f64::NAN, 25.0),
        (60.0, f64::INFINITY),
        (f64::MAX, f64::MIN),
    ] {
        assert_eq!(network.nearest_node(latitude, longitude), None);
        assert_eq!(network.snap(latitude, longitude, f64::INFINITY), None);
    }
    assert_eq!(network.snap(60.0, 25.0, f64::NAN), None);
}

#[test]
fn bearings_stay_below_360() {
    let here = LatLon {
        latitude: 60.0,
        longitude: 25.0,
    };
    for step in [-1e-9, -1e-12, -1e-14, 0.0] {
        let there = LatLon {
            latitude: 60.001,
            longitude: 25.0 + step,
        };
        let bearing = here.bearing_deg(there);
        assert!((0.0..360.0).contains(&bearing), "{step}: {bearing}");
    }
    assert!(here.bearing_deg(here).abs() < 1e-12);
}
