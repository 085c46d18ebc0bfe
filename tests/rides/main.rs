//! Rides, events and chat through the sockets: what riders and drivers may rely on.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../support/backend.rs"]
mod backend;
#[path = "../support/client.rs"]
#[expect(dead_code, reason = "the tests of positions use the rest")]
mod client;
#[path = "../support/http.rs"]
mod http;
mod people;
#[path = "../support/redis.rs"]
#[expect(dead_code, reason = "the contracts of store and broker use the rest")]
mod redis_server;
#[path = "../support/say.rs"]
#[expect(dead_code, reason = "the tests of positions use the rest")]
mod say;
#[path = "../support/service.rs"]
mod service;
#[path = "../support/sse.rs"]
mod sse_client;
#[path = "../support/view.rs"]
#[expect(dead_code, reason = "the tests of positions use the rest")]
mod view;

mod cancel;
mod rest;
mod scene;
mod search;
mod share;
mod sse;
mod webhooks;
mod whole;
