//! Travel times learnt from a simulated fleet.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ridecast::routing::{By, Fix, Learner, Learning, Settings};
use ridecast_protocol::VehicleId;
use ridecast_roads::{Drive, EdgeId, Router};

use crate::{HELSINKI, open, place, places, roads};

/// A drive from one place on the roads to another.
fn drive(router: &Router, from: usize, to: usize) -> Drive {
    let places = places(router, 500);
    let snap = |n: usize| {
        let place = places[n % places.len()];
        router
            .network()
            .snap(place.latitude(), place.longitude(), 1.0)
            .unwrap()
    };
    router
        .drive(&mut router.search(), &snap(from), &snap(to))
        .unwrap()
}

/// The fixes of a vehicle on a drive, one `every_s`, beginning at `begin_s`. On each edge it is
/// `slow` times as long as at full speed. Ends with when it was there.
fn fixes(
    router: &Router,
    name: &str,
    drive: &Drive,
    slow: impl Fn(EdgeId) -> f64,
    every_s: f64,
    begin_s: f64,
) -> (Vec<Fix>, f64) {
    let mut fixes = Vec::new();
    let (mut now_s, mut next_s) = (begin_s, begin_s);
    for stretch in &drive.stretches {
        let takes_s = router.stretch_s(stretch) * slow(stretch.edge);
        while next_s < now_s + takes_s {
            let share = (next_s - now_s) / takes_s;
            let along_m = stretch.from_m + (stretch.to_m - stretch.from_m) * share;
            let at = router.network().place_on(stretch.edge, along_m);
            fixes.push(fix(name, (at.latitude, at.longitude), next_s));
            next_s += every_s;
        }
        now_s += takes_s;
    }
    (fixes, now_s)
}

fn fix(name: &str, at: (f64, f64), at_s: f64) -> Fix {
    Fix {
        vehicle: VehicleId::new(name).unwrap(),
        at: place(at.0, at.1),
        #[expect(clippy::cast_possible_truncation, reason = "some hours")]
        at_ms: (at_s * 1000.0) as i64,
    }
}

/// A fleet that is `slow` on its edges drives all over the city, `drives` times.
fn fleet(router: &Router, drives: usize, slow: impl Fn(EdgeId) -> f64, every_s: f64) -> Vec<Fix> {
    let mut all = Vec::new();
    for n in 0..drives {
        let drive = drive(router, n * 7 + 1, n * 13 + 250);
        all.extend(fixes(router, &format!("v{n}"), &drive, &slow, every_s, 0.0).0);
    }
    all
}

fn teach(learner: &mut Learner, fixes: &[Fix]) {
    for fix in fixes {
        learner.learn(fix);
    }
}

fn refreshed(learner: &mut Learner) -> Option<Arc<Router>> {
    match learner.refresh() {
        Learning::New(router) => Some(router),
        Learning::Same => None,
    }
}

/// How many times as long the second says that the same trips take, median of 50.
fn median_ratio(before: &Router, after: &Router) -> f64 {
    let ratio = |n| drive(after, n, n + 100).duration_s / drive(before, n, n + 100).duration_s;
    let mut ratios: Vec<f64> = (0..50).map(ratio).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[25]
}

#[test]
fn a_fleet_at_half_speed_doubles_the_times() {
    let map = roads(HELSINKI);
    // However often they are heard of.
    for every_s in [1.0, 20.0] {
        let mut learner = Learner::new(Arc::clone(&map), 0.9);
        let mut last = 1.0;
        for _ in 0..5 {
            teach(&mut learner, &fleet(&map, 150, |_| 2.0, every_s));
            let Some(now) = refreshed(&mut learner) else {
                continue;
            };
            let ratio = median_ratio(&map, &now);
            assert!(ratio > last - 0.02, "it moves away: {last} to {ratio}");
            last = ratio;
        }
        assert!((1.9..2.1).contains(&last), "every {every_s} s: {last}");
    }
}

