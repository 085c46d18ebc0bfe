//! Estimates and routes: how long, how far, and the line to draw.

use std::net::SocketAddr;
use std::path::Path;

use ridecast_protocol::{
    Estimate, OfferState, RideState as S, Role, Route, RouteBy, ShareLink, Toward,
};
use serde_json::json;

use crate::client::Client;
use crate::http::{Reply, get, post};
use crate::people::{answer, driver_at, step};
use crate::say::{Place, distance_m, go_online, offset, position};
use crate::scene::{PICKUP, Scene, dropoff, impatient};
use crate::service::{Service, token};

const ROSA: (&str, Role) = ("rosa", Role::Rider);
const OTTO: (&str, Role) = ("otto", Role::Rider);
const ANA: (&str, Role) = ("ana", Role::Driver);
const BEA: (&str, Role) = ("bea", Role::Driver);
const OLGA: (&str, Role) = ("olga", Role::Operator);

async fn ask(address: SocketAddr, (user, role): (&str, Role), path: &str) -> Reply {
    get(address, path, Some(&token(user, role))).await
}

fn from_to(pickup: Place, dropoff: Place) -> String {
    format!(
        "/v1/estimate?pickup_latitude={}&pickup_longitude={}\
         &dropoff_latitude={}&dropoff_longitude={}",
        pickup.0, pickup.1, dropoff.0, dropoff.1
    )
}

/// Where a line begins and ends.
fn ends(line: &[[f64; 2]]) -> [Place; 2] {
    [line[0], line[line.len() - 1]].map(|[longitude, latitude]| (latitude, longitude))
}

fn is_at(place: Place, other: Place) -> bool {
    distance_m(place, other) < 1.0
}

#[tokio::test]
async fn an_estimate_counts_who_is_free_and_how_long_the_first_would_take() {
    let service = impatient();
    let address = service.address;
    let mut drivers = Vec::new();
    for (name, class, away_m) in [
        ("near", "van", 500.0),
        ("middle", "car", 1_000.0),
        ("far", "car", 3_000.0),
        ("beyond", "car", 6_000.0),
    ] {
        let mut driver = Client::open(address, name, Role::Driver).await;
        driver.ok(go_online(class)).await;
        driver.ok(position(offset(PICKUP, 0.0, away_m))).await;
        drivers.push(driver);
    }
    let told = async |more: &str| -> Estimate {
        let path = from_to(PICKUP, dropoff()) + more;
        let reply = ask(address, ROSA, &path).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    };
    // By the great circle, 1.3 times as far at 25 km/h.
    let seconds = |away_m: f64| away_m * 1.3 / (25.0 / 3.6);
    let waits = |told: &Estimate, away_m| {
        let wait_s = f64::from(told.wait_s.unwrap());
        (wait_s - seconds(away_m)).abs() < 2.0
    };
    let all = told("").await;
    assert_eq!((all.vehicles, all.by), (3, RouteBy::GreatCircle));
    assert!(waits(&all, 500.0), "{all:?}");
    assert!((f64::from(all.trip.duration_s) - seconds(2_000.0)).abs() < 2.0);
    assert!((f64::from(all.trip.distance_m) - 2_600.0).abs() < 5.0);
    let [begin, end] = ends(&all.line);
    assert!(is_at(begin, PICKUP) && is_at(end, dropoff()), "{all:?}");
    let cars = told("&vehicle_class=car").await;
    assert_eq!(cars.vehicles, 2);
    assert!(waits(&cars, 1_000.0), "{cars:?}");
    let none = told("&vehicle_class=boat").await;
    assert_eq!((none.vehicles, none.wait_s), (0, None));
    assert_eq!(none.trip, all.trip);

    // Who is offered a ride is not free, and who has one neither.
    let mut rider = Client::open(address, "otto", Role::Rider).await;
    rider
        .ride(crate::people::request("k", PICKUP, dropoff()))
        .await;
    let offer = drivers[0].until_offer(OfferState::Open).await;
    let offered = told("").await;
    assert_eq!(offered.vehicles, 2);
    assert!(waits(&offered, 1_000.0), "{offered:?}");
    drivers[0].ok(answer("accept_offer", &offer)).await;
    assert_eq!(told("").await.vehicles, 2);
    drivers[1].ok(json!({"type": "go_offline"})).await;
    let last = told("").await;
    assert_eq!(last.vehicles, 1);
    assert!(waits(&last, 3_000.0), "{last:?}");
}

