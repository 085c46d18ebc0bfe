//! Everybody comes back at once, as when a balancer or a mobile network was away.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use ridecast_protocol::Role;
use tokio::sync::Barrier;
use tokio::time::{Instant, timeout};

use crate::client::Client;
use crate::held::{Held, sockets, until_held, until_nothing_is_held};
use crate::http::get;
use crate::node::Node;
use crate::raw::{FIN, Raw, TEXT};
use crate::say::{MONTEVIDEO, go_online, nearby, position};
use crate::service::token;

/// By hand, also 5,000.
fn count() -> usize {
    let count = std::env::var("RIDECAST_TEST_CROWD");
    count.map_or(2_000, |it| it.parse().unwrap())
}

/// A rider who looks around, welcome taken.
async fn rider(address: SocketAddr, token: &str) -> Raw {
    let mut raw = Raw::open_with(address, token, 8 * 1024).await;
    let (_, welcome) = raw.next().await.expect("a session");
    assert!(welcome.starts_with(br#"{"type":"welcome""#));
    let subscribe = nearby("n", MONTEVIDEO, 1000.0).to_string();
    raw.frame(FIN | TEXT, subscribe.as_bytes()).await;
    raw
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_comes_back_at_once_gets_in_and_leaves_nothing_behind() {
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let count = count();
    let node = Node::serve(&["--store", "memory"]);
    let sockets = sockets(&node);
    let tokens: Vec<_> = (0..count)
        .map(|n| token(&format!("r{n}"), Role::Rider))
        .collect();
    let mut driver = Client::open(node.address, "d1", Role::Driver).await;
    driver.ok(go_online("car")).await;
    let mut grown = Vec::new();
    for round in 0..5 {
        let begun = Instant::now();
        let barrier = Barrier::new(count);
        let all = tokens.iter().map(async |token| {
            barrier.wait().await;
            rider(node.address, token).await
        });
        let all = timeout(Duration::from_secs(40), join_all(all));
        // Who is here already goes on.
        let meanwhile = async {
            let mut slowest = Duration::ZERO;
            loop {
                let since = Instant::now();
                driver.ok(position(MONTEVIDEO)).await;
                slowest = slowest.max(since.elapsed());
                tokio::time::sleep(Duration::from_millis(50)).await;
                if begun.elapsed() > Duration::from_secs(1) {
                    return slowest;
                }
            }
        };
        let (crowd, slowest) = tokio::join!(all, meanwhile);
        let mut crowd = crowd.expect("all get in");
        println!(
            "round {round}: all in after {:?}, others waited {slowest:?}",
            begun.elapsed()
        );
        let everybody = Held {
            sessions: count as u64 + 1,
            connections: count as u64 + 1,
            subscriptions: count as u64,
        };
        until_held(&node, everybody).await;
        assert_eq!(get(node.address, "/readyz", None).await.status, 200);
        // Each is served: a snapshot comes.
        let (_, snapshot) = crowd[count / 2].next().await.expect("a session");
        assert!(snapshot.starts_with(br#"{"type":"vehicles""#));
        drop(crowd);
        let only_the_driver = Held {
            sessions: 1,
            connections: 1,
            subscriptions: 0,
        };
        until_held(&node, only_the_driver).await;
        grown.push(node.rss_kib());
    }
    println!("{grown:?} KiB after each round");
    // What the first rounds took, the others take again, but for what lies in between. Each session
    // that were kept would be 5 KiB, in each of three rounds, on top of what settles.
    assert!(grown[4] < grown[1] + 12 * count as u64, "{grown:?} KiB");
    driver.vanish();
    until_nothing_is_held(&node, sockets).await;
}
