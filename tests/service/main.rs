//! The service through its sockets: what a client may rely on, and what it may not do.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../support/client.rs"]
mod client;
#[path = "../support/http.rs"]
mod http;
#[path = "../support/say.rs"]
mod say;
#[path = "../support/service.rs"]
mod service;
#[path = "../support/view.rs"]
mod view;

mod driver;
mod fold;
mod nearest;
mod presence;
mod subscriptions;
mod tokens;
