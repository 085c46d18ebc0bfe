//! Counts by cells: for operators, beside the vehicles themselves.

mod cells;

use std::collections::BTreeMap;
use std::time::Duration;

use ridecast::spatial::{Cell, Hexagon, LatLon, Resolution};
use ridecast_protocol::{ErrorCode as E, Event, OfferState, Role, ServerMessage, VehicleState};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::{Client, DEADLINE};
use crate::http::{get, post};
use crate::nodes::{around_a_border, driver_at, pair};
use crate::raw::{FIN, Raw, TEXT};
use crate::say::{MONTEVIDEO, Place, go_online, offset, position, update, viewport};
use crate::service::{Service, token};
use crate::view::View;
use cells::{All, Cells, Tally, take, until};

/// South, west, north, east.
const CITY: [f64; 4] = [-34.95, -56.26, -34.85, -56.06];

fn density(name: &str, [south, west, north, east]: [f64; 4], zoom: f64) -> Value {
    json!({
        "type": "subscribe", "subscription": name,
        "channel": {
            "kind": "density", "zoom": zoom,
            "south": south, "west": west, "north": north, "east": east,
        },
    })
}

fn of_class(mut subscribe: Value, class: &str) -> Value {
    subscribe["channel"]["vehicle_class"] = json!(class);
    subscribe
}

fn cell_of((latitude, longitude): Place, resolution: Resolution) -> String {
    let point = LatLon::new(latitude, longitude).unwrap();
    Hexagon::around(Cell::of(point), point, resolution).to_string()
}

/// The counts of the vehicles that a viewport shows.
fn counted(view: &View, resolution: Resolution, class: Option<&str>) -> BTreeMap<String, Tally> {
    let mut counts = BTreeMap::<_, Tally>::new();
    let wanted = |of: &str| class.is_none_or(|class| class == of);
    for vehicle in view.vehicles.values().filter(|it| wanted(&it.class)) {
        let cell = cell_of((vehicle.latitude, vehicle.longitude), resolution);
        let tally = counts.entry(cell).or_default();
        tally.0 += 1;
        tally.1 += u32::from(vehicle.state == VehicleState::Silent);
    }
    counts
}

fn has(all: &All, name: &str, cells: &[(String, Tally)]) -> bool {
    let wanted: BTreeMap<_, _> = cells.iter().cloned().collect();
    all.get(name).is_some_and(|it| it.tallies == wanted)
}

