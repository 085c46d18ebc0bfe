//! The documents say what the program says.

#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::Path;

use clap::CommandFactory as _;
use ridecast::config::Cli;
use ridecast::telemetry::{Metrics, Observed};
use ridecast_protocol::{ErrorCode, Role};

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The first words in back quotes of each row of all tables.
fn first_cells(document: &str) -> impl Iterator<Item = &str> {
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split('`').next())
}

#[test]
fn operations_lists_every_flag_of_serve_with_its_variable_and_default() {
    let document = read("docs/operations.md");
    let cli = Cli::command();
    let serve = cli.find_subcommand("serve").unwrap();
    let mut flags = BTreeSet::new();
    for argument in serve.get_arguments().chain(cli.get_arguments()) {
        let Some(env) = argument.get_env() else {
            continue;
        };
        let flag = format!("--{}", argument.get_long().unwrap());
        let env = env.to_str().unwrap();
        let default = argument.get_default_values().first();
        let default = default.map_or("", |default| default.to_str().unwrap());
        let row = document
            .lines()
            .find(|line| line.starts_with(&format!("| `{flag}` | `{env}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/operations.md has no row for {flag} {env}"));
        let cell = row.split('|').nth(3).unwrap().trim();
        if !default.is_empty() {
            assert_eq!(cell, format!("`{default}`"), "{flag}");
        }
        flags.insert(flag);
    }
    let told: BTreeSet<_> = first_cells(&document)
        .filter(|cell| cell.starts_with("--"))
        .map(str::to_owned)
        .collect();
    assert_eq!(told, flags, "flags told, and flags there are");
}

#[test]
fn operations_lists_every_metric() {
    let document = read("docs/operations.md");
    let metrics = Metrics::default();
    metrics.sessions(Role::Rider).inc();
    metrics.refused(ErrorCode::BadJson);
    metrics.closed(4000);
    metrics.observe(&Observed {
        online: 0,
        silent: 0,
        changes_waiting: 0,
        store_lag: std::time::Duration::ZERO,
    });
    let text = metrics.text();
    let there: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    let told: BTreeSet<_> = first_cells(&document)
        .filter(|cell| cell.starts_with("ridecast_"))
        .map(|cell| cell.split('{').next().unwrap().trim_end_matches("_total"))
        .collect();
    assert_eq!(told, there, "metrics told, and metrics there are");
}

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
        assert!(
            document.contains(&format!("`{code}`")),
            "docs/protocol.md has no {code}"
        );
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

#[test]
fn links_between_the_documents_lead_somewhere() {
    for file in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/protocol.md",
        "docs/operations.md",
    ] {
        let document = read(file);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let folder = folder.parent().unwrap();
        for link in document
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            if path.starts_with("http") {
                continue;
            }
            let to = if path.is_empty() {
                document.clone()
            } else {
                let path = folder.join(path);
                assert!(path.exists(), "{file} links to {link}");
                if anchor.is_empty() {
                    continue;
                }
                std::fs::read_to_string(path).unwrap()
            };
            let slugs = to.lines().filter(|line| line.starts_with('#')).map(slug);
            assert!(
                anchor.is_empty() || slugs.into_iter().any(|slug| slug == anchor),
                "{file} links to {link}"
            );
        }
    }
}

/// As GitHub makes it of a heading.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}
