//! A full disk, as a limit of how large files may grow: it needs no rights, and a write beyond it
//! fails as one on a full disk does.

use std::time::Duration;

use ridecast_protocol::{ErrorCode, Ride, RideState as S, Role, ServerMessage};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::{Client, DEADLINE};
use crate::http::get;
use crate::node::Node;
use crate::people::{request, step};
use crate::say::{MONTEVIDEO, go_online, nearby, offset, position};
use crate::service::token;

async fn until_ready(node: &Node, ready: bool) -> Value {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let reply = get(node.address, "/readyz", None).await;
        if (reply.status == 200) == ready {
            return reply.json();
        }
        assert!(Instant::now() < deadline, "never: {reply:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A ride with as many words as one may have.
fn wordy(key: &str) -> Value {
    let mut wish = request(key, MONTEVIDEO, offset(MONTEVIDEO, 2000.0, 0.0));
    for place in ["pickup", "dropoff"] {
        wish[place]["address"] = json!("x".repeat(200));
    }
    wish["vehicle_class"] = json!("car");
    wish
}

#[tokio::test]
async fn a_full_disk_refuses_what_it_cannot_keep_and_goes_on_when_there_is_room() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data");
    let store = format!("embedded:{}", path.display());
    let arguments = [
        "--store",
        &store,
        "--max-open-rides",
        "100000",
        "--drain-seconds",
        "0",
    ];
    // A write beyond the limit is an error then, not the end of the process.
    let mut node = Node::serve_by(
        &["sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""],
        &arguments,
    );
    let mut riders = Vec::new();
    for n in 0..8 {
        riders.push(Client::open(node.address, &format!("r{n}"), Role::Rider).await);
    }
    let mut watcher = Client::open(node.address, "o1", Role::Operator).await;
    watcher.ok(nearby("n", MONTEVIDEO, 1000.0)).await;
    let mut driver = Client::open(node.address, "d1", Role::Driver).await;
    // Of another class than is asked for: it is never offered a ride.
    driver.ok(go_online("bike")).await;

    let mut promised: Vec<(usize, Ride)> = Vec::new();
    let deadline = Instant::now() + DEADLINE * 2;
    let mut n = 0;
    let refused = loop {
        if n == 100 {
            let size = std::fs::metadata(path.join("ridecast.redb")).unwrap().len();
            node.limit_files(&size.to_string());
        }
        n += 1;
        let who = n % riders.len();
        match riders[who].ask(wordy(&format!("k{n}"))).await {
            ServerMessage::Ok {
                ride: Some(ride), ..
            } => promised.push((who, *ride)),
            ServerMessage::Error { error, .. } if error.code == ErrorCode::RateLimited => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            ServerMessage::Error { error, .. } => break error,
            other => panic!("{other:?}"),
        }
        assert!(
            Instant::now() < deadline,
            "the disk is never full, after {n}"
        );
    };
    println!("full after {} rides", promised.len());
    assert!(promised.len() >= 100, "{refused:?}");
    assert_eq!(refused.code, ErrorCode::Unavailable, "{refused:?}");
    driver.ok(position(MONTEVIDEO)).await;
    let told = until_ready(&node, false).await;
    assert!(told["store"].as_str().unwrap() != "ok", "{told}");
    // Positions go on, and no session has ended.
    driver.ok(position(MONTEVIDEO)).await;
    watcher.until("n", "it moves", |view| view.has("d1")).await;
    for rider in &mut riders {
        rider.settle().await;
    }

    node.limit_files("unlimited");
    until_ready(&node, true).await;
    let (who, first) = &promised[0];
    riders[*who].ok(step("cancel_ride", &first.ride_id)).await;
    riders[*who].until_ride(S::Cancelled).await;

    // All that was said ok to is there, also after a crash.
    node.crash();
    let node = Node::serve(&arguments);
    for (who, ride) in &promised {
        let token = token(&format!("r{who}"), Role::Rider);
        let path = format!("/v1/rides/{}", ride.ride_id);
        let reply = get(node.address, &path, Some(&token)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
}
