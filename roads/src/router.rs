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
    /// Seconds at full speed all the way: the sum of [`travel_ms`](crate::EdgeRef::travel_ms).
    pub duration_s: f64,
}

/// Answers the fastest way between any two nodes, by contraction hierarchies (Geisberger,
/// Sanders, Schultes, Delling 2008). Prepared once; immutable, `Send` and `Sync` after that.
pub struct Router {
    network: Arc<RoadNetwork>,
    hierarchy: FastGraph,
}

/// Working memory of route queries, some 100 bytes per node. Each thread keeps one of its own.
pub struct Search {
    calculator: PathCalculator,
    node_count: usize,
}

impl Router {
    /// Prepares a network. Deterministic: the same network always gives the same routes, also
    /// where several are equally fast.
    #[must_use]
    pub fn new(network: Arc<RoadNetwork>, progress: &mut dyn FnMut(Progress)) -> Self {
        let total = network.node_count() as u64;
        let phase = Phase::PreparingRoutes;
        progress(Progress {
            phase,
            done: 0,
            total,
        });
        let mut graph = InputGraph::new();
        for edge in network.edges().map(|id| network.edge(id)) {
            let cost = usize::try_from(edge.travel_ms()).unwrap_or(usize::MAX);
            graph.add_edge(edge.from.0 as usize, edge.to.0 as usize, cost);
        }
        graph.freeze();
        let hierarchy = fast_paths::prepare(&graph);
        progress(Progress {
            phase,
            done: total,
            total,
        });
        Self { network, hierarchy }
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
        if search.node_count != node_count {
            // It belongs to another router; the calculator would panic.
            *search = self.search();
        }
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
            let (id, travel_ms, length_m) = self.fastest_edge(pair[0], pair[1])?;
            route.edges.push(id);
            route.length_m += length_m;
            total_ms += travel_ms;
        }
        route.duration_s = std::time::Duration::from_millis(total_ms).as_secs_f64();
        Some(route)
    }

    /// Two streets may join the same two nodes; the hierarchy kept the faster one.
    fn fastest_edge(&self, from: usize, to: usize) -> Option<(EdgeId, u64, f64)> {
        let from = NodeId(u32::try_from(from).ok()?);
        self.network
            .edges_from(from)
            .map(|id| (id, self.network.edge(id)))
            .filter(|(_, edge)| edge.to.0 as usize == to)
            .map(|(id, edge)| (id, edge.travel_ms(), edge.length_m))
            .min_by_key(|&(_, travel_ms, _)| travel_ms)
    }
}
