//! REST: queries, positions, health, metrics, and errors of one shape.

use std::collections::HashSet;

use ridecast_protocol::{ErrorCode, NearbyVehicles, PositionsJudged, Role, VehicleState};
use serde_json::{Value, json};

use crate::client::Client;
use crate::http::{Reply, get, post, request};
use crate::say::{MONTEVIDEO, go_online, nearby, now_ms, offset, position};
use crate::service::{Service, token};

async fn query(service: &Service, query: &str) -> Reply {
    let path = format!("/v1/vehicles?{query}");
    get(service.address, &path, Some(&token("o1", Role::Operator))).await
}

#[tokio::test]
async fn vehicles_come_nearest_first_within_circle_limit_and_class() {
    let service = Service::start();
    let mut drivers = Vec::new();
    for (id, class, metres) in [
        ("far", "car", 900.0),
        ("near", "car", 10.0),
        ("van", "van", 300.0),
        ("middle", "car", 500.0),
        ("outside", "car", 1100.0),
    ] {
        let mut driver = Client::open(service.address, id, Role::Driver).await;
        driver.ok(go_online(class)).await;
        driver.ok(position(offset(MONTEVIDEO, metres, 0.0))).await;
        drivers.push(driver);
    }
    let here = format!(
        "latitude={}&longitude={}&radius_m=1000",
        MONTEVIDEO.0, MONTEVIDEO.1
    );
    let ids = async |more: &str| -> Vec<String> {
        let reply = query(&service, &format!("{here}{more}")).await;
        let found: NearbyVehicles = reply.json();
        assert!((found.server_time_ms - now_ms()).abs() < 5000);
        assert!(
            found
                .vehicles
                .iter()
                .all(|it| it.state == VehicleState::Online)
        );
        found.vehicles.iter().map(|it| it.id.to_string()).collect()
    };
    assert_eq!(ids("").await, ["near", "van", "middle", "far"]);
    assert_eq!(ids("&limit=2").await, ["near", "van"]);
    assert_eq!(ids("&vehicle_class=car").await, ["near", "middle", "far"]);
    assert_eq!(ids("&vehicle_class=car&limit=1").await, ["near"]);
    assert!(ids("&vehicle_class=bike").await.is_empty());
}

#[tokio::test]
async fn a_bad_request_is_answered_in_the_one_shape() {
    let service = Service::start();
    for (bad, code) in [
        ("", "invalid_message"),
        ("latitude=1&longitude=2", "invalid_message"),
        ("latitude=x&longitude=2&radius_m=5", "invalid_message"),
        ("latitude=NaN&longitude=2&radius_m=5", "invalid_area"),
        ("latitude=inf&longitude=2&radius_m=5", "invalid_area"),
        ("latitude=91&longitude=2&radius_m=5", "invalid_area"),
        ("latitude=1&longitude=2&radius_m=0", "invalid_area"),
        ("latitude=1&longitude=2&radius_m=NaN", "invalid_area"),
        ("latitude=1&longitude=2&radius_m=20001", "area_too_large"),
        (
            "latitude=1&longitude=2&radius_m=5&limit=0",
            "invalid_message",
        ),
        (
            "latitude=1&longitude=2&radius_m=5&limit=1001",
            "invalid_message",
        ),
        (
            "latitude=1&longitude=2&radius_m=5&vehicle_class=",
            "invalid_message",
        ),
    ] {
        assert_eq!(
            query(&service, bad).await.error(),
            (400, code.to_owned()),
            "{bad}"
        );
    }
    let good = "/v1/vehicles?latitude=1&longitude=2&radius_m=5";
    let driver = token("d1", Role::Driver);
    assert_eq!(get(service.address, good, None).await.error().0, 401);
    assert_eq!(
        get(service.address, good, Some("rubbish")).await.error().0,
        401
    );
    assert_eq!(
        get(service.address, good, Some(&driver)).await.error(),
        (403, "forbidden".into())
    );
    for path in [
        "/v1/",
        "/v1/nothing",
        "/nothing",
        "/../etc/passwd",
        "/v1/vehicles/1/nothing",
        "/map/roads.geojson",
    ] {
        assert_eq!(
            get(service.address, path, None).await.error(),
            (404, "not_found".into()),
            "{path}"
        );
    }
    for (method, path) in [
        ("DELETE", "/v1/vehicles"),
        ("GET", "/v1/positions"),
        ("GET", "/v1/tickets"),
        ("POST", "/healthz"),
        ("POST", "/nothing"),
    ] {
        let (status, code) = request(service.address, method, path, None, Some(""))
            .await
            .error();
        assert!([404, 405].contains(&status), "{method} {path}: {status}");
        assert_eq!(code, "not_found", "{method} {path}");
    }
}

