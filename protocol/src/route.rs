use serde::{Deserialize, Serialize};

use crate::{Toward, Trip};

/// Who said which way leads there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RouteBy {
    /// An OSRM server.
    Osrm,
    /// The road network that the service has loaded.
    Roads,
    /// Nobody: the line is straight, and length and time are a guess.
    GreatCircle,
}

/// Answer of `GET /v1/estimate`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct Estimate {
    /// Seconds of driving that the first free vehicle is from the pickup. Absent: there is none as
    /// far around as drivers are looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_s: Option<u32>,
    /// How many free vehicles are as near as drivers are looked for, at most 100.
    #[cfg_attr(test, schemars(range(max = 100)))]
    pub vehicles: u32,
    /// The way from pickup to dropoff.
    pub trip: Trip,
    /// Its line: longitude and latitude of each place, degrees, in driving order; 2 to 2,000.
    #[cfg_attr(test, schemars(length(min = 2, max = 2_000)))]
    pub line: Vec<[f64; 2]>,
    /// Who said so.
    pub by: RouteBy,
}

/// Answer of `GET /v1/rides/{ride_id}/route` and `GET /v1/share/{token}/route`: the way that lies
/// before the ride.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct Route {
    /// Where it leads: in `accepted` to the pickup, from where the vehicle is; in `in_progress` to
    /// the dropoff, from there too. Else, and where the vehicle is not heard, from the pickup to
    /// the dropoff.
    pub toward: Toward,
    /// Metres of driving.
    pub distance_m: u32,
    /// Seconds of driving.
    pub duration_s: u32,
    /// Longitude and latitude of each place, degrees, in driving order; 2 to 2,000.
    #[cfg_attr(test, schemars(length(min = 2, max = 2_000)))]
    pub line: Vec<[f64; 2]>,
    /// Who said so.
    pub by: RouteBy,
    /// When it was looked for, ms since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub at_ms: i64,
}
