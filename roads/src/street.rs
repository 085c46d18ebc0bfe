//! Streets as lines to draw.

use std::collections::BTreeMap;

use crate::class::RoadClass;
use crate::lat_lon::LatLon;
use crate::network::RoadNetwork;
use crate::tags::Direction;

/// A stretch of road as a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Street<'a> {
    /// Name of the street, or its number (`ref`) when it has no name.
    pub name: Option<&'a str>,
    /// Class of the road.
    pub class: RoadClass,
    /// Whether it may be driven in the direction of the line only.
    pub oneway: bool,
    /// At least two places; in driving direction when one-way.
    pub line: Vec<LatLon>,
}

impl RoadNetwork {
    /// The streets as lines to draw. OSM cuts a street into a way at every change of its tags; here
    /// ways that follow each other and agree in name, class and `oneway` are one line again, so
    /// that a map can write a long name along it. Small roads come first and large ones last, the
    /// order in which to paint them.
    #[must_use]
    pub fn streets(&self) -> Vec<Street<'_>> {
        let mut groups: BTreeMap<_, Vec<Vec<u32>>> = BTreeMap::new();
        for way in &self.ways {
            let road = &way.road;
            let mut line = way.nodes.clone();
            if road.direction == Direction::Backward {
                line.reverse();
            }
            let oneway = road.direction != Direction::Both;
            groups
                .entry((road.class, road.name.as_deref(), oneway))
                .or_default()
                .push(line);
        }
        let mut streets = Vec::new();
        for ((class, name, oneway), lines) in groups.into_iter().rev() {
            for line in join(lines, oneway) {
                let line = line.into_iter().map(|n| self.nodes[n as usize]).collect();
                streets.push(Street {
                    name,
                    class,
                    oneway,
                    line,
                });
            }
        }
        streets
    }
}

/// Joins lines end to end wherever exactly two of them meet. `directed` lines are never turned
/// round. A line of less than two nodes does not occur.
fn join(mut lines: Vec<Vec<u32>>, directed: bool) -> Vec<Vec<u32>> {
    let mut ending_at: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (index, line) in lines.iter().enumerate() {
        for end in ends(line) {
            ending_at.entry(end).or_default().push(index);
        }
    }
    let meeting_points: Vec<u32> = ending_at.keys().copied().collect();
    for node in meeting_points {
        let &[a, b] = ending_at[&node].as_slice() else {
            continue;
        };
        // A line that ends where it starts is a ring and complete.
        if a == b {
            continue;
        }
        let (mut head, mut tail) = (std::mem::take(&mut lines[a]), std::mem::take(&mut lines[b]));
        if directed {
            if head.last() != Some(&node) {
                std::mem::swap(&mut head, &mut tail);
            }
        } else {
            if head.last() != Some(&node) {
                head.reverse();
            }
            if tail.first() != Some(&node) {
                tail.reverse();
            }
        }
        if head.last() != Some(&node) || tail.first() != Some(&node) {
            // Two one-way streets that run towards or away from each other.
            (lines[a], lines[b]) = (head, tail);
            continue;
        }
        head.extend_from_slice(&tail[1..]);
        // The far end of `b` is now one of `a`.
        for end in ends(&head) {
            for index in ending_at.entry(end).or_default() {
                if *index == b {
                    *index = a;
                }
            }
        }
        lines[a] = head;
    }
    lines.retain(|line| !line.is_empty());
    lines
}

fn ends(line: &[u32]) -> impl Iterator<Item = u32> + use<> {
    [line.first().copied(), line.last().copied()]
        .into_iter()
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_join_where_two_meet() {
        let joined = |lines: &[&[u32]], directed| {
            join(lines.iter().map(|line| line.to_vec()).collect(), directed)
        };
        assert_eq!(joined(&[&[1, 2], &[2, 3]], true), [[1, 2, 3]]);
        assert_eq!(joined(&[&[2, 3], &[1, 2]], true), [[1, 2, 3]]);
        assert_eq!(joined(&[&[1, 2], &[3, 2]], true), [[1, 2], [3, 2]]);
        assert_eq!(joined(&[&[1, 2], &[3, 2]], false), [[1, 2, 3]]);
        assert_eq!(joined(&[&[2, 1], &[2, 3], &[3, 4]], false), [[1, 2, 3, 4]]);
        // Three meet in 2: which two belong together nobody knows.
        let fork: &[&[u32]] = &[&[1, 2], &[2, 3], &[2, 4]];
        assert_eq!(joined(fork, false), fork);
        // A ring of two, and a ring by itself.
        assert_eq!(joined(&[&[1, 2, 3], &[3, 4, 1]], true), [[3, 4, 1, 2, 3]]);
        assert_eq!(joined(&[&[1, 2, 1]], false), [[1, 2, 1]]);
        assert_eq!(
            joined(&[&[4, 5], &[2, 3], &[3, 4], &[1, 2]], true),
            [[1, 2, 3, 4, 5]]
        );
    }
}
