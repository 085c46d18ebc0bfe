//! A driver: online, positions, offline, and one session at a time.

use ridecast_protocol::ErrorCode as E;
use ridecast_protocol::{ErrorCode, NearbyVehicles, Role, ServerMessage};
use serde_json::{Value, json};

use crate::client::Client;
use crate::http::get;
use crate::say::{MONTEVIDEO, go_online, nearby, now_ms, offset, position, position_at};
use crate::service::{Service, token};

async fn found_by_rest(service: &Service) -> Vec<String> {
    let (latitude, longitude) = MONTEVIDEO;
    let path = format!("/v1/vehicles?latitude={latitude}&longitude={longitude}&radius_m=5000");
    let reply = get(service.address, &path, Some(&token("o9", Role::Operator))).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let found: NearbyVehicles = reply.json();
    found
        .vehicles
        .iter()
        .map(|vehicle| vehicle.id.to_string())
        .collect()
}

/// The value of a counter or gauge, by its whole name with labels.
async fn metric(service: &Service, name: &str) -> f64 {
    let reply = get(service.address, "/metrics", None).await;
    let line = reply
        .body
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().unwrap())
}

#[tokio::test]
async fn a_position_is_seen_and_a_request_with_an_id_is_answered() {
    let service = Service::start();
    let mut rider = Client::open(service.address, "o1", Role::Operator).await;
    rider.ok(nearby("n", MONTEVIDEO, 1000.0)).await;
    let mut driver = Client::open(service.address, "d1", Role::Driver).await;

    let not_online = ErrorCode::NotOnline;
    assert_eq!(driver.refused(position(MONTEVIDEO)).await, not_online);
    driver.ok(go_online("car")).await;
    assert!(
        found_by_rest(&service).await.is_empty(),
        "not before its first position"
    );

    let ServerMessage::Ok {
        accepted, refused, ..
    } = driver.ask(position(MONTEVIDEO)).await
    else {
        panic!("not ok");
    };
    assert_eq!((accepted, refused.len()), (Some(1), 0));
    rider
        .until("n", "the car is seen", |view| view.has("d1"))
        .await;
    assert_eq!(found_by_rest(&service).await, ["d1"]);

    // Without an id a success is silent: the pong is the next that comes.
    driver
        .send(&position_at(offset(MONTEVIDEO, 50.0, 0.0), now_ms() + 1))
        .await;
    driver.send(&json!({"type": "ping"})).await;
    assert!(matches!(
        driver.answer().await,
        ServerMessage::Pong { id: None, .. }
    ));

    driver.ok(json!({"type": "go_offline"})).await;
    assert!(found_by_rest(&service).await.is_empty(), "gone at once");
    rider
        .until("n", "the car is gone", |view| view.ids().is_empty())
        .await;
    assert_eq!(driver.refused(position(MONTEVIDEO)).await, not_online);
    driver.ok(json!({"type": "go_offline"})).await;
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    let service = Service::start();
    let mut driver = Client::open(service.address, "d1", Role::Driver).await;
    driver.ok(go_online("car")).await;
    let t = now_ms();
    let at = |latitude: Value, longitude: Value, timestamp_ms: Value| json!({"type": "position", "latitude": latitude, "longitude": longitude, "timestamp_ms": timestamp_ms});
    let with = |field: &str, value: Value| {
        let mut position = at(json!(-34.9), json!(-56.16), json!(t + 1));
        position[field] = value;
        position
    };
    driver.ok(at(json!(-34.9), json!(-56.16), json!(t))).await;
    for (position, code) in [
        (
            at(json!(90.1), json!(0), json!(t + 1)),
            E::PositionOutOfRange,
        ),
        (
            at(json!(0), json!(-180.1), json!(t + 1)),
            E::PositionOutOfRange,
        ),
        (with("accuracy", json!(-1)), E::PositionOutOfRange),
        (with("bearing", json!(360.5)), E::PositionOutOfRange),
        (with("speed", json!(1e9)), E::PositionOutOfRange),
        (with("timestamp_ms", json!(t + 60_000)), E::PositionInFuture),
        (with("timestamp_ms", json!(i64::MAX)), E::PositionInFuture),
        (
            with("timestamp_ms", json!(t - 25 * 3_600_000)),
            E::PositionTooLate,
        ),
        (with("timestamp_ms", json!(i64::MIN)), E::PositionTooLate),
        (with("timestamp_ms", json!(t)), E::PositionOutOfOrder),
        (with("latitude", json!(-34.0)), E::PositionJump),
        (at(json!("x"), json!(0), json!(t)), E::InvalidMessage),
        (at(json!(0), Value::Null, json!(t)), E::InvalidMessage),
        (at(json!(0), json!(0), json!(1.5)), E::InvalidMessage),
        (at(json!(0), json!(0), json!(1e30)), E::InvalidMessage),
        (json!({"type": "position"}), E::InvalidMessage),
        (json!({"type": "positions"}), E::InvalidMessage),
        (
            json!({"type": "positions", "positions": []}),
            E::InvalidMessage,
        ),
        (json!({"type": "go_online"}), E::InvalidMessage),
        (go_online(""), E::InvalidMessage),
        (
            json!({"type": "go_online", "vehicle": {"class": "car", "plate": "x".repeat(65)}}),
            E::InvalidMessage,
        ),
    ] {
        assert_eq!(driver.refused(position.clone()).await, code, "{position}");
    }
    driver.ok(with("accuracy", json!(5))).await;
}

