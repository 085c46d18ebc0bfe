//! One process with its file.

use std::sync::Arc;

use tokio::task::block_in_place;

use crate::node::Node;
use crate::town::{HASTY, Nodes, Town, a_while, turn};

const KILLS: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_of_the_service_lose_nothing() {
    let _turn = turn().await;
    let directory = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", directory.path().join("data").display());
    let arguments = [&["--store", &store], &HASTY[..]].concat();
    let serve = || block_in_place(|| Node::serve(&arguments));
    let nodes = Arc::new(Nodes::default());
    let mut node = serve();
    nodes.set(0, Some(node.address));
    let mut town = Town::open(&nodes, 24, 12).await;
    town.during(async {
        for _ in 0..KILLS {
            a_while(300..900).await;
            // Nobody is told: whoever is connected finds out.
            node.crash();
            nodes.set(0, None);
            node = serve();
            nodes.set(0, Some(node.address));
        }
    })
    .await;
    let account = town.close().await;
    assert!(account.completed >= 20, "{account:?}");
    // Everybody is thrown out by most kills, if not by all: some are so soon after another.
    let least = account.people * KILLS / 2;
    assert!(account.ended >= least, "{account:?}");
}
