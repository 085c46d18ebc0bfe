//! The base map as GeoJSON.

use ridecast_roads::LatLon;
use serde_json::Value;

use crate::cities::{HELSINKI, MONTEVIDEO, load};
use crate::nearest::distance_to_line_m;

#[test]
fn the_map_shows_the_network() {
    for file in [HELSINKI, MONTEVIDEO] {
        let network = load(file);
        let text = network.roads_geojson();
        // Montevideo goes to every browser that opens the page.
        assert!(text.len() < 2_200_000, "{file}: {} bytes", text.len());
        let map: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(map["type"], "FeatureCollection");
        let features = map["features"].as_array().unwrap();
        let streets = network.streets();
        assert_eq!(features.len(), streets.len());

        let bounds = network.bounds();
        let mut drawn_m = 0.0;
        for (feature, street) in features.iter().zip(&streets) {
            assert_eq!(feature["type"], "Feature");
            assert_eq!(feature["geometry"]["type"], "LineString");
            assert_eq!(feature["properties"]["name"].as_str(), street.name);
            assert_eq!(
                feature["properties"]["class"],
                serde_json::to_value(street.class).unwrap()
            );
            assert_eq!(
                feature["properties"]["oneway"].as_bool().unwrap_or(false),
                street.oneway
            );
            let line = drawn_line(feature);
            assert!(line.len() >= 2);
            for place in &line {
                assert!((bounds.south - 1e-5..=bounds.north + 1e-5).contains(&place.latitude));
                assert!((bounds.west - 1e-5..=bounds.east + 1e-5).contains(&place.longitude));
            }
            assert!(line[0].distance_m(street.line[0]) < 1.0);
            drawn_m += line
                .windows(2)
                .map(|pair| pair[0].distance_m(pair[1]))
                .sum::<f64>();
        }
        // Nothing is left out, nothing is drawn twice.
        assert!(
            (drawn_m / network.streets_m() - 1.0).abs() < 0.001,
            "{file}: {drawn_m}"
        );
        let whole: f64 = streets
            .iter()
            .flat_map(|s| s.line.windows(2))
            .map(|p| p[0].distance_m(p[1]))
            .sum();
        assert!((whole - network.streets_m()).abs() < 1.0, "{file}: {whole}");
    }
}

#[test]
fn a_dropped_node_lies_within_a_metre_of_the_drawn_line() {
    let network = load(HELSINKI);
    let map: Value = serde_json::from_str(&network.roads_geojson()).unwrap();
    let mut dropped = 0;
    for (feature, street) in map["features"]
        .as_array()
        .unwrap()
        .iter()
        .zip(network.streets())
    {
        let drawn = drawn_line(feature);
        dropped += street.line.len() - drawn.len();
        for &place in &street.line {
            let distances = drawn
                .windows(2)
                .map(|pair| distance_to_line_m(place, pair[0], pair[1]));
            let nearest_m = distances.fold(f64::MAX, f64::min);
            assert!(nearest_m < 1.0, "{place:?} is {nearest_m} m off");
        }
    }
    assert!(dropped > 0);
}

fn drawn_line(feature: &Value) -> Vec<LatLon> {
    let coordinates = feature["geometry"]["coordinates"]
        .as_array()
        .expect("a line");
    let place = |c: &Value| LatLon {
        longitude: c[0].as_f64().expect("a longitude"),
        latitude: c[1].as_f64().expect("a latitude"),
    };
    coordinates.iter().map(place).collect()
}
