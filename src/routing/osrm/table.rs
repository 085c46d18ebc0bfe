use serde::Deserialize;

use super::{Waypoint, listed, refused, way};
use crate::routing::{SourceError, Way};
use crate::spatial::LatLon;

/// Asks how far it is from each of these places to one.
pub(super) fn path(from: &[LatLon], to: LatLon) -> String {
    let sources: Vec<String> = (0..from.len()).map(|n| n.to_string()).collect();
    format!(
        "/table/v1/driving/{}?sources={}&destinations={}&annotations=duration,distance&generate_hints=false",
        listed(from.iter().chain([&to])),
        sources.join(";"),
        from.len()
    )
}

/// What we read of a table. Rows are places we come from, columns (here one) goals.
#[derive(Deserialize)]
struct Table {
    code: String,
    #[serde(default)]
    durations: Vec<Vec<Option<f64>>>,
    #[serde(default)]
    distances: Vec<Vec<Option<f64>>>,
    #[serde(default)]
    sources: Vec<Option<Waypoint>>,
    #[serde(default)]
    destinations: Vec<Option<Waypoint>>,
}

pub(super) fn read(body: &[u8], count: usize) -> Result<Vec<Option<Way>>, SourceError> {
    let table: Table =
        serde_json::from_slice(body).map_err(|_| SourceError::Garbage("not a table"))?;
    if table.code != "Ok" {
        return Err(refused(&table.code));
    }
    let right = [&table.durations, &table.distances]
        .iter()
        .all(|rows| rows.len() == count && rows.iter().all(|row| row.len() == 1));
    if !right || table.sources.len() != count || table.destinations.len() != 1 {
        return Err(SourceError::Garbage("not the table that was asked for"));
    }
    let on_map = |place: &Option<Waypoint>| place.as_ref().is_some_and(Waypoint::is_on_map);
    if !on_map(&table.destinations[0]) {
        return Ok(vec![None; count]);
    }
    let numbers = table.durations.iter().zip(&table.distances);
    numbers
        .zip(&table.sources)
        .map(
            |((duration, distance), place)| match (duration[0], distance[0]) {
                (Some(duration_s), Some(distance_m)) if on_map(place) => {
                    way(duration_s, distance_m).map(Some)
                }
                // No way leads there, or it is off the map.
                _ => Ok(None),
            },
        )
        .collect()
}
