//! What the page is given: its configuration, in a demo a token, and each of its faces.

use std::time::Duration;

use ridecast::app::Settings;
use ridecast::http::DemoPeople;
use ridecast_protocol::{Role, VehicleClass};
use serde_json::{Value, json};

use crate::client::{Client, How};
use crate::http::{get, post, try_request_with};
use crate::node::Node;
use crate::service::Service;

const HELSINKI: &str = "data/helsinki-centre-2019-04.osm.pbf";

fn demo() -> Service {
    Service::start_with(|settings: &mut Settings| {
        settings.page.demo = Some(DemoPeople {
            taken: "sim-".to_owned(),
        });
        settings.page.classes = ["car", "bike"]
            .map(|it| VehicleClass::new(it).unwrap())
            .into();
    })
}

#[tokio::test]
async fn a_service_gives_nobody_a_token_and_tells_no_classes_apart() {
    let service = Service::start();
    let config: Value = get(service.address, "/config.json", None).await.json();
    assert_eq!(
        (&config["demo"], &config["classes"]),
        (&json!(false), &json!([]))
    );
    for body in [
        r#"{"role":"operator"}"#,
        r#"{"role":"rider","user":"rosa"}"#,
    ] {
        let reply = post(service.address, "/demo/token", None, body).await;
        assert_eq!(reply.error(), (404, "not_found".to_owned()));
    }
}

#[tokio::test]
async fn in_a_demo_everybody_may_be_anybody_but_the_simulators() {
    let service = demo();
    let address = service.address;
    let config: Value = get(address, "/config.json", None).await.json();
    assert_eq!(
        (&config["demo"], &config["classes"]),
        (&json!(true), &json!(["car", "bike"]))
    );
    for role in [Role::Rider, Role::Driver, Role::Operator] {
        let mut names = Vec::new();
        for wanted in [None, None, Some("Señora Ana")] {
            let body = json!({"role": role, "user": wanted});
            let reply = post(address, "/demo/token", None, &body.to_string()).await;
            assert_eq!(reply.status, 200, "{reply:?}");
            assert!(reply.head.contains("cache-control: no-store"), "{reply:?}");
            let given: Value = reply.json();
            let how = How {
                bearer: given["token"].as_str().map(str::to_owned),
                ..How::default()
            };
            let welcome = Client::connect(address, &how).await.welcome().await;
            assert_eq!(
                (welcome.role, json!(welcome.user)),
                (role, given["user"].clone())
            );
            names.push(welcome.user.to_string());
        }
        assert!(
            names[0].starts_with(&format!("{}-", role.as_str())),
            "{names:?}"
        );
        assert_ne!(names[0], names[1]);
        assert_eq!(names[2], "Señora Ana");
    }
    for bad in [
        "{}",
        r#"{"role":"admin"}"#,
        r#"{"role":"rider","user":""}"#,
        r#"{"role":"driver","user":"sim-d00001"}"#,
    ] {
        let refused = post(address, "/demo/token", None, bad).await.error();
        assert_eq!(refused, (400, "invalid_message".to_owned()), "{bad}");
    }
    // No page from elsewhere is anybody.
    let host = address.to_string();
    let headers = [
        ("host", host.as_str()),
        ("origin", "https://evil.example.com"),
    ];
    let body = Some(r#"{"role":"rider"}"#);
    let reply = try_request_with(address, "POST", "/demo/token", &headers, None, body).await;
    assert_eq!(reply.unwrap().error(), (403, "forbidden".to_owned()));
    assert_eq!(get(address, "/demo/token", None).await.error().0, 404);
}

#[tokio::test]
async fn the_demo_offers_what_its_simulator_has() {
    let node = Node::demo(&["--network", HELSINKI, "--drivers", "5", "--riders", "1"]);
    let config: Value = get(node.address, "/config.json", None).await.json();
    assert_eq!(config["demo"], true);
    let classes = config["classes"].as_array().unwrap();
    assert!(classes.contains(&json!("car")), "{config}");
    let taken = r#"{"role":"driver","user":"sim-d00000"}"#;
    let refused = post(node.address, "/demo/token", None, taken).await;
    assert_eq!(refused.error().0, 400);
    let rider = post(node.address, "/demo/token", None, r#"{"role":"rider"}"#).await;
    assert_eq!(rider.status, 200, "{rider:?}");
}

#[tokio::test]
async fn the_key_of_a_shared_trip_is_in_no_log() {
    let loud = ["env", "RUST_LOG=trace"];
    let mut node = Node::serve_by(&loud, &["--store", "memory"]);
    let key = "231476f1c48553980fb22ded3172951f";
    for path in [
        "/s/KEY",
        "/s/KEY/",
        "/v1/share/KEY",
        "/v1/share/KEY/route",
        "/v1/share/KEY/events",
    ] {
        get(node.address, &path.replace("KEY", key), None).await;
    }
    node.signal("TERM");
    node.ended_within(Duration::from_secs(10)).await;
    let log = node.logged_to_the_end();
    assert!(log.iter().any(|line| line.contains("TRACE")), "{log:#?}");
    assert!(!log.iter().any(|line| line.contains(key)), "{log:#?}");
}

#[cfg(feature = "page")]
#[tokio::test]
async fn each_face_of_the_page_is_at_its_address() {
    let service = Service::start();
    let address = service.address;
    let link = "/s/231476f1c48553980fb22ded3172951f";
    for (path, caching, script) in [
        ("/", "no-cache", "index"),
        ("/ride", "no-cache", "ride"),
        ("/drive", "no-cache", "drive"),
        (link, "no-store", "share"),
        (&format!("{link})."), "no-store", "share"),
    ] {
        let reply = get(address, path, None).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        for header in [
            "content-type: text/html",
            &format!("cache-control: {caching}\r\n"),
            "referrer-policy: no-referrer\r\n",
            "permissions-policy: geolocation=(self), screen-wake-lock=(self),",
            "worker-src 'self'; manifest-src 'self';",
        ] {
            assert!(reply.head.contains(header), "{header} of {path}: {reply:?}");
        }
        // What it names lies where a browser looks for it, seen from its address and base.
        let is_below = reply.body.contains("<base href=\"../\"");
        assert_eq!(is_below, path.starts_with("/s/"), "{path}");
        let names: Vec<_> = reply.body.split("=\"./").skip(1).collect();
        let names: Vec<_> = names
            .iter()
            .map(|it| it.split('"').next().unwrap())
            .collect();
        assert!(
            names
                .iter()
                .any(|it| it.starts_with(&format!("assets/{script}-"))),
            "{names:?}"
        );
        for name in names {
            let file = get(address, &format!("/{name}"), None).await;
            assert_eq!(file.status, 200, "{name} of {path}");
            let is_manifest = file
                .head
                .contains("content-type: application/manifest+json");
            assert_eq!(is_manifest, name.ends_with(".webmanifest"), "{file:?}");
        }
    }
    for (path, there) in [
        ("/ride/", "../ride"),
        ("/drive/?lang=ar", "../drive?lang=ar"),
        (&format!("{link}/"), "../231476f1c48553980fb22ded3172951f"),
    ] {
        let reply = get(address, path, None).await;
        assert_eq!(reply.status, 308, "{path}");
        assert!(
            reply.head.contains(&format!("location: {there}\r\n")),
            "{reply:?}"
        );
    }
    for path in ["/s", "/s/", "/s/a/b", "/s/%2e%2e", "/ride/x", "/rides"] {
        assert_eq!(get(address, path, None).await.error().0, 404, "{path}");
    }
}
