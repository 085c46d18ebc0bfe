//! Vehicles by what they are called, on one node and on two.

use std::net::SocketAddr;

use ridecast_protocol::{Found, Role, VehicleCard, VehicleState};
use serde_json::json;
use tokio::time::Instant;

use crate::client::{Client, DEADLINE};
use crate::http::{Reply, get};
use crate::node::Node;
use crate::redis_server::RedisServer;
use crate::say::{MONTEVIDEO, offset, position};
use crate::service::{Service, token};

async fn ask(address: SocketAddr, path: &str) -> Reply {
    get(address, path, Some(&token("o1", Role::Operator))).await
}

/// The ids of the vehicles that were found.
async fn ids(address: SocketAddr, query: &str) -> Vec<String> {
    let reply = ask(address, &format!("/v1/search?text={query}")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let found: Found = reply.json();
    assert_eq!(found.rides, []);
    found
        .vehicles
        .iter()
        .map(|it| it.vehicle.id.to_string())
        .collect()
}

/// A driver online, with id, plate and label; empty: none.
async fn driver(address: SocketAddr, [id, plate, label]: [&str; 3]) -> Client {
    let mut vehicle = json!({"class": "car"});
    for (name, text) in [("plate", plate), ("label", label)] {
        if !text.is_empty() {
            vehicle[name] = json!(text);
        }
    }
    let mut driver = Client::open(address, id, Role::Driver).await;
    driver
        .ok(json!({"type": "go_online", "vehicle": vehicle}))
        .await;
    driver.ok(position(MONTEVIDEO)).await;
    driver
}

#[tokio::test]
async fn vehicles_are_found_by_id_plate_and_label() {
    let service = Service::start();
    let address = service.address;
    let mut drivers = Vec::new();
    for names in [
        ["ana", "SBA-1234", "White Corsa"],
        ["Mariana", "SBB 12 99", ""],
        ["bea", "", "Line 7"],
        ["joão", "ÑA 7", "Táxi ana"],
        ["zoe", "1234", "2 ana"],
    ] {
        drivers.push(driver(address, names).await);
    }
    for (text, found) in [
        // Beginnings first, then by id.
        ("ana", &["ana", "Mariana", "joão", "zoe"][..]),
        ("ANA", &["ana", "Mariana", "joão", "zoe"]),
        ("ana&limit=2", &["ana", "Mariana"]),
        ("sba1234", &["ana"]),
        ("sba%201-2", &["ana"]),
        ("sbb12-99", &["Mariana"]),
        ("1234", &["zoe", "ana"]),
        ("line%207", &["bea"]),
        ("JO%C3%83O", &["joão"]),
        ("%C3%B1a7", &["joão"]),
        ("white", &["ana"]),
        ("sba1234x", &[]),
        ("-", &[]),
        ("%20", &[]),
    ] {
        assert_eq!(ids(address, text).await, found, "{text}");
    }
    for (query, message) in [
        ("", "text"),
        ("text=", "text"),
        ("text=a&limit=0", "limit"),
        ("text=a&limit=51", "limit"),
    ] {
        let reply = ask(address, &format!("/v1/search?{query}")).await;
        assert_eq!(
            reply.error(),
            (400, "invalid_message".to_owned()),
            "{query}"
        );
        assert!(reply.body.contains(message), "{reply:?}");
    }
    drivers[0].ok(json!({"type": "go_offline"})).await;
    assert_eq!(ids(address, "sba1234").await, [""; 0]);
}

#[tokio::test]
async fn a_card_tells_what_the_map_does_not() {
    let service = Service::start();
    let mut ana = driver(service.address, ["ana", "SBA 1234", "White Corsa"]).await;
    let card: VehicleCard = ask(service.address, "/v1/vehicles/ana").await.json();
    assert_eq!(card.vehicle.id.as_str(), "ana");
    assert_eq!(card.vehicle.state, VehicleState::Online);
    assert_eq!((card.vehicle.latitude, card.vehicle.longitude), MONTEVIDEO);
    assert_eq!(card.info.plate.as_deref(), Some("SBA 1234"));
    assert_eq!(card.info.label.as_deref(), Some("White Corsa"));
    assert_eq!(card.ride, None);
    ana.ok(json!({"type": "go_offline"})).await;
    for gone in ["ana", "nobody", "%00"] {
        let reply = ask(service.address, &format!("/v1/vehicles/{gone}")).await;
        assert_eq!(reply.error(), (404, "not_found".to_owned()), "{gone}");
    }
}

#[tokio::test]
async fn vehicles_of_other_nodes_are_found_too() {
    let redis = RedisServer::start();
    let url = redis.url();
    let (a, b) = (
        Node::serve(&[
            "--store",
            &url,
            "--silent-after",
            "3s",
            "--gone-after",
            "5s",
        ]),
        Node::serve(&[
            "--store",
            &url,
            "--silent-after",
            "3s",
            "--gone-after",
            "5s",
        ]),
    );
    let mut ana = driver(a.address, ["ana", "SBA 1234", "White Corsa"]).await;
    let _bea = driver(b.address, ["bea", "SBA 1299", ""]).await;
    let until = async |found: &[&str]| {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let ids = ids(b.address, "sba12").await;
            if ids == found {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "found are {ids:?} and not {found:?}"
            );
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    // Kept by the other node's writer within a moment.
    until(&["ana", "bea"]).await;
    // Asked for by its id, it is followed.
    let here = offset(MONTEVIDEO, 40.0, 0.0);
    ana.ok(position(here)).await;
    let deadline = Instant::now() + DEADLINE;
    loop {
        let reply = ask(b.address, "/v1/vehicles/ana").await;
        let card: VehicleCard = reply.json();
        assert_eq!(card.info.plate.as_deref(), Some("SBA 1234"));
        if (card.vehicle.latitude, card.vehicle.longitude) == here {
            break;
        }
        assert!(Instant::now() < deadline, "never there: {reply:?}");
    }
    ana.ok(json!({"type": "go_offline"})).await;
    until(&["bea"]).await;
    let reply = ask(b.address, "/v1/vehicles/ana").await;
    assert_eq!(reply.error(), (404, "not_found".to_owned()));
}
