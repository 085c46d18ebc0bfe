//! The compact frames of [`SUBPROTOCOL_BIN`](crate::SUBPROTOCOL_BIN): what a
//! [`VehiclesMessage`](crate::VehiclesMessage) says, in 19 bytes for a move.
//!
//! All numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version, [`VERSION`] |
//! | 1 | bit 0: `snapshot` |
//! | 1 + n | length and UTF-8 of the subscription's name |
//! | 8 | `base_ms`, u64: when the frame was made, ms since the Unix epoch |
//! | 4 | u32: number of vehicles |
//! | … | that many *records* |
//! | 4 | u32: number of handles |
//! | 4 each | u32 handles of the vehicles that `left` |
//!
//! A *record*:
//!
//! | bytes | what |
//! |---|---|
//! | 1 | flags: bits 0–1 state (0 online, 1 silent); bit 2 [`INTRODUCES`]; bit 3 [`HAS_BEARING`]; bit 4 [`HAS_SPEED`] |
//! | 4 | u32 handle: the vehicle's number for as long as it stays in this subscription |
//! | 4 | i32 latitude, 1e-7 degrees |
//! | 4 | i32 longitude, 1e-7 degrees |
//! | 4 | u32: the low 32 bits of `timestamp_ms`; the reader takes the time nearest `base_ms` |
//! | 1 | bearing, 360/256 degrees |
//! | 1 | speed, 0.25 m/s; 255 means 63.75 m/s or more |
//!
//! With [`INTRODUCES`] there follow the length (1 byte) and UTF-8 of the class,
//! then the same of the id. A vehicle is introduced when it enters a
//! subscription and in every snapshot; afterwards its handle stands for it.

use crate::{SubscriptionName, VehicleClass, VehicleId, VehicleState};

/// The first byte of every frame.
pub const VERSION: u8 = 1;
/// Record flag: class and id follow.
pub const INTRODUCES: u8 = 1 << 2;
/// Record flag: the bearing is known.
pub const HAS_BEARING: u8 = 1 << 3;
/// Record flag: the speed is known.
pub const HAS_SPEED: u8 = 1 << 4;
/// Bytes of a record that does not introduce.
pub const RECORD_BYTES: usize = 19;

const STATE: u8 = 0b11;

/// A vehicle's part of a frame, decoded or to be encoded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Record {
    /// The vehicle's number within the subscription.
    pub handle: u32,
    /// Degrees north; kept to 1e-7.
    pub latitude: f64,
    /// Degrees east; kept to 1e-7.
    pub longitude: f64,
    /// Ms since the Unix epoch; right within 24 days of the frame's time.
    pub timestamp_ms: i64,
    /// Degrees clockwise from north; kept to 1.4.
    pub bearing: Option<f32>,
    /// m/s; kept to 0.25, at most 63.75.
    pub speed: Option<f32>,
    /// Whether it is still heard.
    pub state: VehicleState,
}

impl Record {
    /// The record without an introduction: the same for every subscriber.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the low bits of the time are what is meant; the floats are clamped before"
    )]
    pub fn encode(&self) -> [u8; RECORD_BYTES] {
        let mut out = [0; RECORD_BYTES];
        let state = match self.state {
            VehicleState::Online => 0,
            VehicleState::Silent => 1,
        };
        out[0] = state;
        out[1..5].copy_from_slice(&self.handle.to_le_bytes());
        out[5..9].copy_from_slice(&degrees_e7(self.latitude).to_le_bytes());
        out[9..13].copy_from_slice(&degrees_e7(self.longitude).to_le_bytes());
        out[13..17].copy_from_slice(&(self.timestamp_ms as u32).to_le_bytes());
        if let Some(bearing) = self.bearing {
            out[0] |= HAS_BEARING;
            // 359.9° rounds up to 256, which is north again.
            out[17] = ((bearing.rem_euclid(360.0) * (256.0 / 360.0)).round() as u16 & 0xff) as u8;
        }
        if let Some(speed) = self.speed {
            out[0] |= HAS_SPEED;
            out[18] = (speed * 4.0).round().clamp(0.0, 255.0) as u8;
        }
        out
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "180e7 fits in an i32, and a cast from float saturates"
)]
fn degrees_e7(degrees: f64) -> i32 {
    (degrees * 1e7).round() as i32
}

/// Writes a frame piece by piece; the caller appends the records.
#[derive(Debug)]
pub struct FrameWriter<'a> {
    out: &'a mut Vec<u8>,
    count_at: usize,
    count: u32,
}

