//! Everything against brute force: a cover may hold too much, never too little.

use proptest::prelude::*;
use rustc_hash::FxHashSet;

use super::*;

fn anywhere() -> impl Strategy<Value = LatLon> {
    // Places where maps go wrong are tried as often as the rest of the globe.
    prop_oneof![
        (-90.0..=90.0, -180.0..=180.0),
        (-60.0..=60.0, prop_oneof![179.9..=180.0, -180.0..=-179.9]),
        (89.5..=90.0, -180.0..=180.0),
        (-90.0..=-89.5, -180.0..=180.0),
        (-35.0..=-34.7, -56.4..=-56.0),
    ]
    .prop_map(|(latitude, longitude)| LatLon::new(latitude, longitude).unwrap())
}

/// Watched through any of its resolutions?
fn covered(cover: &FxHashSet<WatchCell>, point: LatLon) -> bool {
    WatchCell::around(Cell::of(point))
        .iter()
        .any(|cell| cover.contains(cell))
}

proptest! {
    #[test]
    fn a_circles_cover_holds_every_point_of_it(
        center in anywhere(),
        radius_m in prop_oneof![10.0..2_000.0, 2_000.0..50_000.0],
        spokes in proptest::collection::vec((0.0..360.0_f64, 0.0..1.0_f64), 50),
    ) {
        let area = Area::circle(center.latitude(), center.longitude(), radius_m).unwrap();
        let cover: FxHashSet<_> = area.cover().into_iter().collect();
        prop_assert!(cover.len() < 250, "{} cells", cover.len());
        for (bearing, part) in spokes {
            let point = center.destination(bearing, part * radius_m * 0.999_999);
            prop_assert!(area.contains(point), "{point:?} in {area:?}");
            prop_assert!(covered(&cover, point), "{point:?} in {area:?}");
        }
        for bearing in [0.0, 90.0, 180.0, 270.0] {
            let outside = center.destination(bearing, radius_m * 1.001);
            prop_assert!(!area.contains(outside));
        }
    }

    #[test]
    fn a_rectangles_cover_holds_every_point_of_it(
        corner in anywhere(),
        height in 0.001..3.0_f64,
        width in 0.001..3.0_f64,
        inside in proptest::collection::vec((0.0..=1.0_f64, 0.0..=1.0_f64), 50),
    ) {
        let south = corner.latitude().min(89.99);
        let north = (south + height).min(90.0);
        let west = corner.longitude();
        let wrap = |longitude: f64| if longitude > 180.0 { longitude - 360.0 } else { longitude };
        let area = Area::rectangle(south, west, north, wrap(west + width)).unwrap();
        let cover: FxHashSet<_> = area.cover().into_iter().collect();
        prop_assert!(cover.len() < 400, "{} cells", cover.len());
        for (up, along) in inside {
            // A point beyond the last bit of the edge is the test's rounding, not the area's.
            let latitude = (south + up * (north - south)).clamp(south, north);
            let point = LatLon::new(latitude, wrap(west + along * width * 0.999_999)).unwrap();
            prop_assert!(area.contains(point), "{point:?} in {area:?}");
            prop_assert!(covered(&cover, point), "{point:?} in {area:?}");
            prop_assert!(area.distance_m(point) <= 0.0);
        }
    }

    #[test]
    fn every_cell_of_a_watch_cell_is_seen_through_it_and_lies_in_its_coarse_cells(point in anywhere()) {
        let cell = Cell::of(point);
        for watch in WatchCell::around(cell) {
            prop_assert!(watch.cells().any(|child| child == cell));
            prop_assert!(watch.coarse().any(|coarse| coarse == CoarseCell::of(point)));
        }
    }

    #[test]
    fn distance_is_the_same_both_ways_and_destination_is_that_far(
        a in anywhere(), b in anywhere(), bearing in 0.0..360.0_f64, distance_m in 1.0..100_000.0_f64,
    ) {
        prop_assert!((a.distance_m(b) - b.distance_m(a)).abs() < 1e-6);
        let there = a.destination(bearing, distance_m);
        prop_assert!((a.distance_m(there) - distance_m).abs() < 1e-3 * distance_m + 0.01);
    }
}

