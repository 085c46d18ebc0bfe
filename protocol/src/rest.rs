use serde::{Deserialize, Serialize};

use crate::{Position, Refused, VehicleInfo, VehicleUpdate};

/// Answer of `GET /v1/vehicles`: nearest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NearbyVehicles {
    /// The vehicles within the circle, nearest first, at most `limit`.
    pub vehicles: Vec<VehicleUpdate>,
    /// When the answer was made, ms since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub server_time_ms: i64,
}

/// Body of `POST /v1/positions`: for drivers who cannot hold a socket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(optional_fields))]
pub struct PostPositions {
    /// Goes online with this vehicle. Absent: the driver is online already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle: Option<VehicleInfo>,
    /// Oldest first, at most as many as a `positions` message may carry.
    pub positions: Vec<Position>,
}

/// Answer of `POST /v1/positions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PositionsJudged {
    /// How many positions were accepted.
    pub accepted: u32,
    /// The others, each with its reason, in the order of the request.
    pub refused: Vec<Refused>,
}

/// Answer of `POST /v1/tickets`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Ticket {
    /// Opens one session as `GET /v1/ws?ticket=…`, once.
    pub ticket: String,
    /// For how long from now it does, milliseconds.
    #[cfg_attr(test, ts(type = "number"))]
    pub expires_in_ms: u64,
}
