//! Rides by HTTP: who sees which, page by page, and the track in both its formats.

use std::net::SocketAddr;

use ridecast_protocol::{ChatPage, OfferState, Ride, RideCounts, RideState as S, RidesPage, Role};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client::{Client, DEADLINE};
use crate::http::{Reply, get, request};
use crate::people::{answer, driver_at, request as wish, step};
use crate::say::{Place, now_ms, offset, position};
use crate::scene::{PICKUP, Scene, dropoff, impatient};
use crate::service::token;

/// The error of a request of this person.
async fn refused(address: SocketAddr, user: (&str, Role), path: &str) -> (u16, String) {
    let token = token(user.0, user.1);
    get(address, path, Some(&token)).await.error()
}

async fn page(address: SocketAddr, user: (&str, Role), query: &str) -> RidesPage {
    let token = token(user.0, user.1);
    let reply = get(address, &format!("/v1/rides{query}"), Some(&token)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

const ROSA: (&str, Role) = ("rosa", Role::Rider);
const OTTO: (&str, Role) = ("otto", Role::Rider);
const ANA: (&str, Role) = ("ana", Role::Driver);
const BEA: (&str, Role) = ("bea", Role::Driver);
const OLGA: (&str, Role) = ("olga", Role::Operator);

#[tokio::test]
async fn everybody_sees_of_a_ride_what_is_theirs() {
    let scene = Scene::at(S::InProgress).await;
    let address = scene.service.address;
    let path = format!("/v1/rides/{}", scene.ride);
    for (user, role) in [ROSA, ANA, OLGA] {
        let reply = get(address, &path, Some(&token(user, role))).await;
        assert_eq!(reply.status, 200, "{user}: {reply:?}");
        let ride: Ride = reply.json();
        assert_eq!((&ride.ride_id, ride.state), (&scene.ride, S::InProgress));
        let rider = ride.rider.as_ref().map(ridecast_protocol::UserId::as_str);
        assert_eq!(rider, (role == Role::Operator).then_some("rosa"), "{user}");
        assert_eq!(ride.driver.unwrap().id.as_str(), "ana");
        let listed = page(address, (user, role), "").await.rides;
        assert_eq!(listed.len(), 1, "{user}");
        assert_eq!(listed[0].rider.is_some(), role == Role::Operator);
    }
    // A driver of the rider's name is somebody else.
    for other in [OTTO, BEA, ("rosa", Role::Driver), ("ana", Role::Rider)] {
        let unknown = (404, "unknown_ride".to_owned());
        for path in ["", "/track", "/chat"].map(|end| format!("{path}{end}")) {
            assert_eq!(refused(address, other, &path).await, unknown, "{path}");
        }
        assert_eq!(page(address, other, "").await.rides, [], "{other:?}");
        let token = token(other.0, other.1);
        let share = format!("{path}/share");
        let reply = request(address, "POST", &share, Some(&token), None).await;
        assert_eq!(reply.error(), unknown);
    }
    for path in ["/v1/rides/none", "/v1/rides/%00", "/v1/rides/none/track"] {
        assert_eq!(refused(address, OLGA, path).await.0, 404, "{path}");
    }
    for path in ["/v1/rides", "/v1/rides/counts", &path] {
        let reply = get(address, path, None).await;
        assert_eq!(reply.error(), (401, "bad_token".to_owned()), "{path}");
    }
    for (query, status) in [
        ("?limit=0", 400),
        ("?limit=101", 400),
        ("?limit=many", 400),
        ("?before=yesterday", 400),
        ("?state=lost", 400),
        ("?state=requested", 403),
        ("/counts", 403),
    ] {
        let path = format!("/v1/rides{query}");
        assert_eq!(refused(address, ROSA, &path).await.0, status, "{query}");
    }
}

#[tokio::test]
async fn rides_come_page_by_page_each_once_the_newest_first() {
    let service = impatient();
    let address = service.address;
    let mut all = Vec::new();
    for user in ["rosa", "otto"] {
        let mut rider = Client::open(address, user, Role::Rider).await;
        for nth in 0..5 {
            let ride = rider
                .ride(wish(&format!("k{nth}"), PICKUP, dropoff()))
                .await;
            // The last one stays open.
            if nth < 4 {
                rider.ride(step("cancel_ride", &ride.ride_id)).await;
            }
            all.push(ride.ride_id);
        }
    }
    for (user, query, count) in [
        (ROSA, "?limit=2", 5),
        (OTTO, "?limit=5", 5),
        (OTTO, "?limit=1", 5),
        (OLGA, "?limit=3", 10),
        (OLGA, "?limit=3&state=cancelled", 8),
        (OLGA, "?limit=3&state=requested", 2),
        (OLGA, "?limit=3&state=completed", 0),
    ] {
        let mut told = Vec::new();
        let mut before = String::new();
        loop {
            let page = page(address, user, &format!("{query}{before}")).await;
            told.extend(page.rides);
            match page.before {
                Some(next) => before = format!("&before={next}"),
                None => break,
            }
        }
        assert_eq!(told.len(), count, "{user:?} {query}");
        assert!(
            told.is_sorted_by(|a, b| a.requested_at_ms >= b.requested_at_ms),
            "{query}"
        );
        let mut ids: Vec<_> = told.iter().map(|ride| ride.ride_id.clone()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count, "one came twice: {user:?} {query}");
        assert!(ids.iter().all(|id| all.contains(id)));
    }
    let reply = get(address, "/v1/rides/counts", Some(&token(OLGA.0, OLGA.1))).await;
    let RideCounts { counts } = reply.json();
    let states: Vec<_> = counts.iter().map(|it| it.state).collect();
    assert_eq!(states, S::ALL);
    for count in counts {
        let wanted = match count.state {
            S::Requested => 2,
            S::Cancelled => 8,
            _ => 0,
        };
        assert_eq!(count.rides, wanted, "{:?}", count.state);
    }
}

#[tokio::test]
async fn what_was_said_comes_page_by_page() {
    let mut scene = Scene::at(S::InProgress).await;
    let address = scene.service.address;
    for nth in 1..=7 {
        let text = json!({"type": "send_chat", "ride_id": scene.ride, "text": format!("{nth} <&>"), "idempotency_key": format!("m{nth}")});
        let client = if nth % 2 == 0 {
            &mut scene.rider
        } else {
            &mut scene.driver
        };
        client.ok(text).await;
    }
    let path = format!("/v1/rides/{}/chat", scene.ride);
    for user in [ROSA, ANA, OLGA] {
        let token = token(user.0, user.1);
        let mut told = Vec::new();
        let mut before = String::new();
        loop {
            let reply = get(address, &format!("{path}?limit=3{before}"), Some(&token)).await;
            let page: ChatPage = reply.json();
            assert_eq!(page.receipts.len(), 2);
            told.splice(0..0, page.messages);
            match page.before {
                Some(next) => before = format!("&before={next}"),
                None => break,
            }
        }
        let numbers: Vec<_> = told.iter().map(|it| it.number).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7], "{user:?}");
        assert_eq!(told[4].text.as_deref(), Some("5 <&>"));
    }
    let too_many = format!("{path}?limit=1000");
    assert_eq!(refused(address, ROSA, &too_many).await.0, 400);
}