#[tokio::test]
async fn an_estimate_of_nowhere_is_refused() {
    let service = Service::start();
    let good = "pickup_latitude=1&pickup_longitude=2&dropoff_latitude=3&dropoff_longitude=4";
    let path = |query: &str| format!("/v1/estimate?{query}");
    for bad in [
        "",
        "pickup_latitude=1&pickup_longitude=2&dropoff_latitude=3",
        &good.replace("=1", "=91"),
        &good.replace("=2", "=-181"),
        &good.replace("=3", "=NaN"),
        &good.replace("=4", "=inf"),
        &good.replace("=4", "=east"),
        &format!("{good}&vehicle_class="),
    ] {
        let refused = ask(service.address, ROSA, &path(bad)).await.error();
        assert_eq!(refused, (400, "invalid_message".to_owned()), "{bad}");
    }
    let refused = ask(service.address, ANA, &path(good)).await.error();
    assert_eq!(refused, (403, "forbidden".to_owned()));
    assert_eq!(ask(service.address, OLGA, &path(good)).await.status, 200);
}

/// The route as everybody sees it who may: all the same.
async fn route(scene: &Scene, who: &[(&str, Role)], link: &ShareLink) -> Route {
    let address = scene.service.address;
    let by_link = get(address, &format!("/v1/share/{}/route", link.token), None).await;
    assert_eq!(by_link.status, 200, "{by_link:?}");
    assert!(by_link.head.contains("cache-control: no-store"));
    let mut route: Route = by_link.json();
    let path = format!("/v1/rides/{}/route", scene.ride);
    for person in who {
        let reply = ask(address, *person, &path).await;
        assert_eq!(reply.status, 200, "{person:?}: {reply:?}");
        let theirs: Route = reply.json();
        assert!((theirs.at_ms - route.at_ms).abs() < 10_000);
        route.at_ms = theirs.at_ms;
        assert_eq!(theirs, route, "{person:?}");
    }
    route
}

async fn is_nothing(scene: &Scene, who: &[(&str, Role)]) {
    let path = format!("/v1/rides/{}/route", scene.ride);
    for person in who {
        let refused = ask(scene.service.address, *person, &path).await.error();
        assert_eq!(refused, (404, "unknown_ride".to_owned()), "{person:?}");
    }
}

fn leads(route: &Route, toward: Toward, from: Place, to: Place) {
    assert_eq!(route.toward, toward, "{route:?}");
    let [begin, end] = ends(&route.line);
    assert!(is_at(begin, from) && is_at(end, to), "{route:?}");
    let far = distance_m(from, to) * 1.3;
    assert!((f64::from(route.distance_m) - far).abs() < 5.0, "{route:?}");
    assert!((f64::from(route.duration_s) - far / 25.0 * 3.6).abs() < 2.0);
}

#[tokio::test]
async fn a_route_leads_where_the_ride_goes_for_whose_it_is() {
    let mut scene = Scene::at(S::Requested).await;
    let address = scene.service.address;
    let share = format!("/v1/rides/{}/share", scene.ride);
    let link: ShareLink = post(address, &share, Some(&token("rosa", Role::Rider)), "")
        .await
        .json();
    // Nobody drives it yet.
    let before = route(&scene, &[ROSA, OLGA], &link).await;
    leads(&before, Toward::Dropoff, PICKUP, dropoff());
    is_nothing(&scene, &[OTTO, ANA, BEA]).await;

    let there = offset(PICKUP, 0.0, 900.0);
    scene.driver.ok(go_online("car")).await;
    scene.driver.ok(position(there)).await;
    let offer = scene.driver.until_offer(OfferState::Open).await;
    // Nobody who may look at it learns where the driver is who is asked.
    let offered = route(&scene, &[ROSA, OLGA], &link).await;
    leads(&offered, Toward::Dropoff, PICKUP, dropoff());
    is_nothing(&scene, &[ANA]).await;

    let all = [ROSA, ANA, OLGA];
    scene.driver.ok(answer("accept_offer", &offer)).await;
    leads(
        &route(&scene, &all, &link).await,
        Toward::Pickup,
        there,
        PICKUP,
    );
    is_nothing(&scene, &[OTTO, BEA]).await;
    let nearer = offset(PICKUP, 0.0, 400.0);
    scene.driver.ok(position(nearer)).await;
    leads(
        &route(&scene, &all, &link).await,
        Toward::Pickup,
        nearer,
        PICKUP,
    );

    scene.driver.ok(position(PICKUP)).await;
    scene.driver.ok(step("arrive", &scene.ride)).await;
    // Parked around the corner: the trip begins where the rider waits all the same.
    scene.driver.ok(position(offset(PICKUP, -60.0, 60.0))).await;
    leads(
        &route(&scene, &all, &link).await,
        Toward::Dropoff,
        PICKUP,
        dropoff(),
    );
    scene.driver.ok(step("start_ride", &scene.ride)).await;
    let on_board = offset(PICKUP, 700.0, 50.0);
    scene.driver.ok(position(on_board)).await;
    leads(
        &route(&scene, &all, &link).await,
        Toward::Dropoff,
        on_board,
        dropoff(),
    );

    scene.driver.ok(step("complete_ride", &scene.ride)).await;
    let path = format!("/v1/rides/{}/route", scene.ride);
    for person in all {
        let refused = ask(address, person, &path).await.error();
        assert_eq!(refused, (409, "wrong_ride_state".to_owned()), "{person:?}");
    }
    is_nothing(&scene, &[OTTO, BEA]).await;
    let by_link = get(address, &format!("/v1/share/{}/route", link.token), None).await;
    assert_eq!(by_link.error(), (404, "unknown_ride".to_owned()));
}

