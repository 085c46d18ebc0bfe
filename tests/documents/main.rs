//! The documents say what the program says.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod answers;
mod asyncapi;
mod examples;
#[path = "../support/http.rs"]
#[expect(dead_code, reason = "the tests of the service use the rest")]
mod http;
mod links;
mod openapi;
mod operations;
mod protocol;
#[path = "../support/service.rs"]
mod service;
#[path = "../support/spec.rs"]
mod spec;
mod words;

use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The first words in back quotes of each row of all tables.
fn first_cells(document: &str) -> impl Iterator<Item = &str> {
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split('`').next())
}
