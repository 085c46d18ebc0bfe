//! Messages and places the tests have in common.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

pub(crate) type Place = (f64, f64);

pub(crate) const MONTEVIDEO: Place = (-34.9, -56.16);

/// By the clock of this machine, ms since the Unix epoch.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    i64::try_from(since.as_millis()).expect("before the year 285,000")
}

pub(crate) fn go_online(class: &str) -> Value {
    json!({"type": "go_online", "vehicle": {"class": class}})
}

/// A position taken now, and after every other of this test.
pub(crate) fn position(place: Place) -> Value {
    static LAST: AtomicI64 = AtomicI64::new(0);
    LAST.fetch_max(now_ms(), Ordering::Relaxed);
    position_at(place, LAST.fetch_add(1, Ordering::Relaxed))
}

/// A position that may be anywhere within a hundred kilometres of the last, whatever the time between.
pub(crate) fn position_at((latitude, longitude): Place, timestamp_ms: i64) -> Value {
    json!({
        "type": "position", "latitude": latitude, "longitude": longitude,
        "timestamp_ms": timestamp_ms, "accuracy": 100_000.0,
    })
}

pub(crate) fn nearby(name: &str, (latitude, longitude): Place, radius_m: f64) -> Value {
    json!({
        "type": "subscribe", "subscription": name,
        "channel": {"kind": "nearby", "latitude": latitude, "longitude": longitude, "radius_m": radius_m},
    })
}

/// South, west, north, east.
pub(crate) fn viewport(name: &str, [south, west, north, east]: [f64; 4]) -> Value {
    json!({
        "type": "subscribe", "subscription": name,
        "channel": {"kind": "viewport", "south": south, "west": west, "north": north, "east": east},
    })
}

/// The same wish, as an `update`.
pub(crate) fn update(mut subscribe: Value) -> Value {
    subscribe["type"] = json!("update");
    subscribe
}

/// Metres between two places: haversine, written apart from the service's own.
pub(crate) fn distance_m((lat1, lon1): Place, (lat2, lon2): Place) -> f64 {
    let half_lat = ((lat2 - lat1).to_radians() / 2.0).sin();
    let half_lon = ((lon2 - lon1).to_radians() / 2.0).sin();
    let a = half_lat * half_lat
        + lat1.to_radians().cos() * lat2.to_radians().cos() * half_lon * half_lon;
    2.0 * 6_371_008.8 * a.sqrt().min(1.0).asin()
}

/// The place so many metres north and east of another; roughly, and to the 7 decimals of the wire.
pub(crate) fn offset((latitude, longitude): Place, north_m: f64, east_m: f64) -> Place {
    let degree_m = 111_195.08;
    let latitude2 = latitude + north_m / degree_m;
    let longitude2 = longitude + east_m / (degree_m * latitude.to_radians().cos());
    (
        round(latitude2),
        round((longitude2 + 180.0).rem_euclid(360.0) - 180.0),
    )
}

/// To the 7 decimals of the wire.
pub(crate) fn round(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}
