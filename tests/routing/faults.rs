//! What OSRM does when it is ill must cost an answer's quality, and nothing else.

use std::time::{Duration, Instant};

use ridecast::routing::{self, By, Router, RoutingError, Settings};
use ridecast::spatial::LatLon;

use crate::fake::{Answer, FakeOsrm};
use crate::{open, place};

const WELL: &str = r#"{"code":"Ok","durations":[[61.5],[7]],"distances":[[800],[70.5]],
    "sources":[{"distance":3,"name":"","location":[7,43]},{"distance":500}],
    "destinations":[{"distance":0}]}"#;

const LINE: &str = r#"{"code":"Ok","routes":[{"duration":61.5,"distance":800,"geometry":
    {"type":"LineString","coordinates":[[7.41,43.73],[7.41,43.74],[7.42,43.74]]},"legs":[]}],
    "waypoints":[{"distance":3,"name":"","location":[7,43]},{"distance":500}]}"#;

fn from() -> [LatLon; 2] {
    [place(43.73, 7.41), place(43.735, -7.421_234_6)]
}

fn goal() -> LatLon {
    place(43.74, 7.42)
}

fn settings(osrm: &FakeOsrm) -> Settings {
    Settings {
        osrm: Some(osrm.url()),
        osrm_first_rest: Duration::from_millis(300),
        ..Settings::default()
    }
}

async fn by(router: &dyn Router) -> [By; 2] {
    let ways = router.ways(&from(), goal()).await;
    for way in &ways {
        assert!(
            way.duration_s.is_finite() && way.duration_s >= 0.0,
            "{way:?}"
        );
        assert!(
            way.distance_m.is_finite() && way.distance_m >= 0.0,
            "{way:?}"
        );
    }
    let [first, second] = ways[..] else {
        panic!("two were asked for: {ways:?}")
    };
    [first.by, second.by]
}

#[tokio::test]
async fn its_table_is_asked_once_for_all_places() {
    let osrm = FakeOsrm::start(Answer::ok(WELL)).await;
    // A path before the service's own is kept.
    let with_path = Settings {
        osrm: Some(osrm.url() + "/maps/"),
        ..settings(&osrm)
    };
    let ways = open(&with_path, None).ways(&from(), goal()).await;
    assert_eq!(osrm.asked(), 1);
    assert_eq!(
        osrm.last(),
        "GET /maps/table/v1/driving/7.410000,43.730000;-7.421235,43.735000;7.420000,43.740000\
         ?sources=0;1&destinations=2&annotations=duration,distance&generate_hints=false HTTP/1.1"
    );
    let told: Vec<_> = ways
        .iter()
        .map(|way| (way.duration_s, way.distance_m, way.by))
        .collect();
    assert_eq!(told, [(61.5, 800.0, By::Osrm), (7.0, 70.5, By::Osrm)]);
}

#[tokio::test]
async fn its_route_is_asked_for_a_line_and_far_away_for_an_overview() {
    let osrm = FakeOsrm::start(Answer::ok(LINE)).await;
    let router = open(&settings(&osrm), None);
    let route = router.route(from()[0], goal()).await;
    assert_eq!(
        osrm.last(),
        "GET /route/v1/driving/7.410000,43.730000;7.420000,43.740000\
         ?overview=full&geometries=geojson&generate_hints=false HTTP/1.1"
    );
    let way = route.way;
    assert_eq!(
        (way.duration_s, way.distance_m, way.by),
        (61.5, 800.0, By::Osrm)
    );
    assert_eq!(route.line, [from()[0], place(43.74, 7.41), goal()]);
    router.route(from()[0], place(44.74, 7.42)).await;
    assert!(
        osrm.last().contains("overview=simplified"),
        "{}",
        osrm.last()
    );
}

