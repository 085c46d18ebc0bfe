use serde::{Deserialize, Serialize};

use crate::{VehicleClass, VehicleId};

/// Where one vehicle was: columns of one length, an entry for each fix, the oldest first.
///
/// Between two fixes that are `every_ms` apart or so it drove from one to the other. When they are
/// more than 20 s apart, it was not heard, or was outside the area asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct Trail {
    /// Which vehicle.
    pub id: VehicleId,
    /// The kind of vehicle, as it was last.
    pub class: VehicleClass,
    /// When the service heard it there, ms since the Unix epoch, to a tenth of a second.
    #[cfg_attr(test, ts(type = "Array<number>"))]
    pub times_ms: Vec<i64>,
    /// Where: longitude and latitude, degrees, WGS 84, to 6 decimals (about 11 cm).
    pub line: Vec<(f64, f64)>,
    /// 1: a ride had taken it, 0: it was free.
    #[cfg_attr(test, schemars(inner(range(min = 0, max = 1))))]
    pub busy: Vec<u8>,
}

/// Answer of `GET /v1/history` and of `GET /v1/vehicles/{id}/trail`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct History {
    /// From when on, as asked, ms since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub from_ms: i64,
    /// The answer has everything from `from_ms` to before this, ms since the Unix epoch: ask on
    /// from here. Before the end asked for when that was more than is told at once, or too new.
    #[cfg_attr(test, ts(type = "number"))]
    pub to_ms: i64,
    /// Nothing is kept of the time before this, ms since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub kept_from_ms: i64,
    /// How far apart the fixes of a vehicle that moves are, ms.
    #[cfg_attr(test, ts(type = "number"))]
    pub every_ms: i64,
    /// The vehicles, by their ids.
    pub vehicles: Vec<Trail>,
}
