//! What a node holds: sessions, connections, subscriptions, files, memory.

use std::time::Duration;

use tokio::time::Instant;

use crate::client::DEADLINE;
use crate::http::get;
use crate::node::Node;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) sessions: u64,
    pub(crate) connections: u64,
    pub(crate) subscriptions: u64,
}

const NOTHING: Held = Held {
    sessions: 0,
    connections: 0,
    subscriptions: 0,
};

pub(crate) async fn held(node: &Node) -> Held {
    let metrics = get(node.address, "/metrics", None).await.body;
    let sum = |name: &str| {
        let lines = metrics.lines().filter(|line| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
        });
        let values = lines.map(|line| line.rsplit(' ').next().unwrap());
        values.map(|value| value.parse::<u64>().unwrap()).sum()
    };
    assert!(
        metrics.contains("# TYPE ridecast_subscriptions gauge"),
        "{metrics}"
    );
    Held {
        sessions: sum("ridecast_sessions"),
        connections: sum("ridecast_feeds"),
        subscriptions: sum("ridecast_subscriptions"),
    }
}

/// Waits until the node holds just this.
pub(crate) async fn until_held(node: &Node, wanted: Held) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let held = held(node).await;
        if held == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "{held:?} instead of {wanted:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// When all clients have gone: no session, no subscription, and no socket more than before them.
pub(crate) async fn until_nothing_is_held(node: &Node, sockets_before: usize) {
    until_held(node, NOTHING).await;
    let deadline = Instant::now() + DEADLINE;
    loop {
        // The asking itself is a connection that may not be closed yet.
        let sockets = sockets(node);
        if sockets <= sockets_before + 2 {
            return;
        }
        let files = node.open_files();
        assert!(
            Instant::now() < deadline,
            "{sockets} sockets, {sockets_before} before: {files:?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How many sockets a node has.
pub(crate) fn sockets(node: &Node) -> usize {
    let files = node.open_files();
    files
        .iter()
        .filter(|file| file.starts_with("socket:"))
        .count()
}
