//! Bad input: every field of every message and body, wrong in every way; and what fuzzing began
//! with or has found.
//!
//! The fields are taken from the `AsyncAPI` and `OpenAPI` documents, which are made from the
//! types: a new message is in the table without being put there.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../support/client.rs"]
#[expect(dead_code, reason = "the tests of the service use the rest")]
mod client;
#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "it is a crate of its own, too")]
mod fuzz;
#[path = "../support/http.rs"]
#[expect(dead_code, reason = "the tests of the service use the rest")]
mod http;
#[path = "../support/raw.rs"]
#[expect(dead_code, reason = "the tests of the service use the rest")]
mod raw;
#[path = "../support/service.rs"]
mod service;
#[path = "../support/spec.rs"]
#[expect(dead_code, reason = "the tests of the documents use the rest")]
mod spec;
#[path = "../support/view.rs"]
#[expect(dead_code, reason = "the tests of positions use the rest")]
mod view;

mod cases;
mod requests;
mod rest;
mod schema;
mod seeds;
mod session;
mod values;

use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
