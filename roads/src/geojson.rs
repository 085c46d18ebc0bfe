//! The base map as GeoJSON.

use serde::Serialize;

use crate::class::RoadClass;
use crate::network::{LatLon, RoadNetwork};

#[derive(Serialize)]
struct FeatureCollection<'a> {
    r#type: &'static str,
    features: Vec<Feature<'a>>,
}

#[derive(Serialize)]
struct Feature<'a> {
    r#type: &'static str,
    properties: Properties<'a>,
    geometry: LineString,
}

#[derive(Serialize)]
struct Properties<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    class: RoadClass,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    oneway: bool,
}

#[derive(Serialize)]
struct LineString {
    r#type: &'static str,
    coordinates: Vec<[f64; 2]>,
}

impl RoadNetwork {
    /// The streets as a GeoJSON `FeatureCollection` of `LineString`s with the properties `name`
    /// (absent when it has none), `class` (see [`RoadClass`]) and `oneway` (absent or `true`; the
    /// line then runs in driving direction).
    #[must_use]
    pub fn roads_geojson(&self) -> String {
        let features = self.streets().map(|street| Feature {
            r#type: "Feature",
            properties: Properties {
                name: street.name,
                class: street.class,
                oneway: street.oneway,
            },
            geometry: LineString {
                r#type: "LineString",
                coordinates: street.line.iter().map(|&place| rounded(place)).collect(),
            },
        });
        let map = FeatureCollection {
            r#type: "FeatureCollection",
            features: features.collect(),
        };
        // Strings and finite numbers only: nothing in it can fail to become JSON.
        serde_json::to_string(&map).unwrap_or_default()
    }
}

/// Longitude first, as GeoJSON has it, with five decimals: 1.1 m.
fn rounded(place: LatLon) -> [f64; 2] {
    [place.longitude, place.latitude].map(|degrees| (degrees * 1e5).round() / 1e5)
}
