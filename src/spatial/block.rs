use super::{Area, LatLon, Spot};

/// A piece of the globe of about 0.9 × 0.9 km: rows of equal height, each cut into as many
/// columns as make its blocks about as wide as high. So it is at the poles and the antimeridian
/// as it is elsewhere; but columns of neighbouring rows do not stand one above the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Block {
    row: u32,
    column: u32,
}

/// One of the 8 × 8 pieces of a block, about 110 × 110 m.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// The block it is in.
    pub block: Block,
    /// Which of its 64, row by row: below 64.
    pub nth: u32,
}

const ROWS_PER_DEGREE: f64 = 128.0;
const ROWS: u32 = 180 * 128;
/// Tiles in a row or column of a block.
const SIDE: u32 = 8;
/// Half the diagonal of a square of side 1, and a little, as these are no squares.
const HALF_DIAGONAL: f64 = 0.72;
const BLOCK_SIDE: f64 = 1.0 / ROWS_PER_DEGREE * std::f64::consts::PI / 180.0;
/// What an edge may lie off by rounding, degrees (0.1 mm).
const ROUNDING_DEGREES: f64 = 1e-9;

impl Block {
    /// How far its points are from its middle at most, as a chord in radii of the globe.
    pub const REACH: f64 = HALF_DIAGONAL * BLOCK_SIDE;

    /// A point in the middle of it.
    #[must_use]
    pub fn middle(self) -> Spot {
        self.at(0.5, 0.5)
    }

    /// The point so large a part of its height and width from its south-western corner.
    fn at(self, up: f64, along: f64) -> Spot {
        let latitude = (f64::from(self.row) + up) / ROWS_PER_DEGREE - 90.0;
        let columns = f64::from(columns(self.row));
        let longitude = (f64::from(self.column) + along) / columns * 360.0 - 180.0;
        LatLon::new(latitude, longitude)
            .unwrap_or(LatLon::ORIGIN)
            .into()
    }
}

impl Tile {
    /// As [`Block::REACH`].
    pub const REACH: f64 = Block::REACH / 8.0;

    /// The tile around a point.
    #[must_use]
    pub fn of(point: LatLon) -> Self {
        let (row, up) = part((point.latitude() + 90.0) * ROWS_PER_DEGREE, ROWS);
        let columns = columns(row);
        let east = (point.longitude() + 180.0) / 360.0;
        let (column, along) = part(east * f64::from(columns), columns);
        Self {
            block: Block { row, column },
            nth: up * SIDE + along,
        }
    }

    /// A point in the middle of it.
    #[must_use]
    pub fn middle(self) -> Spot {
        let part = |nth: u32| (f64::from(nth) + 0.5) / f64::from(SIDE);
        self.block.at(part(self.nth / SIDE), part(self.nth % SIDE))
    }

    /// Those of a block's tiles, a bit for each, that these tiles and all around them are.
    #[must_use]
    pub const fn grown(tiles: u64) -> u64 {
        const FIRST: u64 = 0x0101_0101_0101_0101;
        const LAST: u64 = FIRST << 7;
        let wide = tiles | (tiles & !LAST) << 1 | (tiles & !FIRST) >> 1;
        wide | wide << 8 | wide >> 8
    }
}

/// The whole part of a number, which is below `end`, and in which eighth of it the rest lies.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "made of a valid latitude or longitude: not negative, and bounded here"
)]
fn part(number: f64, end: u32) -> (u32, u32) {
    // The northernmost and easternmost points would begin one more.
    let whole = (number as u32).min(end - 1);
    let eighth = ((number - f64::from(whole)) * f64::from(SIDE)) as u32;
    (whole, eighth.min(SIDE - 1))
}

/// How many blocks a row has.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cosine times the columns of the equator"
)]
fn columns(row: u32) -> u32 {
    // Where it is widest, which is its edge towards the equator.
    let from_equator = if row < ROWS / 2 {
        ROWS / 2 - 1 - row
    } else {
        row - ROWS / 2
    };
    let latitude = f64::from(from_equator) / ROWS_PER_DEGREE;
    (f64::from(2 * ROWS) * latitude.to_radians().cos()).ceil() as u32
}

impl Area {
    /// Blocks that together hold every point of the area, those of its middle first; `None` if
    /// they are more than `most`. Some may lie beside it.
    #[must_use]
    pub fn blocks(&self, most: usize) -> Option<Vec<Block>> {
        let (south, north) = self.latitudes();
        let middle = self.middle();
        let row = |latitude: f64| part((latitude + 90.0) * ROWS_PER_DEGREE, ROWS).0;
        let half_degrees = self.half_width_degrees() + ROUNDING_DEGREES;
        let mut blocks = Vec::new();
        for row in outward(
            row((south - ROUNDING_DEGREES).max(-90.0)).into(),
            row(middle.latitude()).into(),
            row((north + ROUNDING_DEGREES).min(90.0)).into(),
        ) {
            let row = u32::try_from(row).unwrap_or(0);
            let columns = columns(row);
            let column = |longitude: f64| {
                let column = (longitude + 180.0) / 360.0 * f64::from(columns);
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "a column's number, or near"
                )]
                let column = column.floor() as i64;
                column
            };
            let [mut first, here, mut last] =
                [-half_degrees, 0.0, half_degrees].map(|off| column(middle.longitude() + off));
            let columns = i64::from(columns);
            if last - first >= columns {
                first = here - columns / 2;
                last = first + columns - 1;
            }
            if usize::try_from(last - first + 1).is_ok_and(|more| blocks.len() + more > most) {
                return None;
            }
            blocks.extend(outward(first, here, last).map(|column| Block {
                row,
                column: u32::try_from(column.rem_euclid(columns)).unwrap_or(0),
            }));
        }
        Some(blocks)
    }
}

/// All from `first` to `last`, those near `middle` first.
fn outward(first: i64, middle: i64, last: i64) -> impl Iterator<Item = i64> {
    let farthest = (last - middle).max(middle - first);
    let both = move |off| [Some(middle + off), (off > 0).then_some(middle - off)];
    let all = (0..=farthest).flat_map(both).flatten();
    all.filter(move |at| (first..=last).contains(at))
}
