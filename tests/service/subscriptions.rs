//! Riders and operators: what a subscription shows, when, and what it refuses.

use std::time::Duration;

use ridecast_protocol::ErrorCode as E;
use ridecast_protocol::Role;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::Client;
use crate::say::{
    MONTEVIDEO, Place, distance_m, go_online, nearby, now_ms, offset, position, position_at,
    update, viewport,
};
use crate::service::Service;

async fn driver_at(service: &Service, id: &str, class: &str, place: Place) -> Client {
    let mut driver = Client::open(service.address, id, Role::Driver).await;
    driver.ok(go_online(class)).await;
    driver.ok(position(place)).await;
    driver
}

#[tokio::test]
async fn a_snapshot_comes_first_even_of_nothing() {
    let service = Service::start();
    for binary in [false, true] {
        let (mut rider, _) = Client::open_as(service.address, "r1", Role::Operator, binary).await;
        rider.ok(nearby("near", MONTEVIDEO, 500.0)).await;
        rider
            .ok(viewport("map", [-35.0, -56.3, -34.8, -56.0]))
            .await;
        for name in ["near", "map"] {
            rider
                .until(name, "a snapshot", |view| view.snapshots == 1)
                .await;
            assert!(rider.view(name).ids().is_empty());
        }
    }
    let _driver = driver_at(&service, "d1", "car", MONTEVIDEO).await;
    let mut rider = Client::open(service.address, "r1", Role::Operator).await;
    rider.ok(nearby("near", MONTEVIDEO, 500.0)).await;
    rider
        .until("near", "the snapshot has the car", |view| {
            view.snapshots == 1 && view.has("d1")
        })
        .await;
    assert_eq!(rider.view("near").changes, 0);
}

#[tokio::test]
async fn the_circle_is_true_at_its_edge() {
    let service = Service::start();
    // A metre within and a metre beyond, in each direction, at a latitude where degrees differ.
    let center = (60.17, 24.94);
    let radius_m = 1_000.0;
    let mut rider = Client::open(service.address, "r1", Role::Operator).await;
    rider.ok(nearby("n", center, radius_m)).await;
    let mut driver = Client::open(service.address, "d1", Role::Driver).await;
    driver.ok(go_online("car")).await;
    let mut t = now_ms() - 60_000;
    for bearing in (0..360).step_by(15).map(f64::from) {
        let (sin, cos) = bearing.to_radians().sin_cos();
        for (reach, inside) in [(radius_m - 1.0, true), (radius_m + 1.0, false)] {
            let mut place = offset(center, reach * cos, reach * sin);
            // `offset` is only roughly right: move along the ray until haversine says so.
            for _ in 0..5 {
                let scale = reach / distance_m(center, place);
                place = (
                    center.0 + (place.0 - center.0) * scale,
                    center.1 + (place.1 - center.1) * scale,
                );
            }
            assert!((distance_m(center, place) - reach).abs() < 0.1);
            t += 1000;
            driver.ok(position_at(place, t)).await;
            rider
                .until("n", &format!("{reach} m at {bearing}°"), |view| match view
                    .vehicles
                    .get("d1")
                {
                    Some(shown) => inside && shown.timestamp_ms == t,
                    None => !inside,
                })
                .await;
        }
    }
}

#[tokio::test]
async fn a_viewport_shows_what_is_in_it_and_only_vehicles_of_the_class_are_nearby() {
    let service = Service::start();
    let mut rider = Client::open(service.address, "r1", Role::Operator).await;
    let mut vans = nearby("vans", MONTEVIDEO, 2000.0);
    vans["channel"]["vehicle_class"] = json!("van");
    rider.ok(vans).await;
    rider
        .ok(viewport("map", [-34.91, -56.17, -34.89, -56.15]))
        .await;
    let _car = driver_at(&service, "car", "car", MONTEVIDEO).await;
    let mut van = driver_at(&service, "van", "van", MONTEVIDEO).await;
    let _outside = driver_at(&service, "outside", "van", (-34.911, -56.16)).await;
    rider
        .until("map", "both", |view| view.ids() == ["car", "van"])
        .await;
    rider
        .until("vans", "both vans", |view| view.ids() == ["outside", "van"])
        .await;
    van.ok(position_at((-34.88, -56.16), now_ms() + 1)).await;
    rider
        .until("map", "the van left", |view| view.ids() == ["car"])
        .await;
}

