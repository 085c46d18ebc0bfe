use std::fmt;

use h3o::{CellIndex, LatLng, Resolution};

use super::cell::{h3, parent};
use super::cover::REACH_IN_EDGES;
use super::{Area, Cell, LatLon};

/// A cell by which vehicles are counted, of any of [`Hexagon::RESOLUTIONS`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hexagon(CellIndex);

/// How wide a cell should be on the map, pixels.
const WIDTH_PX: f64 = 50.0;
/// The side of a tile, pixels: at zoom 0 one tile is the whole Earth.
const TILE_PX: f64 = 512.0;
/// The Earth's circumference in Web Mercator, metres at the equator.
const AROUND_M: f64 = 40_075_016.686;
/// Where Web Mercator ends, degrees north and south.
const MERCATOR_ENDS: f64 = 85.051;
/// Metres of a degree of latitude.
const DEGREE_M: f64 = super::area::EARTH_RADIUS_M * std::f64::consts::PI / 180.0;

impl Hexagon {
    /// From the resolution of 1,770 km² to that of 0.1 km². Coarser than the first are countries,
    /// for which this node would listen to a quarter of a million coarse cells; finer than the
    /// last, vehicles themselves can be shown.
    pub const RESOLUTIONS: [Resolution; 6] = [
        Resolution::Four,
        Resolution::Five,
        Resolution::Six,
        Resolution::Seven,
        Resolution::Eight,
        Resolution::Nine,
    ];

    /// The hexagon that counts a vehicle which is at `point`, in `cell`.
    ///
    /// Up to the resolution of cells it is their parent, as everywhere here: near its border it
    /// counts some vehicles that are just beyond. Only finer ones need the point.
    #[must_use]
    pub fn around(cell: Cell, point: LatLon, resolution: Resolution) -> Self {
        if resolution <= Cell::RESOLUTION {
            Self(parent(cell.index(), resolution))
        } else {
            Self(h3(point).to_cell(resolution))
        }
    }

    /// The resolution whose average cell is nearest to 50 pixels wide, on a Web Mercator map with
    /// tiles of 512 pixels. As cells of a resolution are √7 times as wide as those of the next,
    /// that is 31 to 81 pixels, and otherwise beyond the first and the last.
    #[must_use]
    pub fn resolution(zoom: f64, latitude: f64) -> Resolution {
        let latitude = latitude.clamp(-MERCATOR_ENDS, MERCATOR_ENDS);
        let pixel_m = AROUND_M * latitude.to_radians().cos() / (TILE_PX * zoom.exp2());
        let off = |resolution: &Resolution| (width_m(*resolution) / pixel_m / WIDTH_PX).ln().abs();
        let nearest = |a: &Resolution, b: &Resolution| off(a).total_cmp(&off(b));
        let nearest = Self::RESOLUTIONS.into_iter().min_by(nearest);
        nearest.unwrap_or(Cell::RESOLUTION)
    }

    /// Its centre.
    #[must_use]
    pub fn center(self) -> LatLon {
        let center = LatLng::from(self.0);
        LatLon::new(center.lat(), center.lng()).unwrap_or(LatLon::ORIGIN)
    }

    /// Its corners as `[longitude, latitude]`, degrees to 6 decimals (0.1 m), counter-clockwise.
    /// Longitudes run on beyond ±180, so that neighbours do not lie at the two ends of a map.
    #[must_use]
    pub fn outline(self) -> Vec<[f64; 2]> {
        let center = self.center().longitude();
        let corner = |corner: &LatLng| {
            let around = ((corner.lng() - center) / 360.0).round();
            [corner.lng() - around * 360.0, corner.lat()].map(|it| (it * 1e6).round() / 1e6)
        };
        self.0.boundary().iter().map(corner).collect()
    }
}

/// From side to side.
fn width_m(resolution: Resolution) -> f64 {
    (resolution.area_km2() * 2.0 / 3f64.sqrt()).sqrt() * 1_000.0
}

impl Area {
    /// About how many hexagons of a resolution reach into it.
    #[must_use]
    pub fn hexagons(&self, resolution: Resolution) -> f64 {
        self.cells_estimated(resolution)
    }

    /// A rectangle that reaches one hexagon of a resolution farther to all sides: in it are the
    /// centres of all hexagons that count a vehicle of this area, and of some just beside it.
    #[must_use]
    pub fn grown(&self, resolution: Resolution) -> Self {
        let (south, north) = self.latitudes();
        let reach = REACH_IN_EDGES * resolution.edge_length_m() / DEGREE_M;
        let (south, north) = ((south - reach).max(-90.0), (north + reach).min(90.0));
        // Meridians are nearest to each other where it is nearest to a pole.
        let shrink = south.abs().max(north.abs()).to_radians().cos();
        let half_width = self.half_width_degrees() + reach / shrink;
        let middle = self.middle().longitude();
        let (west, east) = if half_width < 180.0 {
            let wrapped = |longitude: f64| (longitude + 180.0).rem_euclid(360.0) - 180.0;
            (wrapped(middle - half_width), wrapped(middle + half_width))
        } else {
            (-180.0, 180.0)
        };
        Self::Rectangle {
            south,
            west,
            north,
            east,
        }
    }
}

impl fmt::Display for Hexagon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Hexagon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hexagon({})", self.0)
    }
}