impl<'a> FrameWriter<'a> {
    /// Starts a frame at the end of `out`.
    pub fn new(
        out: &'a mut Vec<u8>,
        subscription: &SubscriptionName,
        snapshot: bool,
        base_ms: u64,
    ) -> Self {
        out.push(VERSION);
        out.push(u8::from(snapshot));
        push_text(out, subscription.as_str());
        out.extend_from_slice(&base_ms.to_le_bytes());
        let count_at = out.len();
        out.extend_from_slice(&[0; 4]);
        Self {
            out,
            count_at,
            count: 0,
        }
    }

    /// Appends a record the subscriber knows the vehicle of.
    pub fn record(&mut self, record: &[u8; RECORD_BYTES]) {
        self.out.extend_from_slice(record);
        self.count += 1;
    }

    /// Appends a record and says which vehicle its handle stands for.
    pub fn introduce(&mut self, record: &[u8; RECORD_BYTES], class: &VehicleClass, id: &VehicleId) {
        let at = self.out.len();
        self.record(record);
        self.out[at] |= INTRODUCES;
        push_text(self.out, class.as_str());
        push_text(self.out, id.as_str());
    }

    /// Ends the frame with the vehicles that left.
    pub fn finish(self, left: impl ExactSizeIterator<Item = u32>) {
        self.out[self.count_at..self.count_at + 4].copy_from_slice(&self.count.to_le_bytes());
        let left_count = u32::try_from(left.len()).unwrap_or(u32::MAX);
        self.out.extend_from_slice(&left_count.to_le_bytes());
        for handle in left {
            self.out.extend_from_slice(&handle.to_le_bytes());
        }
    }
}

/// Every name on the wire has at most 128 bytes, so that its length fits one.
fn push_text(out: &mut Vec<u8>, text: &str) {
    out.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(text.as_bytes());
}

/// A decoded frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Which of the client's subscriptions.
    pub subscription: SubscriptionName,
    /// True: the records are all there is. False: a change.
    pub snapshot: bool,
    /// New or changed vehicles; with class and id where they were introduced.
    pub vehicles: Vec<(Record, Option<(VehicleClass, VehicleId)>)>,
    /// Handles of the vehicles that left.
    pub left: Vec<u32>,
}

/// Why a frame cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// It ends too early.
    #[error("the frame ends too early")]
    Truncated,
    /// It goes on after its end.
    #[error("the frame goes on after its end")]
    Trailing,
    /// Its first byte is not [`VERSION`].
    #[error("frames of version {0} are not known")]
    Version(u8),
    /// A name is not UTF-8 or not a name.
    #[error("a name in the frame is malformed")]
    Name,
    /// A vehicle's state is none that is known.
    #[error("a vehicle's state is none that is known")]
    State,
}

impl Frame {
    /// Reads a frame.
    ///
    /// # Errors
    /// [`FrameError`] when it is not a whole frame of this version.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        let mut reader = Reader(bytes);
        let [version, flags] = reader.take()?;
        if version != VERSION {
            return Err(FrameError::Version(version));
        }
        let subscription = SubscriptionName::new(reader.text()?).map_err(|_| FrameError::Name)?;
        let base_ms = u64::from_le_bytes(reader.take()?);
        let count = u32::from_le_bytes(reader.take()?);
        let mut vehicles = Vec::new();
        for _ in 0..count {
            vehicles.push(reader.record(base_ms)?);
        }
        let left_count = u32::from_le_bytes(reader.take()?);
        let mut left = Vec::new();
        for _ in 0..left_count {
            left.push(u32::from_le_bytes(reader.take()?));
        }
        if !reader.0.is_empty() {
            return Err(FrameError::Trailing);
        }
        Ok(Self {
            subscription,
            snapshot: flags & 1 == 1,
            vehicles,
            left,
        })
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], FrameError> {
        let (head, rest) = self.0.split_first_chunk().ok_or(FrameError::Truncated)?;
        self.0 = rest;
        Ok(*head)
    }

    fn text(&mut self) -> Result<&'a str, FrameError> {
        let [length] = self.take()?;
        let (head, rest) = self
            .0
            .split_at_checked(length.into())
            .ok_or(FrameError::Truncated)?;
        self.0 = rest;
        std::str::from_utf8(head).map_err(|_| FrameError::Name)
    }

    fn record(
        &mut self,
        base_ms: u64,
    ) -> Result<(Record, Option<(VehicleClass, VehicleId)>), FrameError> {
        let [flags] = self.take()?;
        let handle = u32::from_le_bytes(self.take()?);
        let latitude = f64::from(i32::from_le_bytes(self.take()?)) / 1e7;
        let longitude = f64::from(i32::from_le_bytes(self.take()?)) / 1e7;
        let timestamp_ms = nearest(base_ms, u32::from_le_bytes(self.take()?));
        let [bearing, speed] = self.take()?;
        let state = match flags & STATE {
            0 => VehicleState::Online,
            1 => VehicleState::Silent,
            _ => return Err(FrameError::State),
        };
        let record = Record {
            handle,
            latitude,
            longitude,
            timestamp_ms,
            bearing: (flags & HAS_BEARING != 0).then(|| f32::from(bearing) * (360.0 / 256.0)),
            speed: (flags & HAS_SPEED != 0).then(|| f32::from(speed) / 4.0),
            state,
        };
        if flags & INTRODUCES == 0 {
            return Ok((record, None));
        }
        let class = VehicleClass::new(self.text()?).map_err(|_| FrameError::Name)?;
        let id = VehicleId::new(self.text()?).map_err(|_| FrameError::Name)?;
        Ok((record, Some((class, id))))
    }
}

