//! How a device sees where it is.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use ridecast_roads::LatLon;

use crate::Reception;

/// What a vehicle's device reports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fix {
    /// Where it believes to be.
    pub place: LatLon,
    /// Degrees clockwise from north, 0 to 360 (excluded).
    pub bearing_deg: f64,
    /// m/s.
    pub speed_mps: f64,
    /// Radius of 68 % confidence, metres.
    pub accuracy_m: f64,
}

/// A good receiver under open sky, metres.
const BEST_ACCURACY_M: f64 = 3.0;
/// The error forgets itself over this time, seconds.
const DRIFT_S: f64 = 10.0;
/// How long reception stays away, seconds.
const LOST_S: std::ops::Range<f64> = 5.0..40.0;
/// Metres in a degree of latitude, on a sphere of the mean radius 6,371,008.8 m.
const METRES_PER_DEGREE: f64 = 111_195.08;

/// An Ornstein-Uhlenbeck process each way: steps of independent noise would
/// make a standing car tremble as no real receiver does.
#[derive(Debug)]
pub(super) struct Gps {
    reception: Reception,
    chance: ChaCha8Rng,
    north_m: f64,
    east_m: f64,
    lost_s: f64,
}

impl Gps {
    pub(super) fn new(reception: Reception, mut chance: ChaCha8Rng) -> Self {
        let north_m = reception.noise_m * normal(&mut chance);
        let east_m = reception.noise_m * normal(&mut chance);
        Self {
            reception,
            chance,
            north_m,
            east_m,
            lost_s: 0.0,
        }
    }

    pub(super) fn step(&mut self, dt_s: f64) {
        if self.reception.noise_m > 0.0 {
            let kept = (-dt_s / DRIFT_S).exp();
            let fresh = self.reception.noise_m * (1.0 - kept * kept).sqrt();
            self.north_m = kept * self.north_m + fresh * normal(&mut self.chance);
            self.east_m = kept * self.east_m + fresh * normal(&mut self.chance);
        }
        if self.lost_s > 0.0 {
            self.lost_s -= dt_s;
        } else if self.reception.losses_per_hour > 0.0 {
            let likely = 1.0 - (-self.reception.losses_per_hour / 3600.0 * dt_s).exp();
            if self.chance.random::<f64>() < likely {
                self.lost_s = self.chance.random_range(LOST_S);
            }
        }
    }

    pub(super) fn fix(&self, place: LatLon, bearing_deg: f64, speed_mps: f64) -> Option<Fix> {
        if self.lost_s > 0.0 {
            return None;
        }
        Some(Fix {
            place: moved(place, self.north_m, self.east_m),
            bearing_deg,
            speed_mps,
            accuracy_m: BEST_ACCURACY_M.max(self.reception.noise_m),
        })
    }
}

/// The place so many metres away; for a few kilometres, and not at a pole.
pub(crate) fn moved(place: LatLon, north_m: f64, east_m: f64) -> LatLon {
    let parallel = place.latitude.to_radians().cos().max(1e-6);
    LatLon {
        latitude: place.latitude + north_m / METRES_PER_DEGREE,
        longitude: place.longitude + east_m / (METRES_PER_DEGREE * parallel),
    }
}

/// Standard normal, by Box and Muller (1958).
fn normal(chance: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - chance.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * chance.random::<f64>()).cos()
}
