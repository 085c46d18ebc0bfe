//! What is fuzzed, as functions: `fuzz_targets/` gives them to libFuzzer, and a test of the service
//! gives them every file of `seeds/`, which are what fuzzing begins with and what it has found.
//!
//! A function returns, whatever the bytes; a panic is a find.

use std::io::Write as _;

use ridecast_protocol::binary::{Frame, RECORD_BYTES};
use ridecast_protocol::{ErrorCode, PostPositions, Request, Resume};
use ridecast_roads::{RoadNetwork, Router};
use ridecast_simulator::Trace;

/// A function with its name, which is its folder's in `seeds/`.
pub type Target = (&'static str, fn(&[u8]));

/// All but the reader of a socket's frames, which is no part of the service's face.
pub const TARGETS: [Target; 5] = [
    ("request", request),
    ("body", body),
    ("frame", frame),
    ("roads", roads),
    ("trace", trace),
];

/// A text message of a client.
pub fn request(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Request::parse(text) {
        Ok(request) => {
            let written = serde_json::to_string(&request).expect("our own types");
            let read = Request::parse(&written).expect("what we write we read");
            // Not the rest: of a number the last digit may differ.
            assert_eq!(read.id, request.id);
        }
        Err(bad) => {
            let code = bad.error.code;
            let codes = [
                ErrorCode::BadJson,
                ErrorCode::InvalidMessage,
                ErrorCode::UnknownType,
                ErrorCode::UnknownChannel,
            ];
            assert!(codes.contains(&code), "{code:?}");
            assert!(!bad.error.message.is_empty());
            assert!(
                bad.error.message.len() <= text.len() + 1_000,
                "as long as it was made to be"
            );
        }
    }
}

/// A body of REST, and where to resume, as it stands in a URL.
pub fn body(data: &[u8]) {
    if let Ok(body) = serde_json::from_slice::<PostPositions>(data) {
        let written = serde_json::to_vec(&body).expect("our own types");
        let read: PostPositions = serde_json::from_slice(&written).expect("what we write we read");
        assert_eq!(read.positions.len(), body.positions.len());
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let place = Resume::read(text);
        let written = format!("{}.{}", place.epoch, place.offset);
        assert_eq!(Resume::read(&written), place);
    }
}

/// A binary frame, as clients of the service read it.
pub fn frame(data: &[u8]) {
    if let Ok(frame) = Frame::decode(data) {
        assert!(frame.vehicles.len() <= data.len() / RECORD_BYTES);
        assert!(frame.left.len() <= data.len() / 4);
        for (record, _) in &frame.vehicles {
            assert!(record.latitude.is_finite() && record.longitude.is_finite());
        }
    }
}

/// A file of streets.
pub fn roads(data: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(data).expect("room for it");
    let Ok(network) = RoadNetwork::load(file.path(), &mut |_| {}) else {
        return;
    };
    let bounds = network.bounds();
    assert!(bounds.south >= -90.0 && bounds.north <= 90.0, "{bounds:?}");
    assert!(bounds.west >= -180.0 && bounds.east <= 180.0, "{bounds:?}");
    assert!(network.edges_m().is_finite());
    assert!(network.roads_geojson().starts_with('{'));
    let (from, to) = (
        network.nearest_node(bounds.south, bounds.west),
        network.nearest_node(bounds.north, bounds.east),
    );
    let router = Router::new(network.into(), &mut |_| {});
    if let (Some(from), Some(to)) = (from, to)
        && let Some(route) = router.route(&mut router.search(), from, to)
    {
        assert!(route.duration_s.is_finite() && route.duration_s >= 0.0);
    }
}

/// A recorded trace.
pub fn trace(data: &[u8]) {
    let Ok(trace) = Trace::parse(data) else {
        return;
    };
    assert!(trace.fixes().is_sorted_by_key(|fix| fix.time_ms));
    for fix in trace.fixes() {
        assert!(fix.vehicle < trace.vehicles().len());
        assert!(fix.latitude.is_finite() && fix.longitude.is_finite());
    }
}