#[tokio::test]
async fn a_vehicle_that_is_not_heard_leaves_the_way_of_the_ride() {
    let service = Service::start_with(|settings| {
        settings.rides.rules.retry_after_ms = 300;
        settings.fleet.silent_after = std::time::Duration::from_millis(300);
        settings.fleet.gone_after = std::time::Duration::from_millis(600);
    });
    let scene = Scene::of(service, S::Accepted).await;
    let path = format!("/v1/rides/{}/route", scene.ride);
    let deadline = tokio::time::Instant::now() + crate::client::DEADLINE;
    loop {
        let told: Route = ask(scene.service.address, OLGA, &path).await.json();
        if told.toward == Toward::Dropoff {
            return leads(&told, Toward::Dropoff, PICKUP, dropoff());
        }
        assert!(tokio::time::Instant::now() < deadline, "{told:?}");
        // The limit is five a second.
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
    }
}

#[tokio::test]
async fn lines_follow_the_streets_that_the_service_knows() {
    let extract = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/monaco-2016-03.osm.pbf");
    let roads = ridecast_simulator::load_city(&extract, &mut |_| {}).unwrap();
    let service = Service::start_with(|settings| settings.roads = Some(roads));
    let address = service.address;
    let (pickup, dropoff) = ((43.7312, 7.4149), (43.7403, 7.4290));
    let _driver = driver_at(address, "ana", (43.7384, 7.4246)).await;
    let reply = ask(address, ROSA, &from_to(pickup, dropoff)).await;
    let told: Estimate = reply.json();
    assert_eq!((told.by, told.vehicles), (RouteBy::Roads, 1));
    assert!(told.wait_s.unwrap() > 30, "{told:?}");
    assert!((10..=2_000).contains(&told.line.len()), "{told:?}");
    let legs = told.line.windows(2);
    let length_m: f64 = legs
        .map(|leg| {
            let [a, b] = ends(leg);
            distance_m(a, b)
        })
        .sum();
    let far = f64::from(told.trip.distance_m);
    assert!(
        (length_m - far).abs() < far * 0.05,
        "{length_m} m: {told:?}"
    );
}

#[tokio::test]
async fn who_asks_for_too_many_routes_is_refused_and_nobody_else() {
    let scene = Scene::at(S::Accepted).await;
    let address = scene.service.address;
    let share = format!("/v1/rides/{}/share", scene.ride);
    let link: ShareLink = post(address, &share, Some(&token("rosa", Role::Rider)), "")
        .await
        .json();
    let of_ride = format!("/v1/rides/{}/route", scene.ride);
    let by_link = format!("/v1/share/{}/route", link.token);
    let estimate = from_to(PICKUP, dropoff());
    let too_many = (429, "rate_limited".to_owned());
    let until_refused = async |path: &str, person: Option<&str>| {
        for asked in 0..200 {
            let reply = get(address, path, person).await;
            if reply.status != 200 {
                assert_eq!(reply.error(), too_many, "{path}");
                assert!(reply.body.contains("routes"), "{reply:?}");
                assert!(asked >= 50, "{asked} of {path}");
                return;
            }
        }
        panic!("{path} is not limited");
    };
    let rosa = token("rosa", Role::Rider);
    until_refused(&of_ride, Some(&rosa)).await;
    assert_eq!(ask(address, ROSA, &estimate).await.error(), too_many);
    assert_eq!(ask(address, OTTO, &estimate).await.status, 200);
    assert_eq!(ask(address, ANA, &of_ride).await.status, 200);
    until_refused(&by_link, None).await;
    assert_eq!(ask(address, ANA, &of_ride).await.status, 200);
    // All else goes on.
    let ride = format!("/v1/rides/{}", scene.ride);
    assert_eq!(ask(address, ROSA, &ride).await.status, 200);
    let metrics = get(address, "/metrics", None).await.body;
    let counted = r#"ridecast_limited_total{limit="routes"} "#;
    assert!(metrics.contains(counted) && !metrics.contains(&format!("{counted}0\n")));
}