#[test]
fn what_is_not_on_earth_is_refused() {
    assert!(LatLon::new(f64::NAN, 0.0).is_err());
    assert!(LatLon::new(90.000_001, 0.0).is_err());
    assert!(LatLon::new(0.0, -180.1).is_err());
    assert!(LatLon::new(0.0, f64::INFINITY).is_err());
    assert_eq!(Area::circle(0.0, 0.0, 0.0), Err(NotAnArea::Radius));
    assert_eq!(Area::circle(0.0, 0.0, f64::NAN), Err(NotAnArea::Radius));
    assert_eq!(Area::rectangle(1.0, 0.0, 1.0, 1.0), Err(NotAnArea::Edges));
    assert_eq!(
        Area::rectangle(f64::NAN, 0.0, 1.0, 1.0),
        Err(NotAnArea::Edges)
    );
}

#[test]
fn surfaces_are_those_of_the_globe() {
    let globe = Area::rectangle(-90.0, -180.0, 90.0, 180.0).unwrap();
    assert!((globe.surface_km2() - 510.07e6).abs() < 0.1e6);
    let circle = Area::circle(-34.9, -56.2, 1_000.0).unwrap();
    assert!((circle.surface_km2() - std::f64::consts::PI).abs() < 1e-3);
}

proptest! {
    #[test]
    fn a_tile_holds_its_points_within_its_reach(point in anywhere()) {
        let (tile, spot) = (Tile::of(point), Spot::from(point));
        prop_assert!(tile.nth < 64);
        prop_assert!(tile.middle().chord_squared(spot) <= Tile::REACH.powi(2));
        let block = tile.block;
        prop_assert!(block.middle().chord_squared(spot) <= Block::REACH.powi(2));
    }

    #[test]
    fn the_blocks_of_a_circle_are_there_once_and_hold_every_point_of_it(
        center in anywhere(),
        radius_m in prop_oneof![10.0..2_000.0, 2_000.0..20_000.0],
        spokes in proptest::collection::vec((0.0..360.0_f64, 0.0..1.0_f64), 50),
    ) {
        let area = Area::circle(center.latitude(), center.longitude(), radius_m).unwrap();
        let blocks = area.blocks(10_000).unwrap();
        let set: std::collections::HashSet<_> = blocks.iter().copied().collect();
        prop_assert_eq!(set.len(), blocks.len());
        prop_assert_eq!(blocks[0], Tile::of(center).block);
        prop_assert!(area.blocks(blocks.len() - 1).is_none());
        for (bearing, part) in spokes {
            let point = center.destination(bearing, part * radius_m * 0.999_999);
            prop_assert!(set.contains(&Tile::of(point).block), "{point:?} in {area:?}");
        }
    }

    #[test]
    fn the_blocks_of_a_rectangle_hold_every_point_of_it(
        corner in anywhere(),
        height in 0.000_1..0.2_f64,
        width in 0.000_1..0.2_f64,
        inside in proptest::collection::vec((0.0..=1.0_f64, 0.0..=1.0_f64), 50),
    ) {
        let south = corner.latitude().min(89.99);
        let north = (south + height).min(90.0);
        let west = corner.longitude();
        let wrap = |longitude: f64| if longitude > 180.0 { longitude - 360.0 } else { longitude };
        let area = Area::rectangle(south, west, north, wrap(west + width)).unwrap();
        let blocks = area.blocks(10_000).unwrap();
        for (up, along) in inside {
            let latitude = (south + up * (north - south)).clamp(south, north);
            let point = LatLon::new(latitude, wrap(west + along * width)).unwrap();
            prop_assert!(blocks.contains(&Tile::of(point).block), "{point:?} in {area:?}");
        }
    }
}

#[test]
fn the_blocks_of_an_area_are_given_up_where_they_are_too_many() {
    let globe = Area::rectangle(-90.0, -180.0, 90.0, 180.0).unwrap();
    assert!(globe.blocks(100_000).is_none());
    let all_around = Area::circle(90.0, 0.0, 5_000.0).unwrap();
    let blocks = all_around.blocks(1_000).unwrap();
    assert!(blocks.len() > 60 && blocks.len() < 400, "{}", blocks.len());
}

#[test]
fn tiles_grow_like_the_steps_of_a_king() {
    for start in 0..64 {
        let (mut tiles, mut steps) = (1_u64 << start, 0);
        while tiles != u64::MAX {
            let grown = Tile::grown(tiles);
            for to in (0..64).filter(|to| grown & (1 << to) != 0) {
                let near = |tile: u32, off: (i64, i64)| {
                    let (row, column) = (i64::from(tile / 8) + off.0, i64::from(tile % 8) + off.1);
                    let there = (0..8).contains(&row) && (0..8).contains(&column);
                    there && tiles & (1 << (row * 8 + column)) != 0
                };
                let steps = (-1..=1).flat_map(|up| (-1..=1).map(move |along| (up, along)));
                assert!(steps.into_iter().any(|off| near(to, off)));
            }
            (tiles, steps) = (grown, steps + 1);
        }
        let (row, column) = (start / 8, start % 8);
        assert_eq!(steps, row.max(7 - row).max(column).max(7 - column));
    }
}

