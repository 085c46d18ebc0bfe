//! How the programs end.

use std::time::Duration;

use ridecast_protocol::Role;
use serde_json::Value;
use tokio::time::Instant;

use crate::client::{Client, How};
use crate::http::get;
use crate::node::Node;
use crate::service::token;

#[tokio::test]
async fn everybody_is_sent_away_over_the_drain_time() {
    let mut node = Node::serve(&["--store", "memory", "--drain-seconds", "2"]);
    let mut clients = Vec::new();
    for n in 0..200 {
        let role = if n % 4 == 0 {
            Role::Driver
        } else {
            Role::Rider
        };
        clients.push(Client::open(node.address, &format!("p{n}"), role).await);
    }
    node.signal("TERM");
    let since = Instant::now();
    let leaving: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            tokio::spawn(async move {
                let farewell = client.farewell().await;
                assert_eq!((farewell.bye, farewell.close), (Some(4000), Some(4000)));
                (since.elapsed(), farewell.reconnect_in_ms.unwrap())
            })
        })
        .collect();
    // In the middle of it, nobody new is let in.
    tokio::time::sleep(Duration::from_millis(700)).await;
    let how = How {
        bearer: Some(token("late", Role::Rider)),
        ..How::default()
    };
    let late = Client::try_connect(node.address, &how).await;
    assert!(late.is_err(), "let in while stopping");
    let ready = get(node.address, "/readyz", None).await;
    let body: Value = ready.json();
    assert_eq!((ready.status, &body["stopping"]), (503, &Value::Bool(true)));
    let mut left = Vec::new();
    for client in leaving {
        left.push(client.await.unwrap());
    }
    left.sort_unstable();
    let (first, last) = (left[0].0, left[199].0);
    assert!(
        last > first + Duration::from_millis(1200),
        "spread from {first:?} to {last:?}"
    );
    assert!(last < Duration::from_secs(4), "{last:?}");
    let mut waits: Vec<_> = left.iter().map(|(_, wait)| wait).collect();
    waits.sort_unstable();
    waits.dedup();
    assert!(waits.len() > 50, "they come back at different times");
    let status = node.ended_within(Duration::from_secs(4)).await;
    assert!(status.success(), "{status}");
}

const HELSINKI: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/data/helsinki-centre-2019-04.osm.pbf"
);

#[tokio::test]
async fn a_demo_runs_for_its_time_and_writes_its_summary() {
    let directory = tempfile::tempdir().unwrap();
    let summary = directory.path().join("summary.json");
    let mut demo = Node::demo(&[
        "--network",
        HELSINKI,
        "--drivers",
        "20",
        "--riders",
        "5",
        "--for",
        "3s",
        "--summary",
        summary.to_str().unwrap(),
    ]);
    let status = demo.ended_within(Duration::from_secs(20)).await;
    assert!(status.success(), "{status}");
    let summary: Value = serde_json::from_slice(&std::fs::read(summary).unwrap()).unwrap();
    assert_eq!(summary["vehicles"], 20);
    for count in [
        "updates_sent",
        "updates_accepted",
        "vehicle_updates_delivered",
    ] {
        assert!(summary[count].as_u64().unwrap() > 0, "{count}: {summary}");
    }
    assert!(summary["refused"].is_object(), "{summary}");
    for figure in ["p50", "p90", "p99", "max"] {
        assert!(
            summary["latency_ms"][figure].is_number(),
            "{figure}: {summary}"
        );
    }
}

#[tokio::test]
async fn ctrl_c_ends_a_demo_within_two_seconds() {
    let mut demo = Node::demo(&["--network", HELSINKI, "--drivers", "20", "--riders", "5"]);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    demo.signal("INT");
    let since = Instant::now();
    let status = demo.ended_within(Duration::from_secs(4)).await;
    assert!(status.success(), "{status}");
    assert!(
        since.elapsed() < Duration::from_secs(2),
        "{:?}",
        since.elapsed()
    );
}
