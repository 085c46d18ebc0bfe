//! A node that stops: when everybody is told to go, and when they are told to come back.

use std::time::Duration;

use ridecast_protocol::Role;
use serde_json::Value;
use tokio::time::Instant;

use crate::node::Node;
use crate::raw::{CLOSE, FIN, Raw};
use crate::service::token;

const SESSIONS: usize = 600;
const DRAIN: Duration = Duration::from_secs(4);
const SLICE: Duration = Duration::from_millis(500);

/// When a client is told to go, and when to come back.
async fn farewell(mut raw: Raw, since: Instant) -> (Duration, Duration) {
    let mut told = None;
    while let Some((first, payload)) = raw.next().await {
        if first == FIN | CLOSE {
            break;
        }
        if payload.starts_with(br#"{"type":"bye""#) {
            let bye: Value = serde_json::from_slice(&payload).unwrap();
            assert_eq!(bye["code"], 4000, "{bye}");
            let again = bye["reconnect_in_ms"].as_u64().unwrap();
            let now = since.elapsed();
            told = Some((now, now + Duration::from_millis(again)));
        }
    }
    told.expect("nobody is closed without a word")
}

/// How many in each slice of time.
fn histogram(times: impl Iterator<Item = Duration>) -> Vec<usize> {
    let mut slices = Vec::new();
    for time in times {
        let slice = usize::try_from(time.as_millis() / SLICE.as_millis()).unwrap();
        slices.resize(slices.len().max(slice + 1), 0);
        slices[slice] += 1;
    }
    slices
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_nodes_get_everybody_evenly() {
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let drain = DRAIN.as_secs().to_string();
    let mut node = Node::serve(&["--store", "memory", "--drain-seconds", &drain]);
    let mut sessions = Vec::new();
    for n in 0..SESSIONS {
        let role = [Role::Driver, Role::Rider, Role::Operator][n % 3];
        let mut raw = Raw::open_with(node.address, &token(&format!("p{n}"), role), 4096).await;
        raw.next().await.expect("a session");
        sessions.push(raw);
    }
    node.signal("TERM");
    let since = Instant::now();
    let leaving = sessions
        .into_iter()
        .map(|raw| tokio::spawn(farewell(raw, since)));
    let leaving: Vec<_> = leaving.collect();
    let mut told = Vec::new();
    for leaves in leaving {
        told.push(leaves.await.unwrap());
    }
    let go = histogram(told.iter().map(|(go, _)| *go));
    let come = histogram(told.iter().map(|(_, come)| *come));
    println!("told to go {go:?}, to come back {come:?}, in each {SLICE:?}");
    // As many in each slice of the drain time, within what chance and a busy machine may do.
    let even = SESSIONS / usize::try_from(DRAIN.as_millis() / SLICE.as_millis()).unwrap();
    for slices in [&go, &come] {
        let most = *slices.iter().max().unwrap();
        assert!(
            most <= even * 8 / 5,
            "{most} at once, evenly it were {even}: {slices:?}"
        );
    }
    // And it takes as long as it was told to, not longer.
    let last = told.iter().map(|(go, _)| *go).max().unwrap();
    assert!(
        last > DRAIN * 9 / 10 && last < DRAIN + Duration::from_secs(1),
        "{last:?}"
    );
    let status = node.ended_within(Duration::from_secs(5)).await;
    assert!(status.success(), "{status}");
}
