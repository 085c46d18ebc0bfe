//! Counts what a subscriber is told, as cheaply as the format allows: the load client
//! shares the machine with the server that it measures.

use std::time::{SystemTime, UNIX_EPOCH};

use hdrhistogram::Histogram;
use memchr::{memchr_iter, memmem};
use ridecast_protocol::binary;

use crate::frame;

/// How updates are told apart in what arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meter {
    /// Every payload has [`MARK`] once, followed by when it was sent, µs in 16 digits.
    Marks,
    /// ridecast's JSON.
    Json,
    /// ridecast's binary frames.
    Binary,
}

/// In every payload of the peers, exactly once.
pub(crate) const MARK: u8 = b'^';
const DIGITS: usize = 16;

/// What arrived.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    /// Updates: of ridecast each vehicle in each frame, of the others each message.
    pub(crate) updates: u64,
    /// Frames with updates; with [`Meter::Marks`] they are not counted.
    pub(crate) frames: u64,
    /// Bytes, frame headers included.
    pub(crate) bytes: u64,
}

pub(crate) type Latencies = Histogram<u64>;

pub(crate) fn latencies() -> Latencies {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("sound bounds")
}

/// µs since the Unix epoch.
pub(crate) fn now_us() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(now.unwrap_or_default().as_micros()).unwrap_or(u64::MAX)
}

/// A payload of `size` bytes for the peers: JSON with a mark and the time of sending.
pub(crate) fn marked(size: usize) -> Vec<u8> {
    let mut text = format!(
        r#"{{"t":"^{:016}","id":"driver-000001","lat":52.520008,"lon":13.404954,"speed":13.9,"heading":271,"accuracy":4.5,"pad":""#,
        now_us()
    );
    while text.len() + 2 < size {
        text.push('x');
    }
    text.push_str("\"}");
    text.into_bytes()
}

/// A latitude that carries the µs within the millisecond of sending in its last three digits
/// (11 m). With `timestamp_ms` it is the time of sending, which every format passes on.
pub(crate) fn latitude_at(latitude: f64, at_us: u64) -> f64 {
    let coarse = (latitude * 1e4).trunc() * 1e3;
    #[expect(clippy::cast_precision_loss, reason = "below 1,000")]
    let us = (at_us % 1_000) as f64;
    (coarse + us.copysign(latitude)) / 1e7
}

fn sent_us(timestamp_ms: i64, latitude: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "at most 900,000,000")]
    let us = (latitude * 1e7).round() as i64 % 1_000;
    u64::try_from(timestamp_ms * 1_000 + us.abs()).unwrap_or(0)
}

impl Meter {
    /// Counts the updates in what a peer's subscriber has read.
    pub(crate) fn marks(bytes: &[u8], counts: &mut Counts, latencies: Option<&mut Latencies>) {
        let Some(latencies) = latencies else {
            counts.updates += memchr_iter(MARK, bytes).count() as u64;
            return;
        };
        let now = now_us();
        for at in memchr_iter(MARK, bytes) {
            counts.updates += 1;
            let digits = bytes.get(at + 1..=at + DIGITS);
            let sent = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
            if let Some(sent) = sent {
                record(latencies, now, sent);
            }
        }
    }

    /// Counts the updates of one frame of ridecast's. Latencies are those of changes: a
    /// snapshot has vehicles that may have stood still for long.
    pub(crate) fn frame(
        opcode: u8,
        payload: &[u8],
        counts: &mut Counts,
        latencies: Option<&mut Latencies>,
    ) {
        let now = now_us();
        match opcode {
            frame::TEXT if is_vehicles(payload) => {
                // The message has one brace, and so has each vehicle.
                counts.updates += memchr_iter(b'{', payload).count() as u64 - 1;
                counts.frames += 1;
                let Some(latencies) = latencies else { return };
                for (at, _) in memchr_iter(b'{', payload).zip(1..).skip(1) {
                    let vehicle = &payload[at..];
                    let number = |name: &[u8]| {
                        let begin = memmem::find(vehicle, name)? + name.len();
                        let end = vehicle[begin..].iter().position(|&b| b == b',')?;
                        std::str::from_utf8(&vehicle[begin..begin + end]).ok()
                    };
                    let latitude = number(b"\"latitude\":").and_then(|text| text.parse().ok());
                    let time = number(b"\"timestamp_ms\":").and_then(|text| text.parse().ok());
                    if let (Some(latitude), Some(time)) = (latitude, time) {
                        record(latencies, now, sent_us(time, latitude));
                    }
                }
            }
            frame::BINARY => {
                counts.updates += u64::from(binary_count(payload));
                counts.frames += 1;
                if let (Some(latencies), Ok(frame)) = (latencies, binary::Frame::decode(payload)) {
                    for (vehicle, _) in frame.vehicles {
                        let sent = sent_us(vehicle.timestamp_ms, vehicle.latitude);
                        record(latencies, now, sent);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether a frame of ridecast's is the first of a subscription.
    pub(crate) fn is_snapshot(opcode: u8, payload: &[u8]) -> bool {
        match opcode {
            frame::TEXT => {
                is_vehicles(payload) && memmem::find(payload, b"\"snapshot\":true").is_some()
            }
            frame::BINARY => payload.get(1).is_some_and(|flags| flags & 1 == 1),
            _ => false,
        }
    }
}

fn is_vehicles(payload: &[u8]) -> bool {
    payload.starts_with(br#"{"type":"vehicles""#)
}

/// The number of vehicles in a binary frame, behind the subscription's name.
fn binary_count(payload: &[u8]) -> u32 {
    let name = payload.get(2).map_or(0, |&length| usize::from(length));
    let count = payload.get(3 + name + 8..).and_then(<[u8]>::first_chunk);
    count.map_or(0, |&count| u32::from_le_bytes(count))
}

fn record(latencies: &mut Latencies, now_us: u64, sent_us: u64) {
    latencies.saturating_record(now_us.saturating_sub(sent_us).max(1));
}