/// Until the clock has passed what the vehicle said last.
pub(crate) async fn until_later() {
    let last = position(PICKUP)["timestamp_ms"].as_i64().unwrap();
    while now_ms() <= last + 1 {
        tokio::task::yield_now().await;
    }
}

/// A ride from 900 m east of the pickup to 2 km north of it, at its end.
async fn driven() -> Scene {
    let mut scene = Scene::at(S::Accepted).await;
    until_later().await;
    let drive = async |driver: &mut Client, places: &[Place]| {
        for &place in places {
            driver.ok(position(place)).await;
        }
        until_later().await;
    };
    let east = [850.0, 600.0, 300.0, 5.0].map(|east_m| offset(PICKUP, 0.0, east_m));
    drive(&mut scene.driver, &east).await;
    scene.driver.ok(step("arrive", &scene.ride)).await;
    scene.driver.ok(step("start_ride", &scene.ride)).await;
    until_later().await;
    // Around a corner, which must be in the track.
    let north = [(0.0, 0.0), (1000.0, 0.0), (1000.0, 500.0), (2000.0, 500.0)]
        .map(|(north_m, east_m)| offset(PICKUP, north_m, east_m));
    drive(&mut scene.driver, &north).await;
    scene.driver.ok(step("complete_ride", &scene.ride)).await;
    scene
}

