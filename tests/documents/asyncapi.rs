//! The `AsyncAPI` document has every message, on its way and with an example. Their fields are
//! made from the types, which a test of ridecast-protocol checks.

use std::collections::BTreeSet;

use crate::spec::{Spec, fields, list, name_of};
use crate::{read, words};

const PATH: &str = "docs/asyncapi.yaml";

/// The `type`s of one of the enums of messages, as the generated TypeScript has them.
fn types(of: &str) -> BTreeSet<String> {
    let generated = read("web/sdk/protocol.gen.ts");
    let declared = generated.split(&format!("export type {of} = ")).nth(1);
    let declared = declared.and_then(|rest| rest.split("\nexport ").next());
    let declared = declared.unwrap_or_else(|| panic!("no type {of} was generated"));
    let types = declared.split("{ \"type\": \"").skip(1);
    let types: BTreeSet<_> = types
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    assert!(types.len() > 3, "{of} has {types:?}");
    types
}

/// The messages that the operations of a channel carry in one direction.
fn carried(spec: &Spec, channel: &str, action: &str) -> BTreeSet<String> {
    let mut carried = Vec::new();
    for (name, operation) in fields(&spec.0, "/operations") {
        if name_of(&operation["channel"]) != channel {
            continue;
        }
        if operation["action"] == action {
            carried.extend(list(operation, "/messages"));
        }
        if let Some(reply) = operation.get("reply") {
            let is_request = operation["action"] == "receive";
            assert!(is_request, "{name}: only requests are answered");
            if action == "send" {
                carried.extend(list(reply, "/messages"));
            }
        }
    }
    let within = format!("#/channels/{channel}/messages/");
    let names = carried.into_iter().map(|reference| {
        let reference = reference["$ref"].as_str().unwrap();
        let name = reference.strip_prefix(&within);
        name.unwrap_or_else(|| panic!("{reference} is of another channel"))
    });
    names.map(str::to_owned).collect()
}

fn names(spec: &Spec, channel: &str) -> BTreeSet<String> {
    let messages = fields(&spec.0, &format!("/channels/{channel}/messages"));
    messages.keys().cloned().collect()
}

#[test]
fn a_session_has_every_message_in_its_direction() {
    let spec = Spec::load(PATH);
    let (client, mut service) = (types("ClientMessage"), types("ServerMessage"));
    assert!(service.remove("heartbeat"), "a socket has pings");
    assert_eq!(carried(&spec, "session", "receive"), client);
    assert_eq!(carried(&spec, "session", "send"), service);
    assert_eq!(names(&spec, "session"), &client | &service);
}

#[test]
fn the_streams_have_their_messages() {
    let spec = Spec::load(PATH);
    assert_eq!(carried(&spec, "share", "send"), types("ShareMessage"));
    assert_eq!(names(&spec, "share"), types("ShareMessage"));
    let inbox = names(&spec, "inbox");
    assert_eq!(carried(&spec, "inbox", "send"), inbox);
    // All that a session is sent, but for answers and subscriptions.
    let others = ["density", "error", "ok", "pong", "vehicles"].map(str::to_owned);
    assert_eq!(&inbox | &others.into(), types("ServerMessage"));
}

#[test]
fn every_message_has_its_schema_and_an_example() {
    let spec = Spec::load(PATH);
    let client = types("ClientMessage");
    for (channel, before) in [("session", ""), ("share", "share_"), ("inbox", "")] {
        for (name, message) in fields(&spec.0, &format!("/channels/{channel}/messages")) {
            let message = spec.follow(message);
            assert_eq!(message["name"], **name);
            assert_eq!(
                name_of(&message["payload"]),
                format!("{before}{name}"),
                "the schema of {name}"
            );
            for example in list(message, "/examples") {
                let example = &example["payload"];
                assert_eq!(example["type"], **name);
                match channel {
                    "share" => words::to_viewers(example),
                    _ if client.contains(name) => words::from_client(example),
                    _ => words::from_service(example),
                }
            }
        }
    }
}

#[test]
fn every_kind_of_event_and_channel_has_an_example() {
    let spec = Spec::load(PATH);
    for (message, at, kinds) in [
        ("event", "/payload/event/kind", 5),
        ("subscribe", "/payload/channel/kind", 4),
    ] {
        let message = &spec.0["channels"]["session"]["messages"][message];
        let examples = list(message, "/examples");
        let examples = examples.iter().filter_map(|example| example.pointer(at));
        let shown: BTreeSet<_> = examples.map(|kind| kind.as_str().unwrap()).collect();
        assert_eq!(shown.len(), kinds, "{shown:?}");
    }
}
