//! Clients that are gone without a word: no FIN, no reset, no answer.

use std::time::Duration;

use ridecast_protocol::{RideState as S, Role};
use tokio::time::Instant;

use crate::client::Client;
use crate::held::{Held, sockets, until_held, until_nothing_is_held};
use crate::http::get;
use crate::node::Node;
use crate::people::{request, resume, step};
use crate::proxy::Proxy;
use crate::say::{MONTEVIDEO, go_online, nearby, offset, position};

const CLIENTS: usize = 60;
const HEARTBEAT: &str = "700ms";

/// Half of them drivers who drive, half of them watch.
async fn clients(way: &Proxy) -> Vec<Client> {
    let mut clients = Vec::new();
    for n in 0..CLIENTS {
        if n % 2 == 0 {
            let mut driver = Client::open(way.address, &format!("d{n}"), Role::Driver).await;
            driver.ok(go_online("car")).await;
            driver.ok(position(MONTEVIDEO)).await;
            clients.push(driver);
        } else {
            let mut watcher = Client::open(way.address, &format!("o{n}"), Role::Operator).await;
            for name in ["a", "b"] {
                watcher.ok(nearby(name, MONTEVIDEO, 2000.0)).await;
            }
            clients.push(watcher);
        }
    }
    clients
}

#[tokio::test]
async fn who_vanishes_without_a_word_is_let_go_and_misses_nothing() {
    let node = Node::serve(&["--store", "memory", "--heartbeat", HEARTBEAT]);
    let sockets = sockets(&node);
    let way = Proxy::to(node.address).await;
    let mut rider = Client::open(way.address, "rosa", Role::Rider).await;
    let dropoff = offset(MONTEVIDEO, 2000.0, 0.0);
    let ride = rider.ride(request("k1", MONTEVIDEO, dropoff)).await;
    rider.until_ride(S::Requested).await;

    let mut grown = Vec::new();
    for _ in 0..3 {
        let there = clients(&way).await;
        let all = Held {
            sessions: CLIENTS as u64 + 1,
            connections: CLIENTS as u64 + 1,
            subscriptions: CLIENTS as u64,
        };
        until_held(&node, all).await;
        way.die();
        // Others are told of what moves, while nobody takes what these are told.
        let mut driver = Client::open(node.address, "moves", Role::Driver).await;
        driver.ok(go_online("car")).await;
        let since = Instant::now();
        while since.elapsed() < Duration::from_secs(1) {
            driver.ok(position(MONTEVIDEO)).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        driver.vanish();
        until_nothing_is_held(&node, sockets).await;
        drop(there);
        grown.push(node.rss_kib());
        let place = rider.place();
        rider.vanish();
        rider = resume(way.address, "rosa", Role::Rider, &place).await;
    }
    let metrics = get(node.address, "/metrics", None).await.body;
    let silent = metrics
        .lines()
        .find(|line| line.contains("closes_total{code=\"4003\"}"));
    let silent = silent.and_then(|line| line.rsplit(' ').next()?.parse::<usize>().ok());
    assert_eq!(silent, Some(3 * (CLIENTS + 1)), "{metrics}");
    // What the first round took, the others take again.
    assert!(grown[2] < grown[0] + 8_000, "{grown:?} KiB");

    // A client that was cut off while something happened is told of it when it is back.
    let place = rider.place();
    way.die();
    let mut device = resume(node.address, "rosa", Role::Rider, &place).await;
    device.ok(step("cancel_ride", &ride.ride_id)).await;
    rider.vanish();
    let mut rider = resume(way.address, "rosa", Role::Rider, &place).await;
    rider.until_ride(S::Cancelled).await;
}