#[tokio::test]
async fn a_track_shows_riders_how_they_were_driven_and_its_driver_the_way_there_too() {
    let scene = driven().await;
    let address = scene.service.address;
    let path = format!("/v1/rides/{}/track", scene.ride);
    for (user, role) in [ROSA, ANA, OLGA] {
        let reply = get(address, &path, Some(&token(user, role))).await;
        assert!(
            reply.head.contains("content-type: application/geo+json"),
            "{}",
            reply.head
        );
        let feature: Value = reply.json();
        assert_eq!(feature["type"], "Feature");
        assert_eq!(feature["geometry"]["type"], "LineString");
        let properties = &feature["properties"];
        assert_eq!(properties["ride_id"], scene.ride.as_str());
        assert_eq!(properties["state"], "completed");
        let line: Vec<[f64; 2]> =
            serde_json::from_value(feature["geometry"]["coordinates"].clone()).unwrap();
        let times: Vec<i64> = serde_json::from_value(properties["times_ms"].clone()).unwrap();
        assert_eq!(line.len(), times.len());
        assert!(times.is_sorted_by(|a, b| a < b), "{times:?}");
        let way_there = line.iter().any(|[longitude, _]| {
            let far = offset(PICKUP, 0.0, 700.0).1;
            *longitude > far
        });
        let metres = properties["distance_m"].as_f64().unwrap();
        let (corner, end) = (offset(PICKUP, 1000.0, 0.0), offset(PICKUP, 2000.0, 500.0));
        assert!(line.contains(&[corner.1, corner.0]), "{user}: {line:?}");
        assert_eq!(line.last(), Some(&[end.1, end.0]), "{user}");
        if role == Role::Rider {
            assert!(!way_there, "{user}: {line:?}");
            assert!((2490.0..2510.0).contains(&metres), "{metres} m");
        } else {
            assert!(way_there, "{user}: {line:?}");
            assert!((3300.0..3400.0).contains(&metres), "{metres} m");
        }
    }
}

#[tokio::test]
async fn the_next_driver_of_a_ride_does_not_see_where_the_one_before_was() {
    let mut scene = Scene::at(S::Accepted).await;
    let address = scene.service.address;
    for east_m in [1200.0, 1500.0, 1100.0] {
        let place = offset(PICKUP, 400.0, east_m);
        scene.driver.ok(position(place)).await;
    }
    scene.driver.ok(step("cancel_ride", &scene.ride)).await;
    until_later().await;
    let mut bea = driver_at(address, "bea", offset(PICKUP, 0.0, -800.0)).await;
    let offer = bea.until_offer(OfferState::Open).await;
    assert_eq!(offer.ride_id, scene.ride);
    bea.ok(answer("accept_offer", &offer)).await;
    until_later().await;
    for east_m in [-700.0, -300.0, -10.0] {
        bea.ok(position(offset(PICKUP, 0.0, east_m))).await;
    }
    bea.ok(step("arrive", &scene.ride)).await;
    until_later().await;
    bea.ok(step("start_ride", &scene.ride)).await;
    bea.ok(step("complete_ride", &scene.ride)).await;
    let path = format!("/v1/rides/{}/track", scene.ride);
    let north = offset(PICKUP, 200.0, 0.0).0;
    for ((user, role), sees_both) in [(BEA, false), (ROSA, false), (OLGA, true)] {
        let reply = get(address, &path, Some(&token(user, role))).await;
        let feature: Value = reply.json();
        let line = &feature["geometry"]["coordinates"];
        let places: Vec<[f64; 2]> = serde_json::from_value(line.clone()).unwrap_or_default();
        let of_the_first = places.iter().any(|[_, latitude]| *latitude > north);
        assert_eq!(of_the_first, sees_both, "{user}: {places:?}");
        assert_eq!(places.is_empty(), role == Role::Rider, "{user}: {places:?}");
    }
    assert_eq!(refused(address, ANA, &path).await.0, 404);
}

