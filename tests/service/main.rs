//! The service through its sockets: what a client may rely on, and what it may not do.

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
#[expect(dead_code, reason = "the tests of faults use the rest")]
mod node;
#[path = "../support/raw.rs"]
mod raw;
#[path = "../support/redis.rs"]
#[expect(dead_code, reason = "the contracts of store and broker use the rest")]
mod redis_server;
#[path = "../support/say.rs"]
mod say;
#[path = "../support/service.rs"]
mod service;
#[path = "../support/view.rs"]
mod view;

mod abuse;
mod density;
mod driver;
mod embedded;
mod fold;
mod follow;
mod frames;
mod nearest;
mod nodes;
mod page;
mod presence;
mod privacy;
mod redis_away;
mod rest;
mod slow;
mod stopping;
mod subscriptions;
mod tokens;
