//! The fastest way from one place on a road to another.

use crate::index::Snap;
use crate::lat_lon::LatLon;
use crate::network::EdgeId;
use crate::router::{Router, Search};

/// A part of an edge, or the whole of it, driven from its start towards its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// The edge.
    pub edge: EdgeId,
    /// Where on it the drive begins, metres from its start.
    pub from_m: f64,
    /// Where on it the drive ends, metres from its start; never less than `from_m`.
    pub to_m: f64,
}

/// A way from one place on a road to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Drive {
    /// In driving order. At least one; of no length when both places are the same.
    pub stretches: Vec<Stretch>,
    /// Length in metres.
    pub length_m: f64,
    /// Seconds, by the router's [`travel_ms`](Router::travel_ms).
    pub duration_s: f64,
}

impl Router {
    /// The fastest way between two places on roads. A two-way street may be left, and reached, in
    /// both directions. Turning round on the spot at the start costs nothing: nobody knows which
    /// way a snapped vehicle faces. `None` only for snaps that are not of this network.
    pub fn drive(&self, search: &mut Search, from: &Snap, to: &Snap) -> Option<Drive> {
        let (from, to) = (self.directions(from)?, self.directions(to)?);
        let along = self.along_one_edge(&from, &to);
        let through = self.through_nodes(search, &from, &to);
        let ways = [along, through].into_iter().flatten();
        ways.min_by(|a, b| a.duration_s.total_cmp(&b.duration_s))
    }

    /// Seconds to drive a stretch: its share of its edge's [`travel_ms`](Self::travel_ms).
    ///
    /// # Panics
    /// When its edge is not one of this network.
    #[must_use]
    pub fn stretch_s(&self, stretch: &Stretch) -> f64 {
        let length_m = self.network().edge(stretch.edge).length_m;
        if length_m > 0.0 {
            let share = (stretch.to_m - stretch.from_m) / length_m;
            share * f64::from(self.travel_ms(stretch.edge)) / 1000.0
        } else {
            0.0
        }
    }

    /// The line of a drive: where it begins, and the end of each stretch. At least two places, but
    /// for a drive without stretches, which has none.
    ///
    /// # Panics
    /// When an edge of it is not one of this network.
    #[must_use]
    pub fn line(&self, drive: &Drive) -> Vec<LatLon> {
        let network = self.network();
        let begin = drive.stretches.first();
        let begin = begin.map(|it| network.place_on(it.edge, it.from_m));
        let ends = drive.stretches.iter();
        let ends = ends.map(|it| network.place_on(it.edge, it.to_m));
        begin.into_iter().chain(ends).collect()
    }

    /// The place as metres along its edge, and along the opposite edge if there is one.
    fn directions(&self, snap: &Snap) -> Option<Vec<(EdgeId, f64)>> {
        let network = self.network();
        if snap.edge.0 as usize >= network.edge_count() || !snap.along_m.is_finite() {
            return None;
        }
        let length_m = network.edge(snap.edge).length_m;
        let along_m = snap.along_m.clamp(0.0, length_m);
        let mut directions = vec![(snap.edge, along_m)];
        if let Some(opposite) = network.opposite(snap.edge) {
            directions.push((opposite, length_m - along_m));
        }
        Some(directions)
    }

    /// Both places on one edge, the goal ahead.
    fn along_one_edge(&self, from: &[(EdgeId, f64)], to: &[(EdgeId, f64)]) -> Option<Drive> {
        from.iter()
            .flat_map(|start| to.iter().map(move |goal| (start, goal)))
            .filter(|((from_edge, from_m), (to_edge, to_m))| from_edge == to_edge && from_m <= to_m)
            .map(|(&(edge, from_m), &(_, to_m))| {
                self.drive_of(vec![Stretch { edge, from_m, to_m }])
            })
            .min_by(|a, b| a.duration_s.total_cmp(&b.duration_s))
    }

    /// From the start to the end of its edge, from node to node, and on to the goal.
    fn through_nodes(
        &self,
        search: &mut Search,
        from: &[(EdgeId, f64)],
        to: &[(EdgeId, f64)],
    ) -> Option<Drive> {
        let network = self.network();
        let out: Vec<(usize, Stretch)> = from
            .iter()
            .map(|&(edge, from_m)| {
                let data = network.edge(edge);
                let to_m = data.length_m;
                (data.to.0 as usize, Stretch { edge, from_m, to_m })
            })
            .collect();
        let into: Vec<(usize, Stretch)> = to
            .iter()
            .map(|&(edge, to_m)| {
                let from_m = 0.0;
                (
                    network.edge(edge).from.0 as usize,
                    Stretch { edge, from_m, to_m },
                )
            })
            .collect();
        // The ends of an edge are two nodes, so a node says which direction was taken.
        let weighted = |ends: &[(usize, Stretch)]| {
            let cost = |(node, stretch): &(usize, Stretch)| (*node, self.stretch_ms(stretch));
            ends.iter().map(cost).collect()
        };
        self.fit(search);
        let path = search.calculator.calc_path_multiple_sources_and_targets(
            &self.hierarchy,
            weighted(&out),
            weighted(&into),
        )?;
        let nodes = path.get_nodes();
        let of = |ends: &[(usize, Stretch)], node: Option<&usize>| {
            let taken = ends.iter().find(|(end, _)| Some(end) == node);
            taken.map(|(_, stretch)| *stretch)
        };
        let mut stretches = vec![of(&out, nodes.first())?];
        for pair in nodes.windows(2) {
            let edge = self.fastest_edge(pair[0], pair[1])?;
            let to_m = network.edge(edge).length_m;
            stretches.push(Stretch {
                edge,
                from_m: 0.0,
                to_m,
            });
        }
        stretches.push(of(&into, nodes.last())?);
        Some(self.drive_of(stretches))
    }

    fn drive_of(&self, stretches: Vec<Stretch>) -> Drive {
        let length_m = stretches.iter().map(|s| s.to_m - s.from_m).sum();
        let duration_s = stretches.iter().map(|s| self.stretch_s(s)).sum();
        Drive {
            stretches,
            length_m,
            duration_s,
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a number of 32 bits"
    )]
    fn stretch_ms(&self, stretch: &Stretch) -> usize {
        (self.stretch_s(stretch) * 1000.0).round() as usize
    }
}
