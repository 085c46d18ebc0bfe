//! Nodes are stopped and replaced one after the other, as for a new version, while a town goes on.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::block_in_place;

use crate::node::Node;
use crate::redis_server::RedisServer;
use crate::town::{HASTY, Nodes, Town, a_while, turn};

const STOPS: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_are_stopped_under_load_lose_nothing() {
    let _turn = turn().await;
    let redis = RedisServer::start();
    let url = redis.url();
    let arguments = [&["--store", &url, "--drain-seconds", "1"], &HASTY[..]].concat();
    let serve = || block_in_place(|| Node::serve(&arguments));
    let nodes = Arc::new(Nodes::default());
    let mut running = [serve(), serve()];
    for (n, node) in running.iter().enumerate() {
        nodes.set(n, Some(node.address));
    }
    let mut town = Town::open(&nodes, 40, 20).await;
    town.during(async {
        for n in 0..STOPS {
            a_while(300..900).await;
            let which = n % running.len();
            // The balancer finds out some time after, or is told before.
            let is_told = n % 3 == 0;
            if is_told {
                nodes.set(which, None);
            }
            running[which].signal("TERM");
            a_while(50..200).await;
            nodes.set(which, None);
            let status = running[which].ended_within(Duration::from_secs(6)).await;
            assert!(status.success(), "{status}");
            running[which] = serve();
            nodes.set(which, Some(running[which].address));
        }
        a_while(500..501).await;
    })
    .await;
    let account = town.close().await;
    assert!(account.completed >= 10, "{account:?}");
    // Everybody was sent away, time and again.
    assert!(account.ended >= account.people, "{account:?}");
}
