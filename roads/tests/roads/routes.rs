//! Routes, against A* on the plain graph and through small crossings.

use std::sync::Arc;

use petgraph::graph::{DiGraph, NodeIndex};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use ridecast_roads::{EdgeId, NodeId, RoadNetwork, Router};

use crate::cities::{HELSINKI, MONACO, load};
use crate::rules::{N1, N2, STREET, crossing, node};

#[test]
fn routes_cost_what_a_star_says() {
    for (file, pairs) in [(HELSINKI, 300), (MONACO, 100)] {
        let network = Arc::new(load(file));
        let router = Router::new(Arc::clone(&network), &mut |_| {});
        let again = Router::new(Arc::clone(&network), &mut |_| {});
        for edge in network.edges() {
            assert_eq!(
                u64::from(router.travel_ms(edge)),
                network.edge(edge).travel_ms()
            );
        }
        compare_with_a_star(&router, &again, pairs);
    }
}

#[test]
fn routes_follow_other_travel_times() {
    let network = Arc::new(load(HELSINKI));
    let router = Router::new(Arc::clone(&network), &mut |_| {});
    let mut rng = StdRng::seed_from_u64(3);
    // From half to ten times as slow, and a few edges next to closed.
    let mut other = || -> Vec<u32> {
        let mut time = |edge| f64::from(router.travel_ms(edge)) * rng.random_range(0.5..10.0_f64);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most an hour"
        )]
        let mut times: Vec<u32> = network.edges().map(|edge| time(edge) as u32).collect();
        times[7] = 3_600_000;
        times[8] = 0;
        times
    };
    let times = other();
    let slower = router.with_travel_times(times.clone());
    assert_eq!(slower.travel_ms(EdgeId(8)), 1);
    compare_with_a_star(&slower, &router.with_travel_times(times), 200);
    // Once more, from times that are not those of the file.
    let times = other();
    compare_with_a_star(
        &slower.with_travel_times(times.clone()),
        &router.with_travel_times(times),
        200,
    );
    // A list that is too short or too long.
    let same = router.with_travel_times(vec![]);
    assert!(
        network
            .edges()
            .all(|edge| same.travel_ms(edge) == router.travel_ms(edge))
    );
    let long = router.with_travel_times(vec![5; network.edge_count() + 9]);
    assert!(network.edges().all(|edge| long.travel_ms(edge) == 5));
}

/// Against A* on the plain graph, and against a second router of the same travel times.
fn compare_with_a_star(router: &Router, again: &Router, pairs: usize) {
    let network = router.network();
    let mut graph: DiGraph<NodeId, u64> = DiGraph::new();
    for node in network.nodes() {
        graph.add_node(node);
    }
    for id in network.edges() {
        let edge = network.edge(id);
        let (from, to) = (
            NodeIndex::new(edge.from.0 as usize),
            NodeIndex::new(edge.to.0 as usize),
        );
        graph.add_edge(from, to, u64::from(router.travel_ms(id)));
    }
    let (mut search, mut other_search) = (router.search(), again.search());
    let mut rng = StdRng::seed_from_u64(7);
    for _ in 0..pairs {
        let (from, to) = (any_node(network, &mut rng), any_node(network, &mut rng));
        let goal = network.node(to);
        // It must never exceed the true cost: at most 38.9 m/s, twice that where travel times
        // were halved, and each may be rounded down.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a distance in a city"
        )]
        let estimate =
            |n: NodeIndex| (network.node(graph[n]).distance_m(goal) / 38.9 * 400.0) as u64;
        let (start, end) = (
            NodeIndex::new(from.0 as usize),
            NodeIndex::new(to.0 as usize),
        );
        let (expected_ms, _) =
            petgraph::algo::astar(&graph, start, |n| n == end, |e| *e.weight(), estimate)
                .expect("every node can be reached");

        let route = router.route(&mut search, from, to).expect("a way");
        let other = again.route(&mut other_search, from, to).expect("a way");
        assert!((other.duration_s - route.duration_s).abs() < 1e-9);
        let cost = |id: &EdgeId| u64::from(router.travel_ms(*id));
        let cost: u64 = route.edges.iter().map(cost).sum();
        assert_eq!(cost, expected_ms, "{from:?} to {to:?}");
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

#[test]
fn preparing_twice_gives_the_same_routes() {
    let network = Arc::new(load(HELSINKI));
    let routers = [(); 2].map(|()| Router::new(Arc::clone(&network), &mut |_| {}));
    let mut searches = routers.each_ref().map(Router::search);
    let mut rng = StdRng::seed_from_u64(5);
    for _ in 0..100 {
        let (from, to) = (any_node(&network, &mut rng), any_node(&network, &mut rng));
        let [first, second] = [0, 1].map(|n| routers[n].route(&mut searches[n], from, to));
        assert!(first.is_some());
        assert_eq!(first, second);
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
