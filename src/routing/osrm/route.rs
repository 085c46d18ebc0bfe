use serde::Deserialize;

use super::{Waypoint, listed, refused, way};
use crate::routing::{Route, SourceError};
use crate::spatial::LatLon;

/// Of ways up to so far as the crow flies every bend is asked for, metres. Beyond, an overview:
/// the whole line through a continent is longer than any answer that is read, and whoever asks
/// for one must not make OSRM seem ill.
pub(super) const WHOLE_UP_TO_M: f64 = 100_000.0;

/// Asks for the line from one place to another.
pub(super) fn path(from: LatLon, to: LatLon) -> String {
    let overview = if from.distance_m(to) <= WHOLE_UP_TO_M {
        "full"
    } else {
        "simplified"
    };
    format!(
        "/route/v1/driving/{}?overview={overview}&geometries=geojson&generate_hints=false",
        listed([&from, &to])
    )
}

/// What we read of an answer.
#[derive(Deserialize)]
struct Answer {
    code: String,
    #[serde(default)]
    routes: Vec<Found>,
    #[serde(default)]
    waypoints: Vec<Waypoint>,
}

#[derive(Deserialize)]
struct Found {
    duration: f64,
    distance: f64,
    geometry: Geometry,
}

#[derive(Deserialize)]
struct Geometry {
    /// Longitude first.
    coordinates: Vec<[f64; 2]>,
}

pub(super) fn read(body: &[u8]) -> Result<Option<Route>, SourceError> {
    let answer: Answer =
        serde_json::from_slice(body).map_err(|_| SourceError::Garbage("not a route"))?;
    if answer.code != "Ok" {
        return Err(refused(&answer.code));
    }
    let ([found, ..], [start, end]) = (&answer.routes[..], &answer.waypoints[..]) else {
        return Err(SourceError::Garbage("not the route that was asked for"));
    };
    if !(start.is_on_map() && end.is_on_map()) {
        return Ok(None);
    }
    let places = found.geometry.coordinates.iter();
    let line: Result<Vec<_>, _> = places.map(|[x, y]| LatLon::new(*y, *x)).collect();
    let line = line.map_err(|_| SourceError::Garbage("a line off the Earth"))?;
    if line.len() < 2 {
        return Err(SourceError::Garbage("a line of less than two places"));
    }
    let way = way(found.duration, found.distance)?;
    Ok(Some(Route { way, line }))
}
