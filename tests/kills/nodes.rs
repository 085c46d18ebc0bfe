//! Two nodes on one Redis.

use std::sync::Arc;

use tokio::task::block_in_place;

use crate::node::Node;
use crate::redis_away::durable;
use crate::town::{HASTY, Nodes, Town, a_while, turn};

const KILLS: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_of_two_nodes_take_nobody_twice_and_forget_nobody() {
    let _turn = turn().await;
    let redis = durable();
    let url = redis.url();
    let arguments = [&["--store", &url], &HASTY[..]].concat();
    let serve = || block_in_place(|| Node::serve(&arguments));
    let nodes = Arc::new(Nodes::default());
    let mut running = [Some(serve()), Some(serve())];
    for (n, node) in running.iter().enumerate() {
        nodes.set(n, node.as_ref().map(|it| it.address));
    }
    let mut town = Town::open(&nodes, 200, 100).await;
    town.during(async {
        let mut kills = 0;
        while kills < KILLS {
            a_while(300..1_500).await;
            // Now and then both are down.
            let which = rand::random_range(0..running.len());
            if let Some(mut node) = running[which].take() {
                node.crash();
                nodes.set(which, None);
                kills += 1;
            } else {
                let node = serve();
                nodes.set(which, Some(node.address));
                running[which] = Some(node);
            }
        }
        for (which, node) in running.iter_mut().enumerate() {
            let node = node.get_or_insert_with(&serve);
            nodes.set(which, Some(node.address));
        }
    })
    .await;
    let account = town.close().await;
    assert!(account.completed >= 100, "{account:?}");
    assert!(account.ended >= account.people * 5, "{account:?}");
}
