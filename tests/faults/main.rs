//! Faults: of Redis and the way to it, of disks, of clients and of their ways; and the end of a
//! node under load. Afterwards everything is as was promised, and nothing is held that nobody uses.
//!
//! Crashes are in `tests/kills`, whose town is used here too.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../kills/app.rs"]
mod app;
#[path = "../kills/book.rs"]
mod book;
#[path = "../support/client.rs"]
#[expect(dead_code, reason = "the tests of positions use the rest")]
mod client;
#[path = "../support/http.rs"]
#[expect(dead_code, reason = "the tests of REST use the rest")]
mod http;
#[path = "../support/node.rs"]
#[expect(dead_code, reason = "the tests of positions use the rest")]
mod node;
#[path = "../rides/people.rs"]
#[expect(dead_code, reason = "the tests of rides use the rest")]
mod people;
#[path = "../kills/play.rs"]
mod play;
#[path = "../support/proxy.rs"]
mod proxy;
#[path = "../support/raw.rs"]
#[expect(dead_code, reason = "the tests of frames use the rest")]
mod raw;
#[path = "../support/redis.rs"]
#[expect(dead_code, reason = "the contracts of store and broker use the rest")]
mod redis_server;
#[path = "../support/say.rs"]
#[expect(dead_code, reason = "the tests of positions use the rest")]
mod say;
#[path = "../support/service.rs"]
#[expect(dead_code, reason = "here, the service is a process of its own")]
mod service;
#[path = "../kills/town.rs"]
mod town;
#[path = "../support/view.rs"]
#[expect(dead_code, reason = "the tests of positions use the rest")]
mod view;

mod clock;
mod crowd;
mod disk;
mod drain;
mod held;
mod redis;
mod rolling;
mod vanish;