#[tokio::test]
async fn update_moves_a_subscription_with_changes_only() {
    let service = Service::start();
    for binary in [false, true] {
        let (mut rider, _) = Client::open_as(service.address, "r1", Role::Operator, binary).await;
        let near = |metres_east| nearby("n", offset(MONTEVIDEO, 0.0, metres_east), 500.0);
        let mut drivers = Vec::new();
        for (id, east_m) in [("west", -400.0), ("middle", 300.0), ("east", 900.0)] {
            drivers.push(driver_at(&service, id, "car", offset(MONTEVIDEO, 0.0, east_m)).await);
        }
        rider.ok(near(0.0)).await;
        rider
            .until("n", "two", |view| view.ids() == ["middle", "west"])
            .await;
        let told = rider.view("n").told;
        rider.ok(update(near(600.0))).await;
        rider
            .until("n", "the other two", |view| {
                view.ids() == ["east", "middle"]
            })
            .await;
        assert_eq!(
            rider.view("n").told - told,
            1,
            "only what entered is told, not what stays"
        );
        assert_eq!(rider.view("n").snapshots, 1, "no second snapshot");
        rider.ok(update(near(100_000.0))).await;
        rider.until("n", "none", |view| view.ids().is_empty()).await;
        rider.ok(update(near(0.0))).await;
        rider
            .until("n", "two again", |view| view.ids() == ["middle", "west"])
            .await;
        // From a circle to a map, and to a class.
        rider
            .ok(update(viewport("n", [-35.0, -56.3, -34.8, -56.0])))
            .await;
        rider.until("n", "all", |view| view.ids().len() == 3).await;
        let mut bikes = near(0.0);
        bikes["channel"]["vehicle_class"] = json!("bike");
        rider.ok(update(bikes)).await;
        rider
            .until("n", "no bikes", |view| view.ids().is_empty())
            .await;
        assert_eq!(rider.view("n").snapshots, 1);
    }
}

#[tokio::test]
async fn what_is_no_longer_subscribed_is_no_longer_told() {
    let service = Service::start();
    let mut rider = Client::open(service.address, "r1", Role::Operator).await;
    rider.ok(nearby("a", MONTEVIDEO, 500.0)).await;
    rider.ok(nearby("b", MONTEVIDEO, 500.0)).await;
    let mut driver = driver_at(&service, "d1", "car", MONTEVIDEO).await;
    rider.until("a", "the car", |view| view.has("d1")).await;
    rider.until("b", "the car", |view| view.has("d1")).await;
    rider
        .ok(json!({"type": "unsubscribe", "subscription": "a"}))
        .await;
    let told = rider.view("a").changes;
    let there = offset(MONTEVIDEO, 100.0, 0.0);
    driver.ok(position(there)).await;
    rider
        .until("b", "it moved", |view| {
            view.vehicles["d1"].latitude > MONTEVIDEO.0
        })
        .await;
    rider.settle().await;
    assert_eq!(rider.view("a").changes, told);
    // The name is free again.
    rider.forget("a");
    rider.ok(nearby("a", MONTEVIDEO, 500.0)).await;
    rider
        .until("a", "a new snapshot", |view| {
            view.snapshots == 1 && view.has("d1")
        })
        .await;
}

