use serde::{Deserialize, Serialize};

use crate::{VehicleClass, VehicleId};

/// What a token allows its bearer to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Streams the positions of one vehicle.
    Driver,
    /// Watches vehicles nearby.
    Rider,
    /// Watches the whole fleet.
    Operator,
    /// Decides over who comes in: revokes tokens. Opens no session, sees no ride.
    Admin,
}

impl Role {
    /// The word on the wire, in logs and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Driver => "driver",
            Self::Rider => "rider",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

/// What a driver says of the vehicle when going online.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct VehicleInfo {
    /// The kind of vehicle; what `vehicle_class` of a `nearby` channel selects by.
    pub class: VehicleClass,
    /// Number plate, at most 64 bytes. Not pushed to subscribers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(length(max = 64)))]
    pub plate: Option<String>,
    /// A name for people ("Line 7", "White Corsa"), at most 64 bytes. Not pushed to subscribers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(length(max = 64)))]
    pub label: Option<String>,
}

/// Whether a vehicle is still heard. One that is gone is not listed at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum VehicleState {
    /// Its driver is online and was heard lately.
    Online,
    /// No position for a while: shown at its last one, marked.
    Silent,
}

/// A vehicle as a subscriber sees it. The newest replaces all before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct VehicleUpdate {
    /// Which vehicle.
    pub id: VehicleId,
    /// Degrees north, WGS 84, to 7 decimals (about 1 cm).
    #[cfg_attr(test, schemars(range(min = -90, max = 90)))]
    pub latitude: f64,
    /// Degrees east, WGS 84, to 7 decimals.
    #[cfg_attr(test, schemars(range(min = -180, max = 180)))]
    pub longitude: f64,
    /// Degrees clockwise from true north, 0 to 360. Absent: not known, it has not moved yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(range(min = 0, max = 360)))]
    pub bearing: Option<f32>,
    /// m/s. Absent: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(range(min = 0)))]
    pub speed: Option<f32>,
    /// When the driver's device took the fix, ms since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub timestamp_ms: i64,
    /// The kind of vehicle.
    pub class: VehicleClass,
    /// Whether it is still heard.
    pub state: VehicleState,
}
