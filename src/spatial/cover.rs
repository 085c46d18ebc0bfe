use std::collections::VecDeque;

use h3o::{CellIndex, LatLng, Resolution};
use rustc_hash::FxHashSet;

use super::cell::{h3, parent};
use super::{Area, Cell, CoarseCell, LatLon};

/// A hexagon somebody watches, of one of [`WatchCell::RESOLUTIONS`]: small
/// ones for a circle around a rider, large ones for an operator's country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WatchCell(CellIndex);

impl WatchCell {
    /// From about 0.7 km² by 36 km² to 1,770 km².
    pub const RESOLUTIONS: [Resolution; 3] = [Cell::RESOLUTION, Resolution::Six, Resolution::Four];

    /// The watch cells that a vehicle in `cell` is seen through, one of each resolution.
    #[must_use]
    pub fn around(cell: Cell) -> [Self; 3] {
        Self::RESOLUTIONS.map(|resolution| Self(parent(cell.index(), resolution)))
    }

    /// The cells in it.
    pub fn cells(self) -> impl Iterator<Item = Cell> {
        self.0.children(Cell::RESOLUTION).map(Cell::from_index)
    }

    /// The coarse cells whose vehicles may be in it.
    pub fn coarse(self) -> impl Iterator<Item = CoarseCell> {
        let up = (self.0.resolution() > CoarseCell::RESOLUTION)
            .then(|| parent(self.0, CoarseCell::RESOLUTION));
        let down = up
            .is_none()
            .then(|| self.0.children(CoarseCell::RESOLUTION));
        up.into_iter()
            .chain(down.into_iter().flatten())
            .map(CoarseCell::from_index)
    }
}

impl From<Cell> for WatchCell {
    /// The smallest: just that cell.
    fn from(cell: Cell) -> Self {
        Self(cell.index())
    }
}

/// At most about this many cells in a cover: beyond, the next coarser resolution is taken.
const CELLS_AIMED_AT: f64 = 100.0;

/// How far a point of a cell may be from the cell's centre, in average edge
/// lengths of its resolution. Two things make it more than 1: H3's hexagons are
/// up to 1.3 times as large as the average, and the cells *in* a coarse cell
/// (its descendants, which is what is meant here) stick out of its hexagon.
pub(super) const REACH_IN_EDGES: f64 = 1.7;

impl Area {
    /// Watch cells of one resolution that together hold every point of the area.
    /// Some may lie beside it: who asks for exactly the area checks [`Area::contains`].
    #[must_use]
    pub fn cover(&self) -> Vec<WatchCell> {
        let resolution = WatchCell::RESOLUTIONS
            .into_iter()
            .find(|&resolution| self.cells_estimated(resolution) <= CELLS_AIMED_AT)
            .unwrap_or(Resolution::Four);
        let reach_m = REACH_IN_EDGES * resolution.edge_length_m();

        // The cells that touch the area hang together: flood from one inside.
        let start = parent(h3(self.middle()).to_cell(Cell::RESOLUTION), resolution);
        let mut seen = FxHashSet::from_iter([start]);
        let mut queue = VecDeque::from([start]);
        let mut cover = Vec::new();
        while let Some(cell) = queue.pop_front() {
            if self.distance_m(center(cell)) > reach_m {
                continue;
            }
            cover.push(WatchCell(cell));
            for neighbour in cell.grid_disk::<Vec<_>>(1) {
                if seen.insert(neighbour) {
                    queue.push_back(neighbour);
                }
            }
        }
        cover
    }

    pub(super) fn cells_estimated(&self, resolution: Resolution) -> f64 {
        let margin_km = REACH_IN_EDGES * resolution.edge_length_km();
        let surface = match self {
            Self::Circle { radius_m, .. } => {
                std::f64::consts::PI * (radius_m / 1000.0 + margin_km).powi(2)
            }
            Self::Rectangle { .. } => {
                self.surface_km2() + margin_km * (8.0 * self.reach_m() / 1000.0 + 4.0 * margin_km)
            }
        };
        surface / resolution.area_km2()
    }
}

fn center(cell: CellIndex) -> LatLon {
    let center = LatLng::from(cell);
    LatLon::new(center.lat(), center.lng()).unwrap_or(LatLon::ORIGIN)
}