/// A vehicle tells by HTTP where it is.
async fn stand(service: &Service, id: &str, class: &str, place: Place) {
    let mut position = position(place);
    position.as_object_mut().unwrap().remove("type");
    let body = json!({"vehicle": {"class": class}, "positions": [position]});
    let token = token(id, Role::Driver);
    let reply = post(
        service.address,
        "/v1/positions",
        Some(&token),
        &body.to_string(),
    )
    .await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[tokio::test]
async fn counts_are_those_of_the_vehicles_as_they_enter_move_and_leave() {
    let service = Service::start_with(|settings| {
        settings.fleet.silent_after = Duration::from_mins(1);
    });
    let (mut operator, _) = Client::open_as(service.address, "o", Role::Operator, true).await;
    operator.ok(viewport("map", CITY)).await;
    operator.ok(density("wide", CITY, 10.0)).await;
    operator.ok(density("near", CITY, 12.0)).await;
    operator
        .ok(of_class(density("vans", CITY, 12.0), "van"))
        .await;
    let mut all = All::new();
    let is_empty = |all: &All| all.len() == 3 && all.values().all(|it| it.vehicles == 0);
    until(&mut operator, &mut all, "empty snapshots", |all, _| {
        is_empty(all)
    })
    .await;
    assert_eq!((all["wide"].resolution, all["near"].resolution), (7, 8));

    let place = |n: u32, east_m: f64| {
        let (north_m, on_m) = (f64::from(n / 8) * 700.0, f64::from(n % 8) * 500.0);
        offset((-34.92, -56.2), north_m, on_m + east_m)
    };
    let all_agree = |all: &All, view: &View| {
        all["wide"].tallies == counted(view, Resolution::Seven, None)
            && all["near"].tallies == counted(view, Resolution::Eight, None)
            && all["vans"].tallies == counted(view, Resolution::Eight, Some("van"))
    };
    for n in 0..40 {
        let class = if n % 3 == 0 { "van" } else { "car" };
        stand(&service, &format!("v{n}"), class, place(n, 0.0)).await;
    }
    until(&mut operator, &mut all, "40 entered", |all, view| {
        view.vehicles.len() == 40 && all["wide"].vehicles == 40 && all_agree(all, view)
    })
    .await;
    assert_eq!(all["vans"].vehicles, 14);

    for n in 0..20 {
        let class = if n % 3 == 0 { "van" } else { "car" };
        stand(&service, &format!("v{n}"), class, place(n, 4_000.0)).await;
    }
    until(
        &mut operator,
        &mut all,
        "half of them moved",
        |all, view| {
            let moved = |n: u32| {
                let it = &view.vehicles[&format!("v{n}")];
                (it.latitude, it.longitude) == place(n, 4_000.0)
            };
            (0..20).all(moved) && all_agree(all, view)
        },
    )
    .await;

    for n in 10..30 {
        let mut driver = Client::open(service.address, &format!("v{n}"), Role::Driver).await;
        driver.ok(json!({"type": "go_offline"})).await;
    }
    until(&mut operator, &mut all, "half of them left", |all, view| {
        view.vehicles.len() == 20 && all["wide"].vehicles == 20 && all_agree(all, view)
    })
    .await;
    for cells in all.values() {
        assert_eq!(cells.snapshots, 1, "only changes after the snapshot");
        assert!(cells.changes >= 3, "{cells:?}");
    }
    operator
        .ok(json!({"type": "unsubscribe", "subscription": "near"}))
        .await;
    take(&mut operator, &mut all);
    let before = all["near"].changes;
    stand(&service, "v0", "van", place(30, 0.0)).await;
    until(&mut operator, &mut all, "one more change", |all, view| {
        all["vans"].tallies == counted(view, Resolution::Eight, Some("van"))
            && view.vehicles["v0"].longitude < -56.15
    })
    .await;
    assert_eq!(all["near"].changes, before, "nothing more comes of it");
}

#[tokio::test]
async fn silent_and_busy_vehicles_are_told_apart() {
    let service = Service::start_with(|settings| {
        settings.fleet.silent_after = Duration::from_secs(2);
        settings.fleet.gone_after = Duration::from_mins(1);
    });
    let mut operator = Client::open(service.address, "o", Role::Operator).await;
    operator.ok(density("d", CITY, 12.0)).await;
    let mut driver = Client::open(service.address, "d1", Role::Driver).await;
    driver.ok(go_online("car")).await;
    driver.ok(position(MONTEVIDEO)).await;
    let cell = cell_of(MONTEVIDEO, Resolution::Eight);
    let mut all = All::new();
    for (what, tally) in [("there", (1, 0, 0)), ("silent", (1, 1, 0))] {
        until(&mut operator, &mut all, what, |all, _| {
            has(all, "d", &[(cell.clone(), tally)])
        })
        .await;
    }
    let (latitude, longitude) = MONTEVIDEO;
    driver.ok(position(MONTEVIDEO)).await;
    let mut rider = Client::open(service.address, "r", Role::Rider).await;
    rider
        .ok(json!({
            "type": "request_ride", "idempotency_key": "k",
            "pickup": {"latitude": latitude, "longitude": longitude},
            "dropoff": {"latitude": latitude + 0.02, "longitude": longitude},
        }))
        .await;
    // Stays heard, or it would not be offered a ride.
    driver.ok(position(MONTEVIDEO)).await;
    let offer = driver
        .event("an offer", |event| match event {
            Event::Offer(offer) if offer.state == OfferState::Open => Some(offer.offer_id.clone()),
            _ => None,
        })
        .await;
    driver
        .ok(json!({"type": "accept_offer", "offer_id": offer}))
        .await;
    until(&mut operator, &mut all, "busy", |all, _| {
        all["d"].tallies[&cell].2 == 1
    })
    .await;
}

#[tokio::test]
async fn an_update_moves_it_with_a_new_snapshot() {
    let service = Service::start();
    let mut operator = Client::open(service.address, "o", Role::Operator).await;
    let (here, there) = (MONTEVIDEO, offset(MONTEVIDEO, 0.0, 60_000.0));
    stand(&service, "v1", "car", here).await;
    stand(&service, "v2", "van", there).await;
    let [first, second] = [here, there].map(|at| cell_of(at, Resolution::Eight));
    let mut all = All::new();
    operator.ok(density("d", CITY, 12.0)).await;
    until(&mut operator, &mut all, "here", |all, _| {
        has(all, "d", &[(first.clone(), (1, 0, 0))])
    })
    .await;
    let east = [CITY[0], CITY[1] + 0.6, CITY[2], CITY[3] + 0.6];
    operator.ok(update(density("d", east, 12.0))).await;
    until(&mut operator, &mut all, "there", |all, _| {
        has(all, "d", &[(second.clone(), (1, 0, 0))])
    })
    .await;
    let both = [CITY[0], CITY[1], CITY[2], east[3]];
    operator.ok(update(density("d", both, 9.0))).await;
    until(&mut operator, &mut all, "larger cells", |all, _| {
        all["d"].resolution == 6 && all["d"].vehicles == 2
    })
    .await;
    operator
        .ok(update(of_class(density("d", both, 9.0), "van")))
        .await;
    until(&mut operator, &mut all, "vans", |all, _| {
        has(all, "d", &[(cell_of(there, Resolution::Six), (1, 0, 0))])
    })
    .await;
    assert!((4..=5).contains(&all["d"].snapshots), "{all:?}");

    operator.ok(viewport("map", CITY)).await;
    for (request, code) in [
        (update(viewport("d", CITY)), E::InvalidMessage),
        (update(density("map", CITY, 12.0)), E::InvalidMessage),
        (update(density("none", CITY, 12.0)), E::UnknownSubscription),
        (density("d", CITY, 12.0), E::SubscriptionExists),
        (density("map", CITY, 12.0), E::SubscriptionExists),
        (viewport("d", CITY), E::SubscriptionExists),
    ] {
        assert_eq!(operator.refused(request.clone()).await, code, "{request}");
    }
    operator
        .ok(json!({"type": "unsubscribe", "subscription": "d"}))
        .await;
    operator.ok(viewport("d", CITY)).await;
}

#[tokio::test]
async fn only_operators_may_and_not_of_half_the_earth() {
    let service = Service::start();
    for role in [Role::Rider, Role::Driver] {
        let mut other = Client::open(service.address, "p", role).await;
        assert_eq!(other.refused(density("d", CITY, 12.0)).await, E::Forbidden);
        let moved = update(density("d", CITY, 12.0));
        assert_eq!(other.refused(moved).await, E::Forbidden);
    }
    let mut operator = Client::open(service.address, "o", Role::Operator).await;
    let mut without = density("d", CITY, 12.0);
    without["channel"].as_object_mut().unwrap().remove("zoom");
    for (request, code) in [
        (
            density("d", [-35.2, -56.6, -34.6, -56.0], 16.0),
            E::AreaTooLarge,
        ),
        (
            density("d", [-60.0, -60.0, 60.0, 60.0], 5.0),
            E::AreaTooLarge,
        ),
        (
            density("d", [-1.0, -180.0, 1.0, 180.0], 8.0),
            E::AreaTooLarge,
        ),
        (density("d", [1.0, 0.0, 0.0, 1.0], 8.0), E::InvalidArea),
        (density("d", [0.0, 0.0, 1.0, 181.0], 8.0), E::InvalidArea),
        (density("d", CITY, 24.5), E::InvalidMessage),
        (density("d", CITY, -1.0), E::InvalidMessage),
        (without, E::InvalidMessage),
    ] {
        assert_eq!(operator.refused(request.clone()).await, code, "{request}");
    }
    for n in 0..16 {
        operator.ok(density(&format!("d{n}"), CITY, 11.0)).await;
    }
    let one_more = operator.refused(density("d", CITY, 11.0)).await;
    assert_eq!(one_more, E::TooManySubscriptions);
}

#[tokio::test]
async fn cells_at_the_antimeridian_have_outlines_in_one_piece() {
    let service = Service::start();
    let mut operator = Client::open(service.address, "o", Role::Operator).await;
    operator
        .ok(density("d", [-18.0, 179.0, -16.0, -179.0], 8.0))
        .await;
    stand(&service, "east", "car", (-17.0, -179.99)).await;
    stand(&service, "west", "car", (-17.0, 179.99)).await;
    let mut all = All::new();
    until(&mut operator, &mut all, "both", |all, _| {
        all.get("d").is_some_and(|it| it.vehicles == 2)
    })
    .await;
    let mut beyond = 0;
    for outline in all["d"].outlines.values() {
        assert!((5..=10).contains(&outline.len()));
        let longitudes = || outline.iter().map(|[longitude, _]| *longitude);
        let (west, east) = (
            longitudes().fold(f64::INFINITY, f64::min),
            longitudes().fold(f64::NEG_INFINITY, f64::max),
        );
        assert!(east - west < 1.0, "{outline:?}");
        beyond += usize::from(west < -180.0 || east > 180.0);
    }
    assert!(beyond > 0, "{all:?}");
}

#[tokio::test]
async fn it_is_told_once_a_second_at_most() {
    let service = Service::start();
    let mut operator = Client::open(service.address, "o", Role::Operator).await;
    operator.ok(density("d", CITY, 12.0)).await;
    let mut slowly = density("slowly", CITY, 12.0);
    slowly["max_rate_hz"] = json!(0.5);
    operator.ok(slowly).await;
    let mut driver = Client::open(service.address, "d1", Role::Driver).await;
    driver.ok(go_online("car")).await;
    let begun = Instant::now();
    let mut all = All::new();
    let mut n = 0;
    while all.get("d").is_none_or(|it| it.changes < 4) {
        assert!(begun.elapsed() < DEADLINE, "{all:?}");
        n += 1;
        let off_m = f64::from(n % 4) * 1_500.0;
        driver.ok(position(offset(MONTEVIDEO, 0.0, off_m))).await;
        // Some twenty moves for each count.
        let _ = tokio::time::timeout(Duration::from_millis(50), operator.next()).await;
        take(&mut operator, &mut all);
    }
    let elapsed = begun.elapsed();
    assert!(elapsed > Duration::from_millis(2_900), "4 in {elapsed:?}");
    let changes = all["slowly"].changes;
    let most = elapsed.as_secs_f64() / 2.0 + 1.0;
    assert!(changes > 0, "none in {elapsed:?}");
    assert!(
        f64::from(u32::try_from(changes).unwrap()) <= most,
        "{changes} in {elapsed:?}"
    );
}

/// While it does not read, vehicles move; what it reads then is how they are by now.
#[tokio::test]
async fn who_reads_slowly_gets_the_newest_counts() {
    let service = Service::start_with(|settings| {
        settings.fleet.silent_after = Duration::from_mins(1);
    });
    // All in cells of their own, so that a snapshot is large.
    let place = |n: u32| {
        let (north_m, on_m) = (f64::from(n / 10) * 800.0, f64::from(n % 10) * 800.0);
        offset((-34.93, -56.2), north_m, on_m)
    };
    for n in 0..90 {
        stand(&service, &format!("v{n}"), "car", place(n)).await;
    }
    let mut operator = Client::open(service.address, "o", Role::Operator).await;
    operator.ok(density("d", CITY, 13.0)).await;
    let mut all = All::new();
    until(&mut operator, &mut all, "all are there", |all, _| {
        all.get("d").is_some_and(|it| it.vehicles == 90)
    })
    .await;
    let mut slow = Raw::open_with(service.address, &token("s", Role::Operator), 4096).await;
    for n in 0..16 {
        let subscribe = density(&format!("d{n}"), CITY, 13.0).to_string();
        slow.frame(FIN | TEXT, subscribe.as_bytes()).await;
    }
    for n in 0..4 {
        let there = place(90 + n);
        stand(&service, &format!("v{n}"), "car", there).await;
        let cell = cell_of(there, Resolution::Nine);
        until(&mut operator, &mut all, "it moved", |all, _| {
            all["d"].tallies.contains_key(&cell)
        })
        .await;
    }
    let wanted = &all["d"].tallies;
    let mut folded = All::new();
    let (mut count, mut new_at_once) = (0, 0);
    let is_newest = |cells: &Cells| cells.tallies == *wanted;
    while folded.len() < 16 || !folded.values().all(is_newest) {
        let (first, payload) = slow.next().await.expect("the session lives");
        if first == FIN | TEXT
            && let ServerMessage::Density(message) = serde_json::from_slice(&payload).unwrap()
        {
            let cells = folded.entry(message.subscription.to_string()).or_default();
            cells.fold(message);
            count += 1;
            new_at_once += usize::from(cells.snapshots + cells.changes == 1 && is_newest(cells));
        }
    }
    assert!(
        new_at_once >= 4,
        "{new_at_once} began with the newest counts"
    );
    assert!(count < 16 * 3, "{count} messages");
    let metrics = get(service.address, "/metrics", None).await.body;
    assert!(
        metrics.contains("ridecast_density_counts_total"),
        "{metrics}"
    );
}

#[tokio::test]
async fn vehicles_of_other_nodes_count_too() {
    let nodes = pair(&["--silent-after", "30s"]);
    let (here, there) = around_a_border();
    let around = |(latitude, longitude): Place| {
        let (north, east) = (latitude + 0.1, longitude + 0.1);
        [latitude - 0.1, longitude - 0.1, north, east]
    };
    let mut driver = driver_at(&nodes.a, "d1", here).await;
    let _other = driver_at(&nodes.b, "d2", here).await;
    let mut operator = Client::open(nodes.b.address, "o1", Role::Operator).await;
    operator.ok(density("d", around(here), 12.0)).await;
    let [first, second] = [here, there].map(|at| cell_of(at, Resolution::Eight));
    let mut all = All::new();
    let two = [(first.clone(), (2, 0, 0))];
    let apart = [(first.clone(), (1, 0, 0)), (second, (1, 0, 0))];
    let one = [(first, (1, 0, 0))];
    until(&mut operator, &mut all, "both", |all, _| {
        has(all, "d", &two)
    })
    .await;
    driver.ok(position(there)).await;
    until(&mut operator, &mut all, "over the border", |all, _| {
        has(all, "d", &apart)
    })
    .await;
    driver.ok(position(here)).await;
    until(&mut operator, &mut all, "and back", |all, _| {
        has(all, "d", &two)
    })
    .await;
    driver.ok(json!({"type": "go_offline"})).await;
    until(&mut operator, &mut all, "it went offline", |all, _| {
        has(all, "d", &one)
    })
    .await;

    // Elsewhere this node did not listen until now.
    let far = offset(here, 300_000.0, 0.0);
    let _far = driver_at(&nodes.a, "d3", far).await;
    operator.ok(update(density("d", around(far), 12.0))).await;
    until(&mut operator, &mut all, "another area", |all, _| {
        has(all, "d", &[(cell_of(far, Resolution::Eight), (1, 0, 0))])
    })
    .await;
}
