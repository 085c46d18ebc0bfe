//! The machine's clock is set: by an hour, and back.

use std::path::{Path, PathBuf};

use ridecast_protocol::{OfferState, RideState as S, Role, VehicleState};
use tempfile::TempDir;

use crate::client::Client;
use crate::node::Node;
use crate::people::{answer, driver_at, request, step};
use crate::say::{MONTEVIDEO, nearby, offset, position};

/// A node by a clock that can be set while it runs.
struct Clocked {
    node: Node,
    directory: TempDir,
}

impl Clocked {
    fn serve(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let offset = directory.path().join("offset");
        std::fs::write(&offset, "+0\n").unwrap();
        let preload = format!("LD_PRELOAD={}", library().display());
        let file = format!("FAKETIME_TIMESTAMP_FILE={}", offset.display());
        let starter = [
            "env",
            &preload,
            &file,
            "FAKETIME_NO_CACHE=1",
            // Timers go by another clock, which nobody sets.
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
            "DONT_FAKE_MONOTONIC=1",
        ];
        let node = Node::serve_by(&starter, arguments);
        Self { node, directory }
    }

    /// So many seconds from the true time.
    fn set(&self, seconds: i64) {
        // As a whole: who reads half of a number has another time.
        let (new, file) = (
            self.directory.path().join("new"),
            self.directory.path().join("offset"),
        );
        std::fs::write(&new, format!("{seconds:+}\n")).unwrap();
        std::fs::rename(new, file).unwrap();
    }
}

/// Debian has it where the machine's other libraries are.
fn library() -> PathBuf {
    let folders = ["/usr/lib", "/usr/lib64", "/usr/local/lib"].map(Path::new);
    let folders = folders.into_iter().flat_map(|folder| {
        let inner = std::fs::read_dir(folder).into_iter().flatten();
        let inner = inner.filter_map(|entry| Some(entry.ok()?.path()));
        inner.chain([folder.to_owned()])
    });
    let mut found = folders
        .map(|folder| folder.join("faketime/libfaketime.so.1"))
        .filter(|path| path.exists());
    found
        .next()
        .expect("libfaketime is needed, see scripts/test")
}

#[tokio::test]
async fn a_clock_that_is_set_costs_no_session_and_no_ride() {
    let clocked = Clocked::serve(&[
        "--store",
        "memory",
        "--silent-after",
        "2s",
        "--gone-after",
        "6s",
        "--max-open-rides",
        "2",
    ]);
    let address = clocked.node.address;
    let mut watcher = Client::open(address, "olga", Role::Operator).await;
    watcher.ok(nearby("n", MONTEVIDEO, 5000.0)).await;
    let mut rider = Client::open(address, "rosa", Role::Rider).await;
    let mut driver = driver_at(address, "dora", MONTEVIDEO).await;
    watcher.until("n", "seen", |view| view.has("dora")).await;
    let dropoff = offset(MONTEVIDEO, 2000.0, 0.0);
    rider.ride(request("k1", MONTEVIDEO, dropoff)).await;
    driver.until_offer(OfferState::Open).await;

    // An hour on. The offer's time has passed, and the vehicle was not heard for an hour: until
    // its next position, a moment later.
    clocked.set(3_600);
    driver.until_offer(OfferState::Expired).await;
    driver.ok(position(MONTEVIDEO)).await;
    // So has the time in which a driver was looked for.
    rider.until_ride(S::Expired).await;
    let ride = rider.ride(request("k2", MONTEVIDEO, dropoff)).await;
    watcher
        .until("n", "seen again", |view| {
            view.vehicles
                .get("dora")
                .is_some_and(|it| it.state == VehicleState::Online)
        })
        .await;
    let offer = driver.until_offer(OfferState::Open).await;
    assert_eq!(offer.ride_id, ride.ride_id);
    driver.ok(answer("accept_offer", &offer)).await;
    rider.until_ride(S::Accepted).await;

    // And back. Nothing is taken for newer or older than it is.
    clocked.set(0);
    driver.ok(position(MONTEVIDEO)).await;
    driver.ok(step("arrive", &ride.ride_id)).await;
    driver.ok(step("start_ride", &ride.ride_id)).await;
    rider.until_ride(S::InProgress).await;
    // A newer session is the newer one.
    let mut newer = driver_at(address, "dora", MONTEVIDEO).await;
    assert_eq!(driver.farewell().await.close, Some(4002));
    newer.ok(step("complete_ride", &ride.ride_id)).await;
    rider.until_ride(S::Completed).await;

    // Who was heard an hour from now, and is not heard any more, is not shown for an hour.
    clocked.set(3_600);
    newer.ok(position(MONTEVIDEO)).await;
    clocked.set(0);
    watcher
        .until("n", "silent", |view| {
            view.vehicles
                .get("dora")
                .is_some_and(|it| it.state == VehicleState::Silent)
        })
        .await;
    watcher.until("n", "gone", |view| !view.has("dora")).await;
    for client in [&mut watcher, &mut rider, &mut newer] {
        client.settle().await;
    }
}
