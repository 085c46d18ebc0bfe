use rand::Rng;
use rand_chacha::ChaCha8Rng;
use ridecast_roads::{EdgeId, LatLon, NodeId, RoadNetwork, Router, Search};

use super::plan::{ACCELERATION, Leg, plan};

/// The longest piece of time in which speed is taken as constant, seconds.
const SUBSTEP_S: f64 = 0.1;
/// How long a vehicle stands at its destination before it drives on, seconds.
const DWELL_S: std::ops::Range<f64> = 3.0..25.0;
/// A destination this near is no trip; there is no other only in the tiniest network.
const ATTEMPTS: usize = 8;

/// A vehicle that drives to one destination after the other.
#[derive(Debug)]
pub struct Vehicle {
    chance: ChaCha8Rng,
    kind: Kind,
    /// What share of a limit this driver drives.
    ease: f64,
    legs: Vec<Leg>,
    /// Index into `legs`: where it is.
    leg: usize,
    along_m: f64,
    speed_mps: f64,
    /// Stands for so long yet.
    dwell_s: f64,
    destination: NodeId,
}

/// What kind of vehicle it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Car,
    Van,
    Bike,
}

impl Kind {
    /// The class on the wire.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Car => "car",
            Self::Van => "van",
            Self::Bike => "bike",
        }
    }

    /// m/s.
    const fn top_speed(self) -> f64 {
        match self {
            Self::Car => 36.0,
            Self::Van => 27.0,
            Self::Bike => 7.0,
        }
    }
}

impl Vehicle {
    /// A vehicle somewhere on its first trip.
    pub(super) fn new(router: &Router, search: &mut Search, mut chance: ChaCha8Rng) -> Self {
        let kind = match chance.random_range(0..10) {
            0 => Kind::Bike,
            1 | 2 => Kind::Van,
            _ => Kind::Car,
        };
        let mut vehicle = Self {
            kind,
            ease: chance.random_range(0.8..1.0),
            legs: Vec::new(),
            leg: 0,
            along_m: 0.0,
            speed_mps: 0.0,
            dwell_s: 0.0,
            destination: random_node(router.network(), &mut chance),
            chance,
        };
        vehicle.set_out(router, search);
        if !vehicle.legs.is_empty() {
            vehicle.leg = vehicle.chance.random_range(0..vehicle.legs.len());
            let leg = vehicle.legs[vehicle.leg];
            vehicle.along_m = vehicle.chance.random_range(0.0..leg.length_m);
            vehicle.speed_mps = leg.allowed(leg.length_m - vehicle.along_m, 0.0);
        }
        vehicle
    }

    pub(super) fn step(&mut self, router: &Router, search: &mut Search, dt_s: f64) {
        let mut left_s = dt_s;
        while left_s > 0.0 {
            let piece = left_s.min(SUBSTEP_S);
            left_s -= piece;
            if self.dwell_s > 0.0 {
                self.dwell_s -= piece;
                if self.dwell_s <= 0.0 {
                    self.set_out(router, search);
                }
            } else {
                self.drive(piece);
            }
        }
    }

    fn drive(&mut self, dt_s: f64) {
        let Some(leg) = self.legs.get(self.leg) else {
            return self.arrive();
        };
        let allowed = leg.allowed(leg.length_m - self.along_m, dt_s);
        self.speed_mps = (self.speed_mps + ACCELERATION * dt_s).min(allowed);
        self.along_m += self.speed_mps * dt_s;
        while let Some(leg) = self.legs.get(self.leg) {
            if self.along_m < leg.length_m {
                break;
            }
            if self.leg + 1 == self.legs.len() {
                self.along_m = leg.length_m;
                return self.arrive();
            }
            self.along_m -= leg.length_m;
            self.leg += 1;
        }
        // The last centimetres would take for ever.
        let last = self.leg + 1 == self.legs.len();
        if last && self.legs[self.leg].length_m - self.along_m < 0.01 {
            self.arrive();
        }
    }

    fn arrive(&mut self) {
        self.speed_mps = 0.0;
        self.dwell_s = self.chance.random_range(DWELL_S);
    }

    /// Chooses a destination and the way there; where none is found, it stays a while.
    fn set_out(&mut self, router: &Router, search: &mut Search) {
        let from = self.destination;
        for _ in 0..ATTEMPTS {
            let to = random_node(router.network(), &mut self.chance);
            let Some(route) = router.route(search, from, to) else {
                continue;
            };
            let legs = plan(
                router.network(),
                &route.edges,
                self.ease,
                self.kind.top_speed(),
            );
            if !legs.is_empty() {
                (self.legs, self.leg, self.along_m) = (legs, 0, 0.0);
                self.destination = to;
                return;
            }
        }
        self.arrive();
    }

    /// The edge it is on and how far along, metres. In a network where no trip
    /// can be made a vehicle is on no edge.
    #[must_use]
    pub fn road(&self) -> Option<(EdgeId, f64)> {
        self.legs.get(self.leg).map(|leg| (leg.edge, self.along_m))
    }

    /// How fast it drives, m/s.
    #[must_use]
    pub fn speed_mps(&self) -> f64 {
        self.speed_mps
    }

    /// Where it is, on a road of `network`, which must be the one it drives on.
    #[must_use]
    pub fn place(&self, network: &RoadNetwork) -> LatLon {
        match self.road() {
            Some((edge, along_m)) => network.place_on(edge, along_m),
            None => network.node(self.destination),
        }
    }

    /// Where it heads, degrees clockwise from north, 0 to 360 (excluded).
    #[must_use]
    pub fn bearing_deg(&self, network: &RoadNetwork) -> f64 {
        self.road()
            .map_or(0.0, |(edge, _)| network.bearing_deg(edge))
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }
}

fn random_node(network: &RoadNetwork, chance: &mut ChaCha8Rng) -> NodeId {
    let count = u32::try_from(network.node_count()).unwrap_or(u32::MAX);
    NodeId(chance.random_range(0..count))
}
