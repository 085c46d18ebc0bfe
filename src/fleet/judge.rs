use ridecast_protocol::{ErrorBody, ErrorCode, Position};

use crate::spatial::LatLon;

/// What a position must keep to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// How far a device's clock may be ahead of ours, milliseconds.
    pub future_ms: i64,
    /// How late a position may come, milliseconds after it was taken.
    pub late_ms: i64,
    /// Faster than this no vehicle gets from one fix to the next, m/s.
    pub max_speed_mps: f64,
    /// What a fix may be off beside its stated accuracy, metres.
    pub jitter_m: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            future_ms: 10_000,
            late_ms: 24 * 60 * 60 * 1000,
            max_speed_mps: 100.0,
            jitter_m: 100.0,
        }
    }
}

/// Why a position was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// Some number is beyond what exists.
    #[error(
        "latitude must be -90 to 90, longitude -180 to 180, bearing 0 to 360, \
         accuracy 0 to 100000 m, speed 0 to 500 m/s"
    )]
    OutOfRange,
    /// The device's clock is ahead.
    #[error(
        "`timestamp_ms` is {ahead_ms} ms ahead of the service's clock; {allowed_ms} are allowed"
    )]
    InFuture {
        /// Milliseconds ahead.
        ahead_ms: i64,
        /// How many are allowed.
        allowed_ms: i64,
    },
    /// It comes too late.
    #[error("the position is {age_ms} ms old; positions are taken up to {allowed_ms} ms")]
    TooLate {
        /// Its age.
        age_ms: i64,
        /// How old it may be.
        allowed_ms: i64,
    },
    /// A newer one, or this one, is known already.
    #[error("`timestamp_ms` is not newer than that of the newest position known")]
    OutOfOrder,
    /// No vehicle gets there in that time.
    #[error("{distance_m:.0} m from the last position in {elapsed_ms} ms: no vehicle is that fast")]
    Jump {
        /// Metres from the last accepted position.
        distance_m: f64,
        /// By the positions' own times.
        elapsed_ms: i64,
    },
    /// The driver is not online, or another session drives.
    #[error("go online first")]
    NotOnline,
}

impl Refusal {
    /// The code on the wire and in metrics.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::OutOfRange => ErrorCode::PositionOutOfRange,
            Self::InFuture { .. } => ErrorCode::PositionInFuture,
            Self::TooLate { .. } => ErrorCode::PositionTooLate,
            Self::OutOfOrder => ErrorCode::PositionOutOfOrder,
            Self::Jump { .. } => ErrorCode::PositionJump,
            Self::NotOnline => ErrorCode::NotOnline,
        }
    }
}

impl From<Refusal> for ErrorBody {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.code(), refusal.to_string())
    }
}

/// An accepted position, as a point that is on Earth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fix {
    /// Where.
    pub point: LatLon,
    /// The whole position; bearing and speed filled in where they could be derived.
    pub position: Position,
}

impl Fix {
    /// A fix that was accepted before, by this node or another.
    #[must_use]
    pub fn known(position: Position) -> Option<Self> {
        let point = LatLon::new(position.latitude, position.longitude).ok()?;
        Some(Self { point, position })
    }
}

/// Judges the positions of one vehicle, one after the other. Pure.
#[derive(Debug, Clone, Default)]
pub(super) struct Judge {
    newest: Option<Fix>,
    /// The last fix refused as a jump. When the next agrees with it and not
    /// with the newest, it was the newest that was wrong (a cold GPS start),
    /// and the vehicle must not be locked out until time has forgiven the jump.
    suspect: Option<Fix>,
}

/// Below this way the direction between two fixes is mostly noise.
const LEAST_WAY_FOR_BEARING_M: f64 = 5.0;

impl Judge {
    /// The newest accepted position.
    #[must_use]
    pub(super) const fn newest(&self) -> Option<&Fix> {
        self.newest.as_ref()
    }

    /// Takes over what was accepted elsewhere.
    pub(super) fn resume_from(&mut self, fix: Fix) {
        self.newest = Some(fix);
        self.suspect = None;
    }

