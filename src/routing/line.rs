//! Lines to draw: as few places as show the way.

use geo::{LineString, SimplifyIdx as _};

use crate::spatial::LatLon;

/// What is left out lies within so many metres of what is kept.
const TOLERANCE_M: f64 = 5.0;
/// A longer line is thinned until it has no more places than this.
const MOST_PLACES: usize = 2_000;
/// So many places are thinned together: the search goes down as deep as there are places at worst,
/// and a line from OSRM may have 40,000 of them.
const AT_ONCE: usize = 500;
const M_PER_DEGREE: f64 = 111_195.08;

/// The line without the places that it hardly needs (Douglas and Peucker 1973); its ends stay.
/// A line of less than two places is as it was.
pub(super) fn thinned(line: &[LatLon]) -> Vec<LatLon> {
    let Some(first) = line.first() else {
        return Vec::new();
    };
    // On the plane that touches where it begins: metres, but for a line through a continent.
    let scale = first.latitude().to_radians().cos();
    let on_plane = |place: &LatLon| {
        let (x, y) = (place.longitude() * scale, place.latitude());
        (x * M_PER_DEGREE, y * M_PER_DEGREE)
    };
    let plane: Vec<_> = line.iter().map(on_plane).collect();
    let mut tolerance_m = TOLERANCE_M;
    loop {
        let kept = kept(&plane, tolerance_m);
        if kept.len() <= MOST_PLACES {
            return kept.into_iter().map(|n| line[n]).collect();
        }
        tolerance_m *= 2.0;
    }
}

/// Which places stay, piece by piece; the ends of each piece do.
fn kept(plane: &[(f64, f64)], tolerance_m: f64) -> Vec<usize> {
    let mut kept = Vec::new();
    for begin in (0..plane.len()).step_by(AT_ONCE) {
        // A piece ends where the next one begins.
        let end = plane.len().min(begin + AT_ONCE + 1);
        let piece: LineString = plane[begin..end].iter().copied().collect();
        kept.extend(
            piece
                .simplify_idx(tolerance_m)
                .into_iter()
                .map(|n| begin + n),
        );
    }
    kept.dedup();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(places: impl Iterator<Item = (f64, f64)>) -> Vec<LatLon> {
        let metres = |(x, y): (f64, f64)| LatLon::new(y / M_PER_DEGREE, x / M_PER_DEGREE);
        places.map(|place| metres(place).unwrap()).collect()
    }

    #[test]
    fn a_straight_road_is_its_ends_and_a_corner_one_place_more() {
        let straight = line((0..100).map(|n| (f64::from(n) * 10.0, f64::from(n % 3))));
        assert_eq!(thinned(&straight), [straight[0], straight[99]]);
        let corner = line((0..=100).map(|n| {
            let m = f64::from(n) * 10.0;
            (m.min(500.0), (m - 500.0).max(0.0))
        }));
        assert_eq!(thinned(&corner), [corner[0], corner[50], corner[100]]);
        // As far north as 60 degrees a degree of longitude is half as long.
        let north = |east_m: f64| LatLon::new(60.0, east_m * 2.0 / M_PER_DEGREE);
        let bend = [north(0.0), LatLon::new(60.001, 0.000_06), north(6.0)];
        let bend: Vec<_> = bend.into_iter().map(Result::unwrap).collect();
        assert_eq!(thinned(&bend).len(), 3);
    }

    #[test]
    fn a_line_is_bounded_and_two_places_stay_two() {
        let wild = line((0..20_000).map(|n| (f64::from(n), f64::from(n % 2) * 100.0)));
        let kept = thinned(&wild);
        assert!((2..=MOST_PLACES).contains(&kept.len()), "{}", kept.len());
        let same = line([(1.0, 2.0), (1.0, 2.0)].into_iter());
        assert_eq!(thinned(&same), same);
        assert!(thinned(&[]).is_empty());
    }
}
