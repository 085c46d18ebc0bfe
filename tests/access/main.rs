//! Who may come in, for how long, from where, and what they may do then.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../support/client.rs"]
#[expect(dead_code, reason = "the tests of rides use the rest")]
mod client;
#[path = "../support/http.rs"]
mod http;
#[path = "../support/node.rs"]
#[expect(dead_code, reason = "the tests of positions use the rest")]
mod node;
#[path = "../support/redis.rs"]
#[expect(dead_code, reason = "the contracts of store and broker use the rest")]
mod redis_server;
#[path = "../support/say.rs"]
#[expect(dead_code, reason = "the tests of positions use the rest")]
mod say;
#[path = "../support/service.rs"]
mod service;
#[path = "../support/sse.rs"]
#[expect(dead_code, reason = "the tests of rides use the rest")]
mod sse_client;
#[path = "../support/view.rs"]
#[expect(dead_code, reason = "the tests of positions use the rest")]
mod view;

mod claims;
mod issuer;
mod jwks;
mod keys;
mod origins;
mod renewal;
mod revocations;
mod roles;
mod signer;
mod tickets;
mod town;
