//! Points, areas and cells on the globe. Pure: no clock, no lock, no input or output.

mod cell;
mod point;

pub use cell::{Cell, CoarseCell};
pub use point::{LatLon, NotOnEarth};