#[test]
fn a_fleet_at_the_limit_changes_nothing() {
    let map = roads(HELSINKI);
    let mut learner = Learner::new(Arc::clone(&map), 0.9);
    teach(&mut learner, &fleet(&map, 150, |_| 1.0, 1.0));
    if let Some(now) = refreshed(&mut learner) {
        let ratio = median_ratio(&map, &now);
        assert!((0.97..1.03).contains(&ratio), "{ratio}");
    }
}

#[test]
fn a_jam_on_one_street_is_driven_around_until_it_is_gone() {
    let map = roads(HELSINKI);
    let network = map.network();
    // A trip that has another way, and its middle.
    let on = |drive: &Drive, edges: &[EdgeId]| {
        drive
            .stretches
            .iter()
            .filter(|s| edges.contains(&s.edge))
            .count()
    };
    let (trip, jammed) = (0..50)
        .find_map(|n| {
            let usual = drive(&map, n, n + 100);
            let count = usual.stretches.len();
            let middle = &usual.stretches[count / 3..count * 2 / 3];
            let jammed: Vec<EdgeId> = middle.iter().map(|s| s.edge).collect();
            let metres: f64 = middle.iter().map(|s| s.to_m - s.from_m).sum();
            let times = network
                .edges()
                .map(|edge| map.travel_ms(edge) * if jammed.contains(&edge) { 8 } else { 1 });
            let around = drive(&map.with_travel_times(times.collect()), n, n + 100);
            let has_another =
                on(&around, &jammed) == 0 && around.duration_s < usual.duration_s * 2.0;
            (metres > 300.0 && has_another).then_some((n, jammed))
        })
        .unwrap();

    let jam = |edge| if jammed.contains(&edge) { 8.0 } else { 1.0 };
    let usual = drive(&map, trip, trip + 100);
    let mut learner = Learner::new(Arc::clone(&map), 0.5);
    for n in 0..20 {
        let fixes = fixes(&map, &format!("v{n}"), &usual, jam, 1.0, 0.0);
        teach(&mut learner, &fixes.0);
    }
    let learnt = refreshed(&mut learner).unwrap();
    let around = drive(&learnt, trip, trip + 100);
    assert_eq!(on(&around, &jammed), 0, "the jam is not driven around");
    let through_s: f64 = usual.stretches.iter().map(|s| learnt.stretch_s(s)).sum();
    let true_s = fixes(&map, "v", &usual, jam, 1.0, 0.0).1;
    assert!(
        (0.7..1.1).contains(&(through_s / true_s)),
        "{through_s}, not {true_s}"
    );

    // The street is free again; some still use it.
    let mut now = learnt;
    for n in 0..8 {
        let fixes = fixes(
            &map,
            &format!("w{n}"),
            &usual,
            |_| 1.0,
            1.0,
            1e4 * f64::from(n),
        );
        teach(&mut learner, &fixes.0);
        now = refreshed(&mut learner).unwrap_or(now);
    }
    let free_s: f64 = usual.stretches.iter().map(|s| now.stretch_s(s)).sum();
    assert!(
        free_s < usual.duration_s * 1.3,
        "{free_s}, not {}",
        usual.duration_s
    );
}

#[test]
fn what_nobody_confirms_is_forgotten() {
    let map = roads(HELSINKI);
    let mut learner = Learner::new(Arc::clone(&map), 0.5);
    teach(&mut learner, &fleet(&map, 150, |_| 3.0, 5.0));
    let slow = median_ratio(&map, &refreshed(&mut learner).unwrap());
    let mut now = None;
    for _ in 0..20 {
        now = refreshed(&mut learner).or(now);
    }
    let later = median_ratio(&map, &now.unwrap());
    assert!(slow > 2.0 && later < 1.1, "{slow}, then {later}");
}