#[tokio::test]
async fn a_bad_request_is_refused_with_its_code_and_the_session_lives() {
    let service = Service::start_with(|settings| settings.hub.max_subscriptions = 3);
    let mut rider = Client::open(service.address, "r1", Role::Operator).await;
    let circle = |field: &str, value: Value| {
        let mut wish = nearby("n", MONTEVIDEO, 500.0);
        wish["channel"][field] = value;
        wish
    };
    let at_rate = |value: Value| {
        let mut wish = nearby("n", MONTEVIDEO, 500.0);
        wish["max_rate_hz"] = value;
        wish
    };
    let all_around = viewport("n", [-1.0, -180.0, 1.0, 180.0]);
    let bad = [
        (circle("kind", json!("galaxy")), E::UnknownChannel),
        (circle("radius_m", json!(20_001)), E::AreaTooLarge),
        (circle("radius_m", json!(0)), E::InvalidArea),
        (circle("radius_m", json!(-5)), E::InvalidArea),
        (circle("latitude", json!(91)), E::InvalidArea),
        (circle("longitude", json!(181)), E::InvalidArea),
        (circle("limit", json!(0)), E::InvalidMessage),
        (circle("limit", json!(1001)), E::InvalidMessage),
        (circle("limit", json!(-1)), E::InvalidMessage),
        (circle("vehicle_class", json!("")), E::InvalidMessage),
        (circle("radius_m", json!("wide")), E::InvalidMessage),
        (circle("radius_m", Value::Null), E::InvalidMessage),
        (at_rate(json!(0)), E::InvalidMessage),
        (at_rate(json!(-1)), E::InvalidMessage),
        (at_rate(json!(51)), E::InvalidMessage),
        (at_rate(json!(1e60)), E::InvalidMessage),
        (viewport("n", [0.0, 0.0, 0.0, 1.0]), E::InvalidArea),
        (viewport("n", [1.0, 0.0, 0.0, 1.0]), E::InvalidArea),
        (viewport("n", [0.0, 0.0, 91.0, 1.0]), E::InvalidArea),
        (viewport("n", [0.0, -181.0, 1.0, 1.0]), E::InvalidArea),
        (viewport("n", [-60.0, -60.0, 60.0, 60.0]), E::AreaTooLarge),
        (all_around, E::AreaTooLarge),
        (nearby("", MONTEVIDEO, 5.0), E::InvalidMessage),
        (nearby(&"x".repeat(65), MONTEVIDEO, 5.0), E::InvalidMessage),
        (
            update(nearby("none", MONTEVIDEO, 5.0)),
            E::UnknownSubscription,
        ),
        (
            json!({"type": "unsubscribe", "subscription": "none"}),
            E::UnknownSubscription,
        ),
        (
            json!({"type": "subscribe", "subscription": "n"}),
            E::InvalidMessage,
        ),
        (
            json!({"type": "subscribe", "channel": {}}),
            E::InvalidMessage,
        ),
    ];
    for (request, code) in bad {
        assert_eq!(rider.refused(request.clone()).await, code, "{request}");
    }
    rider.ok(nearby("n", MONTEVIDEO, 20_000.0)).await;
    assert_eq!(
        rider.refused(nearby("n", MONTEVIDEO, 5.0)).await,
        E::SubscriptionExists
    );
    rider.ok(nearby("2", MONTEVIDEO, 5.0)).await;
    rider.ok(nearby("3", MONTEVIDEO, 5.0)).await;
    assert_eq!(
        rider.refused(nearby("4", MONTEVIDEO, 5.0)).await,
        E::TooManySubscriptions
    );
    // A refused update leaves the subscription as it was.
    let _driver = driver_at(&service, "d1", "car", MONTEVIDEO).await;
    assert_eq!(
        rider.refused(update(circle("radius_m", json!(-5)))).await,
        E::InvalidArea
    );
    rider
        .until("n", "it still shows", |view| view.has("d1"))
        .await;
    rider
        .ok(json!({"type": "unsubscribe", "subscription": "2"}))
        .await;
    rider.ok(nearby("4", MONTEVIDEO, 5.0)).await;
}

#[tokio::test]
async fn across_the_antimeridian_and_around_a_pole() {
    let service = Service::start();
    for (center, others) in [
        (
            (-17.0, 179.995),
            [(-17.0, -179.995), (-17.0, 180.0), (-17.0, -180.0)],
        ),
        (
            (89.999, 10.0),
            [(89.999, -170.0), (90.0, 45.0), (89.9985, 100.0)],
        ),
        (
            (-89.999, 10.0),
            [(-89.999, -170.0), (-90.0, 45.0), (-89.9985, 100.0)],
        ),
    ] {
        let mut rider = Client::open(service.address, "r1", Role::Operator).await;
        rider.ok(nearby("n", center, 1_200.0)).await;
        let mut driver = Client::open(service.address, "d1", Role::Driver).await;
        driver.ok(json!({"type": "go_offline"})).await;
        driver.ok(go_online("car")).await;
        for place in others {
            driver.ok(position(place)).await;
            rider
                .until("n", &format!("{place:?} is near {center:?}"), |view| {
                    view.vehicles
                        .get("d1")
                        .is_some_and(|it| it.longitude.to_bits() == place.1.to_bits())
                })
                .await;
        }
        driver.ok(json!({"type": "go_offline"})).await;
    }
    let mut operator = Client::open(service.address, "o1", Role::Operator).await;
    operator
        .ok(viewport("date line", [-18.0, 179.5, -16.0, -179.5]))
        .await;
    operator
        .ok(viewport("cap", [89.5, -180.0, 90.0, 180.0]))
        .await;
    let _fiji = driver_at(&service, "fiji", "boat", (-17.0, -179.6)).await;
    let _pole = driver_at(&service, "pole", "sled", (89.7, 33.0)).await;
    operator
        .until("date line", "beyond 180°", |view| view.ids() == ["fiji"])
        .await;
    operator
        .until("cap", "at the pole", |view| view.ids() == ["pole"])
        .await;
}

