//! The protocol's prose names every word of the wire.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::read;
use crate::spec::{Spec, fields};

#[test]
fn the_protocol_lists_every_error_code() {
    let document = read("docs/protocol.md");
    let generated = read("web/sdk/protocol.gen.ts");
    let codes = generated
        .split("export type ErrorCode = ")
        .nth(1)
        .expect("the generated codes");
    let codes = codes.split(';').next().unwrap();
    let mut count = 0;
    for code in codes.split('"').skip(1).step_by(2) {
        let mut rows = document.lines().filter_map(|line| line.strip_prefix("| "));
        let is_told = rows.any(|row| {
            let first = row.split(" | ").next().unwrap();
            first.contains(&format!("`{code}`"))
        });
        assert!(is_told, "docs/protocol.md has no row for {code}");
        count += 1;
    }
    assert!(count > 20, "{count} codes were found in the generated file");
}

#[test]
fn the_protocol_lists_every_close_code() {
    let document = read("docs/protocol.md");
    let generated = read("web/sdk/protocol.gen.ts");
    let codes = generated.split("export const CloseCode = {").nth(1);
    let codes = codes
        .and_then(|rest| rest.split('}').next())
        .expect("the generated codes");
    let numbers = codes
        .lines()
        .filter_map(|line| line.split(": ").nth(1)?.strip_suffix(','));
    let mut count = 0;
    for number in numbers {
        assert!(
            document.contains(&format!("\n| {number} | ")),
            "docs/protocol.md has no {number}"
        );
        count += 1;
    }
    assert!(count >= 8, "{count} codes were found in the generated file");
}

#[test]
fn the_protocol_lists_every_message_and_address() {
    let document = read("docs/protocol.md");
    let generated = read("web/sdk/protocol.gen.ts");
    let mut messages = 0;
    for message in generated.split("{ \"type\": \"").skip(1) {
        let message = message.split('"').next().unwrap();
        assert!(
            document.contains(&format!("`{message}`")),
            "docs/protocol.md has no {message}"
        );
        messages += 1;
    }
    assert!(
        messages >= 15,
        "{messages} types were found in the generated file"
    );
    let routes = read("src/http/mod.rs");
    let mut addresses = 0;
    for address in routes.split(".route(\"").skip(1) {
        let address = address.split('"').next().unwrap();
        let known = [address.to_owned(), format!("/v1{address}")];
        assert!(
            known
                .iter()
                .any(|address| document.contains(&format!("{address}`"))
                    || document.contains(&format!("{address}?"))),
            "docs/protocol.md has no {address}"
        );
        addresses += 1;
    }
    assert!(addresses >= 8, "{addresses} routes were found");
}

/// The names of all fields in a schema.
fn named<'a>(schema: &'a Value, names: &mut BTreeSet<&'a str>) {
    match schema {
        Value::Object(parts) => {
            if let Some(Value::Object(properties)) = parts.get("properties") {
                names.extend(properties.keys().map(String::as_str));
            }
            parts.values().for_each(|part| named(part, names));
        }
        Value::Array(parts) => parts.iter().for_each(|part| named(part, names)),
        _ => {}
    }
}

#[test]
fn the_protocol_names_every_field() {
    let document = read("docs/protocol.md");
    let specs = ["docs/asyncapi.yaml", "docs/openapi.yaml"].map(Spec::load);
    let mut names = BTreeSet::new();
    for spec in &specs {
        for schema in fields(&spec.0, "/components/schemas").values() {
            named(schema, &mut names);
        }
    }
    // What operators' backends get is told in docs/operations.md.
    for name in ["attempts", "given_up_at_ms", "webhooks"] {
        assert!(names.remove(name), "{name} is no field any more");
    }
    assert!(names.len() > 80, "{} fields", names.len());
    let missing: Vec<_> = names
        .into_iter()
        .filter(|name| {
            let ways = [format!("`{name}`"), format!("`{name}?`")];
            !ways.iter().any(|way| document.contains(way))
        })
        .collect();
    assert!(missing.is_empty(), "docs/protocol.md names no {missing:?}");
}
