//! What every source promises, and what the real ones say of one city.

use std::time::{Duration, Instant};

use ridecast::routing::{By, Route, Router, Settings, Way};
use ridecast::spatial::LatLon;

use crate::osrm_server::OsrmServer;
use crate::{MONACO, extract, open, place, places, roads};

/// A place that no extract of Monaco knows: in the sea off Corsica.
fn far_away() -> LatLon {
    place(42.0, 7.5)
}

/// What is true of every source; `places` are on its map.
async fn keeps_the_contract(router: &dyn Router, by: By, places: &[LatLon]) {
    let goal = places[0];
    assert_eq!(router.ways(&[], goal).await, []);

    let ways = router.ways(places, goal).await;
    assert_eq!(ways.len(), places.len());
    for (&from, way) in places.iter().zip(&ways) {
        assert_eq!(way.by, by);
        is_a_way(way);
        // No road is shorter than the line, but for what lies between a place and its road.
        assert!(
            way.distance_m >= from.distance_m(goal) * 0.95 - 10.0,
            "{way:?}"
        );
        // Between walking and flying.
        if way.distance_m > 500.0 {
            let speed_mps = way.distance_m / way.duration_s;
            assert!((1.4..40.0).contains(&speed_mps), "{way:?}");
        }
        // The order of answers is that of places, and one is asked for as many are.
        assert_eq!(router.way(from, goal).await, *way);
    }

    assert_eq!(
        (ways[0].duration_s, ways[0].distance_m),
        (0.0, 0.0),
        "who is there"
    );

    // One-way streets make a difference for one pair, not for all.
    let mut back_s = 0.0;
    for &from in places {
        back_s += router.way(goal, from).await.duration_s;
    }
    let there_s: f64 = ways.iter().map(|way| way.duration_s).sum();
    assert!(
        (0.5..2.0).contains(&(there_s / back_s)),
        "{there_s} there, {back_s} back"
    );

    // More than OSRM takes in one request.
    let many: Vec<LatLon> = places.iter().copied().cycle().take(250).collect();
    let again = router.ways(&many, goal).await;
    assert_eq!(again.len(), 250);
    for (way, of_many) in ways.iter().cycle().zip(&again) {
        assert_eq!(way, of_many);
    }

    for &from in places {
        has_a_line(router, by, from, goal).await;
    }

    // Off the map, at the start or at the goal.
    for odd in [
        far_away(),
        place(90.0, 180.0),
        place(-90.0, -180.0),
        place(0.0, 0.0),
    ] {
        let mixed = router.ways(&[places[1], odd, places[2]], goal).await;
        assert_eq!(
            [mixed[0], mixed[2]],
            [ways[1], ways[2]],
            "others suffer from {odd:?}"
        );
        for way in [
            mixed[1],
            router.way(goal, odd).await,
            router.way(odd, odd).await,
        ] {
            assert_eq!(way.by, By::GreatCircle);
            is_a_way(&way);
        }
        let route = router.route(goal, odd).await;
        assert_eq!(
            (route.way.by, route.line),
            (By::GreatCircle, vec![goal, odd])
        );
    }
}

/// The line leads from the one to the other, along the way that is told without it.
async fn has_a_line(router: &dyn Router, by: By, from: LatLon, to: LatLon) {
    let Route { way, line } = router.route(from, to).await;
    assert_eq!(way.by, by);
    let told = router.way(from, to).await;
    // OSRM rounds the one and not the other.
    assert!(
        (way.duration_s - told.duration_s).abs() <= 1.0,
        "{way:?} {told:?}"
    );
    assert!(
        (way.distance_m - told.distance_m).abs() <= 1.0,
        "{way:?} {told:?}"
    );
    assert!(line.len() >= 2, "{line:?}");
    // OSRM gives five decimals.
    assert!(line[0].distance_m(from) < 5.0, "{line:?} from {from:?}");
    assert!(
        line[line.len() - 1].distance_m(to) < 5.0,
        "{line:?} to {to:?}"
    );
    let length_m: f64 = line.windows(2).map(|it| it[0].distance_m(it[1])).sum();
    if by == By::GreatCircle {
        assert_eq!(line, [from, to]);
        return;
    }
    // What is thinned cuts bends, by little.
    assert!(
        length_m <= way.distance_m * 1.01 + 10.0 && length_m >= way.distance_m * 0.9 - 10.0,
        "a line of {length_m} m for {way:?}"
    );
}

