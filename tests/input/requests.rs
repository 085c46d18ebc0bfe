//! Requests that are wrong before their body, and around it.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use ridecast_protocol::Role;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::DEADLINE;
use crate::http::{get, request};
use crate::schema::allows;
use crate::service::{Service, token};
use crate::spec::{Spec, fields, list};

/// As they stand in a URL, and as they are meant.
const TEXTS: [(&str, &str); 30] = [
    ("", ""),
    ("x", "x"),
    ("0", "0"),
    ("-1", "-1"),
    ("1", "1"),
    ("100", "100"),
    ("101", "101"),
    ("1000", "1000"),
    ("1001", "1001"),
    ("1.5", "1.5"),
    ("89.9", "89.9"),
    ("90.1", "90.1"),
    ("-180.1", "-180.1"),
    ("NaN", "NaN"),
    ("nan", "nan"),
    ("inf", "inf"),
    ("-Infinity", "-Infinity"),
    ("1e999", "1e999"),
    ("0x10", "0x10"),
    ("99999999999999999999", "99999999999999999999"),
    ("-9223372036854775809", "-9223372036854775809"),
    ("%00", "\0"),
    ("a%0d%0ab", "a\r\nb"),
    ("%F0%9F%9A%95", "🚕"),
    ("[]", "[]"),
    ("{}", "{}"),
    ("'%20OR%201=1--", "' OR 1=1--"),
    ("../../etc/passwd", "../../etc/passwd"),
    ("completed", "completed"),
    ("gpx", "gpx"),
];

/// What a query's text is as a value of its schema's type.
fn value(schema: &Value, text: &str) -> Value {
    let number = |text: &str| {
        serde_json::from_str::<Value>(text)
            .ok()
            .filter(Value::is_number)
    };
    match schema["type"].as_str() {
        Some("integer" | "number") => number(text).unwrap_or_else(|| json!(text)),
        _ => json!(text),
    }
}

fn query(parameters: &[&Value], but: usize, text: &str) -> String {
    let mut query = String::new();
    for (nth, parameter) in parameters.iter().enumerate() {
        let text = match parameter["name"].as_str().unwrap() {
            _ if nth == but => text,
            "radius_m" => "1000",
            "south" => "-90",
            "north" => "90",
            "to_ms" if parameter["required"] == true => "2000",
            _ if parameter["required"] == true => "0",
            _ => continue,
        };
        let _ = write!(
            query,
            "{}{}={text}",
            if query.is_empty() { '?' } else { '&' },
            parameter["name"].as_str().unwrap()
        );
    }
    query
}

