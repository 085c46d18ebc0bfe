//! Redis dies and comes back with what it had written, while the service runs.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::block_in_place;
use tokio::time::sleep;

use crate::node::Node;
use crate::redis_server::RedisServer;
use crate::town::{HASTY, Nodes, Town, a_while, turn};

/// A Redis that keeps its word.
pub(crate) fn durable() -> RedisServer {
    RedisServer::start_with(&["--appendonly", "yes", "--appendfsync", "always"])
}

/// For how long Redis is away in the end. By hand, also for a minute.
fn away() -> Duration {
    let away_s = std::env::var("RIDECAST_TEST_REDIS_AWAY_S");
    Duration::from_secs(away_s.map_or(5, |it| it.parse().unwrap()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_of_redis_lose_nothing_and_end_no_session() {
    let _turn = turn().await;
    let mut redis = durable();
    let url = redis.url();
    let node = Node::serve(&[&["--store", &url], &HASTY[..]].concat());
    let nodes = Arc::new(Nodes::default());
    nodes.set(0, Some(node.address));
    let mut town = Town::open(&nodes, 24, 12).await;
    town.during(async {
        for n in 0..8 {
            a_while(300..1_500).await;
            if n % 2 == 0 {
                redis.kill();
                a_while(10..1_000).await;
                block_in_place(|| redis.run());
            } else {
                // It hangs, some times for longer than anybody waits, and then goes on with what
                // it was asked meanwhile.
                redis.pause();
                a_while(10..3_000).await;
                redis.resume();
            }
        }
        a_while(300..1_500).await;
        redis.kill();
        sleep(away()).await;
        block_in_place(|| redis.run());
        // Work for all that was left undone.
        a_while(2_000..2_001).await;
    })
    .await;
    let account = town.close().await;
    assert!(account.completed >= 10, "{account:?}");
    assert!(account.unavailable >= 20, "{account:?}");
    assert_eq!(account.ended, 0, "{account:?}");
}
