//! Finding the node or the edge nearest to a place.

use rstar::primitives::{GeomWithData, Line};
use rstar::{PointDistance, RTree};

use crate::lat_lon::LatLon;
use crate::network::{Bounds, Edge, EdgeId, NodeId, RoadNetwork};

/// A place on a road.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Snap {
    /// The edge it lies on.
    pub edge: EdgeId,
    /// Metres from the start of the edge, 0 to its length.
    pub along_m: f64,
    /// Metres (great circle) from the place that was asked for.
    pub distance_m: f64,
    /// The place on the road.
    pub point: LatLon,
}

/// Metres east and north of the middle of a network, on a plane that touches the earth there
/// (equirectangular projection). Over a city its scale is wrong by less than 0.5 %, and in the
/// same way for neighbouring streets, so that the nearest one stays the nearest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plane {
    middle: LatLon,
    east_m_per_deg: f64,
    north_m_per_deg: f64,
}

impl Plane {
    pub(crate) fn at_middle_of(bounds: Bounds) -> Self {
        let latitude = f64::midpoint(bounds.south, bounds.north);
        let longitude = f64::midpoint(bounds.west, bounds.east);
        let north_m_per_deg = 6_371_008.8_f64.to_radians();
        Self {
            middle: LatLon {
                latitude,
                longitude,
            },
            east_m_per_deg: north_m_per_deg * latitude.to_radians().cos(),
            north_m_per_deg,
        }
    }

    pub(crate) fn xy(self, place: LatLon) -> [f64; 2] {
        [
            (place.longitude - self.middle.longitude) * self.east_m_per_deg,
            (place.latitude - self.middle.latitude) * self.north_m_per_deg,
        ]
    }
}

/// R-trees over the nodes and over the straight pieces of road, in metres of the plane.
#[derive(Debug)]
pub(crate) struct Index {
    plane: Plane,
    nodes: RTree<GeomWithData<[f64; 2], NodeId>>,
    segments: RTree<GeomWithData<Line<[f64; 2]>, EdgeId>>,
}

impl Index {
    pub(crate) fn new(nodes: &[LatLon], edges: &[Edge], bounds: Bounds) -> Self {
        let plane = Plane::at_middle_of(bounds);
        let xy: Vec<_> = nodes.iter().map(|&place| plane.xy(place)).collect();
        let points = (0..).map(NodeId).zip(&xy);
        let points = points.map(|(id, &xy)| GeomWithData::new(xy, id)).collect();
        let segments = (0..)
            .map(EdgeId)
            .zip(edges)
            // One of the two directions of a street is enough.
            .filter(|(id, edge)| edge.opposite.is_none_or(|opposite| *id < opposite))
            .map(|(id, edge)| {
                let line = Line::new(xy[edge.from as usize], xy[edge.to as usize]);
                GeomWithData::new(line, id)
            })
            .collect();
        Self {
            plane,
            nodes: RTree::bulk_load(points),
            segments: RTree::bulk_load(segments),
        }
    }

    pub(crate) fn nearest_node(&self, place: LatLon) -> Option<NodeId> {
        let xy = self.finite_xy(place)?;
        self.nodes.nearest_neighbor(xy).map(|found| found.data)
    }

    pub(crate) fn snap(&self, network: &RoadNetwork, place: LatLon, max_m: f64) -> Option<Snap> {
        let xy = self.finite_xy(place)?;
        let found = self.segments.nearest_neighbor(xy)?;
        let (edge, line) = (found.data, found.geom());
        let length_2 = line.length_2();
        let share = if length_2 > 0.0 {
            let ([ax, ay], [bx, by]) = (line.from, line.to);
            let along = (xy[0] - ax) * (bx - ax) + (xy[1] - ay) * (by - ay);
            (along / length_2).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let record = &network.edges[edge.0 as usize];
        let (from, to) = (
            network.nodes[record.from as usize],
            network.nodes[record.to as usize],
        );
        let point = from.towards(to, share);
        let distance_m = place.distance_m(point);
        (distance_m <= max_m).then_some(Snap {
            edge,
            along_m: record.length_m * share,
            distance_m,
            point,
        })
    }

    /// The R-tree compares distances and must never see one that is not a number.
    fn finite_xy(&self, place: LatLon) -> Option<[f64; 2]> {
        let xy = self.plane.xy(place);
        xy.distance_2(&[0.0, 0.0]).is_finite().then_some(xy)
    }
}