#[tokio::test]
async fn a_line_that_is_none_is_the_great_circle() {
    let (from, goal) = (from()[0], goal());
    // Whether it is a failure, after which OSRM is left alone.
    for (answer, fails) in [
        (LINE.replace(":500}", ":501}"), false),
        (LINE.replace("\"Ok\"", "\"NoRoute\""), false),
        (LINE.replace("[7.41,43.73]", "[7.41,93.73]"), true),
        (LINE.replace("[7.41,43.73]", "[7.41]"), true),
        (
            LINE.replace("[[7.41,43.73],[7.41,43.74],[7.42,43.74]]", "[[7.41,43.73]]"),
            true,
        ),
        (LINE.replace("61.5", "-1"), true),
        (LINE.replace(",{\"distance\":500}", ""), true),
        (
            r#"{"code":"Ok","routes":[],"waypoints":[]}"#.to_owned(),
            true,
        ),
        (WELL.to_owned(), true),
    ] {
        let osrm = FakeOsrm::start(Answer::ok(&answer)).await;
        let router = open(&settings(&osrm), None);
        for _ in 0..2 {
            let route = router.route(from, goal).await;
            assert_eq!(route.way.by, By::GreatCircle, "{answer}");
            assert_eq!(route.line, [from, goal]);
        }
        assert_eq!(osrm.asked(), if fails { 1 } else { 2 }, "{answer}");
    }
}

#[tokio::test]
async fn what_it_has_no_answer_for_others_answer() {
    use By::{GreatCircle, Osrm};
    let cases = [
        // No way leads there.
        (WELL.replace("[7]", "[null]"), [Osrm, GreatCircle]),
        (WELL.replace("[800]", "[null]"), [GreatCircle, Osrm]),
        // Its nearest road is too far.
        (WELL.replace(":500}", ":501}"), [Osrm, GreatCircle]),
        (
            WELL.replace("{\"distance\":500}", "null"),
            [Osrm, GreatCircle],
        ),
        (
            WELL.replace("[{\"distance\":0}]", "[{\"distance\":9e5}]"),
            [GreatCircle; 2],
        ),
    ];
    for (answer, expected) in cases {
        let osrm = FakeOsrm::start(Answer::ok(&answer)).await;
        let router = open(&settings(&osrm), None);
        for asked in 1..=3 {
            assert_eq!(by(&*router).await, expected, "{answer}");
            assert_eq!(osrm.asked(), asked, "an answer is no failure");
        }
    }
}

#[tokio::test]
async fn a_refusal_is_an_answer() {
    let refusal = r#"{"code":"NoSegment","message":"Could not find a matching segment"}"#;
    let osrm = FakeOsrm::start(Answer::Body("400 Bad Request", refusal.to_owned())).await;
    let router = open(&settings(&osrm), None);
    for asked in 1..=3 {
        assert_eq!(by(&*router).await, [By::GreatCircle; 2]);
        assert_eq!(osrm.asked(), asked);
    }
}

#[tokio::test]
async fn every_failure_ends_at_the_great_circle_and_is_not_repeated_at_once() {
    let nonsense = [
        "",
        "null",
        "[]",
        "<html>gateway</html>",
        r#"{"code":7}"#,
        r#"{"code":"Ok"}"#,
        r#"{"code":"Ok","durations":[[1],[2]],"distances":[[1],[2]]}"#,
    ];
    let broken = [
        WELL.replace("[7]", "[-7]"),
        WELL.replace("[7]", "[7,7]"),
        WELL.replace("[7]", "[]"),
        WELL.replace(",[7]", ""),
        WELL.replace(",[7]", ",[7],[7]"),
        WELL.replace("[7]", "[\"7\"]"),
        WELL.replace("[7]", "[1e999]"),
        WELL.replace("[800],[70.5]", "[800]"),
        WELL.replace(",{\"distance\":500}", ""),
        WELL.replace("[{\"distance\":0}]", "[]"),
        "[".repeat(100_000),
    ];
    let bodies = nonsense.into_iter().map(Answer::ok);
    let bodies = bodies.chain(broken.iter().map(|body| Answer::ok(body)));
    let failures = [
        Answer::Close,
        Answer::Body("500 Internal Server Error", WELL.to_owned()),
        Answer::Body("404 Not Found", WELL.to_owned()),
        Answer::Body("302 Found\r\nLocation: /elsewhere", WELL.to_owned()),
        Answer::Body("204 No Content", String::new()),
        Answer::Body("400 Bad Request", "<html>".to_owned()),
    ];
    for answer in bodies.chain(failures) {
        let osrm = FakeOsrm::start(answer.clone()).await;
        let router = open(&settings(&osrm), None);
        let told = |asked| match &answer {
            Answer::Body(status, body) => format!("{asked}: {status} {body:.200}"),
            _ => format!("{asked}"),
        };
        for asked in 1..=3 {
            assert_eq!(by(&*router).await, [By::GreatCircle; 2], "{}", told(asked));
        }
        // hyper may try once more by itself when a connection closes without an answer.
        assert!((1..=2).contains(&osrm.asked()), "{}", told(osrm.asked()));
    }
}

