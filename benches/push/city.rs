//! A city that is as full as cities are: where its vehicles and riders are.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::ridecast::{Place, offset};

pub(crate) const MIDDLE: Place = (-34.88, -56.16);
/// Side of the square that the city fills.
const SIDE_M: f64 = 30_000.0;
/// So many of its places are crowded: stations, an airport, a mall.
const CROWDED: usize = 12;
/// So large a part of all is at these.
const AT_CROWDED: f64 = 0.6;
const CROWDED_SIGMA_M: f64 = 750.0;
/// Everybody else is around the middle.
const SIGMA_M: f64 = 6_000.0;

/// Gives places at random, always the same ones.
///
/// Somebody who is in it has 2 to 3 % of all the others within 1 km; of 400 taxis of San
/// Francisco in a square of this size it was 8 to 10 % (Cabspotting, five moments of 2008-06-06).
pub(crate) struct City {
    chance: StdRng,
    crowded: Vec<Place>,
    scale: f64,
    even: bool,
}

impl City {
    /// `scale`: its area in relation to that of the city described above. One of 4 is twice as
    /// wide and long, and has four times as many crowded places.
    pub(crate) fn new(scale: f64) -> Self {
        Self::with_crowded_places(scale, false)
    }

    /// One whose crowded places are all alike. Otherwise a small city cannot be as dense as a
    /// large one: it has not as many vehicles as are at the most crowded place of the other.
    pub(crate) fn even(scale: f64) -> Self {
        Self::with_crowded_places(scale, true)
    }

    fn with_crowded_places(scale: f64, even: bool) -> Self {
        let mut city = Self {
            chance: StdRng::seed_from_u64(1),
            crowded: Vec::new(),
            scale,
            even,
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a handful"
        )]
        let crowded = (CROWDED as f64 * scale).round().max(1.0) as usize;
        city.crowded = (0..crowded)
            .map(|_| city.around(MIDDLE, SIGMA_M * scale.sqrt()))
            .collect();
        city
    }

    /// Side of the square it fills, metres.
    pub(crate) fn side_m(&self) -> f64 {
        SIDE_M * self.scale.sqrt()
    }

    /// The n-th crowded place.
    pub(crate) fn crowded(&self, n: usize) -> Place {
        self.crowded[n % self.crowded.len()]
    }

    /// The place of one more vehicle or rider.
    pub(crate) fn place(&mut self) -> Place {
        if self.chance.random_bool(AT_CROWDED) {
            let place = self.crowded_by_chance();
            return self.around(place, CROWDED_SIGMA_M);
        }
        let sigma_m = SIGMA_M * self.scale.sqrt();
        self.around(MIDDLE, sigma_m)
    }

    fn crowded_by_chance(&mut self) -> Place {
        if self.even {
            let nth = self.chance.random_range(0..self.crowded.len());
            return self.crowded(nth);
        }
        // The first of every dozen is twice as full as the second, and so on (Zipf).
        let total: f64 = (1..=CROWDED).map(weight).sum();
        let mut at = self.chance.random_range(0.0..total);
        let nth = (1..CROWDED).find(|&n| {
            at -= weight(n);
            at < 0.0
        });
        let dozens = self.crowded.len().div_ceil(CROWDED);
        let dozen = self.chance.random_range(0..dozens);
        self.crowded(dozen * CROWDED + nth.unwrap_or(CROWDED) - 1)
    }

    fn around(&mut self, (latitude, longitude): Place, sigma_m: f64) -> Place {
        let half_m = self.side_m() / 2.0;
        let (north, east) = offset(latitude, sigma_m * self.normal(), sigma_m * self.normal());
        let (north_most, east_most) = offset(MIDDLE.0, half_m, half_m);
        (
            (latitude + north).clamp(MIDDLE.0 - north_most, MIDDLE.0 + north_most),
            (longitude + east).clamp(MIDDLE.1 - east_most, MIDDLE.1 + east_most),
        )
    }

    /// Of the standard normal distribution (Box and Muller).
    fn normal(&mut self) -> f64 {
        let (u, v): (f64, f64) = (self.chance.random(), self.chance.random());
        (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most a dozen")]
fn weight(n: usize) -> f64 {
    1.0 / n as f64
}