#[tokio::test]
async fn of_a_list_each_position_is_judged_by_itself() {
    let service = Service::start();
    let mut driver = Client::open(service.address, "d1", Role::Driver).await;
    driver.ok(go_online("car")).await;
    let t = now_ms() - 10_000;
    let at = |north_m: f64, after_ms: i64| {
        let (latitude, longitude) = offset(MONTEVIDEO, north_m, 0.0);
        json!({"latitude": latitude, "longitude": longitude, "timestamp_ms": t + after_ms})
    };
    let list = json!([
        at(0.0, 0),
        at(10.0, 1000),
        at(5.0, 500),
        at(90_000.0, 2000),
        at(20.0, 3000)
    ]);
    let answer = driver
        .ask(json!({"type": "positions", "positions": list}))
        .await;
    let ServerMessage::Ok {
        accepted, refused, ..
    } = answer
    else {
        panic!("{answer:?}");
    };
    let refused: Vec<_> = refused.iter().map(|it| (it.index, it.code)).collect();
    assert_eq!(accepted, Some(3));
    assert_eq!(
        refused,
        [
            (2, ErrorCode::PositionOutOfOrder),
            (3, ErrorCode::PositionJump)
        ]
    );

    // Without an id, only what was refused is told.
    driver
        .send(&json!({"type": "positions", "positions": [at(30.0, 4000), at(0.0, 0)]}))
        .await;
    let told = driver.answer().await;
    assert!(
        matches!(&told, ServerMessage::Error { id: None, error } if error.code == ErrorCode::PositionOutOfOrder),
        "{told:?}"
    );

    let many = |count: i64| {
        let list: Vec<_> = (0..count).map(|n| at(0.0, 5000 + n)).collect();
        json!({"type": "positions", "positions": list})
    };
    driver.ok(many(1000)).await;
    assert_eq!(driver.refused(many(1001)).await, ErrorCode::InvalidMessage);
}

#[tokio::test]
async fn a_list_that_can_never_be_taken_is_not_called_retryable() {
    let service = Service::start();
    let mut driver = Client::open(service.address, "d1", Role::Driver).await;
    driver.ok(go_online("car")).await;
    let fix = json!({"latitude": 1, "longitude": 1, "timestamp_ms": now_ms()});
    let list = vec![fix; 4_500];
    let code = driver
        .refused(json!({"type": "positions", "positions": list}))
        .await;
    assert_eq!(code, ErrorCode::InvalidMessage);
}

