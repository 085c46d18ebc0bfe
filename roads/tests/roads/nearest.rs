//! The R-trees against looking at every node and every edge.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use ridecast_roads::LatLon;

use crate::cities::{HELSINKI, MONTEVIDEO, load};

#[test]
fn the_nearest_is_the_nearest() {
    for file in [HELSINKI, MONTEVIDEO] {
        let network = load(file);
        let bounds = network.bounds();
        let mut rng = StdRng::seed_from_u64(11);
        for _ in 0..60 {
            // A little outside as well.
            let latitude = rng.random_range(bounds.south - 0.01..bounds.north + 0.01);
            let longitude = rng.random_range(bounds.west - 0.01..bounds.east + 0.01);
            let place = LatLon {
                latitude,
                longitude,
            };

            let found = network.nearest_node(latitude, longitude).unwrap();
            let found_m = network.node(found).distance_m(place);
            let nearest_m = network
                .nodes()
                .map(|id| network.node(id).distance_m(place))
                .fold(f64::MAX, f64::min);
            assert!(
                found_m <= nearest_m * 1.005 + 0.01,
                "{place:?}: {found_m} {nearest_m}"
            );

            let snap = network.snap(latitude, longitude, f64::INFINITY).unwrap();
            let nearest_m = network
                .edges()
                .map(|id| {
                    let edge = network.edge(id);
                    distance_to_line_m(place, network.node(edge.from), network.node(edge.to))
                })
                .fold(f64::MAX, f64::min);
            assert!(
                (snap.distance_m - nearest_m).abs() <= nearest_m * 0.005 + 0.01,
                "{place:?}: {snap:?} {nearest_m}"
            );
            assert!((snap.point.distance_m(place) - snap.distance_m).abs() < 1e-6);
            assert!(
                snap.point
                    .distance_m(network.place_on(snap.edge, snap.along_m))
                    < 0.001
            );

            assert_eq!(
                network.snap(latitude, longitude, snap.distance_m + 0.001),
                Some(snap)
            );
            assert_eq!(
                network.snap(latitude, longitude, snap.distance_m - 0.001),
                None
            );
        }
    }
}

/// Distance from a straight line on a plane of its own, which touches the earth at the place.
pub(crate) fn distance_to_line_m(place: LatLon, from: LatLon, to: LatLon) -> f64 {
    let metres = 6_371_008.8_f64.to_radians();
    let flat = |p: LatLon| {
        let x = (p.longitude - place.longitude) * metres * place.latitude.to_radians().cos();
        (x, (p.latitude - place.latitude) * metres)
    };
    let ((ax, ay), (bx, by)) = (flat(from), flat(to));
    let (dx, dy) = (bx - ax, by - ay);
    let length_2 = dx * dx + dy * dy;
    let share = if length_2 > 0.0 {
        (-(ax * dx + ay * dy) / length_2).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (ax + share * dx).hypot(ay + share * dy)
}
