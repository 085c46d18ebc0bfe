//! Where vehicles were: asked for by area, and of one vehicle; after restarts, on two nodes, and
//! while Redis is away.

use std::net::SocketAddr;
use std::time::Duration;

use ridecast::app::Settings;
use ridecast_protocol::{History, Role, Trail};
use tokio::time::Instant;

use crate::client::{Client, DEADLINE};
use crate::http::{Reply, get, try_request_with};
use crate::node::Node;
use crate::redis_server::RedisServer;
use crate::say::{MONTEVIDEO, Place, go_online, now_ms, offset, position};
use crate::service::{Service, token};

/// Notes moves ten times a second and makes five blocks of them.
fn brisk(settings: &mut Settings) {
    settings.writer.every = Duration::from_millis(20);
    settings.writer.moves_every = Duration::from_millis(100);
    settings.history.block = Duration::from_millis(200);
}

async fn driver_at(address: SocketAddr, id: &str, place: Place) -> Client {
    let mut driver = Client::open(address, id, Role::Driver).await;
    driver.ok(go_online("car")).await;
    driver.ok(position(place)).await;
    driver
}

async fn ask(address: SocketAddr, path: &str) -> Reply {
    get(address, path, Some(&token("o1", Role::Operator))).await
}

/// A moment that what happens from now on does not lie before, to the tenth of a second.
fn begin() -> i64 {
    now_ms() / 100 * 100
}

/// The window of so many metres around a place.
fn around(place: Place, metres: f64, from_ms: i64, to_ms: i64) -> String {
    let (south, west) = offset(place, -metres, -metres);
    let (north, east) = offset(place, metres, metres);
    format!(
        "/v1/history?south={south}&west={west}&north={north}&east={east}&from_ms={from_ms}&to_ms={to_ms}"
    )
}

async fn window(address: SocketAddr, path: &str) -> History {
    let reply = ask(address, path).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    whole(reply.json())
}

/// The trail of the last ten minutes, if there is one.
async fn trail(address: SocketAddr, id: &str) -> Option<Trail> {
    let reply = ask(address, &format!("/v1/vehicles/{id}/trail")).await;
    if reply.status == 404 {
        assert_eq!(reply.error().1, "not_found");
        return None;
    }
    let history = whole(reply.json());
    assert_eq!(history.vehicles.len(), 1);
    assert_eq!(history.vehicles[0].id.as_str(), id);
    history.vehicles.into_iter().next()
}

/// What must be true of every answer.
fn whole(history: History) -> History {
    for trail in &history.vehicles {
        let times = &trail.times_ms;
        assert!(!times.is_empty());
        assert_eq!(
            (times.len(), times.len()),
            (trail.line.len(), trail.busy.len())
        );
        assert!(times.is_sorted_by(|one, next| one < next), "{times:?}");
        let window = history.from_ms - 99..history.to_ms;
        assert!(times.iter().all(|at| window.contains(at)), "{history:?}");
    }
    history
}