    /// Accepts the position as the newest, or says why not.
    ///
    /// # Errors
    /// [`Refusal`], never [`Refusal::NotOnline`].
    pub(super) fn judge(
        &mut self,
        position: Position,
        now_ms: i64,
        limits: &Limits,
    ) -> Result<Fix, Refusal> {
        let mut fix = in_range(position)?;
        let ahead_ms = position.timestamp_ms.saturating_sub(now_ms);
        if ahead_ms > limits.future_ms {
            return Err(Refusal::InFuture {
                ahead_ms,
                allowed_ms: limits.future_ms,
            });
        }
        let age_ms = now_ms.saturating_sub(position.timestamp_ms);
        if age_ms > limits.late_ms {
            return Err(Refusal::TooLate {
                age_ms,
                allowed_ms: limits.late_ms,
            });
        }
        if let Some(newest) = &self.newest {
            if position.timestamp_ms <= newest.position.timestamp_ms {
                return Err(Refusal::OutOfOrder);
            }
            if let Err(jump) = reachable(newest, &fix, limits) {
                let agrees = self.suspect.is_some_and(|suspect| {
                    suspect.position.timestamp_ms < position.timestamp_ms
                        && reachable(&suspect, &fix, limits).is_ok()
                });
                if !agrees {
                    self.suspect = Some(fix);
                    return Err(jump);
                }
                self.newest = self.suspect;
            }
        }
        if let Some(before) = &self.newest {
            fill_in(&mut fix, before);
        }
        self.newest = Some(fix);
        self.suspect = None;
        Ok(fix)
    }
}

fn in_range(mut position: Position) -> Result<Fix, Refusal> {
    let within =
        |value: Option<f32>, most: f32| value.is_none_or(|value| (0.0..=most).contains(&value));
    let sound = within(position.accuracy, 100_000.0)
        && within(position.bearing, 360.0)
        && within(position.speed, 500.0);
    let point = LatLon::new(position.latitude, position.longitude);
    let (true, Ok(point)) = (sound, point) else {
        return Err(Refusal::OutOfRange);
    };
    position.bearing = position.bearing.map(|bearing| bearing % 360.0);
    Ok(Fix { point, position })
}

