use serde::{Deserialize, Serialize};

use crate::{Ride, VehicleInfo, VehicleUpdate};

/// All that is known of a vehicle now. Answer of `GET /v1/vehicles/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct VehicleCard {
    /// Where it is and whether it is heard.
    pub vehicle: VehicleUpdate,
    /// What its driver said of it.
    pub info: VehicleInfo,
    /// The ride it drives. Absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ride: Option<Ride>,
}

/// Answer of `GET /v1/search`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct Found {
    /// The vehicles, those first whose id, plate or label begins with the text.
    pub vehicles: Vec<VehicleCard>,
    /// The rides, the newest request first.
    pub rides: Vec<Ride>,
}
