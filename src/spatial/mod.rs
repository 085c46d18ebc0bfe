//! Points, areas and cells on the globe. Pure: no clock, no lock, no input or output.

mod area;
mod block;
mod cell;
mod cover;
mod hexagon;
mod point;
mod sphere;
#[cfg(test)]
mod tests;

pub use area::{Area, Inside, NotAnArea};
pub use block::{Block, Tile};
pub use cell::{Cell, CoarseCell};
pub use cover::WatchCell;
pub use h3o::Resolution;
pub use hexagon::Hexagon;
pub use point::{LatLon, NotOnEarth};
pub use sphere::Spot;
