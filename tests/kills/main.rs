//! Kills: the service, its nodes and Redis end at random moments, as in a crash, while a town of
//! riders and drivers goes on. Whatever anybody was told or promised must be so afterwards.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../support/client.rs"]
#[expect(dead_code, reason = "here, apps come back by themselves")]
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
#[path = "../support/redis.rs"]
#[expect(dead_code, reason = "the contracts of store and broker use the rest")]
mod redis_server;
#[path = "../support/say.rs"]
#[expect(dead_code, reason = "the tests of positions use the rest")]
mod say;
#[path = "../support/service.rs"]
#[expect(dead_code, reason = "here, the service is a process of its own")]
mod service;
#[path = "../support/view.rs"]
#[expect(dead_code, reason = "the tests of positions use the rest")]
mod view;

mod app;
mod book;
mod embedded;
mod nodes;
mod play;
mod redis_away;
mod town;
