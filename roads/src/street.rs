//! Streets as lines to draw.

use crate::class::RoadClass;
use crate::network::LatLon;

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