fn is_a_way(way: &Way) {
    assert!(
        way.duration_s.is_finite() && way.duration_s >= 0.0,
        "{way:?}"
    );
    assert!(
        way.distance_m.is_finite() && way.distance_m >= 0.0,
        "{way:?}"
    );
}

#[tokio::test]
async fn the_great_circle_keeps_the_contract() {
    let router = open(&Settings::default(), None);
    let places = places(&roads(MONACO), 30);
    keeps_the_contract(&*router, By::GreatCircle, &places).await;
    // A tenth of a degree of latitude is 11.12 km: with detours 14.46, at 25 km/h 2,082 s.
    let way = router.way(place(43.7, 7.4), place(43.8, 7.4)).await;
    assert!((way.distance_m - 14_455.0).abs() < 15.0, "{way:?}");
    assert!((way.duration_s - 2_081.6).abs() < 2.0, "{way:?}");
}

#[tokio::test]
async fn the_road_network_keeps_the_contract() {
    let roads = roads(MONACO);
    let places = places(&roads, 30);
    let router = open(&Settings::default(), Some(roads));
    keeps_the_contract(&*router, By::Roads, &places).await;
}

#[tokio::test]
async fn the_road_network_says_what_its_router_says() {
    let roads = roads(MONACO);
    let places = places(&roads, 30);
    let settings = Settings::default();
    let router = open(&settings, Some(roads.clone()));
    let mut search = roads.search();
    let snap = |p: LatLon| {
        roads
            .network()
            .snap(p.latitude(), p.longitude(), 1.0)
            .unwrap()
    };
    for pair in places.windows(2) {
        let way = router.way(pair[0], pair[1]).await;
        let drive = roads
            .drive(&mut search, &snap(pair[0]), &snap(pair[1]))
            .unwrap();
        // Each edge's time is rounded to a millisecond.
        let slower = way.duration_s - drive.duration_s * settings.pace;
        assert!(slower.abs() < 0.1, "{way:?} {drive:?}");
        let longer = way.distance_m - drive.length_m;
        assert!(longer.abs() < 1.0, "{way:?} {drive:?}");
    }
}

#[tokio::test]
async fn a_line_of_the_road_network_follows_its_streets() {
    let roads = roads(MONACO);
    let places = places(&roads, 30);
    let router = open(&Settings::default(), Some(roads.clone()));
    let (mut kept, mut driven) = (0, 0);
    let mut search = roads.search();
    for pair in places.windows(2) {
        let snap = |p: LatLon| roads.network().snap(p.latitude(), p.longitude(), 1.0);
        let (from, to) = (snap(pair[0]).unwrap(), snap(pair[1]).unwrap());
        driven += roads
            .drive(&mut search, &from, &to)
            .unwrap()
            .stretches
            .len();
        let line = router.route(pair[0], pair[1]).await.line;
        kept += line.len();
        for leg in line.windows(2) {
            let (a, b) = (leg[0], leg[1]);
            let middle = place(
                f64::midpoint(a.latitude(), b.latitude()),
                f64::midpoint(a.longitude(), b.longitude()),
            );
            for at in [a, middle, b] {
                let near = roads.network().snap(at.latitude(), at.longitude(), 6.0);
                assert!(near.is_some(), "{at:?} is beside the road");
            }
        }
    }
    assert!(
        kept * 3 < driven * 2,
        "thinned: {kept} places of {driven} stretches"
    );
}