/// Asks until the answer is like this.
async fn until<T: std::fmt::Debug>(
    what: &str,
    asked: impl AsyncFn() -> T,
    like: impl Fn(&T) -> bool,
) -> T {
    let deadline = Instant::now() + DEADLINE * 2;
    loop {
        let answer = asked().await;
        if like(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "never: {what}; but {answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A place to the 6 decimals of history, longitude first.
fn told((latitude, longitude): Place) -> (f64, f64) {
    let round = |degrees: f64| (degrees * 1e6).round() / 1e6;
    (round(longitude), round(latitude))
}

/// So many metres to the north, one after the other.
async fn drive(driver: &mut Client, from: Place, steps: std::ops::RangeInclusive<i32>) {
    for step in steps {
        driver
            .ok(position(offset(from, f64::from(step), 0.0)))
            .await;
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
}

#[tokio::test]
async fn the_past_of_an_area_is_told() {
    let service = Service::start_with(brisk);
    let address = service.address;
    let begun = begin();
    let mut driver = driver_at(address, "d1", MONTEVIDEO).await;
    let _far = driver_at(address, "far", offset(MONTEVIDEO, 5_000.0, 0.0)).await;
    drive(&mut driver, MONTEVIDEO, 1..=10).await;
    let ended = now_ms();
    let path = around(MONTEVIDEO, 1_000.0, begun, ended);
    let history = until(
        "up to its end",
        async || window(address, &path).await,
        |history| history.to_ms == ended,
    )
    .await;
    assert_eq!((history.from_ms, history.every_ms), (begun, 100));
    assert!(history.kept_from_ms <= begun, "{history:?}");
    let [trail] = &history.vehicles[..] else {
        panic!("not one vehicle: {history:?}");
    };
    assert_eq!((trail.id.as_str(), trail.class.as_str()), ("d1", "car"));
    assert!(trail.line.len() >= 5, "{trail:?}");
    let way: Vec<_> = (0..=10)
        .map(|step| told(offset(MONTEVIDEO, f64::from(step), 0.0)))
        .collect();
    assert!(
        trail.line.iter().all(|place| way.contains(place)),
        "{trail:?}"
    );
    assert_eq!(trail.line.last(), way.last());
    assert!(trail.busy.iter().all(|busy| *busy == 0));

    let elsewhere = around(offset(MONTEVIDEO, 0.0, 3_000.0), 1_000.0, begun, ended);
    assert_eq!(window(address, &elsewhere).await.vehicles, []);
    let both = window(address, &around(MONTEVIDEO, 6_000.0, begun, ended)).await;
    assert_eq!(both.vehicles.len(), 2);
    // Ten minutes at once, and nothing of what is to come.
    let long = window(
        address,
        &around(MONTEVIDEO, 1_000.0, begun - 3_600_000, ended),
    )
    .await;
    assert_eq!(long.to_ms, begun - 3_000_000);
    let later = window(
        address,
        &around(MONTEVIDEO, 1_000.0, ended + 60_000, ended + 90_000),
    )
    .await;
    assert_eq!((later.to_ms, later.vehicles.len()), (ended + 60_000, 0));
}

#[tokio::test]
async fn it_is_compressed_for_who_takes_that() {
    let service = Service::start_with(brisk);
    let _driver = driver_at(service.address, "d1", MONTEVIDEO).await;
    until(
        "a trail",
        async || trail(service.address, "d1").await,
        Option::is_some,
    )
    .await;
    let token = token("o1", Role::Operator);
    let host = service.address.to_string();
    let mut headers = vec![("host", host.as_str())];
    for (zipped, path) in [
        (false, "/v1/vehicles/d1/trail"),
        (true, "/v1/vehicles/d1/trail"),
    ] {
        if zipped {
            headers.push(("accept-encoding", "gzip, deflate, br"));
        }
        let reply = try_request_with(service.address, "GET", path, &headers, Some(&token), None);
        let reply = reply.await.unwrap();
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(
            reply.head.contains("content-encoding: gzip"),
            zipped,
            "{reply:?}"
        );
        assert!(reply.head.contains("cache-control: no-store"), "{reply:?}");
        assert_eq!(reply.body.starts_with('{'), !zipped, "{reply:?}");
    }
}

#[tokio::test]
async fn wrong_questions_are_refused() {
    let service = Service::start();
    let area = "south=-35&west=-57&north=-34&east=-56";
    for (path, code) in [
        (
            format!("/v1/history?{area}&from_ms=5&to_ms=4"),
            "invalid_message",
        ),
        (
            format!("/v1/history?{area}&from_ms=-5&to_ms=4"),
            "invalid_message",
        ),
        (format!("/v1/history?{area}&from_ms=5"), "invalid_message"),
        (
            "/v1/history?south=1&west=1&north=1&east=2&from_ms=4&to_ms=5".to_owned(),
            "invalid_area",
        ),
        (
            "/v1/history?south=1&west=1&north=91&east=2&from_ms=4&to_ms=5".to_owned(),
            "invalid_area",
        ),
        (
            "/v1/vehicles/d1/trail?from_ms=x".to_owned(),
            "invalid_message",
        ),
        (
            "/v1/vehicles/d1/trail?to_ms=-1".to_owned(),
            "invalid_message",
        ),
        (
            "/v1/vehicles/d1/trail?from_ms=9007199254740992".to_owned(),
            "invalid_message",
        ),
    ] {
        let reply = ask(service.address, &path).await;
        assert_eq!(reply.error(), (400, code.to_owned()), "{path}");
    }
    for path in ["/v1/vehicles/d1/trail", "/v1/vehicles/%00/trail?from_ms=0"] {
        let reply = ask(service.address, path).await;
        assert_eq!(reply.error(), (404, "not_found".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn who_keeps_no_history_has_none() {
    let service = Service::start_with(|settings| {
        brisk(settings);
        settings.history.keep = Duration::ZERO;
    });
    let begun = begin();
    let mut driver = driver_at(service.address, "d1", MONTEVIDEO).await;
    drive(&mut driver, MONTEVIDEO, 1..=5).await;
    assert_eq!(trail(service.address, "d1").await, None);
    let path = around(MONTEVIDEO, 1_000.0, begun, now_ms());
    let history = window(service.address, &path).await;
    assert!(
        history.kept_from_ms >= begun && history.vehicles.is_empty(),
        "{history:?}"
    );
}

#[tokio::test]
async fn a_stop_loses_nothing_of_it_and_a_crash_the_last_block_at_most() {
    let directory = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", directory.path().display());
    let start = || Node::serve(&["--store", &store, "--drain-seconds", "0"]);
    let mut node = start();
    let mut driver = driver_at(node.address, "d1", MONTEVIDEO).await;
    let here = until(
        "a trail",
        async || trail(node.address, "d1").await,
        Option::is_some,
    )
    .await;
    assert_eq!(here.unwrap().line, [told(MONTEVIDEO)]);
    let last = offset(MONTEVIDEO, 30.0, 0.0);
    driver.ok(position(last)).await;
    // At once, though the last move is not written yet.
    node.signal("TERM");
    assert!(node.ended_within(DEADLINE).await.success());
    let node = start();
    let kept = trail(node.address, "d1").await.expect("it was kept");
    assert_eq!(kept.line, [told(MONTEVIDEO), told(last)]);

    let mut driver = driver_at(node.address, "d1", offset(MONTEVIDEO, 60.0, 0.0)).await;
    let begun = Instant::now();
    let mut sent = 0;
    // A block is made after ten seconds.
    while begun.elapsed() < Duration::from_millis(12_500) {
        sent += 1;
        driver
            .ok(position(offset(MONTEVIDEO, 60.0 + f64::from(sent), 0.0)))
            .await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    node.kill();
    let node = start();
    let kept = trail(node.address, "d1").await.expect("it was kept");
    assert_eq!(kept.line[..2], [told(MONTEVIDEO), told(last)]);
    assert!(kept.line.len() >= 4, "{kept:?}");
}

#[tokio::test]
async fn a_vehicle_that_goes_from_node_to_node_is_one_line_on_both() {
    let redis = RedisServer::start();
    let store: ridecast::store::StoreUrl = redis.url().parse().unwrap();
    let start = || {
        Service::start_with(|settings| {
            brisk(settings);
            settings.store = store.clone();
        })
    };
    let (a, b) = (start(), start());
    let begun = begin();
    let mut driver = driver_at(a.address, "d1", MONTEVIDEO).await;
    drive(&mut driver, MONTEVIDEO, 1..=4).await;
    let there = offset(MONTEVIDEO, 50.0, 0.0);
    let mut driver = driver_at(b.address, "d1", there).await;
    drive(&mut driver, there, 1..=4).await;
    let ended = now_ms();
    let path = around(MONTEVIDEO, 1_000.0, begun, ended);
    let mut lines = Vec::new();
    for node in [&a, &b] {
        let history = until(
            "up to its end",
            async || window(node.address, &path).await,
            |history| history.to_ms == ended,
        )
        .await;
        assert_eq!(history.vehicles.len(), 1, "{history:?}");
        let of_it = until(
            "both its parts",
            async || trail(node.address, "d1").await.unwrap().line,
            |line| line.last() == Some(&told(offset(there, 4.0, 0.0))),
        )
        .await;
        assert_eq!(of_it, history.vehicles[0].line);
        lines.push(of_it);
    }
    assert_eq!(lines[0], lines[1]);
    assert!(
        lines[0][0].1 <= told(offset(MONTEVIDEO, 4.0, 0.0)).1 && lines[0].len() >= 6,
        "{lines:?}"
    );
    // It is kept where no node is.
    drop((a, b));
    let c = start();
    assert_eq!(trail(c.address, "d1").await.unwrap().line, lines[0]);
}

#[tokio::test]
async fn what_happens_while_redis_is_away_waits_for_it() {
    let mut redis = RedisServer::start();
    let url = redis.url().parse().unwrap();
    let service = Service::start_with(|settings| {
        brisk(settings);
        settings.history.block = Duration::from_millis(500);
        settings.store = url;
    });
    let begun = begin();
    let mut driver = driver_at(service.address, "d1", MONTEVIDEO).await;
    drive(&mut driver, MONTEVIDEO, 1..=2).await;
    redis.kill();
    drive(&mut driver, MONTEVIDEO, 3..=22).await;
    let reply = ask(service.address, "/v1/vehicles/d1/trail").await;
    assert_eq!(reply.error(), (503, "unavailable".to_owned()));
    // As empty as after a restart without its file.
    redis.run();
    drive(&mut driver, MONTEVIDEO, 23..=25).await;
    let ended = now_ms();
    let path = around(MONTEVIDEO, 1_000.0, begun, ended);
    // The writer tries again once a second, and notes when it does.
    let away: Vec<_> = (6..=20)
        .map(|step| told(offset(MONTEVIDEO, f64::from(step), 0.0)))
        .collect();
    until(
        "what was driven while it was away",
        async || ask(service.address, &path).await,
        |reply| {
            reply.status == 200 && {
                let history: History = reply.json();
                let mut places = history.vehicles.iter().flat_map(|it| &it.line);
                places.any(|place| away.contains(place))
            }
        },
    )
    .await;
}
