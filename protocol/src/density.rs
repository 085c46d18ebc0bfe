use serde::{Deserialize, Serialize};

use crate::{SubscriptionName, VehicleClass};

/// How many vehicles are where, cell by cell: what a map shows that is too wide for each vehicle.
/// `west` greater than `east` crosses the antimeridian.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct Density {
    /// Degrees north, −90 to 90.
    #[cfg_attr(test, schemars(range(min = -90, max = 90)))]
    pub south: f64,
    /// Degrees east, −180 to 180.
    #[cfg_attr(test, schemars(range(min = -180, max = 180)))]
    pub west: f64,
    /// Degrees north, above `south`.
    #[cfg_attr(test, schemars(range(min = -90, max = 90)))]
    pub north: f64,
    /// Degrees east, −180 to 180.
    #[cfg_attr(test, schemars(range(min = -180, max = 180)))]
    pub east: f64,
    /// The map's zoom level, 0 to 24, of tiles of 512 pixels: decides how large the cells are.
    #[cfg_attr(test, schemars(range(min = 0, max = 24)))]
    pub zoom: f32,
    /// Only vehicles of this class. Absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle_class: Option<VehicleClass>,
}

/// How many vehicles are in the cells of one subscription.
///
/// Newest wins: who reads slowly gets fewer messages, each about what has changed since the last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct DensityMessage {
    /// Which of the client's subscriptions.
    pub subscription: SubscriptionName,
    /// True: `cells` is all there is, forget every other. False: a change.
    pub snapshot: bool,
    /// The H3 resolution of the cells.
    #[cfg_attr(test, schemars(range(min = 4, max = 9)))]
    pub resolution: u8,
    /// Cells with vehicles in them, that are new or whose counts have changed.
    pub cells: Vec<DensityCell>,
    /// Cells that have no vehicle any more.
    pub left: Vec<String>,
    /// Vehicles in all cells together, those that are not told anew included.
    pub vehicles: u32,
}

/// How many vehicles are in a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct DensityCell {
    /// The H3 cell, 15 hex digits.
    pub cell: String,
    /// All of them, at least 1.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub vehicles: u32,
    /// Those of them that are silent.
    pub silent: u32,
    /// Those of them that a ride has taken.
    pub busy: u32,
    /// Its corners, `[longitude, latitude]` in degrees, counter-clockwise, the first not
    /// repeated: mostly six. Longitudes go beyond ±180 where it crosses the antimeridian. Absent:
    /// as told when it entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outline: Option<Vec<[f64; 2]>>,
}
