//! Where the vehicle was: thinned by error, so that a straight road is two
//! marks and a bend as many as it needs.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::ride::Ride;
use crate::spatial::LatLon;

/// Where and when: latitude, longitude, ms since the Unix epoch by the driver's device.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mark(pub f64, pub f64, pub i64);

/// The marks of a ride, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Track(pub Vec<Mark>);

/// What is left out lies within so many metres of what is kept.
const TOLERANCE_M: f64 = 6.0;
/// With every so many marks kept the tolerance doubles: a track is bounded, however long the ride.
const MARKS_PER_TOLERANCE: u32 = 2_000;
/// So many fixes at most are judged together.
const WINDOW: usize = 60;

/// Chooses the marks of a track from the fixes of a vehicle, one by one: a mark is set where the
/// straight line from the last mark would miss a fix between (opening window; Keogh et al. 2001).
#[derive(Debug, Default)]
pub(super) struct Thinner {
    last: Option<Mark>,
    /// The fixes since.
    between: VecDeque<Mark>,
    kept: u32,
}

impl Thinner {
    /// Takes a fix; gives the mark to be kept, if this one shows that there must be one.
    pub(super) fn take(&mut self, fix: Mark) -> Option<Mark> {
        let Some(last) = self.last else {
            return Some(self.keep(fix));
        };
        let tolerance_m = TOLERANCE_M * f64::from(1 << (self.kept / MARKS_PER_TOLERANCE).min(8));
        let misses = |between: &Mark| off_line_m(*between, last, fix) > tolerance_m;
        let full = self.between.len() >= WINDOW;
        let mark = (full || self.between.iter().any(misses))
            .then(|| self.between.back().copied())
            .flatten();
        if let Some(mark) = mark {
            self.keep(mark);
        }
        self.between.push_back(fix);
        mark
    }

    /// The newest fix, if it is not kept yet: the end of what there is.
    pub(super) fn end(&mut self) -> Option<Mark> {
        let fix = self.between.back().copied()?;
        Some(self.keep(fix))
    }

    fn keep(&mut self, mark: Mark) -> Mark {
        self.last = Some(mark);
        self.between.clear();
        self.kept += 1;
        mark
    }
}

/// Metres from a fix to the straight line between two others, on the plane that touches there.
fn off_line_m(fix: Mark, from: Mark, to: Mark) -> f64 {
    let scale = from.0.to_radians().cos();
    let xy = |mark: Mark| {
        let east = (mark.1 - from.1 + 540.0).rem_euclid(360.0) - 180.0;
        (
            east * scale * M_PER_DEGREE,
            (mark.0 - from.0) * M_PER_DEGREE,
        )
    };
    let ((x, y), (x2, y2)) = (xy(fix), xy(to));
    let length2 = x2 * x2 + y2 * y2;
    let share = if length2 > 0.0 {
        ((x * x2 + y * y2) / length2).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (x - share * x2).hypot(y - share * y2)
}

const M_PER_DEGREE: f64 = 111_195.08;

impl Track {
    /// The part with the rider on board; none before. It begins with where the vehicle was when
    /// the ride started, by the clock of its device, which may not agree with the service's.
    #[must_use]
    pub fn on_board(&self, ride: &Ride) -> Self {
        let drive = ride.drive.as_ref();
        let from = drive.and_then(|drive| drive.started_fix_ms.or(drive.started_at_ms));
        let is_on_board = |mark: &&Mark| from.is_some_and(|from| from <= mark.2);
        Self(self.0.iter().filter(is_on_board).copied().collect())
    }

    /// Metres with the rider on board.
    #[must_use]
    pub fn driven_m(&self, ride: &Ride) -> f64 {
        self.on_board(ride).length_m()
    }

    /// Metres from mark to mark.
    #[must_use]
    pub fn length_m(&self) -> f64 {
        let points: Vec<_> = self
            .0
            .iter()
            .filter_map(|mark| LatLon::new(mark.0, mark.1).ok())
            .collect();
        points
            .windows(2)
            .map(|pair| pair[0].distance_m(pair[1]))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(fixes: &[Mark]) -> Vec<Mark> {
        let mut thinner = Thinner::default();
        let mut kept: Vec<_> = fixes.iter().filter_map(|fix| thinner.take(*fix)).collect();
        kept.extend(thinner.end());
        kept
    }

    /// 20 m north for each second.
    fn north(from: i64, count: i64) -> impl Iterator<Item = Mark> {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        (from..from + count).map(|n| Mark(20.0 * n as f64 / M_PER_DEGREE, 0.0, n * 1_000))
    }

    #[test]
    fn a_straight_road_is_two_marks() {
        let fixes: Vec<_> = north(0, 50).collect();
        assert_eq!(marks(&fixes), [fixes[0], fixes[49]]);
    }

    #[test]
    fn what_is_left_out_lies_near_what_is_kept() {
        // A curve of 100 m radius, with some metres of noise.
        let fixes: Vec<_> = (0..400_i32)
            .map(|n| {
                let angle = f64::from(n) / 10.0;
                let noise = f64::from(n * 7919 % 5) - 2.0;
                let radius = (100.0 + noise) / M_PER_DEGREE;
                Mark(
                    radius * angle.sin(),
                    radius * angle.cos(),
                    i64::from(n) * 1_000,
                )
            })
            .collect();
        let kept = marks(&fixes);
        assert!(kept.len() < fixes.len() / 2, "{} of 400", kept.len());
        for fix in &fixes {
            let leg = kept
                .windows(2)
                .find(|leg| leg[0].2 <= fix.2 && fix.2 <= leg[1].2);
            let leg = leg.expect("the track spans the ride");
            assert!(
                off_line_m(*fix, leg[0], leg[1]) <= TOLERANCE_M + 1e-6,
                "{fix:?}"
            );
        }
    }

    #[test]
    fn a_track_is_bounded() {
        // A vehicle that never stops turning.
        let mut thinner = Thinner::default();
        let mut kept = 0;
        for n in 0..200_000_i32 {
            let side = if n % 2 == 0 {
                0.0
            } else {
                200.0 / M_PER_DEGREE
            };
            let north = 10.0 * f64::from(n) / M_PER_DEGREE;
            kept += usize::from(
                thinner
                    .take(Mark(north % 80.0, side, i64::from(n) * 1_000))
                    .is_some(),
            );
        }
        assert!(kept < 25_000, "{kept}");
    }
}
