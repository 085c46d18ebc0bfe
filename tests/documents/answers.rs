//! The routes of the `OpenAPI` document answer as it says, asked through a socket.

use std::collections::BTreeSet;

use ridecast_protocol::Role;
use serde_json::Value;

use crate::http::{Reply, request};
use crate::openapi::operations;
use crate::service::{Service, token};
use crate::spec::{Spec, fields};

/// What makes a request one that could be carried out, if there were such a ride and so on.
fn query(path: &str) -> &'static str {
    match path {
        "/vehicles" => "?latitude=0&longitude=0&radius_m=1000",
        "/rides" => "?state=completed",
        "/history" => "?south=-1&west=-1&north=1&east=1&from_ms=0&to_ms=1000",
        "/search" => "?text=ana",
        _ => "",
    }
}

/// The path with something for each of its parts that there is not.
fn filled(path: &str) -> String {
    let parts = path.split('/');
    let parts = parts.map(|part| if part.starts_with('{') { "none" } else { part });
    format!("/v1{}", parts.collect::<Vec<_>>().join("/"))
}

async fn ask(
    service: &Service,
    (method, path): &(String, String),
    operation: &Value,
    token: Option<&str>,
) -> Reply {
    let example = operation.pointer("/requestBody/content/application~1json/example");
    let body = example.map(Value::to_string);
    let (address, path) = (service.address, filled(path) + query(path));
    request(
        address,
        &method.to_uppercase(),
        &path,
        token,
        body.as_deref(),
    )
    .await
}

#[tokio::test]
async fn every_route_answers_as_told_who_has_no_token() {
    let (spec, service) = (Spec::load("docs/openapi.yaml"), Service::start());
    for (route, operation) in operations(&spec) {
        let reply = ask(&service, &route, operation, None).await;
        let told = fields(operation, "/responses");
        assert!(
            told.contains_key(&reply.status.to_string()),
            "{route:?}: {reply:?}"
        );
        if told.contains_key("401") {
            assert_eq!(reply.error(), (401, "bad_token".to_owned()), "{route:?}");
        }
    }
}

#[tokio::test]
async fn every_route_answers_as_told_whoever_asks() {
    let (spec, service) = (Spec::load("docs/openapi.yaml"), Service::start());
    for (route, operation) in operations(&spec) {
        // It would not end.
        if route.1 == "/events" {
            continue;
        }
        let told: BTreeSet<_> = fields(operation, "/responses").keys().cloned().collect();
        let mut seen = BTreeSet::new();
        for role in [Role::Driver, Role::Rider, Role::Operator, Role::Admin] {
            let token = token("somebody", role);
            let reply = ask(&service, &route, operation, Some(&token)).await;
            seen.insert(reply.status.to_string());
        }
        assert!(seen.is_subset(&told), "{route:?} answers {seen:?}");
        for status in ["403", "404"] {
            // Of a page of another origin: who asks here is no page.
            if route.1 == "/ws" {
                continue;
            }
            assert_eq!(
                seen.contains(status),
                told.contains(status),
                "{route:?} answers {seen:?}, and {told:?} is told"
            );
        }
    }
}
