//! Routes, against A* on the plain graph and through small crossings.

use std::sync::Arc;

use petgraph::graph::{DiGraph, NodeIndex};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use ridecast_roads::{NodeId, RoadNetwork, Router};

use crate::cities::{HELSINKI, MONACO, load};
use crate::rules::{N1, N2, STREET, crossing, node};

#[test]
fn routes_cost_what_a_star_says() {
    for (file, pairs) in [(HELSINKI, 300), (MONACO, 100)] {
        let network = Arc::new(load(file));
        let mut graph: DiGraph<NodeId, u64> = DiGraph::new();
        for node in network.nodes() {
            graph.add_node(node);
        }
        for edge in network.edges().map(|id| network.edge(id)) {
            let (from, to) = (
                NodeIndex::new(edge.from.0 as usize),
                NodeIndex::new(edge.to.0 as usize),
            );
            graph.add_edge(from, to, edge.travel_ms());
        }
        let router = Router::new(Arc::clone(&network), &mut |_| {});
        let again = Router::new(Arc::clone(&network), &mut |_| {});
        let (mut search, mut other_search) = (router.search(), again.search());
        let mut rng = StdRng::seed_from_u64(7);
        for _ in 0..pairs {
            let (from, to) = (any_node(&network, &mut rng), any_node(&network, &mut rng));
            let goal = network.node(to);
            // Each edge may be rounded down by half a millisecond, so the bound stays below by
            // a tenth: it must never exceed the true cost.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a distance in a city"
            )]
            let estimate =
                |n: NodeIndex| (network.node(graph[n]).distance_m(goal) / 38.9 * 900.0) as u64;
            let (start, end) = (
                NodeIndex::new(from.0 as usize),
                NodeIndex::new(to.0 as usize),
            );
            let (expected_ms, _) =
                petgraph::algo::astar(&graph, start, |n| n == end, |e| *e.weight(), estimate)
                    .unwrap();

            let route = router.route(&mut search, from, to).unwrap();
            assert_eq!(
                again.route(&mut other_search, from, to).as_ref(),
                Some(&route)
            );
            let cost: u64 = route
                .edges
                .iter()
                .map(|&id| network.edge(id).travel_ms())
                .sum();
            assert_eq!(cost, expected_ms, "{file}: {from:?} to {to:?}");
            assert!((route.duration_s * 1000.0 - as_f64(cost)).abs() < 1e-6);
            let length: f64 = route
                .edges
                .iter()
                .map(|&id| network.edge(id).length_m)
                .sum();
            assert!((route.length_m - length).abs() < 1e-6);
            let mut at = from;
            for &id in &route.edges {
                assert_eq!(network.edge(id).from, at);
                at = network.edge(id).to;
            }
            assert_eq!(at, to);
        }
    }
}

#[test]
fn of_two_streets_between_the_same_corners_the_route_takes_the_faster() {
    for (first, second) in [
        ("maxspeed=50", "maxspeed=20"),
        ("maxspeed=20", "maxspeed=50"),
    ] {
        let network = crossing()
            .way(
                &[1, 2],
                &[STREET, first, first.replace("maxspeed", "name").as_str()],
            )
            .way(
                &[1, 2],
                &[STREET, second, second.replace("maxspeed", "name").as_str()],
            )
            .load()
            .unwrap();
        let network = Arc::new(network);
        let router = Router::new(Arc::clone(&network), &mut |_| {});
        let route = router
            .route(
                &mut router.search(),
                node(&network, N1.0, N1.1),
                node(&network, N2.0, N2.1),
            )
            .unwrap();
        let [only] = route.edges[..] else {
            panic!("{route:?}")
        };
        assert_eq!(network.edge(only).street, Some("50"));
        assert!(
            (route.duration_s - 8.006).abs() < 1e-9,
            "{}",
            route.duration_s
        );
    }
}

#[test]
fn routes_ask_for_nodes_of_this_network() {
    let load = |ways: &[i64]| Arc::new(crossing().way(ways, &[STREET]).load().unwrap());
    let small = Router::new(load(&[1, 2]), &mut |_| {});
    let large = Router::new(load(&[1, 2, 3]), &mut |_| {});
    let mut search = small.search();
    assert!(small.route(&mut search, NodeId(0), NodeId(2)).is_none());
    assert!(
        small
            .route(&mut search, NodeId(u32::MAX), NodeId(0))
            .is_none()
    );
    let stay = small.route(&mut search, NodeId(1), NodeId(1)).unwrap();
    assert!(stay.edges.is_empty() && stay.duration_s == 0.0 && stay.length_m == 0.0);
    // Working memory of another router is replaced.
    assert_eq!(
        large
            .route(&mut search, NodeId(0), NodeId(2))
            .unwrap()
            .edges
            .len(),
        2
    );
}

fn any_node(network: &RoadNetwork, rng: &mut StdRng) -> NodeId {
    NodeId(rng.random_range(0..u32::try_from(network.node_count()).expect("32-bit ids")))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of a drive through a city"
)]
fn as_f64(number: u64) -> f64 {
    number as f64
}

#[test]
fn threads_share_a_network_and_its_router() {
    let network = Arc::new(load(HELSINKI));
    let router = Router::new(Arc::clone(&network), &mut |_| {});
    let (from, to) = (NodeId(0), NodeId(1000));
    let alone = router.route(&mut router.search(), from, to);
    std::thread::scope(|scope| {
        let threads =
            [(); 2].map(|()| scope.spawn(|| router.route(&mut router.search(), from, to)));
        for thread in threads {
            assert_eq!(thread.join().unwrap(), alone);
        }
    });
}
