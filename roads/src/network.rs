//! The loaded network: nodes, edges and what can be asked of them.

use std::path::Path;

use crate::class::RoadClass;
use crate::index::{Index, Snap};
use crate::lat_lon::LatLon;
use crate::load::{self, LoadError};
use crate::progress::Progress;
use crate::tags::Road;

/// A point where edges meet. Ids run from 0 to [`RoadNetwork::node_count`] - 1 without gaps and
/// are the same each time that the same file is loaded; they are not OSM ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// One direction of one straight piece of road. Ids run from 0 to [`RoadNetwork::edge_count`] - 1
/// without gaps and are the same each time that the same file is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeId(pub u32);

/// What is known of an edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EdgeRef<'a> {
    /// Where it starts.
    pub from: NodeId,
    /// Where it ends.
    pub to: NodeId,
    /// Length in metres; 0 when two nodes lie on the same spot.
    pub length_m: f64,
    /// Speed limit, or a usual speed of the class, in m/s; 1.4 to 38.9 (5 to 140 km/h).
    pub speed_mps: f64,
    /// Name of the street, or its number (`ref`) when it has no name.
    pub street: Option<&'a str>,
    /// Class of the road.
    pub class: RoadClass,
}

impl EdgeRef<'_> {
    /// Time to drive it at full speed in whole milliseconds, at least 1: the cost that the
    /// router minimises. Whole numbers, so that sums do not depend on the order of adding.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "length is never negative, half the earth at 5 km/h is 1.4e10 ms"
    )]
    pub fn travel_ms(&self) -> u64 {
        ((self.length_m / self.speed_mps * 1000.0).round() as u64).max(1)
    }
}

/// The box around a network, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Smallest latitude.
    pub south: f64,
    /// Smallest longitude.
    pub west: f64,
    /// Largest latitude.
    pub north: f64,
    /// Largest longitude.
    pub east: f64,
}

/// What the file held for cars, before the cut to its largest strongly connected part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Survey {
    /// Ways that a car may drive.
    pub ways: usize,
    /// Nodes on those ways that the file has a position for.
    pub nodes: usize,
    /// Nodes that ways name but the file lacks (roads cut at the border of the extract).
    pub missing_nodes: usize,
    /// Length of those ways in metres, each counted once.
    pub street_m: f64,
}

/// The roads of a city as a directed graph. Immutable, `Send` and `Sync`: share it in an `Arc`.
///
/// Every OSM node on a drivable way is a node here, not only junctions, and an edge is one
/// **straight** segment between neighbouring nodes, in one direction: a two-way street is two
/// edges, each the [`opposite`](Self::opposite) of the other. From each node every other can be
/// reached, so a vehicle never gets stuck. A network is never empty.
///
/// Geometry is local and planar; it must not lie across the antimeridian or at a pole.
#[derive(Debug)]
pub struct RoadNetwork {
    pub(crate) nodes: Vec<LatLon>,
    /// Edges of node `n` are `first_edge[n]..first_edge[n + 1]`.
    pub(crate) first_edge: Vec<u32>,
    /// Sorted by `from`.
    pub(crate) edges: Vec<Edge>,
    pub(crate) ways: Vec<Way>,
    pub(crate) index: Index,
    pub(crate) bounds: Bounds,
    pub(crate) survey: Survey,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) way: u32,
    pub(crate) opposite: Option<EdgeId>,
    pub(crate) length_m: f64,
}

/// An unbroken run of kept nodes of one OSM way.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) road: Road,
    pub(crate) nodes: Vec<u32>,
}

impl RoadNetwork {
    /// Reads a `.osm.pbf` file and keeps the largest strongly connected part of what a car may
    /// drive. `progress` is called a few hundred times at most; the whole takes about a second
    /// for a large city.
    ///
    /// # Errors
    /// When the file cannot be read, is not an OSM extract or is damaged, or holds no roads.
    pub fn load(path: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Self, LoadError> {
        load::load(path, progress)
    }

    /// Number of nodes, at least 2.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// Number of directed edges, at least 2.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.edges.len()
    }

    /// Length of all directed edges in metres; a two-way street counts twice.
    #[must_use]
    pub fn edges_m(&self) -> f64 {
        self.edges.iter().map(|edge| edge.length_m).sum()
    }