#[tokio::test]
async fn positions_by_http_are_judged_each_and_seen() {
    let service = Service::start();
    let mut rider = Client::open(service.address, "o1", Role::Operator).await;
    rider.ok(nearby("n", MONTEVIDEO, 1000.0)).await;
    let driver = token("d1", Role::Driver);
    let t = now_ms() - 60_000;
    let at = |metres: f64, after_ms: i64| {
        let (latitude, longitude) = offset(MONTEVIDEO, metres, 0.0);
        json!({"latitude": latitude, "longitude": longitude, "timestamp_ms": t + after_ms})
    };
    let send = async |body: Value| {
        post(
            service.address,
            "/v1/positions",
            Some(&driver),
            &body.to_string(),
        )
        .await
    };
    let no_positions = json!({"vehicle": {"class": "bike"}, "positions": []});
    let told_no = send(no_positions).await.error();
    assert_eq!(told_no, (400, "invalid_message".into()));
    // Nor is anybody online by having been told no.
    let first = json!({"positions": [at(0.0, 0)]});
    assert_eq!(send(first).await.error(), (409, "not_online".into()));
    let reply = send(json!({
        "vehicle": {"class": "car", "plate": "SBA 1234"},
        "positions": [at(0.0, 0), at(50_000.0, 1000), at(10.0, 1000), at(5.0, 500)],
    }));
    let judged: PositionsJudged = reply.await.json();
    assert_eq!(judged.accepted, 2);
    let refused: Vec<_> = judged
        .refused
        .iter()
        .map(|it| (it.index, it.code))
        .collect();
    assert_eq!(
        refused,
        [
            (1, ErrorCode::PositionJump),
            (3, ErrorCode::PositionOutOfOrder)
        ]
    );
    rider.until("n", "the car", |view| view.has("d1")).await;
    let more: PositionsJudged = send(json!({"positions": [at(20.0, 2000)]})).await.json();
    assert_eq!(more.accepted, 1);

    let too_many: Vec<_> = (0..1001).map(|n| at(20.0, 3000 + n)).collect();
    assert_eq!(
        send(json!({"positions": too_many})).await.error(),
        (400, "invalid_message".into())
    );
    assert_eq!(
        send(json!({"positions": []})).await.error(),
        (400, "invalid_message".into())
    );
    let padding = "x".repeat(300_000);
    assert_eq!(
        send(json!({"padding": padding})).await.error(),
        (413, "message_too_large".into())
    );
    for (body, code) in [
        ("{", "bad_json"),
        ("", "bad_json"),
        ("{}", "invalid_message"),
        (r#"{"positions":7}"#, "invalid_message"),
    ] {
        let reply = post(service.address, "/v1/positions", Some(&driver), body).await;
        assert_eq!(reply.error(), (400, code.into()), "{body}");
    }
    let rider_token = token("r1", Role::Rider);
    let reply = post(
        service.address,
        "/v1/positions",
        Some(&rider_token),
        r#"{"positions":[]}"#,
    )
    .await;
    assert_eq!(reply.error(), (403, "forbidden".into()));
}

#[tokio::test]
async fn health_metrics_and_the_pages_configuration() {
    let service = Service::start();
    assert_eq!(get(service.address, "/healthz", None).await.status, 200);
    let ready = get(service.address, "/readyz", None).await;
    let body: Value = ready.json();
    assert_eq!(
        (ready.status, &body["ready"], &body["store"]),
        (200, &json!(true), &json!("ok"))
    );
    let config: Value = get(service.address, "/config.json", None).await.json();
    assert_eq!(
        config["token"],
        Value::Null,
        "a service gives nobody a token"
    );
    assert!(
        config["map"]["attribution"]
            .as_str()
            .unwrap()
            .contains("OpenStreetMap")
    );

    // Some families are there from their first event on.
    let mut rider = Client::open(service.address, "r1", Role::Rider).await;
    rider
        .refused(json!({"type": "unsubscribe", "subscription": "none"}))
        .await;
    for _ in 0..70 {
        rider.send(&json!({"type": "nonsense"})).await;
    }
    assert_eq!(rider.farewell().await.close, Some(4502));
    let metrics = get(service.address, "/metrics", None).await;
    assert!(
        metrics
            .head
            .contains("content-type: application/openmetrics-text")
    );
    let mut families = HashSet::new();
    for line in metrics.body.lines() {
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            families.insert(kind.split(' ').next().unwrap().to_owned());
        } else if !line.starts_with('#') {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
            let name = name.split('{').next().unwrap();
            assert!(
                families
                    .iter()
                    .any(|family| name.starts_with(family.as_str())),
                "{line}"
            );
        }
    }
    assert!(metrics.body.ends_with("# EOF\n"));
    for family in [
        "sessions",
        "positions_accepted",
        "errors",
        "vehicle_updates_delivered",
        "frame_vehicles",
        "changes_waiting",
        "store_lag_seconds",
        "vehicles",
        "closes",
    ] {
        assert!(
            families.contains(&format!("ridecast_{family}")),
            "{family}: {families:?}"
        );
    }
}
