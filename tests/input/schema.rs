//! The schemas of the documents: what they allow, and values that they allow.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::spec::Spec;

/// Samples of what a schema allows, with every optional field; several where there is a choice.
pub(crate) fn samples(spec: &Spec, schema: &Value, name: &str) -> Vec<Value> {
    let schema = spec.follow(schema);
    if let Some(value) = known(name) {
        return vec![value];
    }
    if let Some(value) = schema.get("const") {
        return vec![value.clone()];
    }
    if let Some(Value::Array(values)) = schema.get("enum") {
        return vec![values[0].clone()];
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(Value::Array(either)) = schema.get(choice) {
            return either
                .iter()
                .flat_map(|schema| samples(spec, schema, name))
                .collect();
        }
    }
    let kind = schema.get("type").and_then(Value::as_str);
    match kind {
        Some("string") => vec![json!("x")],
        Some("boolean") => vec![json!(true)],
        Some("integer" | "number") => vec![json!(1)],
        Some("array") => samples(spec, &schema["items"], "")
            .into_iter()
            .map(|item| json!([item]))
            .collect(),
        // What refers to one schema and says no more.
        None => samples(spec, &schema["allOf"][0], name),
        _ => objects(spec, schema),
    }
}

fn objects(spec: &Spec, schema: &Value) -> Vec<Value> {
    let mut all = vec![Map::new()];
    for (name, field) in properties(spec, schema) {
        let values = samples(spec, field, &name);
        all = all
            .iter()
            .flat_map(|object| {
                values.iter().map(|value| {
                    let mut object = object.clone();
                    object.insert(name.clone(), value.clone());
                    object
                })
            })
            .collect();
    }
    // One of the two, as is told in prose.
    if all[0].contains_key("text") && all[0].contains_key("quick") {
        let mut quick = all.clone();
        for (with_text, with_quick) in all.iter_mut().zip(&mut quick) {
            with_text.remove("quick");
            with_quick.remove("text");
        }
        all.extend(quick);
    }
    all.into_iter().map(Value::Object).collect()
}

/// What must go together, or be possible in the world.
fn known(name: &str) -> Option<Value> {
    Some(match name {
        "latitude" => json!(-34.9),
        "longitude" => json!(-56.16),
        "south" => json!(-34.91),
        "north" => json!(-34.89),
        "west" => json!(-56.17),
        "east" => json!(-56.15),
        "radius_m" => json!(500),
        "accuracy" => json!(100_000),
        "timestamp_ms" => json!(now_ms()),
        "offset" => json!(0),
        "id" => json!(1),
        _ => return None,
    })
}

pub(crate) fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_millis()).unwrap()
}

/// The fields of an object, with those of the schemas that it is all of.
pub(crate) fn properties<'a>(spec: &'a Spec, schema: &'a Value) -> BTreeMap<String, &'a Value> {
    let schema = spec.follow(schema);
    let mut all = BTreeMap::new();
    let parts = schema.get("allOf").and_then(Value::as_array);
    for part in parts.into_iter().flatten() {
        all.extend(properties(spec, part));
    }
    let own = schema.get("properties").and_then(Value::as_object);
    all.extend(own.into_iter().flatten().map(|(k, v)| (k.clone(), v)));
    all
}

/// Names have no control characters; the generator writes it so.
const NO_CONTROL: &str = "^[^\\u0000-\\u001F\\u007F-\\u009F]*$";

/// Whether a value is as a schema says. Of all that a schema can say, what ours say.
pub(crate) fn allows(spec: &Spec, schema: &Value, value: &Value) -> bool {
    let schema = spec.follow(schema);
    let rules = schema.as_object().expect("a schema is an object");
    rules.iter().all(|(rule, said)| match rule.as_str() {
        "description" | "title" | "default" | "example" | "examples" => true,
        "type" => is(said.as_str().expect("one type"), value),
        "const" => value == said,
        "enum" => said.as_array().unwrap().contains(value),
        "minimum" => number(value).is_none_or(|it| it >= number(said).unwrap()),
        "maximum" => number(value).is_none_or(|it| it <= number(said).unwrap()),
        "exclusiveMinimum" => number(value).is_none_or(|it| it > number(said).unwrap()),
        "format" => fits(said.as_str().unwrap(), value),
        "minLength" => length(value).is_none_or(|it| it >= said.as_u64().unwrap()),
        "maxLength" => length(value).is_none_or(|it| it <= said.as_u64().unwrap()),
        "pattern" => {
            assert_eq!(said, NO_CONTROL, "another pattern: teach it here");
            value
                .as_str()
                .is_none_or(|it| !it.contains(char::is_control))
        }
        "minItems" => items(value).is_none_or(|it| it >= said.as_u64().unwrap()),
        "maxItems" => items(value).is_none_or(|it| it <= said.as_u64().unwrap()),
        "items" => value
            .as_array()
            .is_none_or(|it| it.iter().all(|item| allows(spec, said, item))),
        "required" => value.as_object().is_none_or(|it| {
            let mut needed = said.as_array().unwrap().iter();
            needed.all(|name| it.contains_key(name.as_str().unwrap()))
        }),
        "properties" => value.as_object().is_none_or(|it| {
            said.as_object().unwrap().iter().all(|(name, schema)| {
                match it.get(name) {
                    // Taken for absent.
                    None | Some(Value::Null) => !required(rules, name) || it.get(name).is_none(),
                    Some(value) => allows(spec, schema, value),
                }
            })
        }),
        "allOf" => said
            .as_array()
            .unwrap()
            .iter()
            .all(|it| allows(spec, it, value)),
        "anyOf" => said
            .as_array()
            .unwrap()
            .iter()
            .any(|it| allows(spec, it, value)),
        "oneOf" => {
            let either = said.as_array().unwrap().iter();
            either.filter(|it| allows(spec, it, value)).count() == 1
        }
        other => panic!("schemas say {other} now: teach it here"),
    })
}

fn required(rules: &Map<String, Value>, name: &str) -> bool {
    let required = rules.get("required").and_then(Value::as_array);
    required.is_some_and(|it| it.iter().any(|it| it == name))
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        // Written without a point, as is told in prose.
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("a type {other}?"),
    }
}

fn fits(format: &str, value: &Value) -> bool {
    if !value.is_number() {
        return true;
    }
    match format {
        "double" => true,
        "float" => number(value).is_some_and(|it| it.abs() <= f64::from(f32::MAX)),
        "int64" => value.is_i64(),
        "uint64" => value.is_u64(),
        "uint32" => value.as_u64().is_some_and(|it| u32::try_from(it).is_ok()),
        other => panic!("a format {other}?"),
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64()
}

fn length(value: &Value) -> Option<u64> {
    value.as_str().map(|it| it.chars().count() as u64)
}

fn items(value: &Value) -> Option<u64> {
    value.as_array().map(|it| it.len() as u64)
}
