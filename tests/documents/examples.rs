//! The examples in the protocol's prose.

use serde_json::Value;

use crate::openapi::operations;
use crate::spec::{Spec, name_of};
use crate::{read, words};

/// The blocks of one language.
fn blocks<'a>(document: &'a str, language: &str) -> Vec<&'a str> {
    let begin = format!("\n```{language}\n");
    let blocks = document.split(&*begin).skip(1);
    blocks
        .filter_map(|rest| rest.split("\n```").next())
        .collect()
}

fn parsed(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"))
}

/// The types of messages that clients send.
fn is_from_client(example: &Value) -> bool {
    let kind = example["type"].as_str().unwrap();
    let generated = read("web/sdk/protocol.gen.ts");
    let declared = generated.split("export type ClientMessage = ").nth(1);
    let declared = declared.and_then(|rest| rest.split(';').next()).unwrap();
    declared.contains(&format!("\"type\": \"{kind}\""))
}

#[test]
fn every_message_in_the_prose_is_one() {
    let document = read("docs/protocol.md");
    let mut count = 0;
    let written = blocks(&document, "json").into_iter().flat_map(str::lines);
    for line in written {
        let example = parsed(line);
        match example.get("type") {
            None => words::body("ErrorBody", &example),
            Some(_) if is_from_client(&example) => words::from_client(&example),
            Some(_) => words::from_service(&example),
        }
        count += 1;
    }
    assert!(count > 20, "{count} examples");
}

#[test]
fn every_event_of_a_stream_in_the_prose_is_one() {
    let document = read("docs/protocol.md");
    let mut count = 0;
    for block in blocks(&document, "console") {
        let is_shared = block.contains("/v1/share/");
        for event in block.split("\n\n").filter(|it| it.contains("event: ")) {
            let part = |name: &str| {
                let lines = event.lines();
                let mut parts = lines.filter_map(|line| line.strip_prefix(name));
                parts.next()
            };
            let data = parsed(part("data: ").expect("data"));
            assert_eq!(data["type"], part("event: ").unwrap());
            if is_shared {
                words::to_viewers(&data);
            } else {
                words::from_service(&data);
            }
            count += 1;
        }
    }
    assert!(count >= 4, "{count} events");
}

#[test]
fn every_answer_in_the_prose_is_what_its_route_answers() {
    let document = read("docs/protocol.md");
    let spec = Spec::load("docs/openapi.yaml");
    let operations = operations(&spec);
    let mut count = 0;
    for block in blocks(&document, "console") {
        let (command, answer) = match block.split_once("\n{") {
            Some((command, answer)) => (command, format!("{{{answer}")),
            None => continue,
        };
        let is_post = command.contains("-X POST") || command.contains(" -d ");
        let method = if is_post { "post" } else { "get" };
        let address = command.split("/v1").nth(1).expect("an address");
        let path = address.split(['?', '\'', ' ', '\n']).next().unwrap();
        let found = operations
            .iter()
            .find(|((its, template), _)| its == method && fits(template, path));
        let (_, operation) = found.unwrap_or_else(|| panic!("no route is {method} {path}"));
        let answers = ["200", "201"].map(|status| operation["responses"].get(status));
        let content = &answers.into_iter().flatten().next().expect("success")["content"];
        if let Some(content) = content.get("application/json") {
            words::body(name_of(&content["schema"]), &parsed(answer.trim()));
            count += 1;
        }
        if let Some((_, sent)) = command.split_once(" -d '") {
            let sent = parsed(sent.split('\'').next().unwrap());
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            words::body(name_of(schema), &sent);
        }
    }
    assert!(count >= 8, "{count} answers");
}

/// Whether a path is one of a template, literally rather than by its parts.
fn fits(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template
            .zip(path)
            .all(|(part, step)| part == step || (part.starts_with('{') && step != "counts"))
}