#[tokio::test]
async fn a_flood_of_positions_is_limited_and_the_session_lives() {
    let service = Service::start();
    let mut driver = Client::open(service.address, "d1", Role::Driver).await;
    driver.ok(go_online("car")).await;
    let mut t = now_ms() - 3_600_000;
    let mut limited = false;
    for _ in 0..8 {
        let list: Vec<_> = (0..1000)
            .map(|_| {
                t += 1;
                json!({"latitude": -34.9, "longitude": -56.16, "timestamp_ms": t})
            })
            .collect();
        match driver
            .ask(json!({"type": "positions", "positions": list}))
            .await
        {
            ServerMessage::Ok { accepted, .. } => assert_eq!(accepted, Some(1000)),
            ServerMessage::Error { error, .. } => {
                assert_eq!(error.code, ErrorCode::RateLimited);
                assert!(error.retryable);
                limited = true;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(limited);
    driver.settle().await;
}

#[tokio::test]
async fn a_second_session_replaces_the_first_and_the_vehicle_stays_in_view() {
    let service = Service::start();
    let mut rider = Client::open(service.address, "o1", Role::Operator).await;
    rider.ok(nearby("n", MONTEVIDEO, 1000.0)).await;
    let mut first = Client::open(service.address, "d1", Role::Driver).await;
    first.ok(go_online("car")).await;
    first.ok(position(MONTEVIDEO)).await;
    rider
        .until("n", "the car is seen", |view| view.has("d1"))
        .await;

    let mut second = Client::open(service.address, "d1", Role::Driver).await;
    let farewell = first.farewell().await;
    assert_eq!((farewell.bye, farewell.close), (Some(4002), Some(4002)));
    assert_eq!(
        farewell.reconnect_in_ms, None,
        "or the two would throw each other out for ever"
    );
    // The old one's socket is over, and with it nothing but itself.
    assert_eq!(
        second.refused(position(MONTEVIDEO)).await,
        ErrorCode::NotOnline
    );
    second.ok(go_online("car")).await;
    let next = offset(MONTEVIDEO, 100.0, 0.0);
    second.ok(position(next)).await;
    rider
        .until("n", "it goes on", |view| {
            view.vehicles["d1"].latitude.to_bits() == next.0.to_bits()
        })
        .await;
    assert_eq!(
        rider.view("n").ids(),
        ["d1"],
        "it never left: `until` would have failed on its index"
    );

    // The third comes without having gone online, and the second is replaced all the same.
    let _third = Client::open(service.address, "d1", Role::Driver).await;
    assert_eq!(second.farewell().await.close, Some(4002));
    assert_eq!(found_by_rest(&service).await, ["d1"]);
}

#[tokio::test]
async fn who_has_just_reconnected_can_go_offline() {
    let service = Service::start();
    let mut rider = Client::open(service.address, "o1", Role::Operator).await;
    rider.ok(nearby("n", MONTEVIDEO, 1000.0)).await;
    let mut driver = Client::open(service.address, "d1", Role::Driver).await;
    driver.ok(go_online("car")).await;
    driver.ok(position(MONTEVIDEO)).await;
    rider
        .until("n", "the car is seen", |view| view.has("d1"))
        .await;
    driver.vanish();
    let mut driver = Client::open(service.address, "d1", Role::Driver).await;
    driver.ok(json!({"type": "go_offline"})).await;
    rider
        .until("n", "the car is gone", |view| view.ids().is_empty())
        .await;
    assert!(found_by_rest(&service).await.is_empty());
}

#[tokio::test]
async fn another_class_is_told_to_who_watches() {
    for binary in [false, true] {
        let service = Service::start();
        let (mut rider, _) = Client::open_as(service.address, "o1", Role::Operator, binary).await;
        rider.ok(nearby("all", MONTEVIDEO, 1000.0)).await;
        let mut vans = nearby("vans", MONTEVIDEO, 1000.0);
        vans["channel"]["vehicle_class"] = json!("van");
        rider.ok(vans).await;
        let mut driver = Client::open(service.address, "d1", Role::Driver).await;
        driver.ok(go_online("car")).await;
        driver.ok(position(MONTEVIDEO)).await;
        rider.until("all", "a car", |view| view.has("d1")).await;
        driver.ok(go_online("van")).await;
        driver.ok(position(MONTEVIDEO)).await;
        rider
            .until("all", "it is a van now", |view| {
                view.vehicles.get("d1").is_some_and(|it| it.class == "van")
            })
            .await;
        rider
            .until("vans", "it is one of the vans", |view| view.has("d1"))
            .await;
    }
}

#[tokio::test]
async fn metrics_count_what_happens() {
    let service = Service::start();
    let mut rider = Client::open(service.address, "r1", Role::Rider).await;
    rider.ok(nearby("n", MONTEVIDEO, 1000.0)).await;
    let mut driver = Client::open(service.address, "d1", Role::Driver).await;
    driver.ok(go_online("car")).await;
    driver.ok(position(MONTEVIDEO)).await;
    driver.refused(position_at(MONTEVIDEO, 1)).await;
    let bad = json!({"latitude": 91, "longitude": 0, "timestamp_ms": now_ms()});
    driver
        .ok(json!({"type": "positions", "positions": [bad, bad]}))
        .await;
    rider
        .until("n", "the car is seen", |view| view.vehicles.len() == 1)
        .await;
    for (name, value) in [
        (r#"ridecast_sessions{role="driver"}"#, 1.0),
        (r#"ridecast_sessions{role="rider"}"#, 1.0),
        ("ridecast_positions_accepted_total", 1.0),
        (r#"ridecast_errors_total{code="position_too_late"}"#, 1.0),
        (
            r#"ridecast_errors_total{code="position_out_of_range"}"#,
            2.0,
        ),
        (r#"ridecast_vehicles{state="online"}"#, 1.0),
        ("ridecast_vehicle_updates_delivered_total", 1.0),
    ] {
        let counted = metric(&service, name).await;
        assert!(
            (counted - value).abs() < 0.5,
            "{name} is {counted}, not {value}"
        );
    }
}

#[tokio::test]
async fn metrics_show_what_is_joined_and_what_is_held_back() {
    let service = Service::start();
    let mut rider = Client::open(service.address, "r1", Role::Rider).await;
    let mut calm = nearby("n", MONTEVIDEO, 1000.0);
    calm["max_rate_hz"] = json!(2);
    rider.ok(calm).await;
    let mut driver = Client::open(service.address, "d1", Role::Driver).await;
    driver.ok(go_online("car")).await;
    let mut last = now_ms() - 1_000;
    for _ in 0..10 {
        last += 1;
        driver.ok(position_at(MONTEVIDEO, last)).await;
    }
    rider
        .until("n", "its last position", |view| {
            view.vehicles.values().any(|it| it.timestamp_ms == last)
        })
        .await;
    // Ten moves in one or two frames, of which all but the first had to wait.
    let frames = metric(&service, "ridecast_frames_delivered_total").await;
    let told = metric(&service, "ridecast_vehicle_updates_delivered_total").await;
    let joined = metric(&service, "ridecast_vehicle_updates_joined_total").await;
    let held_back = metric(&service, "ridecast_frames_held_back_total").await;
    let rounds = metric(&service, "ridecast_rounds_total").await;
    assert!((1.0..=3.0).contains(&told), "{told} were told");
    assert!(frames >= told, "{frames} frames, the snapshot among them");
    assert!((1.0..=9.0).contains(&joined), "{joined} were joined");
    assert!((1.0..=2.0).contains(&held_back), "{held_back} waited");
    assert!(rounds >= 2.0, "{rounds} rounds");
}