#[tokio::test]
async fn max_rate_is_kept_and_the_newest_wins() {
    let service = Service::start();
    let mut rider = Client::open(service.address, "r1", Role::Operator).await;
    let mut wish = nearby("slow", MONTEVIDEO, 5000.0);
    wish["max_rate_hz"] = json!(5);
    rider.ok(wish).await;
    rider.ok(nearby("fast", MONTEVIDEO, 5000.0)).await;
    let mut driver = driver_at(&service, "d1", "car", MONTEVIDEO).await;
    rider.until("slow", "the car", |view| view.has("d1")).await;
    let (before, since) = (rider.view("slow").changes, Instant::now());
    let mut last = 0;
    for _ in 0..100 {
        last = now_ms();
        driver.send(&position_at(MONTEVIDEO, last)).await;
        tokio::time::sleep(Duration::from_millis(12)).await;
    }
    rider
        .until("fast", "all", |view| {
            view.vehicles["d1"].timestamp_ms == last
        })
        .await;
    rider
        .until("slow", "the last", |view| {
            view.vehicles["d1"].timestamp_ms == last
        })
        .await;
    let frames = f64::from(u32::try_from(rider.view("slow").changes - before).unwrap());
    let most = since.elapsed().as_secs_f64() * 5.0 + 2.0;
    assert!(
        frames >= 3.0 && frames <= most,
        "{frames} frames in {:?}",
        since.elapsed()
    );
    assert!(
        rider.view("fast").changes > 3 * rider.view("slow").changes,
        "the other is not held back"
    );
}

#[tokio::test]
async fn a_slow_subscription_made_faster_is_faster_at_once() {
    let service = Service::start();
    let mut rider = Client::open(service.address, "r1", Role::Operator).await;
    let rate = |hz: f64| {
        let mut wish = nearby("n", MONTEVIDEO, 5000.0);
        wish["max_rate_hz"] = json!(hz);
        wish
    };
    rider.ok(rate(0.001)).await;
    rider
        .until("n", "its snapshot", |view| view.snapshots == 1)
        .await;
    let _driver = driver_at(&service, "d1", "car", MONTEVIDEO).await;
    rider.ok(update(rate(20.0))).await;
    rider.until("n", "the car", |view| view.has("d1")).await;
}

/// A delayed frame must come at its time, however busy others keep the thread.
#[tokio::test]
async fn a_busy_neighbour_does_not_hold_back_a_delayed_frame() {
    let service = Service::start_with(|settings| settings.workers = 1);
    let mut rider = Client::open(service.address, "r1", Role::Operator).await;
    let mut calm = nearby("calm", MONTEVIDEO, 500.0);
    calm["max_rate_hz"] = json!(2);
    rider.ok(calm).await;
    let mut one = driver_at(&service, "one", "car", MONTEVIDEO).await;
    rider.until("calm", "the car", |view| view.has("one")).await;

    // Elsewhere, twenty vehicles that tell so much that every pass finds more.
    let elsewhere = offset(MONTEVIDEO, 50_000.0, 0.0);
    let mut watcher = Client::open(service.address, "w1", Role::Operator).await;
    for n in 0..16 {
        // Many times, so that a pass costs something, and there is a rest after it.
        watcher
            .ok(nearby(&format!("busy{n}"), elsewhere, 5000.0))
            .await;
    }
    let mut busy = Vec::new();
    for n in 0..20 {
        let mut driver = Client::open(service.address, &format!("b{n}"), Role::Driver).await;
        driver.ok(go_online("car")).await;
        busy.push(tokio::spawn(async move {
            let mut t = now_ms() - 3_600_000;
            loop {
                t += 10;
                driver.send(&position_at(elsewhere, t)).await;
                tokio::time::sleep(Duration::from_millis(11)).await;
            }
        }));
    }
    watcher
        .until("busy0", "they drive", |view| view.vehicles.len() == 20)
        .await;
    for n in 1..=5 {
        let last = now_ms() + n;
        one.ok(position_at(MONTEVIDEO, last)).await;
        let since = Instant::now();
        rider
            .until("calm", "its last position", |view| {
                view.vehicles["one"].timestamp_ms == last
            })
            .await;
        assert!(
            since.elapsed() < Duration::from_millis(1500),
            "{:?}",
            since.elapsed()
        );
    }
    for driver in busy {
        driver.abort();
    }
}
