//! What a simulation found out about rides.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// What became of rides: `asked = open + all of outcomes`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RideFigures {
    /// Rides that were asked for.
    pub asked: u64,
    /// How they ended: `completed`, `expired`, `cancelled_by_rider`, `cancelled_by_driver`,
    /// `cancelled_by_system`, or `cut_short` by the end of the simulation.
    pub outcomes: BTreeMap<String, u64>,
    /// Those of which no end was heard: must be 0.
    pub open: u64,
    /// What drivers decided about offers: `accepted`, `declined`, `ignored`.
    pub offers: BTreeMap<String, u64>,
    /// From the request to the acceptance by the first driver who did, by the service's clock.
    pub time_to_accept_s: Spread,
    /// How far the driver's arrival at the pickup was from what the rider was told at
    /// acceptance, earlier or later.
    pub pickup_eta_error_s: Spread,
    /// The same with its sign: above 0 the driver came later than was said.
    pub pickup_late_s: Spread,
    /// Chat messages that came to the other side.
    pub chat_messages: u64,
    /// Estimates that came while rides were driven.
    pub progress_messages: u64,
    /// Requests about rides that were not carried out, by the code of the error; `offer_over`,
    /// `wrong_ride_state` and `chat_closed` are what happens when two act at once.
    pub refused: BTreeMap<String, u64>,
}

/// The distribution of something in seconds. Absent (null) where nothing was measured.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Spread {
    /// How many were measured.
    pub samples: u64,
    /// Half were at most this.
    pub p50: Option<f64>,
    /// Nine in ten were at most this.
    pub p90: Option<f64>,
    /// All were at most this.
    pub max: Option<f64>,
}

impl Spread {
    /// By nearest rank. Sorts the values.
    pub(crate) fn of(values: &mut [f64]) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        let at = |tenths: usize| {
            let rank = (values.len() * tenths).div_ceil(10);
            values.get(rank.saturating_sub(1)).copied()
        };
        Self {
            samples: values.len() as u64,
            p50: at(5),
            p90: at(9),
            max: at(10),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(p50), Some(p90), Some(max)) = (self.p50, self.p90, self.max) else {
            return f.write_str("not measured");
        };
        let samples = self.samples;
        write!(
            f,
            "p50 {p50:.1}  p90 {p90:.1}  max {max:.1} s  ({samples} measured)"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let of = |values: &[f64]| Spread::of(&mut values.to_vec());
        assert_eq!(of(&[]), Spread::default());
        let one = of(&[3.0]);
        assert_eq!(
            (one.p50, one.p90, one.max),
            (Some(3.0), Some(3.0), Some(3.0))
        );
        let ten = of(&[9.0, 2.0, 1.0, 4.0, 3.0, 6.0, 5.0, 8.0, 7.0, -1.0]);
        assert_eq!(
            (ten.p50, ten.p90, ten.max),
            (Some(4.0), Some(8.0), Some(9.0))
        );
        assert_eq!(ten.samples, 10);
    }
}
