//! A driver's position, off the wire.

use std::hint::black_box;

use criterion::Criterion;
use ridecast_protocol::{ClientMessage, Position, Request};
use serde_json::Value;

const FRAME: &str = r#"{"type":"position","latitude":-34.8812345,"longitude":-56.1623456,"timestamp_ms":1800000000123,"accuracy":5.0,"bearing":211.5,"speed":10.0}"#;

/// The reference refuses nothing, and drops whom to answer and why.
pub(crate) fn bench(criterion: &mut Criterion) {
    let ours = |text| match Request::parse(text).unwrap().message {
        ClientMessage::Position(position) => Some(position),
        _ => None,
    };
    assert_eq!(ours(FRAME), naive(FRAME));
    let mut group = criterion.benchmark_group("parse a position");
    group.bench_function("ours", |bencher| {
        bencher.iter(|| ours(black_box(FRAME)));
    });
    group.bench_function("naive: any JSON, then its fields", |bencher| {
        bencher.iter(|| naive(black_box(FRAME)));
    });
    group.finish();
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "as much of the number as the type holds"
)]
fn naive(text: &str) -> Option<Position> {
    let json: Value = serde_json::from_str(text).ok()?;
    if json["type"] != "position" {
        return None;
    }
    let number = |field: &str| json[field].as_f64().map(|number| number as f32);
    Some(Position {
        latitude: json["latitude"].as_f64()?,
        longitude: json["longitude"].as_f64()?,
        timestamp_ms: json["timestamp_ms"].as_i64()?,
        accuracy: number("accuracy"),
        bearing: number("bearing"),
        speed: number("speed"),
    })
}
