//! The table of docs/security.md, tried: every message and every address, by every role, about a
//! ride that is theirs and about one that is not.

use std::collections::{BTreeMap, BTreeSet};

use ridecast_protocol::{ErrorCode, Role, ServerMessage};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{Client, DEADLINE, How};
use crate::service::Service;
use crate::town::{Column, Stage, Town};

/// What is done, and what each is told.
type Table = BTreeMap<String, Vec<(Column, String)>>;

fn read(path: &str) -> String {
    std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn table() -> Table {
    let document = read("docs/security.md");
    let section = document.split("\n## What each role may do").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let cells = |line: &str| -> Vec<String> {
        let cells = line.trim_matches('|').split('|');
        cells
            .map(|cell| cell.replace('`', "").trim().to_owned())
            .collect()
    };
    let mut lines = section
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(cells);
    let head = lines.next().unwrap();
    let columns: Vec<_> = head[1..].iter().map(|it| Column::of(it)).collect();
    assert_eq!(columns, Column::ALL, "the columns");
    let rows = lines.skip(1).map(|cells| {
        let [what, cells @ ..] = &cells[..] else {
            panic!("an empty row")
        };
        assert_eq!(cells.len(), columns.len(), "{what}");
        let cells = columns.iter().copied().zip(cells.iter().cloned());
        (what.clone(), cells.collect())
    });
    rows.collect()
}

#[test]
fn the_table_has_every_message_and_every_address() {
    let table = table();
    let generated = read("web/sdk/protocol.gen.ts");
    let messages = generated
        .split("export type ClientMessage = ")
        .nth(1)
        .unwrap();
    let messages = messages.split("\n/**\n").next().unwrap();
    let messages: BTreeSet<_> = messages
        .split("\"type\": \"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    let routes = read("src/http/mod.rs");
    let routes = routes.split("web::scope(\"/v1\")").nth(1).unwrap();
    let routes = routes.split(".default_service").next().unwrap();
    let routes = routes.split(".route(").skip(1).map(|route| {
        let path = route.split('"').nth(1).unwrap();
        let method = route.split("web::").nth(1).unwrap();
        let method = method.split('(').next().unwrap().to_uppercase();
        format!("{method} /v1{path}")
    });
    let there: BTreeSet<_> = messages.into_iter().chain(routes).collect();
    assert!(there.len() > 35, "{there:?}");
    let told: BTreeSet<_> = table
        .keys()
        .map(|what| {
            let what = what.split(" to ").next().unwrap();
            what.split(" by ").next().unwrap().to_owned()
        })
        .collect();
    assert_eq!(told, there, "told, and there");
}

#[tokio::test]
async fn each_role_may_do_what_the_table_says() {
    let service = Service::start_with(|settings| settings.rides.max_open_rides = 100);
    let mut towns = BTreeMap::new();
    let mut count = 0;
    let mut wrong = Vec::new();
    for (what, mut cells) in table() {
        let stage = stage(&what);
        // First those who may not: whatever they are told, nothing has happened.
        cells.sort_by_key(|(_, told)| told == "yes");
        for (column, told) in cells {
            let mut town: Town = if let Some(town) = towns.remove(&stage) {
                town
            } else {
                count += 1;
                Town::at(&service, count, stage).await
            };
            let got = if what.contains(" /v1/") {
                ask(&town, &what, column).await
            } else {
                say(&mut town, &what, column).await
            };
            if got != told {
                wrong.push(format!("{what}, {column:?}: {got} instead of {told}"));
            }
            if got != "yes" || !changes(&what) {
                towns.insert(stage, town);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// How far the ride must be for its people to do that.
fn stage(what: &str) -> Stage {
    match what {
        "accept_offer" | "decline_offer" => Stage::Offered,
        "start_ride" => Stage::Arrived,
        "complete_ride" => Stage::InProgress,
        _ => Stage::Accepted,
    }
}

/// Whether nobody can do it to the same ride, or from the same place, again.
fn changes(what: &str) -> bool {
    [
        "accept_offer",
        "decline_offer",
        "arrive",
        "start_ride",
        "complete_ride",
        "cancel_ride",
        "reassign_ride",
        "go_offline",
        // A driver has one session.
        "GET /v1/ws",
    ]
    .contains(&what)
}

/// Says it in a session, if there is one to be had.
async fn say(town: &mut Town, what: &str, column: Column) -> String {
    let message = message(town, what, column);
    let Some(client) = town.people.get_mut(&column) else {
        return without_session(town, column, &message).await;
    };
    let name = message["subscription"].clone();
    let needs = match what {
        "update" => Some("nearby"),
        "unsubscribe" => Some("ride"),
        _ => None,
    };
    if let Some(kind) = needs {
        // Whether they may have one is another row's matter.
        let channel = town.channel(kind);
        let subscribe = json!({"type": "subscribe", "subscription": name, "channel": channel});
        let client = town.people.get_mut(&column).unwrap();
        client.ask(subscribe).await;
        return word(client.ask(message).await);
    }
    word(client.ask(message).await)
}

fn word(answer: ServerMessage) -> String {
    match answer {
        ServerMessage::Ok { refused, .. } => {
            let first = refused.first().map(|it| it.code.as_str());
            first.unwrap_or("yes").to_owned()
        }
        ServerMessage::Pong { .. } => "yes".to_owned(),
        ServerMessage::Error { error, .. } => error.code.as_str().to_owned(),
        other => panic!("{other:?}"),
    }
}

/// What who opens no session is told instead.
async fn without_session(town: &Town, column: Column, message: &Value) -> String {
    let how = How {
        bearer: town.token(column),
        ..How::default()
    };
    let mut client = Client::connect(town.address, &how).await;
    client.send(message).await;
    let farewell = client.farewell().await;
    let [code] = farewell.errors[..] else {
        panic!("{column:?}: {farewell:?}");
    };
    let closed = match code {
        ErrorCode::Forbidden => 4501,
        _ => 4500,
    };
    assert_eq!((farewell.bye, farewell.close), (Some(closed), Some(closed)));
    code.as_str().to_owned()
}

fn message(town: &mut Town, what: &str, column: Column) -> Value {
    let ride = town.ride.clone();
    let key = town.next_key();
    let (kind, channel) = what.split_once(" to ").unwrap_or((what, ""));
    let mut message = match kind {
        "hello" => json!({"token": town.token(column)}),
        "ack" => json!({"offset": 0}),
        "go_online" => json!({"vehicle": {"class": "car"}}),
        "position" => town.position(column),
        "positions" => json!({"positions": [town.position(column)]}),
        "subscribe" => json!({"subscription": key, "channel": town.channel(channel)}),
        "update" => json!({"subscription": key, "channel": town.channel("nearby")}),
        "unsubscribe" => json!({"subscription": key}),
        "request_ride" => town.wish(&key),
        "accept_offer" | "decline_offer" => json!({"offer_id": town.offer}),
        "send_chat" => json!({"ride_id": ride, "text": "hello", "idempotency_key": key}),
        "read_chat" => json!({"ride_id": ride, "number": 1}),
        "ping" | "go_offline" => json!({}),
        "arrive" | "start_ride" | "complete_ride" | "cancel_ride" | "reassign_ride" => {
            json!({"ride_id": ride})
        }
        _ => panic!("a new message, {what}: say how it is said"),
    };
    message["type"] = json!(kind);
    message
}

/// Asks by HTTP.
async fn ask(town: &Town, what: &str, column: Column) -> String {
    let (what, by) = what.split_once(" by ").unwrap_or((what, ""));
    let (method, path) = what.split_once(' ').unwrap();
    if path == "/v1/ws" {
        let how = How {
            bearer: town.token(column),
            ..How::default()
        };
        let mut client = Client::connect(town.address, &how).await;
        if how.bearer.is_none() {
            client.send(&json!({"type": "ping"})).await;
        }
        return match client.answer().await {
            ServerMessage::Welcome(_) => "yes".to_owned(),
            other => word(other),
        };
    }
    let (latitude, longitude) = town.place;
    let query = match (path, by) {
        ("/v1/vehicles", _) => format!("?latitude={latitude}&longitude={longitude}&radius_m=500"),
        ("/v1/estimate", _) => format!(
            "?pickup_latitude={latitude}&pickup_longitude={longitude}\
             &dropoff_latitude={latitude}&dropoff_longitude={longitude}"
        ),
        ("/v1/rides", "state") => "?state=completed".to_owned(),
        ("/v1/history", _) => {
            "?south=-90&west=-180&north=90&east=180&from_ms=0&to_ms=1000".to_owned()
        }
        ("/v1/search", _) => "?text=ana".to_owned(),
        _ => String::new(),
    };
    let link = if path.contains("{token}") {
        town.link().await
    } else {
        String::new()
    };
    let path = path
        .replace("{ride_id}", town.ride.as_str())
        .replace("{token}", &link)
        .replace("{id}", "none");
    let body = match (method, path.as_str()) {
        ("POST", "/v1/positions") => {
            let position = town.position(column);
            Some(json!({"vehicle": {"class": "car"}, "positions": [position]}))
        }
        ("POST", "/v1/admin/revocations") => Some(json!({"user": "nobody at all"})),
        _ => None,
    };
    let (status, body) = head(town, method, &(path.clone() + &query), column, body).await;
    match body["code"].as_str() {
        // They may, and there is none to be sent.
        Some("not_found")
            if path.starts_with("/v1/webhooks/dead/") || path.starts_with("/v1/vehicles/") =>
        {
            "yes".to_owned()
        }
        Some(code) => code.to_owned(),
        None => {
            assert!((200..300).contains(&status), "{what}: {status}");
            "yes".to_owned()
        }
    }
}

/// The status, and what an error says: some answers do not end.
async fn head(
    town: &Town,
    method: &str,
    path: &str,
    column: Column,
    body: Option<Value>,
) -> (u16, Value) {
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let token = town.token(column);
    let token = token.map(|it| format!("authorization: Bearer {it}\r\n"));
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{}\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        town.address,
        token.unwrap_or_default(),
        body.len()
    );
    let exchange = async {
        let mut socket = TcpStream::connect(town.address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let end = loop {
            let end = answer.windows(4).position(|it| it == b"\r\n\r\n");
            if let Some(end) = end {
                break end;
            }
            assert!(socket.read_buf(&mut answer).await.unwrap() > 0, "{path}");
        };
        let line = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status: u16 = line.split(' ').nth(1).unwrap().parse().unwrap();
        if status < 400 {
            return (status, Value::Null);
        }
        socket.read_to_end(&mut answer).await.unwrap();
        (status, serde_json::from_slice(&answer[end + 4..]).unwrap())
    };
    tokio::time::timeout(DEADLINE, exchange)
        .await
        .expect("in time")
}

/// The roles that there are, so that a new one is not forgotten here.
#[test]
fn every_role_has_a_column() {
    for role in [Role::Driver, Role::Rider, Role::Operator, Role::Admin] {
        let is_there = |column: &Column| column.person().is_some_and(|it| it.1 == role);
        assert!(Column::ALL.iter().any(is_there), "{role:?}");
    }
}