#[tokio::test]
async fn many_may_ask_at_once_and_who_has_no_patience_gets_less() {
    let roads = roads(MONACO);
    let places = places(&roads, 30);
    for patience in [Duration::from_mins(1), Duration::ZERO] {
        let settings = Settings {
            roads_patience: patience,
            ..Settings::default()
        };
        let router = open(&settings, Some(roads.clone()));
        let asking: Vec<_> = (0..50)
            .map(|n| {
                let (router, places) = (router.clone(), places.clone());
                tokio::spawn(async move { router.ways(&places, places[n % places.len()]).await })
            })
            .collect();
        let mut by_roads = 0;
        for asked in asking {
            let ways = asked.await.unwrap();
            assert_eq!(ways.len(), places.len());
            ways.iter().for_each(is_a_way);
            by_roads += usize::from(ways.iter().all(|way| way.by == By::Roads));
        }
        if patience.is_zero() {
            // The first finds a processor free; who comes while they are taken does not wait.
            assert!((1..50).contains(&by_roads), "{by_roads}");
        } else {
            assert_eq!(by_roads, 50);
        }
    }
}

#[tokio::test]
async fn a_real_osrm_keeps_the_contract_and_agrees_with_our_own_roads() {
    let osrm = OsrmServer::start(&extract(MONACO));
    let settings = Settings {
        osrm: Some(osrm.url()),
        // The processors are shared with other tests.
        osrm_timeout: Duration::from_secs(10),
        ..Settings::default()
    };
    let roads = roads(MONACO);
    let places = places(&roads, 30);
    let theirs = open(&settings, None);
    keeps_the_contract(&*theirs, By::Osrm, &places).await;

    let ours = open(&Settings::default(), Some(roads));
    let mut ratios = Vec::new();
    for &goal in &places[..10] {
        let (theirs, ours) = tokio::join!(theirs.ways(&places, goal), ours.ways(&places, goal));
        for (theirs, ours) in theirs.iter().zip(&ours) {
            assert_eq!((theirs.by, ours.by), (By::Osrm, By::Roads));
            if theirs.duration_s > 60.0 {
                ratios.push(ours.duration_s / theirs.duration_s);
            }
        }
    }
    ratios.sort_by(f64::total_cmp);
    let at = |percent: usize| ratios[(ratios.len() - 1) * percent / 100];
    assert!(ratios.len() > 100);
    // Ours drives at the limit and does not wait to turn, OSRM's car is slower at both.
    assert!((0.5..1.2).contains(&at(50)), "half: {}", at(50));
    assert!(at(5) > 0.3 && at(95) < 2.0, "most: {} to {}", at(5), at(95));
}

#[tokio::test]
async fn when_osrm_is_killed_the_roads_answer_until_it_is_back() {
    let mut osrm = OsrmServer::start(&extract(MONACO));
    let settings = Settings {
        osrm: Some(osrm.url()),
        osrm_timeout: Duration::from_secs(10),
        osrm_first_rest: Duration::from_millis(100),
        osrm_longest_rest: Duration::from_millis(200),
        ..Settings::default()
    };
    let roads = roads(MONACO);
    let places = places(&roads, 30);
    let router = open(&settings, Some(roads));
    let by = async || router.way(places[0], places[1]).await.by;
    assert_eq!(by().await, By::Osrm);
    osrm.kill();
    has_a_line(&*router, By::Roads, places[0], places[1]).await;
    assert_eq!(by().await, By::Roads);
    osrm.run();
    let deadline = Instant::now() + Duration::from_secs(20);
    while by().await != By::Osrm {
        assert!(Instant::now() < deadline, "it is not asked again");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Off its map the next in line are asked, as always.
    assert_eq!(router.way(far_away(), places[0]).await.by, By::GreatCircle);
}
