//! The gate through its sockets: TLS, whose address it is, and the limits at the door.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../support/client.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod client;
#[path = "../support/http.rs"]
mod http;
#[path = "../support/service.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod service;
#[path = "../support/view.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod view;

mod asking;
mod door;
mod http2;
mod loris;
mod proxies;
mod secure;
mod session;
mod tls;
mod wss;