/// The time nearest `base_ms` whose low 32 bits are `low`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "arithmetic modulo 2^32: the difference as a signed number is the nearest one"
)]
fn nearest(base_ms: u64, low: u32) -> i64 {
    let difference = low.wrapping_sub(base_ms as u32) as i32;
    (base_ms as i64).saturating_add(difference.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record() -> impl Strategy<Value = Record> {
        let state = prop_oneof![Just(VehicleState::Online), Just(VehicleState::Silent)];
        (
            any::<u32>(),
            -90.0..=90.0,
            -180.0..=180.0,
            1_700_000_000_000..1_700_100_000_000_i64,
            proptest::option::of(0.0..360.0_f32),
            proptest::option::of(0.0..80.0_f32),
            state,
        )
            .prop_map(
                |(handle, latitude, longitude, timestamp_ms, bearing, speed, state)| Record {
                    handle,
                    latitude,
                    longitude,
                    timestamp_ms,
                    bearing,
                    speed,
                    state,
                },
            )
    }

    proptest! {
        #[test]
        fn a_frame_survives_the_wire_within_the_stated_precision(
            records in proptest::collection::vec(record(), 0..20),
            left in proptest::collection::vec(any::<u32>(), 0..5),
            snapshot in any::<bool>(),
        ) {
            let name = SubscriptionName::new("near").unwrap();
            let class = VehicleClass::new("car").unwrap();
            let id = VehicleId::new("d1").unwrap();
            let mut bytes = Vec::new();
            let mut frame = FrameWriter::new(&mut bytes, &name, snapshot, 1_700_050_000_000);
            for (i, record) in records.iter().enumerate() {
                if i % 2 == 0 {
                    frame.introduce(&record.encode(), &class, &id);
                } else {
                    frame.record(&record.encode());
                }
            }
            frame.finish(left.iter().copied());

            let frame = Frame::decode(&bytes).unwrap();
            prop_assert_eq!(frame.subscription, name);
            prop_assert_eq!(frame.snapshot, snapshot);
            prop_assert_eq!(frame.left, left);
            prop_assert_eq!(frame.vehicles.len(), records.len());
            for (i, (sent, (got, introduced))) in records.iter().zip(&frame.vehicles).enumerate() {
                prop_assert_eq!(introduced.is_some(), i % 2 == 0);
                prop_assert_eq!(got.handle, sent.handle);
                prop_assert!((got.latitude - sent.latitude).abs() <= 0.51e-7);
                prop_assert!((got.longitude - sent.longitude).abs() <= 0.51e-7);
                prop_assert_eq!(got.timestamp_ms, sent.timestamp_ms);
                prop_assert_eq!(got.state, sent.state);
                prop_assert_eq!(got.bearing.is_some(), sent.bearing.is_some());
                if let (Some(got), Some(sent)) = (got.bearing, sent.bearing) {
                    let turn = (got - sent).abs();
                    prop_assert!(turn.min(360.0 - turn) <= 0.71);
                }
                prop_assert_eq!(got.speed.is_some(), sent.speed.is_some());
                if let (Some(got), Some(sent)) = (got.speed, sent.speed) {
                    prop_assert!((got - sent.min(63.75)).abs() <= 0.126);
                }
            }
        }

        #[test]
        fn rubbish_is_refused_and_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Frame::decode(&bytes);
        }

        #[test]
        fn a_cut_frame_is_truncated(record in record(), cut in 1_usize..30) {
            let name = SubscriptionName::new("s").unwrap();
            let mut bytes = Vec::new();
            let mut frame = FrameWriter::new(&mut bytes, &name, true, 0);
            frame.record(&record.encode());
            frame.finish([1].into_iter());
            bytes.truncate(bytes.len() - cut);
            prop_assert_eq!(Frame::decode(&bytes), Err(FrameError::Truncated));
        }
    }
}
