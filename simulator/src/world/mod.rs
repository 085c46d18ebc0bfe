//! A city full of vehicles that drive from place to place. Pure: no clock and
//! no sockets; time passes when [`World::step`] says so.

mod gps;
mod plan;
mod vehicle;

use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use ridecast_roads::{LatLon, Router, Search};

pub use gps::Fix;
pub(crate) use gps::moved;
pub use vehicle::{CLASSES, Order, Vehicle};

use crate::Reception;
use gps::Gps;

/// The vehicles and the roads they drive on.
///
/// Vehicles do not see each other, and each has its own source of chance drawn
/// from the seed: the same seed and the same steps give the same positions, and
/// a vehicle's way does not depend on how many others there are.
pub struct World {
    router: Arc<Router>,
    search: Search,
    vehicles: Vec<(Vehicle, Gps)>,
}

impl World {
    /// Puts `count` vehicles on the road, each somewhere on a first trip.
    #[must_use]
    pub fn new(router: Arc<Router>, count: usize, seed: u64, reception: Reception) -> Self {
        let mut search = router.search();
        let vehicles = (0..count as u64)
            .map(|index| {
                let vehicle = Vehicle::new(&router, &mut search, chance(seed, 2 * index));
                (vehicle, Gps::new(reception, chance(seed, 2 * index + 1)))
            })
            .collect();
        Self {
            router,
            search,
            vehicles,
        }
    }

    /// Lets `dt_s` seconds pass for all.
    pub fn step(&mut self, dt_s: f64) {
        for index in 0..self.vehicles.len() {
            self.step_one(index, dt_s);
        }
    }

    /// Lets `dt_s` seconds pass for one vehicle, so that the work of many can be
    /// spread over time.
    ///
    /// # Panics
    /// When there is no vehicle of that index.
    pub fn step_one(&mut self, index: usize, dt_s: f64) {
        let (vehicle, gps) = &mut self.vehicles[index];
        vehicle.step(&self.router, &mut self.search, dt_s);
        gps.step(dt_s);
    }

    /// Sends a vehicle somewhere. What it drives too fast to stop before, it drives first.
    ///
    /// # Panics
    /// When there is no vehicle of that index.
    pub fn order(&mut self, index: usize, order: Order) {
        self.vehicles[index]
            .0
            .obey(order, &self.router, &mut self.search);
    }

    /// How many vehicles there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.vehicles.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.vehicles.is_empty()
    }

    /// A vehicle as it really is.
    ///
    /// # Panics
    /// When there is no vehicle of that index.
    #[must_use]
    pub fn vehicle(&self, index: usize) -> &Vehicle {
        &self.vehicles[index].0
    }

    /// Where a vehicle really is.
    ///
    /// # Panics
    /// When there is no vehicle of that index.
    #[must_use]
    pub fn place(&self, index: usize) -> LatLon {
        self.vehicles[index].0.place(self.router.network())
    }

    /// What a vehicle's device reports; `None` while it has no reception.
    ///
    /// # Panics
    /// When there is no vehicle of that index.
    #[must_use]
    pub fn fix(&self, index: usize) -> Option<Fix> {
        let (vehicle, gps) = &self.vehicles[index];
        let network = self.router.network();
        gps.fix(
            vehicle.place(network),
            vehicle.bearing_deg(network),
            vehicle.speed_mps(),
        )
    }
}

/// Streams of one generator never meet, so every user has one of its own.
pub(crate) fn chance(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}