/// A light counts, a driver's lunch does not.
#[test]
fn waiting_in_traffic_counts_and_parking_does_not() {
    let map = roads(HELSINKI);
    let trip = drive(&map, 3, 103);
    assert!(trip.length_m > 500.0);
    let learnt_s = |wait_s: f64| {
        let mut learner = Learner::new(Arc::clone(&map), 1.0);
        for n in 0..20 {
            let drive = fixes(&map, &format!("v{n}"), &trip, |_| 1.0, 1.0, 0.0).0;
            let cut = drive.len() / 2;
            let (before, after) = drive.split_at(cut);
            teach(&mut learner, before);
            let at = before[cut - 1].at;
            let now_ms = before[cut - 1].at_ms;
            // Standing, the position wanders by some metres.
            let mut waited_s = 1.0;
            while waited_s < wait_s {
                let wander = 0.00004 * (waited_s * 1.7).sin();
                let at = (at.latitude() + wander, at.longitude() - wander);
                learner.learn(&fix(&format!("v{n}"), at, waited_s + seconds(now_ms)));
                waited_s += 1.0;
            }
            for later in after {
                #[expect(clippy::cast_possible_truncation, reason = "minutes")]
                let at_ms = later.at_ms + (wait_s * 1000.0) as i64;
                learner.learn(&Fix {
                    at_ms,
                    ..later.clone()
                });
            }
        }
        let router = refreshed(&mut learner).unwrap_or_else(|| Arc::clone(&map));
        trip.stretches
            .iter()
            .map(|s| router.stretch_s(s))
            .sum::<f64>()
    };
    let (free_s, light_s, lunch_s) = (learnt_s(0.0), learnt_s(60.0), learnt_s(900.0));
    assert!(light_s > free_s + 30.0 && light_s < free_s + 80.0);
    assert!((lunch_s - free_s).abs() < 5.0);
}

fn seconds(ms: i64) -> f64 {
    Duration::from_millis(u64::try_from(ms).unwrap()).as_secs_f64()
}

#[test]
fn odd_fixes_teach_nothing_and_harm_nothing() {
    let map = roads(HELSINKI);
    let trip = drive(&map, 3, 103);
    let sane = fixes(&map, "v", &trip, |_| 1.0, 1.0, 1000.0).0;
    let mut learner = Learner::new(Arc::clone(&map), 1.0);
    // Time stands still, runs backwards, jumps; the vehicle flies, or is nowhere near.
    for (n, fix) in sane.iter().enumerate() {
        let at_ms = match n % 6 {
            0 => fix.at_ms,
            1 => 1_000_000,
            2 => i64::MIN,
            3 => i64::MAX,
            4 => -fix.at_ms,
            _ => 1_000_001,
        };
        learner.learn(&Fix {
            at_ms,
            ..fix.clone()
        });
    }
    for (n, at) in [
        (0.0, 0.0),
        (90.0, 0.0),
        (-90.0, 180.0),
        (60.17, 24.94),
        (60.16, 24.95),
    ]
    .into_iter()
    .cycle()
    .take(1000)
    .enumerate()
    {
        let at_s = f64::from(u32::try_from(n).unwrap());
        learner.learn(&fix("jumper", at, at_s));
    }
    assert!(refreshed(&mut learner).is_none());
}

#[tokio::test]
async fn the_service_learns_while_it_runs() {
    let map = roads(HELSINKI);
    let settings = Settings {
        relearn_every: Duration::from_millis(100),
        ..Settings::default()
    };
    let router = open(&settings, Some(Arc::clone(&map)));
    let places = places(&map, 30);
    let usual = router.ways(&places, places[0]).await;
    let slow = fleet(&map, 150, |_| 3.0, 5.0);
    let deadline = Instant::now() + Duration::from_secs(30);
    let sum = |ways: &[ridecast::routing::Way]| ways.iter().map(|w| w.duration_s).sum::<f64>();
    loop {
        // What finds no room in the queue is dropped; time goes on for each round of the fleet.
        for fix in &slow {
            router.learn(fix.clone());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = router.ways(&places, places[0]).await;
        assert!(now.iter().all(|way| way.by == By::Roads));
        if sum(&now) > 2.0 * sum(&usual) {
            break;
        }
        assert!(Instant::now() < deadline, "nothing is learnt");
    }
}