#[tokio::test]
async fn who_hangs_is_waited_for_no_longer_than_the_time_out_and_not_again() {
    let osrm = FakeOsrm::start(Answer::Hang).await;
    let settings = Settings {
        osrm_timeout: Duration::from_millis(200),
        osrm_first_rest: Duration::from_mins(1),
        osrm_longest_rest: Duration::from_mins(1),
        ..settings(&osrm)
    };
    let router = open(&settings, None);
    let start = Instant::now();
    assert_eq!(by(&*router).await, [By::GreatCircle; 2]);
    let waited = start.elapsed();
    assert!(waited >= Duration::from_millis(200) && waited < Duration::from_secs(5));
    let start = Instant::now();
    for _ in 0..1000 {
        assert_eq!(by(&*router).await, [By::GreatCircle; 2]);
    }
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(osrm.asked(), 1);
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let osrm = FakeOsrm::start(Answer::Endless).await;
    let settings = Settings {
        // The size must end it, not the time.
        osrm_timeout: Duration::from_mins(1),
        ..settings(&osrm)
    };
    let router = open(&settings, None);
    let asked = tokio::time::timeout(Duration::from_secs(20), by(&*router));
    assert_eq!(asked.await.unwrap(), [By::GreatCircle; 2]);
}

#[tokio::test]
async fn who_recovers_is_asked_again_after_the_rest() {
    let osrm = FakeOsrm::start(Answer::Body("503 Service Unavailable", String::new())).await;
    let router = open(&settings(&osrm), None);
    let failed = Instant::now();
    assert_eq!(by(&*router).await, [By::GreatCircle; 2]);
    osrm.answers(Answer::ok(WELL));
    let deadline = failed + Duration::from_secs(20);
    while by(&*router).await != [By::Osrm; 2] {
        assert!(Instant::now() < deadline, "it is never asked again");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(
        failed.elapsed() >= Duration::from_millis(300),
        "it had no rest"
    );
    assert_eq!(osrm.asked(), 2);
}

#[tokio::test]
async fn more_requests_than_it_may_have_at_once_go_elsewhere() {
    let osrm = FakeOsrm::start(Answer::Hang).await;
    let settings = Settings {
        osrm_timeout: Duration::from_millis(500),
        ..settings(&osrm)
    };
    let router = open(&settings, None);
    let requests: Vec<_> = (0..200)
        .map(|_| {
            let router = router.clone();
            tokio::spawn(async move { by(&*router).await })
        })
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap(), [By::GreatCircle; 2]);
    }
    assert!((1..=32).contains(&osrm.asked()), "{}", osrm.asked());
}

#[test]
fn an_address_that_is_none_is_said_at_once() {
    for url in [
        "",
        "osrm:5000",
        "ftp://osrm",
        "http://",
        "http://osrm?a=b",
        "http://osrm#a",
    ] {
        let settings = Settings {
            osrm: Some(url.to_owned()),
            ..Settings::default()
        };
        let error = routing::open(&settings, None).err();
        assert!(
            matches!(error, Some(RoutingError::OsrmUrl)),
            "{url}: {error:?}"
        );
    }
    let settings = Settings {
        detour: f64::NAN,
        ..Settings::default()
    };
    let error = routing::open(&settings, None).err();
    assert!(
        matches!(error, Some(RoutingError::NotPositive("detour"))),
        "{error:?}"
    );
}
