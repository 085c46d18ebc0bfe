use std::fmt;
use std::str::FromStr;

use h3o::{CellIndex, LatLng, Resolution};

use super::LatLon;

/// The cell a vehicle is in: H3 resolution 8, a hexagon of about 0.7 km².
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell(CellIndex);

impl Cell {
    /// The resolution vehicles are indexed at.
    pub const RESOLUTION: Resolution = Resolution::Eight;

    /// The cell around a point.
    #[must_use]
    pub fn of(point: LatLon) -> Self {
        Self(h3(point).to_cell(Self::RESOLUTION))
    }

    pub(super) const fn index(self) -> CellIndex {
        self.0
    }

    pub(super) const fn from_index(index: CellIndex) -> Self {
        Self(index)
    }

    /// The coarse cell this one lies in.
    #[must_use]
    pub fn coarse(self) -> CoarseCell {
        CoarseCell(parent(self.0, CoarseCell::RESOLUTION))
    }
}

/// The cell by which nodes share vehicles: H3 resolution 5, about 250 km².
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CoarseCell(CellIndex);

impl CoarseCell {
    /// The resolution at which store and broker split the world.
    pub const RESOLUTION: Resolution = Resolution::Five;

    /// The coarse cell around a point.
    ///
    /// It is the parent of the point's [`Cell`], which near a border is not
    /// always the coarse hexagon that contains the point: H3's hexagons do not
    /// nest exactly. Everybody must ask through the fine cell, or two nodes
    /// would look for one vehicle in two places.
    #[must_use]
    pub fn of(point: LatLon) -> Self {
        Cell::of(point).coarse()
    }
}

impl CoarseCell {
    pub(super) const fn from_index(index: CellIndex) -> Self {
        Self(index)
    }
}

pub(super) fn h3(point: LatLon) -> LatLng {
    // Finite by construction of `LatLon`, which is all that h3o asks.
    LatLng::new(point.latitude(), point.longitude()).unwrap_or_default()
}

pub(super) fn parent(cell: CellIndex, resolution: Resolution) -> CellIndex {
    // None only for a finer resolution than the cell's own: the cell stands for itself.
    cell.parent(resolution).unwrap_or(cell)
}

impl fmt::Display for CoarseCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for CoarseCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CoarseCell({})", self.0)
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cell({})", self.0)
    }
}

/// The text is not a coarse cell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an H3 cell of resolution 5")]
pub struct NotACoarseCell;

impl FromStr for CoarseCell {
    type Err = NotACoarseCell;

    fn from_str(text: &str) -> Result<Self, NotACoarseCell> {
        match text.parse::<CellIndex>() {
            Ok(cell) if cell.resolution() == Self::RESOLUTION => Ok(Self(cell)),
            _ => Err(NotACoarseCell),
        }
    }
}
