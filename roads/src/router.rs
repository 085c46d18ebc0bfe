//! The fastest way from node to node.

use std::sync::Arc;

use fast_paths::{FastGraph, InputGraph, PathCalculator};

use crate::network::{EdgeId, NodeId, RoadNetwork};
use crate::progress::{Phase, Progress};

/// A way through the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The edges in driving order; empty when start and end are the same node.
    pub edges: Vec<EdgeId>,
    /// Length in metres.
    pub length_m: f64,
    /// Seconds: the sum of the router's [`travel_ms`](Router::travel_ms).
    pub duration_s: f64,
}

/// Answers the fastest way between any two nodes, by contraction hierarchies (Geisberger,
/// Sanders, Schultes, Delling 2008). Prepared once; immutable, `Send` and `Sync` after that.
pub struct Router {
    pub(crate) network: Arc<RoadNetwork>,
    pub(crate) hierarchy: FastGraph,
    /// Of each edge.
    travel_ms: Vec<u32>,
}

/// Working memory of route queries, some 100 bytes per node. Each thread keeps one of its own.
pub struct Search {
    pub(crate) calculator: PathCalculator,
    node_count: usize,
}

impl Router {
    /// Prepares a network for driving at full speed, [`EdgeRef::travel_ms`](crate::EdgeRef::travel_ms).
    /// Deterministic: the same network always gives the same routes, also where several are
    /// equally fast.
    #[must_use]
    pub fn new(network: Arc<RoadNetwork>, progress: &mut dyn FnMut(Progress)) -> Self {
        let total = network.node_count() as u64;
        let phase = Phase::PreparingRoutes;
        progress(Progress {
            phase,
            done: 0,
            total,
        });
        let full_speed = |id| u32::try_from(network.edge(id).travel_ms()).unwrap_or(u32::MAX);
        let travel_ms: Vec<u32> = network.edges().map(full_speed).collect();
        let hierarchy = fast_paths::prepare(&graph(&network, &travel_ms));
        progress(Progress {
            phase,
            done: total,
            total,
        });
        Self {
            network,
            hierarchy,
            travel_ms,
        }
    }

    /// A router through the same network with other travel times: `travel_ms` of each edge, in
    /// the order of their ids; 0 counts as 1, and an edge that the list is too short for keeps
    /// the time it has here. Several times faster than [`new`](Self::new), which has to find the
    /// order of importance of the nodes; the closer the times are to those of `self`, the better
    /// that order still fits. A [`Search`] of `self` is good for the new one too.
    #[must_use]
    pub fn with_travel_times(&self, mut travel_ms: Vec<u32>) -> Self {
        travel_ms.truncate(self.travel_ms.len());
        travel_ms.extend_from_slice(&self.travel_ms[travel_ms.len()..]);
        for time in &mut travel_ms {
            *time = (*time).max(1);
        }
        let graph = graph(&self.network, &travel_ms);
        let order = fast_paths::get_node_ordering(&self.hierarchy);
        // It can only refuse an order of another number of nodes.
        let hierarchy = fast_paths::prepare_with_order(&graph, &order)
            .unwrap_or_else(|_| fast_paths::prepare(&graph));
        Self {
            network: Arc::clone(&self.network),
            hierarchy,
            travel_ms,
        }
    }

    /// Time to drive along an edge in milliseconds, at least 1: the cost that routes minimise.
    ///
    /// # Panics
    /// When the id is not one of this network.
    #[must_use]
    pub fn travel_ms(&self, edge: EdgeId) -> u32 {
        self.travel_ms[edge.0 as usize]
    }

    /// The network that the routes lead through.
    #[must_use]
    pub fn network(&self) -> &Arc<RoadNetwork> {
        &self.network
    }

    /// Working memory for [`route`](Self::route).
    #[must_use]
    pub fn search(&self) -> Search {
        Search {
            calculator: fast_paths::create_calculator(&self.hierarchy),
            node_count: self.network.node_count(),
        }
    }

    /// The fastest way; `None` only for ids that are not of this network, for in it every node
    /// can be reached from every other.
    pub fn route(&self, search: &mut Search, from: NodeId, to: NodeId) -> Option<Route> {
        let node_count = self.network.node_count();
        if from.0 as usize >= node_count || to.0 as usize >= node_count {
            return None;
        }
        self.fit(search);
        let path = search
            .calculator
            .calc_path(&self.hierarchy, from.0 as usize, to.0 as usize)?;
        let mut route = Route {
            edges: Vec::new(),
            length_m: 0.0,
            duration_s: 0.0,
        };
        let mut total_ms = 0;
        for pair in path.get_nodes().windows(2) {
            let id = self.fastest_edge(pair[0], pair[1])?;
            route.edges.push(id);
            route.length_m += self.network.edge(id).length_m;
            total_ms += u64::from(self.travel_ms(id));
        }
        route.duration_s = std::time::Duration::from_millis(total_ms).as_secs_f64();
        Some(route)
    }

    /// Working memory of another network is replaced; the calculator would panic.
    pub(crate) fn fit(&self, search: &mut Search) {
        if search.node_count != self.network.node_count() {
            *search = self.search();
        }
    }

    /// Two streets may join the same two nodes; the hierarchy kept the faster one.
    pub(crate) fn fastest_edge(&self, from: usize, to: usize) -> Option<EdgeId> {
        let from = NodeId(u32::try_from(from).ok()?);
        self.network
            .edges_from(from)
            .filter(|&id| self.network.edge(id).to.0 as usize == to)
            .min_by_key(|&id| self.travel_ms(id))
    }
}

fn graph(network: &RoadNetwork, travel_ms: &[u32]) -> InputGraph {
    let mut graph = InputGraph::new();
    for (edge, &cost) in network.edges().zip(travel_ms) {
        let edge = network.edge(edge);
        graph.add_edge(edge.from.0 as usize, edge.to.0 as usize, cost as usize);
    }
    graph.freeze();
    graph
}