    /// Length of all streets in metres; a two-way street counts once.
    #[must_use]
    pub fn streets_m(&self) -> f64 {
        let place = |n: u32| self.nodes[n as usize];
        self.ways
            .iter()
            .flat_map(|way| way.nodes.windows(2))
            .map(|pair| place(pair[0]).distance_m(place(pair[1])))
            .sum()
    }

    /// The box around all nodes.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// What the file held before the cut to its largest strongly connected part.
    #[must_use]
    pub fn survey(&self) -> Survey {
        self.survey
    }

    /// Every node.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = NodeId> + use<> {
        // `connect` has checked that all counts fit.
        (0..u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)).map(NodeId)
    }

    /// Every directed edge.
    pub fn edges(&self) -> impl ExactSizeIterator<Item = EdgeId> + use<> {
        (0..u32::try_from(self.edges.len()).unwrap_or(u32::MAX)).map(EdgeId)
    }

    /// Where a node lies.
    ///
    /// # Panics
    /// When the id is not one of this network.
    #[must_use]
    pub fn node(&self, node: NodeId) -> LatLon {
        self.nodes[node.0 as usize]
    }

    /// The edges that start at a node: at least one.
    ///
    /// # Panics
    /// When the id is not one of this network.
    pub fn edges_from(&self, node: NodeId) -> impl ExactSizeIterator<Item = EdgeId> + use<> {
        let node = node.0 as usize;
        (self.first_edge[node]..self.first_edge[node + 1]).map(EdgeId)
    }

    /// What is known of an edge.
    ///
    /// # Panics
    /// When the id is not one of this network.
    #[must_use]
    pub fn edge(&self, edge: EdgeId) -> EdgeRef<'_> {
        let edge = &self.edges[edge.0 as usize];
        let road = &self.ways[edge.way as usize].road;
        EdgeRef {
            from: NodeId(edge.from),
            to: NodeId(edge.to),
            length_m: edge.length_m,
            speed_mps: road.speed_mps,
            street: road.name.as_deref(),
            class: road.class,
        }
    }

    /// The same piece of road in the other direction; `None` on a one-way street.
    ///
    /// # Panics
    /// When the id is not one of this network.
    #[must_use]
    pub fn opposite(&self, edge: EdgeId) -> Option<EdgeId> {
        self.edges[edge.0 as usize].opposite
    }

    /// The place `along_m` metres from the start of an edge; less than 0 is its start, more than
    /// its length its end.
    ///
    /// # Panics
    /// When the id is not one of this network.
    #[must_use]
    pub fn place_on(&self, edge: EdgeId, along_m: f64) -> LatLon {
        let edge = &self.edges[edge.0 as usize];
        let (from, to) = (self.nodes[edge.from as usize], self.nodes[edge.to as usize]);
        if edge.length_m > 0.0 {
            from.towards(to, (along_m / edge.length_m).clamp(0.0, 1.0))
        } else {
            from
        }
    }

    /// Driving direction of an edge: degrees clockwise from true north, 0 to 360 (excluded).
    ///
    /// # Panics
    /// When the id is not one of this network.
    #[must_use]
    pub fn bearing_deg(&self, edge: EdgeId) -> f64 {
        let edge = &self.edges[edge.0 as usize];
        self.nodes[edge.from as usize].bearing_deg(self.nodes[edge.to as usize])
    }

    /// The node nearest to a place in degrees, however far; `None` only for numbers that are not
    /// finite. Distances are planar at the latitude of the network's middle.
    #[must_use]
    pub fn nearest_node(&self, latitude: f64, longitude: f64) -> Option<NodeId> {
        self.index.nearest_node(LatLon {
            latitude,
            longitude,
        })
    }

    /// The nearest place on a road to a place in degrees, if there is one within `max_m` metres.
    /// Of a two-way street it gives one of the two edges; see [`opposite`](Self::opposite).
    #[must_use]
    pub fn snap(&self, latitude: f64, longitude: f64, max_m: f64) -> Option<Snap> {
        self.index.snap(
            self,
            LatLon {
                latitude,
                longitude,
            },
            max_m,
        )
    }
}
