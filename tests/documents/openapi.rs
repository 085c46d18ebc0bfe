//! The `OpenAPI` document has every route, with its query, its answers and examples of them. The
//! bodies' fields are made from the types, which a test of ridecast-protocol checks.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::ResponseError as _;
use ridecast::http::Error;
use ridecast_protocol::ErrorBody;
use serde_json::Value;

use crate::spec::{Spec, fields, list, name_of};
use crate::{read, words};

const PATH: &str = "docs/openapi.yaml";
const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

/// Method and path.
type Route = (String, String);

/// Every operation there is, webhooks apart.
pub(crate) fn operations(spec: &Spec) -> BTreeMap<Route, &Value> {
    let mut operations = BTreeMap::new();
    for (path, item) in fields(&spec.0, "/paths") {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                operations.insert((method.to_owned(), path.clone()), operation);
            }
        }
    }
    operations
}

/// The routes below `/v1`, as the program gives them to actix.
fn routes() -> BTreeSet<Route> {
    let source = read("src/http/mod.rs");
    let scope = source.split("web::scope(\"/v1\")").nth(1);
    let scope = scope.and_then(|rest| rest.split(".default_service").next());
    let routes = scope.expect("a scope").split(".route(").skip(1);
    let routes: BTreeSet<_> = routes
        .map(|route| {
            let path = route.split('"').nth(1).unwrap().to_owned();
            let method = route.split("web::").nth(1).unwrap();
            (method.split('(').next().unwrap().to_owned(), path)
        })
        .collect();
    assert!(routes.len() > 10, "{routes:?}");
    routes
}

/// The queries that handlers take, by the path that their comment names.
fn queries() -> BTreeMap<String, BTreeSet<String>> {
    let mut queries = BTreeMap::new();
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/http")).unwrap() {
        let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let taken = source.matches("web::Query<").count();
        let told: Vec<_> = source.split("/// The query of `GET /v1").skip(1).collect();
        assert_eq!(taken, told.len(), "each says of what it is: {source}");
        for query in told {
            let path = query.split('`').next().unwrap().to_owned();
            let declared = query.split(" {\n").nth(1).unwrap();
            let declared = declared.split("\n}").next().unwrap();
            let names = declared.lines().filter(|line| !line.contains("//"));
            let names = names.map(|line| line.trim().split(':').next().unwrap().to_owned());
            queries.insert(path, names.collect());
        }
    }
    assert!(queries.len() >= 5, "{queries:?}");
    queries
}

fn parameters(spec: &Spec, operation: &Value, within: &str) -> BTreeSet<String> {
    let parameters = operation.get("parameters").and_then(Value::as_array);
    let parameters = parameters.into_iter().flatten().map(|it| spec.follow(it));
    parameters
        .filter(|parameter| parameter["in"] == within)
        .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_route_is_told_and_every_route_told_is_there() {
    let spec = Spec::load(PATH);
    let told: BTreeSet<_> = operations(&spec).into_keys().collect();
    assert_eq!(told, routes(), "routes told, and routes there are");
}

#[test]
fn every_query_is_told() {
    let spec = Spec::load(PATH);
    let queries = queries();
    for ((method, path), operation) in operations(&spec) {
        // The socket's is not among the handlers of HTTP, and the inbox's holds its ticket.
        let mut told = parameters(&spec, operation, "query");
        let is_by_ticket = list_or_none(operation, "security").any(|it| it.get("ticket").is_some());
        if is_by_ticket {
            told.insert("ticket".to_owned());
        }
        if path != "/ws" {
            let taken = queries.get(&path).filter(|_| method == "get");
            let taken = taken.cloned().unwrap_or_default();
            assert_eq!(told, taken, "the query of {method} {path}");
        }
    }
}

fn list_or_none<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    let list = value.get(name).and_then(Value::as_array);
    list.into_iter().flatten()
}

#[test]
fn the_parts_of_a_path_are_told() {
    let spec = Spec::load(PATH);
    for (path, item) in fields(&spec.0, "/paths") {
        let parts = path.split('{').skip(1);
        let parts: BTreeSet<_> = parts
            .map(|rest| rest.split('}').next().unwrap().to_owned())
            .collect();
        assert_eq!(parameters(&spec, item, "path"), parts, "{path}");
    }
}

#[test]
fn every_body_has_an_example_that_is_one() {
    let spec = Spec::load(PATH);
    let mut examples = 0;
    let mut operations: Vec<_> = operations(&spec).into_values().collect();
    operations.extend(fields(&spec.0, "/webhooks").values().map(|it| &it["post"]));
    for operation in operations {
        let answers = fields(operation, "/responses").values();
        let bodies = answers.map(|it| spec.follow(it));
        for body in bodies.chain(operation.get("requestBody")) {
            let Some(content) = body.pointer("/content/application~1json") else {
                continue;
            };
            let name = name_of(&content["schema"]);
            let several = content.get("examples").and_then(Value::as_object);
            let several = several.into_iter().flatten();
            let several = several.map(|(_, example)| &example["value"]);
            let all: Vec<_> = several.chain(content.get("example")).collect();
            assert!(!all.is_empty(), "{name} has no example");
            for example in all {
                words::body(name, example);
                examples += 1;
            }
        }
    }
    assert!(examples > 30, "{examples} examples");
}

#[test]
fn errors_come_with_the_status_that_is_told() {
    let spec = Spec::load(PATH);
    for ((method, path), operation) in operations(&spec) {
        for (status, answer) in fields(operation, "/responses") {
            let Some(content) = spec.follow(answer).pointer("/content/application~1json") else {
                continue;
            };
            if name_of(&content["schema"]) != "ErrorBody" {
                continue;
            }
            for (code, example) in fields(content, "/examples") {
                let error: ErrorBody = serde_json::from_value(example["value"].clone()).unwrap();
                assert_eq!(error.code.as_str(), code);
                assert_eq!(error.retryable, error.code.retryable(), "{code}");
                let there = Error(error).status_code().as_u16().to_string();
                assert_eq!(there, *status, "{code} of {method} {path}");
            }
        }
    }
}

#[test]
fn who_needs_no_token_is_told() {
    let spec = Spec::load(PATH);
    for ((method, path), operation) in operations(&spec) {
        let answers = fields(operation, "/responses");
        let security = operation.get("security").unwrap_or(&spec.0["security"]);
        let is_open = security.as_array().is_none_or(|ways| {
            ways.is_empty()
                || ways
                    .iter()
                    .any(|way| *way == Value::Object(serde_json::Map::new()))
        });
        assert_eq!(!is_open, answers.contains_key("401"), "{method} {path}");
    }
    assert_eq!(list(&spec.0, "/security").len(), 1);
}
