use serde::{Deserialize, Serialize};

/// One fix of one vehicle, as the driver's device reports it.
///
/// A lost position is not an error: the next one replaces it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct Position {
    /// Degrees north, WGS 84, −90 to 90.
    #[cfg_attr(test, schemars(range(min = -90, max = 90)))]
    pub latitude: f64,
    /// Degrees east, WGS 84, −180 to 180.
    #[cfg_attr(test, schemars(range(min = -180, max = 180)))]
    pub longitude: f64,
    /// When the device took the fix, milliseconds since the Unix epoch, UTC.
    #[cfg_attr(test, ts(type = "number"))]
    pub timestamp_ms: i64,
    /// Radius of 68 % confidence, metres, at least 0. Absent: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(range(min = 0, max = 100_000)))]
    pub accuracy: Option<f32>,
    /// Direction of travel, degrees clockwise from true north, 0 to 360.
    /// Absent: the server derives it from the way travelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(range(min = 0, max = 360)))]
    pub bearing: Option<f32>,
    /// Speed over ground, m/s, at least 0.
    /// Absent: the server derives it from the way travelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(range(min = 0, max = 500)))]
    pub speed: Option<f32>,
}
