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
#[path = "../support/node.rs"]
#[expect(dead_code, reason = "the tests of positions use the rest")]
mod node;
mod people;
#[path = "../support/raw.rs"]
#[expect(dead_code, reason = "the tests of broken clients use the rest")]
mod raw;
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
mod view;

mod anew;
mod cancel;
mod card;
mod chat;
mod nodes;
mod privacy;
mod reconnect;
mod redis_away;
mod requests;
mod rest;
mod route;
mod scene;
mod search;
mod share;
mod slow;
mod sse;
mod webhooks;
mod whole;
