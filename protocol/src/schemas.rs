//! The schemas in the `AsyncAPI` and `OpenAPI` documents are made from these types, so that no
//! field can be missing on either side: a test compares, and rewrites on request.
//!
//! The rest of the documents is written by hand. Whatever schema it refers to is put in, with all
//! that this one refers to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use yaml_rust2::{Yaml, YamlEmitter};

use crate::{
    ChatPage, ClientMessage, DeadWebhooks, ErrorBody, Estimate, Found, History, NearbyVehicles,
    PositionsJudged, PostPositions, RequestId, Revocation, Revocations, Revoke, RideCounts,
    RidesPage, Route, ServerMessage, ShareLink, ShareMessage, SharedRide, Ticket, VehicleCard,
    Webhook,
};

const FILES: [&str; 2] = ["../docs/asyncapi.yaml", "../docs/openapi.yaml"];
const REWRITE: &str = "RIDECAST_WRITE_TYPES";
/// The last of what is written by hand.
const MARK: &str = "\n  # From here on made from the crate ridecast-protocol; do not edit.\n  \
                    # RIDECAST_WRITE_TYPES=1 cargo test -p ridecast-protocol\n";
const REF: &str = "#/components/schemas/";

/// Every schema by its name: types by theirs, messages by their `type`, of shared rides with
/// `share_` before it.
fn schemas() -> BTreeMap<String, Value> {
    // Draft 7, which AsyncAPI's own schemas are of, says the same in that of OpenAPI.
    let settings = SchemaSettings::draft07().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
    });
    let mut generator = settings.into_generator();
    macro_rules! add {
        ($($type:ty),* $(,)?) => { $(generator.subschema_for::<$type>();)* };
    }
    add![
        ClientMessage,
        RequestId,
        ServerMessage,
        ErrorBody,
        NearbyVehicles,
        VehicleCard,
        History,
        Found,
        PostPositions,
        PositionsJudged,
        Ticket,
        RidesPage,
        RideCounts,
        ChatPage,
        ShareLink,
        SharedRide,
        ShareMessage,
        Estimate,
        Route,
        Webhook,
        DeadWebhooks,
        Revoke,
        Revocation,
        Revocations,
    ];
    let mut all: BTreeMap<_, _> = generator.take_definitions(true).into_iter().collect();
    all.values_mut().for_each(tidy);
    let id = &json!({
        "allOf": [{"$ref": format!("{REF}RequestId")}],
        "description": "Comes back in the reply. Absent: a success is not answered, an error is.",
    });
    for (messages, before, id) in [
        ("ClientMessage", "", Some(id)),
        ("ServerMessage", "", None),
        ("ShareMessage", "share_", None),
    ] {
        let Some(Value::Array(variants)) = all[messages].get("oneOf").cloned() else {
            panic!("{messages} is not one of several");
        };
        for mut variant in variants {
            inline(&mut variant, &all);
            let properties = &mut variant["properties"];
            let name = before.to_owned() + properties["type"]["const"].as_str().unwrap();
            if let Some(id) = id {
                properties["id"] = id.clone();
            }
            all.insert(name, variant);
        }
    }
    all
}

/// What Rust or the generator say in their own way, as a reader of the documents expects it.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            // An absent field is left out; that a client may send `null` for it is told in prose.
            fields.retain(|name, value| !(name == "default" && value.is_null()));
            if let Some(Value::Array(types)) = fields.get_mut("type") {
                types.retain(|it| it != "null");
                let only = types.first().cloned().unwrap();
                fields.insert("type".to_owned(), only);
            }
            if let Some(Value::Array(mut either)) = fields.remove("anyOf") {
                either.retain(|it| *it != json!({"type": "null"}));
                let key = if either.len() == 1 { "allOf" } else { "anyOf" };
                fields.insert(key.to_owned(), Value::Array(either));
            }
            if let Some(Value::String(text)) = fields.get_mut("description") {
                *text = text.replace("[`", "`").replace("`]", "`");
                *text = text.replace("`crate::", "`").replace('\n', " ");
            }
            fields.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// Puts the fields of the type that a message carries into the message itself.
fn inline(message: &mut Value, all: &BTreeMap<String, Value>) {
    let Some(parts) = message.as_object_mut().and_then(|it| it.remove("allOf")) else {
        return;
    };
    for part in parts.as_array().unwrap() {
        let name = part["$ref"].as_str().unwrap().strip_prefix(REF).unwrap();
        let carried = &all[name];
        for (name, field) in carried["properties"].as_object().unwrap() {
            message["properties"][name] = field.clone();
        }
        let required = carried.get("required").and_then(Value::as_array);
        let required = required.cloned().unwrap_or_default();
        message["required"].as_array_mut().unwrap().extend(required);
        let told = [&message["description"], &carried["description"]];
        let told: Vec<_> = told.into_iter().filter_map(Value::as_str).collect();
        message["description"] = told.join(" ").into();
    }
}

/// Those that a text refers to, with those that these refer to.
fn referred(text: &str, all: &BTreeMap<String, Value>, found: &mut BTreeSet<String>) {
    for rest in text.split(REF).skip(1) {
        let end = |c: char| !(c.is_alphanumeric() || c == '_');
        let name = rest.split(end).next().unwrap();
        let schema = all.get(name);
        let schema = schema.unwrap_or_else(|| panic!("there is no schema {name}"));
        if found.insert(name.to_owned()) {
            referred(&schema.to_string(), all, found);
        }
    }
}

fn yaml(value: &Value) -> Yaml {
    match value {
        Value::Null => Yaml::Null,
        Value::Bool(value) => Yaml::Boolean(*value),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Yaml::Integer(number),
            None => Yaml::Real(number.to_string()),
        },
        Value::String(text) => Yaml::String(text.clone()),
        Value::Array(items) => Yaml::Array(items.iter().map(yaml).collect()),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| place(name));
            let fields = fields.into_iter();
            Yaml::Hash(
                fields
                    .map(|(name, value)| (Yaml::String(name.clone()), yaml(value)))
                    .collect(),
            )
        }
    }
}

/// What a reader wants to know first comes first.
fn place(name: &str) -> usize {
    const FIRST: [&str; 5] = ["description", "type", "kind", "id", "required"];
    let place = FIRST.iter().position(|first| *first == name);
    place.unwrap_or(FIRST.len())
}

fn section(by_hand: &str, all: &BTreeMap<String, Value>) -> String {
    let mut names = BTreeSet::new();
    referred(by_hand, all, &mut names);
    let wanted: Map<_, _> = names
        .into_iter()
        .map(|name| (name.clone(), all[&name].clone()))
        .collect();
    let mut text = String::new();
    let schemas = yaml(&json!({"schemas": wanted}));
    YamlEmitter::new(&mut text).dump(&schemas).unwrap();
    let lines = text.lines().skip_while(|line| *line == "---");
    lines.fold(String::new(), |text, line| text + "  " + line + "\n")
}

#[test]
fn the_schemas_in_the_documents_are_those_of_this_crate() {
    let all = schemas();
    for file in FILES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        let (by_hand, _) = committed
            .split_once(MARK)
            .unwrap_or_else(|| panic!("{file} has no line that says what is not by hand"));
        let wanted = format!("{by_hand}{MARK}{}", section(by_hand, &all));
        if std::env::var_os(REWRITE).is_some() {
            std::fs::write(&path, &wanted).unwrap();
        } else {
            assert!(
                committed == wanted,
                "{file} is stale: run {REWRITE}=1 cargo test -p ridecast-protocol"
            );
        }
    }
}