#[tokio::test]
async fn a_track_is_gpx_for_who_asks_for_it() {
    let scene = driven().await;
    let address = scene.service.address;
    let path = format!("/v1/rides/{}/track", scene.ride);
    let bearer = token(ROSA.0, ROSA.1);
    let asked = get(address, &format!("{path}?format=gpx"), Some(&bearer)).await;
    let accepted = accepting(address, &path, &bearer, "application/gpx+xml").await;
    assert_eq!(asked.body, accepted.body);
    for reply in [&asked, &accepted] {
        assert!(
            reply.head.contains("content-type: application/gpx+xml"),
            "{}",
            reply.head
        );
    }
    let document = roxmltree::Document::parse(&asked.body).unwrap();
    let gpx = document.root_element();
    assert!(gpx.has_tag_name(("http://www.topografix.com/GPX/1/1", "gpx")));
    assert_eq!(gpx.attribute("version"), Some("1.1"));
    let geojson = get(address, &format!("{path}?format=geojson"), Some(&bearer)).await;
    let feature: Value = geojson.json();
    let line = feature["geometry"]["coordinates"].as_array().unwrap();
    let points: Vec<_> = document
        .descendants()
        .filter(|node| node.tag_name().name() == "trkpt")
        .collect();
    assert_eq!(points.len(), line.len());
    let mut last = String::new();
    for (point, place) in points.iter().zip(line) {
        let number = |name| point.attribute(name).unwrap().parse::<f64>().unwrap();
        assert_eq!(json!([number("lon"), number("lat")]), *place);
        let time = point.first_element_child().unwrap();
        assert_eq!(time.tag_name().name(), "time");
        let time = time.text().unwrap().to_owned();
        // As 2026-01-02T03:04:05.678Z: in such texts the later is the greater.
        assert!(
            time.len() == 24 && time.ends_with('Z') && time > last,
            "{time}"
        );
        last = time;
    }
    let unknown = get(address, &format!("{path}?format=kml"), Some(&bearer)).await;
    assert_eq!(unknown.error(), (400, "invalid_message".to_owned()));
}

#[tokio::test]
async fn before_there_is_a_track_it_is_empty() {
    let scene = Scene::at(S::Requested).await;
    let address = scene.service.address;
    let path = format!("/v1/rides/{}/track", scene.ride);
    let bearer = token(ROSA.0, ROSA.1);
    let feature: Value = get(address, &path, Some(&bearer)).await.json();
    assert_eq!(feature["geometry"], Value::Null);
    assert_eq!(feature["properties"]["times_ms"], json!([]));
    let gpx = get(address, &format!("{path}?format=gpx"), Some(&bearer)).await;
    assert!(
        roxmltree::Document::parse(&gpx.body).is_ok(),
        "{}",
        gpx.body
    );
}

/// A request with an `Accept`.
async fn accepting(address: SocketAddr, path: &str, bearer: &str, accept: &str) -> Reply {
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\naccept: {accept}\r\n\
         authorization: Bearer {bearer}\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = socket.read_to_string(&mut answer);
    tokio::time::timeout(DEADLINE, read).await.unwrap().unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    Reply {
        status: 200,
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    }
}