/// A resolution of hexagons, and a rectangle that has not too many of them.
fn map() -> impl Strategy<Value = (Resolution, Area)> {
    let sizes = (0.01..1.0_f64, 0.01..1.0_f64);
    (anywhere(), 0..Hexagon::RESOLUTIONS.len(), sizes).prop_map(|(corner, nth, (height, width))| {
        let resolution = Hexagon::RESOLUTIONS[nth];
        // Up to 30 hexagons high.
        let degrees = resolution.edge_length_km() * 30.0 / 111.2;
        let south = corner.latitude().min(89.999);
        let north = (south + height * degrees).min(90.0);
        let east = corner.longitude() + width * degrees;
        let east = if east > 180.0 { east - 360.0 } else { east };
        let area = Area::rectangle(south, corner.longitude(), north, east.clamp(-180.0, 180.0));
        (resolution, area.unwrap())
    })
}

proptest! {
    #[test]
    fn every_vehicle_of_an_area_is_in_a_hexagon_whose_centre_is_in_the_grown_one(
        (resolution, area) in map(),
        points in proptest::collection::vec((0.0..=1.0_f64, 0.0..=1.0_f64), 50),
    ) {
        let Area::Rectangle { south, west, north, east } = area else { unreachable!() };
        let width = (east - west).rem_euclid(360.0);
        let grown = area.grown(resolution);
        for (up, along) in points {
            let latitude = (south + up * (north - south)).min(north);
            let longitude = (west + along * width + 180.0).rem_euclid(360.0) - 180.0;
            let point = LatLon::new(latitude, longitude).unwrap();
            let hexagon = Hexagon::around(Cell::of(point), point, resolution);
            if area.contains(point) {
                prop_assert!(grown.contains(hexagon.center()), "{hexagon:?} of {point:?} in {area:?}");
            }
        }
    }

    #[test]
    fn an_outline_hangs_together(point in anywhere(), nth in 0..Hexagon::RESOLUTIONS.len()) {
        let hexagon = Hexagon::around(Cell::of(point), point, Hexagon::RESOLUTIONS[nth]);
        let (outline, center) = (hexagon.outline(), hexagon.center());
        prop_assert!(outline.len() >= 5);
        // Around a pole the meridians themselves are near each other.
        prop_assume!(center.latitude().abs() < 80.0);
        let mut doubled_area = 0.0;
        for (nth, [longitude, latitude]) in outline.iter().enumerate() {
            prop_assert!((longitude - center.longitude()).abs() < 5.0, "{outline:?}");
            let [next_longitude, next_latitude] = outline[(nth + 1) % outline.len()];
            doubled_area += longitude * next_latitude - next_longitude * latitude;
        }
        prop_assert!(doubled_area > 0.0, "counter-clockwise: {outline:?}");
    }
}

#[test]
fn hexagons_are_about_fifty_pixels_wide() {
    let at = |latitude: f64| {
        let zooms = (0..=24).map(|zoom| Hexagon::resolution(f64::from(zoom), latitude));
        zooms.map(u8::from).collect::<Vec<_>>()
    };
    // The tables of docs/protocol.md.
    let equator = [4, 4, 4, 4, 4, 4, 4, 4, 5, 6, 7, 7, 8, 9];
    assert_eq!(at(0.0)[..14], equator);
    let helsinki = [4, 4, 4, 4, 4, 4, 4, 5, 6, 7, 7, 8, 9, 9];
    assert_eq!(at(60.0)[..14], helsinki);
    assert!(at(0.0)[14..].iter().all(|&resolution| resolution == 9));
    assert_eq!(at(90.0), at(-85.06), "Web Mercator has no pole");
    for tenth in 70..120 {
        let zoom = f64::from(tenth) / 10.0;
        let resolution = Hexagon::resolution(zoom, 35.0);
        let pixel_m = 40_075_016.686 * 35f64.to_radians().cos() / 512.0 / zoom.exp2();
        let width_m = 1000.0 * (resolution.area_km2() / (3f64.sqrt() / 2.0)).sqrt();
        let px = width_m / pixel_m;
        assert!((30.7..81.4).contains(&px), "{px} pixels at {zoom}");
    }
}
