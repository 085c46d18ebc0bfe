//! From ways and positions to a graph that a vehicle cannot get stuck in.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;

use crate::index::Index;
use crate::lat_lon::LatLon;
use crate::network::{Bounds, Edge, EdgeId, RoadNetwork, Survey, Way};
use crate::progress::{Phase, Progress};
use crate::tags::{Direction, Road};

/// A drivable way of the file; `nodes` are indices into the list of positions.
pub(crate) struct FoundWay {
    pub(crate) road: Road,
    pub(crate) nodes: Vec<usize>,
}

pub(crate) enum Error {
    NoRoads,
    TooLarge,
}

/// Steps that are reported as progress: enough for a bar, too few to cost anything.
const REPORT_EVERY_WAYS: usize = 1000;

pub(crate) fn connect(
    found: Vec<FoundWay>,
    places: &[Option<LatLon>],
    progress: &mut dyn FnMut(Progress),
) -> Result<RoadNetwork, Error> {
    let total = found.len() as u64;
    let mut report = |done: usize| {
        progress(Progress {
            phase: Phase::Connecting,
            done: done as u64,
            total,
        });
    };
    report(0);

    let survey = survey(&found, places);
    let new_id = largest_connected_part(&found, places)?;
    let mut nodes = Vec::new();
    for (place, id) in places.iter().zip(&new_id) {
        if let (Some(place), Some(_)) = (place, id) {
            nodes.push(*place);
        }
    }

    let mut ways = Vec::new();
    let mut edges = Vec::new();
    for (done, FoundWay { road, nodes: refs }) in found.into_iter().enumerate() {
        for run in runs(&refs, &new_id) {
            let way = u32::try_from(ways.len()).map_err(|_| Error::TooLarge)?;
            for pair in run.windows(2) {
                let length_m = nodes[pair[0] as usize].distance_m(nodes[pair[1] as usize]);
                let edge = |from, to| Edge {
                    from,
                    to,
                    way,
                    opposite: None,
                    length_m,
                };
                if road.direction != Direction::Backward {
                    edges.push(edge(pair[0], pair[1]));
                }
                if road.direction != Direction::Forward {
                    edges.push(edge(pair[1], pair[0]));
                }
            }
            ways.push(Way {
                road: road.clone(),
                nodes: run,
            });
        }
        if done % REPORT_EVERY_WAYS == 0 {
            report(done);
        }
    }
    edges.sort_by_key(|edge| (edge.from, edge.to, edge.way));
    let first_edge = first_edges(&edges, nodes.len())?;
    link_opposites(&mut edges, &first_edge);

    let bounds = bounds(&nodes).ok_or(Error::NoRoads)?;
    let index = Index::new(&nodes, &edges, bounds);
    report(usize::try_from(total).unwrap_or(usize::MAX));
    Ok(RoadNetwork {
        nodes,
        first_edge,
        edges,
        ways,
        index,
        bounds,
        survey,
    })
}

/// The new id of each node that lies in the largest strongly connected part.
fn largest_connected_part(
    found: &[FoundWay],
    places: &[Option<LatLon>],
) -> Result<Vec<Option<u32>>, Error> {
    let node_count = u32::try_from(places.len()).map_err(|_| Error::TooLarge)?;
    let mut graph: DiGraph<(), (), u32> = DiGraph::new();
    for _ in 0..node_count {
        graph.add_node(());
    }
    let known = |n: usize| {
        places[n]
            .is_some()
            .then(|| petgraph::graph::NodeIndex::new(n))
    };
    for way in found {
        for pair in way.nodes.windows(2) {
            let (Some(a), Some(b)) = (known(pair[0]), known(pair[1])) else {
                continue;
            };
            if way.road.direction != Direction::Backward {
                graph.try_add_edge(a, b, ()).map_err(|_| Error::TooLarge)?;
            }
            if way.road.direction != Direction::Forward {
                graph.try_add_edge(b, a, ()).map_err(|_| Error::TooLarge)?;
            }
        }
    }
    // Kosaraju's algorithm as petgraph has it keeps its own stack; its Tarjan recurses and
    // overflows on a long road.
    let largest = kosaraju_scc(&graph).into_iter().max_by_key(Vec::len);
    let largest = largest
        .filter(|part| part.len() >= 2)
        .ok_or(Error::NoRoads)?;

    let mut kept = vec![false; places.len()];
    for node in largest {
        kept[node.index()] = true;
    }
    let mut next = 0..node_count;
    Ok(kept
        .into_iter()
        .map(|kept| if kept { next.next() } else { None })
        .collect())
}

/// Cuts a way at nodes that were not kept, and drops repeated nodes. Between two neighbours that
/// were kept the edge was kept too, so no run holds a jump.
fn runs(refs: &[usize], new_id: &[Option<u32>]) -> Vec<Vec<u32>> {
    refs.split(|&n| new_id[n].is_none())
        .map(|run| {
            let mut run: Vec<u32> = run.iter().filter_map(|&n| new_id[n]).collect();
            run.dedup();
            run
        })
        .filter(|run| run.len() >= 2)
        .collect()
}

fn survey(found: &[FoundWay], places: &[Option<LatLon>]) -> Survey {
    let lengths = found
        .iter()
        .flat_map(|way| way.nodes.windows(2))
        .map(|pair| {
            places[pair[0]]
                .zip(places[pair[1]])
                .map_or(0.0, |(a, b)| a.distance_m(b))
        });
    let known = places.iter().flatten().count();
    Survey {
        ways: found.len(),
        nodes: known,
        missing_nodes: places.len() - known,
        street_m: lengths.sum(),
    }
}

/// For sorted edges: where those of each node begin, and at last where all end.
fn first_edges(edges: &[Edge], node_count: usize) -> Result<Vec<u32>, Error> {
    let mut first = Vec::with_capacity(node_count + 1);
    let mut at = 0;
    first.push(0);
    for node in 0..node_count {
        at += edges[at..]
            .iter()
            .take_while(|edge| edge.from as usize == node)
            .count();
        first.push(u32::try_from(at).map_err(|_| Error::TooLarge)?);
    }
    Ok(first)
}

fn link_opposites(edges: &mut [Edge], first_edge: &[u32]) {
    for id in 0..edges.len() {
        let Edge { from, to, way, .. } = edges[id];
        let mut candidates = first_edge[to as usize]..first_edge[to as usize + 1];
        edges[id].opposite = candidates
            .find(|&other| edges[other as usize].to == from && edges[other as usize].way == way)
            .map(EdgeId);
    }
}

fn bounds(nodes: &[LatLon]) -> Option<Bounds> {
    let first = nodes.first()?;
    let start = Bounds {
        south: first.latitude,
        west: first.longitude,
        north: first.latitude,
        east: first.longitude,
    };
    Some(nodes.iter().fold(start, |bounds, place| Bounds {
        south: bounds.south.min(place.latitude),
        west: bounds.west.min(place.longitude),
        north: bounds.north.max(place.latitude),
        east: bounds.east.max(place.longitude),
    }))
}