#[tokio::test]
async fn whatever_is_wrong_with_a_query_is_answered() {
    let spec = Spec::load("docs/openapi.yaml");
    let service = Service::start();
    let admin = token("a1", Role::Admin);
    let (mut refused, mut read) = (0, 0);
    for (path, item) in fields(&spec.0, "/paths") {
        // These open what does not end.
        if path == "/ws" || path == "/events" {
            continue;
        }
        let Some(parameters) = item["get"].get("parameters").and_then(Value::as_array) else {
            continue;
        };
        let parameters: Vec<_> = parameters.iter().map(|it| spec.follow(it)).collect();
        for (nth, parameter) in parameters.iter().enumerate() {
            // Another for each: of some things one person may have only so many a second.
            let person = if path.starts_with("/admin/") {
                &admin
            } else {
                &token(&format!("o{nth}"), Role::Operator)
            };
            let path = format!(
                "/v1{}",
                path.replace("{ride_id}", "none").replace("{id}", "none")
            );
            let schema = spec.follow(&parameter["schema"]);
            for (text, meant) in TEXTS {
                let url = format!("{path}{}", query(&parameters, nth, text));
                let reply = get(service.address, &url, Some(person)).await;
                // What page comes next is said by the page before, and by nobody else.
                let is_place = parameter["name"] == "before" && schema["type"] == "string";
                let is_good = !is_place && allows(&spec, schema, &value(schema, meant));
                if reply.status != 200 {
                    reply.error();
                }
                if is_good {
                    let is_read =
                        [200, 404].contains(&reply.status) || reply.error().1 == "area_too_large";
                    assert!(is_read, "{url}: {reply:?}");
                    read += 1;
                } else {
                    assert_eq!(reply.status, 400, "{url}: {reply:?}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 100 && read > 20, "{refused}, {read}");
    let operator = token("o1", Role::Operator);
    for twice in [
        "latitude=0&latitude=1&longitude=0&radius_m=1",
        "latitude&longitude&radius_m",
        "&&&==",
        "%",
        "%zz=%",
    ] {
        let reply = get(
            service.address,
            &format!("/v1/vehicles?{twice}"),
            Some(&operator),
        )
        .await;
        assert_eq!(
            reply.error(),
            (400, "invalid_message".to_owned()),
            "{twice}"
        );
    }
}

#[tokio::test]
async fn whatever_stands_in_a_path_is_nothing_that_is_there() {
    let spec = Spec::load("docs/openapi.yaml");
    let service = Service::start();
    let operator = token("o1", Role::Operator);
    let long = "x".repeat(5_000);
    for (path, item) in fields(&spec.0, "/paths") {
        if !path.contains('{') {
            continue;
        }
        for text in [
            "%00",
            "%ff",
            "%zz",
            "%2f",
            "%2e%2e",
            "..",
            "a%0d%0ab",
            "%F0%9F%9A%95",
            "*",
            "{ride:1}",
            "%",
            &long,
        ] {
            let url: String = path
                .split('/')
                .skip(1)
                .flat_map(|part| ["/", if part.starts_with('{') { text } else { part }])
                .collect();
            for method in ["get", "post", "delete"] {
                if item.get(method).is_none() {
                    continue;
                }
                let url = format!("/v1{url}");
                let reply = request(
                    service.address,
                    &method.to_uppercase(),
                    &url,
                    Some(&operator),
                    None,
                )
                .await;
                let (status, _) = reply.error();
                assert!(status == 404 || status == 400, "{method} {url}: {reply:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_method_that_a_route_has_not_is_answered() {
    let spec = Spec::load("docs/openapi.yaml");
    let service = Service::start();
    let operator = token("o1", Role::Operator);
    for (path, item) in fields(&spec.0, "/paths") {
        for method in [
            "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW",
        ] {
            if item.get(method.to_lowercase()).is_some() {
                continue;
            }
            let url = format!("/v1{}", path.replace(['{', '}'], ""));
            let reply = request(service.address, method, &url, Some(&operator), Some("{}")).await;
            assert_eq!(
                reply.error(),
                (404, "not_found".to_owned()),
                "{method} {url}"
            );
        }
    }
    assert!(list(&spec.0, "/tags").len() > 3);
}

/// Writes this, ends its own side if asked to, and reads until the service ends the other.
async fn exchange(address: SocketAddr, bytes: &[u8], and_end: bool) -> String {
    let exchange = async {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let _ = socket.write_all(bytes).await;
        if and_end {
            let _ = socket.shutdown().await;
        }
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    };
    let answer = tokio::time::timeout(DEADLINE, exchange).await;
    answer.unwrap_or_else(|_| {
        panic!(
            "no end of {}",
            String::from_utf8_lossy(&bytes[..bytes.len().min(200)])
        )
    })
}

fn post(headers: &str, body: &str) -> String {
    let token = token("d1", Role::Driver);
    format!(
        "POST /v1/positions HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         authorization: Bearer {token}\r\n{headers}\r\n{body}"
    )
}

/// What it is, its bytes, whether the client ends behind them, and what may be the answer's status;
/// none: the connection is ended.
type Wrong = (&'static str, String, bool, &'static [&'static str]);

/// Wrong before the body.
fn heads() -> Vec<Wrong> {
    let long = "x".repeat(200_000);
    vec![
        ("no HTTP", "hello\r\n\r\n".to_owned(), false, &["400", ""]),
        (
            "TLS",
            "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\r\n\r\n".to_owned(),
            false,
            &["400", ""],
        ),
        (
            "HTTP/2",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
            true,
            &["400", ""],
        ),
        (
            "half a request",
            "GET /v1/rides HT".to_owned(),
            true,
            &["400", "408", ""],
        ),
        (
            "a huge head",
            post(&format!("x: {long}\r\n"), ""),
            false,
            &["400", "431", ""],
        ),
        (
            "many headers",
            post(&"x: y\r\n".repeat(500), ""),
            false,
            &["400", "431", ""],
        ),
        (
            "a huge path",
            format!("GET /{long} HTTP/1.1\r\n\r\n"),
            false,
            &["400", "404", "414", "431", ""],
        ),
        (
            "a control character",
            post("x: a\0b\r\n", ""),
            false,
            &["400", ""],
        ),
    ]
}

/// Wrong around the body.
fn bodies() -> Vec<Wrong> {
    let json = "content-type: application/json\r\n";
    let body = r#"{"positions":[]}"#;
    let length = format!("content-length: {}\r\n", body.len());
    let chunks = format!("{json}transfer-encoding: chunked\r\n");
    vec![
        ("no content type", post(&length, body), false, &["400"]),
        (
            "text",
            post(&format!("content-type: text/plain\r\n{length}"), body),
            false,
            &["400"],
        ),
        ("no length", post(json, body), false, &["400"]),
        (
            "no number",
            post(&format!("{json}content-length: x\r\n"), body),
            false,
            &["400", ""],
        ),
        (
            "less than nothing",
            post(&format!("{json}content-length: -1\r\n"), body),
            false,
            &["400", ""],
        ),
        (
            "two lengths",
            post(&format!("{json}{length}content-length: 3\r\n"), body),
            false,
            &["400", ""],
        ),
        (
            "length and chunks",
            post(&format!("{chunks}{length}"), body),
            false,
            &["400", ""],
        ),
        (
            "a promise",
            post(
                &format!("{json}content-length: 18446744073709551615\r\n"),
                "x",
            ),
            false,
            &["413"],
        ),
        (
            "more than a body",
            post(&format!("{json}content-length: 300000\r\n"), ""),
            false,
            &["413"],
        ),
        (
            "half a body",
            post(&format!("{json}content-length: 100\r\n"), body),
            true,
            &["400", ""],
        ),
        (
            "a good one in chunks",
            post(&chunks, &format!("10\r\n{body}\r\n0\r\n\r\n")),
            false,
            &["400"],
        ),
        (
            "a chunk of no length",
            post(&chunks, &format!("zz\r\n{body}\r\n0\r\n\r\n")),
            false,
            &["400", ""],
        ),
        (
            "chunks without end",
            post(&chunks, &format!("10\r\n{body}\r\n")),
            true,
            &["400", ""],
        ),
        (
            "zipped, and not",
            post(&format!("{json}{length}content-encoding: gzip\r\n"), body),
            false,
            &["400"],
        ),
    ]
}

#[tokio::test]
async fn what_is_no_request_is_answered_or_ended() {
    let service = Service::start();
    for (what, bytes, and_end, statuses) in heads().into_iter().chain(bodies()) {
        let answer = exchange(service.address, bytes.as_bytes(), and_end).await;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(statuses.contains(&status), "{what}: {answer:?}");
    }
    // All of it, and the service is as it was.
    assert_eq!(get(service.address, "/healthz", None).await.status, 200);
}

/// A body that comes in drops holds up only its own connection, and is read when it is whole.
#[tokio::test]
async fn a_slow_body_is_waited_for() {
    let service = Service::start();
    let body = r#"{"vehicle":{"class":"car"},"positions":[{"latitude":0,"longitude":0,"timestamp_ms":1}]}"#;
    let bytes = post(
        &format!(
            "content-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        ),
        body,
    );
    let mut socket = TcpStream::connect(service.address).await.unwrap();
    for part in bytes.as_bytes().chunks(40) {
        socket.write_all(part).await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut answer = String::new();
    let read = tokio::time::timeout(DEADLINE, socket.read_to_string(&mut answer)).await;
    read.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("position_too_late"), "{answer}");
}
