//! The committed city extracts: what is known of them.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use osmpbf::{Element, ElementReader};
use ridecast_roads::{Phase, Progress, RoadNetwork, Router};

pub(crate) fn city(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../data")
        .join(file)
}

pub(crate) const HELSINKI: &str = "helsinki-centre-2019-04.osm.pbf";
pub(crate) const MONACO: &str = "monaco-2016-03.osm.pbf";
pub(crate) const MONTEVIDEO: &str = "montevideo-2017-12.osm.pbf";

pub(crate) fn load(file: &str) -> RoadNetwork {
    RoadNetwork::load(&city(file), &mut |_| {}).expect("a committed extract")
}

/// A plain reading of the same file: nodes on roads for cars, all and without closed roads.
fn count_nodes(file: &str) -> (usize, usize) {
    let classes = [
        "motorway",
        "trunk",
        "primary",
        "secondary",
        "tertiary",
        "unclassified",
        "road",
        "residential",
        "living_street",
        "service",
    ];
    let (mut all, mut open) = (HashSet::new(), HashSet::new());
    let reader = ElementReader::from_path(city(file)).expect("a committed extract");
    reader
        .for_each(|element| {
            let Element::Way(way) = element else { return };
            let tags: HashMap<_, _> = way.tags().collect();
            let Some(highway) = tags.get("highway") else {
                return;
            };
            if !classes.contains(&highway.trim_end_matches("_link")) {
                return;
            }
            all.extend(way.refs());
            let access = ["motorcar", "motor_vehicle", "vehicle", "access"]
                .iter()
                .find_map(|key| tags.get(key));
            let closed = [
                "no",
                "private",
                "agricultural",
                "forestry",
                "emergency",
                "military",
            ];
            let shut = access.is_some_and(|value| closed.contains(value));
            if !shut
                && tags.get("area") != Some(&"yes")
                && tags.get("oneway") != Some(&"reversible")
            {
                open.extend(way.refs());
            }
        })
        .expect("a sound extract");
    (all.len(), open.len())
}

#[test]
fn the_counts_are_those_that_are_known() {
    // Nodes on all roads for cars as data/README.md states them, and what is kept of them:
    // (all, nodes, edges, streets in km).
    for (file, all, nodes, edges, km) in [
        (HELSINKI, 2_332, 1_649, 2_580, 24.1),
        (MONACO, 16_383, 14_360, 25_543, 300.8),
        (MONTEVIDEO, 47_020, 45_254, 94_517, 3_018.7),
    ] {
        let network = load(file);
        let (counted, open) = count_nodes(file);
        assert_eq!(counted, all, "{file}");
        let survey = network.survey();
        assert_eq!(survey.nodes + survey.missing_nodes, open, "{file}");
        assert_eq!(
            (network.node_count(), network.edge_count()),
            (nodes, edges),
            "{file}"
        );
        assert!(
            (network.streets_m() / 1e3 - km).abs() < 0.05,
            "{file}: {}",
            network.streets_m()
        );
        assert!(survey.street_m >= network.streets_m(), "{file}");
    }
}

#[test]
fn ids_are_the_same_each_time() {
    let (one, two) = (load(HELSINKI), load(HELSINKI));
    let places = |n: &RoadNetwork| n.nodes().map(|id| n.node(id)).collect::<Vec<_>>();
    assert_eq!(places(&one), places(&two));
    assert!(one.edges().all(|id| one.edge(id) == two.edge(id)));
    assert_eq!(one.roads_geojson(), two.roads_geojson());
}

#[test]
fn every_node_is_reached_from_every_other() {
    for file in [HELSINKI, MONACO] {
        let network = load(file);
        let mut forward = vec![Vec::new(); network.node_count()];
        let mut backward = forward.clone();
        for edge in network.edges().map(|id| network.edge(id)) {
            forward[edge.from.0 as usize].push(edge.to.0);
            backward[edge.to.0 as usize].push(edge.from.0);
        }
        for neighbours in [forward, backward] {
            let mut seen = vec![false; network.node_count()];
            let mut stack = vec![0];
            while let Some(node) = stack.pop() {
                if !std::mem::replace(&mut seen[node as usize], true) {
                    stack.extend(&neighbours[node as usize]);
                }
            }
            assert!(seen.into_iter().all(|seen| seen), "{file}");
        }
    }
}

#[test]
fn edges_hang_together() {
    let network = load(MONACO);
    let mut listed = Vec::new();
    for node in network.nodes() {
        assert!(network.edges_from(node).len() > 0);
        for id in network.edges_from(node) {
            assert_eq!(network.edge(id).from, node);
            listed.push(id);
        }
    }
    assert!(listed.into_iter().eq(network.edges()));
    for id in network.edges() {
        let edge = network.edge(id);
        let length = network.node(edge.from).distance_m(network.node(edge.to));
        assert!((edge.length_m - length).abs() < 1e-9);
        assert!((1.3..=38.9).contains(&edge.speed_mps));
        if let Some(opposite) = network.opposite(id) {
            let back = network.edge(opposite);
            assert_eq!(
                (back.from, back.to, back.street),
                (edge.to, edge.from, edge.street)
            );
            assert_eq!(network.opposite(opposite), Some(id));
        }
    }
}

#[test]
fn progress_goes_forward_to_the_end_of_each_phase() {
    let mut reports: Vec<Progress> = Vec::new();
    let network = RoadNetwork::load(&city(MONACO), &mut |report| reports.push(report)).unwrap();
    let _router = Router::new(Arc::new(network), &mut |report| reports.push(report));
    for pair in reports.windows(2) {
        assert!(pair[0].phase <= pair[1].phase);
        if pair[0].phase == pair[1].phase {
            assert!(pair[0].done <= pair[1].done && pair[0].total == pair[1].total);
        } else {
            assert_eq!(pair[0].done, pair[0].total);
            assert_eq!(pair[1].done, 0);
        }
    }
    let phases: HashSet<Phase> = reports.iter().map(|report| report.phase).collect();
    assert_eq!(phases.len(), 4);
    assert!(reports.last().is_some_and(|last| last.done == last.total));
    assert!(reports.len() < 1000, "{}", reports.len());
}
