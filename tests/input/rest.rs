//! The table, sent as the bodies of requests.

use ridecast_protocol::{ErrorCode, Role};
use serde_json::Value;

use crate::cases::{Case, Expect, cases, short};
use crate::http::{Reply, request};
use crate::schema::samples;
use crate::service::{Service, token};
use crate::spec::{Spec, fields};

/// Method, path below the server's and schema of everything that takes a body.
fn bodies(spec: &Spec) -> Vec<(String, &str, &Value)> {
    let mut bodies = Vec::new();
    for (path, item) in fields(&spec.0, "/paths") {
        for (method, operation) in item.as_object().unwrap() {
            if let Some(body) = operation.get("requestBody") {
                let schema = &body["content"]["application/json"]["schema"];
                bodies.push((method.to_uppercase(), path.as_str(), schema));
            }
        }
    }
    bodies
}

/// 4xx in the one shape of errors, or a success whose positions were not taken.
fn is_refused(reply: &Reply) -> bool {
    if reply.status == 200 {
        let body: Value = reply.json();
        let refused = body["refused"].as_array();
        return refused.is_some_and(|it| {
            it.iter()
                .any(|it| it["code"] == ErrorCode::PositionOutOfRange.as_str())
        });
    }
    let (status, code) = reply.error();
    status == 400 && (code == "invalid_message" || code == "bad_json")
}

fn check(case: &Case, reply: &Reply) -> Result<(), String> {
    let good = match case.expect {
        // It is read in one go: what is wrong first is told.
        Expect::Unreadable | Expect::Refused => is_refused(reply),
        Expect::Read => (200..500).contains(&reply.status) && !is_refused(reply),
    };
    if good {
        return Ok(());
    }
    let Case {
        what, text, expect, ..
    } = case;
    let (text, body) = (short(text), short(&reply.body));
    Err(format!(
        "{what} ({expect:?}): {text} was answered by {} {body}",
        reply.status
    ))
}

#[tokio::test]
async fn whatever_is_wrong_with_a_body_is_answered() {
    let spec = Spec::load("docs/openapi.yaml");
    let service = Service::start();
    let driver = token("d1", Role::Driver);
    let admin = token("a1", Role::Admin);
    let (mut count, mut complaints) = (0, Vec::new());
    for (method, path, schema) in bodies(&spec) {
        let person = if path.starts_with("/admin/") {
            &admin
        } else {
            &driver
        };
        for sample in samples(&spec, schema, "") {
            for case in cases(&spec, schema, &sample) {
                let path = format!("/v1{path}");
                let text = Some(case.text.as_str());
                let reply = request(service.address, &method, &path, Some(person), text).await;
                count += 1;
                // Of `user` and `jti` one, and a time ahead: no schema says so.
                if path == "/v1/admin/revocations" && case.expect == Expect::Read {
                    assert!([201, 400].contains(&reply.status), "{reply:?}");
                    continue;
                }
                complaints.extend(check(&case, &reply).err());
            }
        }
    }
    println!("{count} cases");
    assert!(
        complaints.is_empty(),
        "{} of {count}:\n{}",
        complaints.len(),
        complaints.join("\n")
    );
    assert!(count > 300, "{count}");
}

/// Who takes no body does not look at it.
#[tokio::test]
async fn a_body_that_nobody_asked_for_harms_nothing() {
    let service = Service::start();
    let operator = token("o1", Role::Operator);
    for (method, path, status) in [
        ("POST", "/v1/tickets", 200),
        ("POST", "/v1/rides/none/share", 404),
        ("DELETE", "/v1/rides/none/share/none", 404),
        ("POST", "/v1/webhooks/dead/none", 404),
        ("GET", "/v1/rides", 200),
        ("GET", "/v1/vehicles?latitude=0&longitude=0&radius_m=1", 200),
        ("POST", "/v1/nothing", 404),
    ] {
        for body in [
            "",
            "{",
            "NaN",
            "\0",
            &"[".repeat(100_000),
            &"x".repeat(300_000),
        ] {
            let reply = request(service.address, method, path, Some(&operator), Some(body)).await;
            let body = short(body);
            assert_eq!(
                reply.status, status,
                "{method} {path} with {body:?}: {reply:?}"
            );
        }
    }
}