fn reachable(from: &Fix, to: &Fix, limits: &Limits) -> Result<(), Refusal> {
    let distance_m = from.point.distance_m(to.point);
    let elapsed_ms = to
        .position
        .timestamp_ms
        .saturating_sub(from.position.timestamp_ms);
    let blur_m = [from, to]
        .iter()
        .map(|fix| f64::from(fix.position.accuracy.unwrap_or(0.0)))
        .sum::<f64>();
    if distance_m > limits.jitter_m + blur_m + limits.max_speed_mps * seconds(elapsed_ms) {
        return Err(Refusal::Jump {
            distance_m,
            elapsed_ms,
        });
    }
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "degrees and m/s, far within f32"
)]
fn fill_in(fix: &mut Fix, before: &Fix) {
    let way_m = before.point.distance_m(fix.point);
    if fix.position.bearing.is_none() {
        fix.position.bearing = if way_m >= LEAST_WAY_FOR_BEARING_M {
            Some(before.point.bearing_to(fix.point).rem_euclid(360.0) as f32)
        } else {
            before.position.bearing
        };
    }
    if fix.position.speed.is_none() {
        let elapsed_ms = fix.position.timestamp_ms - before.position.timestamp_ms;
        fix.position.speed = Some((way_m / seconds(elapsed_ms)).min(500.0) as f32);
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds up to 285,000 years are exact"
)]
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    fn at(latitude: f64, longitude: f64, timestamp_ms: i64) -> Position {
        Position {
            latitude,
            longitude,
            timestamp_ms,
            accuracy: None,
            bearing: None,
            speed: None,
        }
    }

    fn judge(judge: &mut Judge, position: Position) -> Result<Fix, ErrorCode> {
        judge
            .judge(position, NOW, &Limits::default())
            .map_err(|refusal| refusal.code())
    }

    #[test]
    fn what_no_device_can_mean_is_refused() {
        let good = at(-34.9, -56.2, NOW);
        let cases = [
            (
                Position {
                    latitude: 90.1,
                    ..good
                },
                ErrorCode::PositionOutOfRange,
            ),
            (
                Position {
                    longitude: f64::NAN,
                    ..good
                },
                ErrorCode::PositionOutOfRange,
            ),
            (
                Position {
                    bearing: Some(361.0),
                    ..good
                },
                ErrorCode::PositionOutOfRange,
            ),
            (
                Position {
                    speed: Some(-1.0),
                    ..good
                },
                ErrorCode::PositionOutOfRange,
            ),
            (
                Position {
                    speed: Some(f32::NAN),
                    ..good
                },
                ErrorCode::PositionOutOfRange,
            ),
            (
                Position {
                    accuracy: Some(f32::INFINITY),
                    ..good
                },
                ErrorCode::PositionOutOfRange,
            ),
            (
                Position {
                    timestamp_ms: NOW + 10_001,
                    ..good
                },
                ErrorCode::PositionInFuture,
            ),
            (
                Position {
                    timestamp_ms: i64::MAX,
                    ..good
                },
                ErrorCode::PositionInFuture,
            ),
            (
                Position {
                    timestamp_ms: NOW - 86_400_001,
                    ..good
                },
                ErrorCode::PositionTooLate,
            ),
            (
                Position {
                    timestamp_ms: i64::MIN,
                    ..good
                },
                ErrorCode::PositionTooLate,
            ),
        ];
        for (position, code) in cases {
            assert_eq!(
                judge(&mut Judge::default(), position),
                Err(code),
                "{position:?}"
            );
        }
        for position in [
            good,
            at(90.0, 180.0, NOW),
            Position {
                bearing: Some(360.0),
                ..good
            },
        ] {
            assert!(
                judge(&mut Judge::default(), position).is_ok(),
                "{position:?}"
            );
        }
    }

    #[test]
    fn only_what_is_newer_counts() {
        let mut j = Judge::default();
        assert!(judge(&mut j, at(-34.9, -56.2, NOW - 1000)).is_ok());
        assert_eq!(
            judge(&mut j, at(-34.9, -56.2, NOW - 1000)),
            Err(ErrorCode::PositionOutOfOrder)
        );
        assert_eq!(
            judge(&mut j, at(-34.9, -56.2, NOW - 1001)),
            Err(ErrorCode::PositionOutOfOrder)
        );
        assert!(judge(&mut j, at(-34.9, -56.2, NOW)).is_ok());
    }

    #[test]
    fn a_jump_is_judged_by_the_positions_own_times() {
        // 11 km: a second apart it is a jump, five minutes apart a drive, though both arrive now.
        let mut j = Judge::default();
        assert!(judge(&mut j, at(-34.9, -56.2, NOW - 300_000)).is_ok());
        assert_eq!(
            judge(&mut j, at(-34.8, -56.2, NOW - 299_000)),
            Err(ErrorCode::PositionJump)
        );
        assert!(judge(&mut j, at(-34.8, -56.2, NOW)).is_ok());
    }

    #[test]
    fn a_vehicle_whose_first_fix_was_wrong_is_not_locked_out() {
        let mut j = Judge::default();
        assert!(judge(&mut j, at(0.0, 0.0, NOW - 5000)).is_ok());
        assert_eq!(
            judge(&mut j, at(-34.9, -56.2, NOW - 4000)),
            Err(ErrorCode::PositionJump)
        );
        let fix = judge(&mut j, at(-34.9001, -56.2, NOW - 3000)).unwrap();
        assert!(
            fix.position.speed.unwrap() < 20.0,
            "speed from the fix before, not from 0°, 0°"
        );
    }

    #[test]
    fn bearing_and_speed_are_derived_where_missing() {
        let mut j = Judge::default();
        let first = judge(&mut j, at(0.0, 0.0, NOW - 10_000)).unwrap();
        assert_eq!((first.position.bearing, first.position.speed), (None, None));
        // 0.001° of longitude at the equator is 111.2 m, due east.
        let second = judge(&mut j, at(0.0, 0.001, NOW)).unwrap().position;
        assert!((second.bearing.unwrap() - 90.0).abs() < 0.01);
        assert!((second.speed.unwrap() - 11.12).abs() < 0.01);
    }

    #[test]
    fn standing_still_keeps_the_bearing() {
        let mut j = Judge::default();
        let east = Position {
            bearing: Some(90.0),
            ..at(0.0, 0.0, NOW - 2000)
        };
        judge(&mut j, east).unwrap();
        let still = judge(&mut j, at(0.000_01, 0.0, NOW)).unwrap().position;
        assert_eq!(still.bearing, Some(90.0));
    }
}
