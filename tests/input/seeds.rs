//! What fuzzing begins with, and what it has found, given to the same functions.

use std::path::PathBuf;
use std::time::Duration;

use ridecast_protocol::Role;

use crate::client::Client;
use crate::fuzz::TARGETS;
use crate::raw::Raw;
use crate::service::{Service, token};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds"))
}

fn seeds(of: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let files = std::fs::read_dir(folder().join(of)).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let seeds: Vec<_> = paths
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect();
    assert!(seeds.len() >= 3, "{of} has {} seeds", seeds.len());
    seeds
}

#[test]
fn every_seed_is_read_without_harm() {
    for (name, read) in TARGETS {
        for (path, bytes) in seeds(name) {
            println!("{}", path.display());
            read(&bytes);
        }
    }
    let folders = std::fs::read_dir(folder()).unwrap().count();
    assert_eq!(folders, TARGETS.len() + 1, "and those of sockets, below");
}

/// Bytes behind the handshake, as one write and as many.
#[tokio::test]
async fn every_seed_of_sockets_ends_well() {
    let service = Service::start();
    for (path, bytes) in seeds("socket") {
        // The first says how many are to arrive at a time.
        let (first, bytes) = bytes.split_first().unwrap_or((&1, &[]));
        for size in [usize::MAX, 1, (*first).into()] {
            let mut raw = Raw::open(service.address, &token("r1", Role::Rider)).await;
            for part in bytes.chunks(size.clamp(1, bytes.len().max(1))) {
                raw.write(part).await;
            }
            tokio::io::AsyncWriteExt::shutdown(&mut raw.socket)
                .await
                .unwrap();
            println!("{} by {size}", path.display());
            raw.ended_within(Duration::from_secs(5)).await;
        }
        Client::open(service.address, "r2", Role::Rider)
            .await
            .settle()
            .await;
    }
}
