//! The page's decoder is tested with frames of this encoder: a test compares
//! the committed ones, and rewrites on request.

use std::path::Path;

use crate::binary::{FrameWriter, Record};
use crate::{SubscriptionName, VehicleClass, VehicleId, VehicleState};

const FOLDER: &str = "../web/tests/golden";
const REWRITE: &str = "RIDECAST_WRITE_GOLDEN";
/// Its low 32 bits are all but zero, so that a time before it has others above.
const BASE_MS: u64 = 0x0190_0000_0010;
const BASE: i64 = 0x0190_0000_0010;

fn moving() -> Record {
    Record {
        handle: 7,
        latitude: -34.905_612_3,
        longitude: -56.191_234_5,
        timestamp_ms: BASE - 1_000,
        bearing: Some(270.0),
        speed: Some(12.25),
        state: VehicleState::Online,
    }
}

fn silent() -> Record {
    Record {
        handle: 4_000_000_000,
        latitude: 90.0,
        longitude: 180.0,
        timestamp_ms: BASE + 5,
        bearing: None,
        speed: None,
        state: VehicleState::Silent,
    }
}

fn frame(snapshot: bool, write: impl FnOnce(&mut FrameWriter<'_>), left: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let name = SubscriptionName::new("map").unwrap();
    let mut frame = FrameWriter::new(&mut bytes, &name, snapshot, BASE_MS);
    write(&mut frame);
    frame.finish(left.iter().copied());
    bytes
}

fn frames() -> [(&'static str, Vec<u8>); 3] {
    let class = VehicleClass::new("car").unwrap();
    let id = |id| VehicleId::new(id).unwrap();
    let snapshot = frame(
        true,
        |frame| {
            frame.introduce(&moving().encode(), &class, &id("d1"));
            frame.introduce(&silent().encode(), &class, &id("línea-7"));
        },
        &[],
    );
    let fast = Record {
        bearing: Some(359.9),
        speed: Some(100.0),
        timestamp_ms: BASE,
        ..moving()
    };
    let change = frame(
        false,
        |frame| frame.record(&fast.encode()),
        &[silent().handle],
    );
    [
        ("snapshot.bin", snapshot),
        ("change.bin", change),
        ("empty.bin", frame(true, |_| {}, &[])),
    ]
}

#[test]
fn the_committed_frames_are_those_of_this_encoder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER);
    for (name, wanted) in frames() {
        let path = folder.join(name);
        if std::env::var_os(REWRITE).is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &wanted).unwrap();
        }
        let committed = std::fs::read(&path).unwrap_or_default();
        assert!(
            committed == wanted,
            "{FOLDER}/{name} is stale: run {REWRITE}=1 cargo test -p ridecast-protocol"
        );
    }
}
