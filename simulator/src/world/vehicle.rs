use rand::Rng;
use rand_chacha::ChaCha8Rng;
use ridecast_roads::{EdgeId, LatLon, RoadNetwork, Router, Search, Snap, Stretch};

use super::plan::{ACCELERATION, BRAKING, Leg, plan};

/// The longest piece of time in which speed is taken as constant, seconds.
const SUBSTEP_S: f64 = 0.1;
/// How long a driver who is sent elsewhere drives on before braking, seconds.
const REACTION_S: f64 = 1.0;
/// How long a vehicle stands at its destination before it drives on, seconds.
const DWELL_S: std::ops::Range<f64> = 3.0..25.0;
/// How often a random destination is drawn anew because it is where the vehicle is.
const ATTEMPTS: usize = 8;
/// A place farther from every road than this cannot be driven to, metres.
const OFF_ROAD_M: f64 = 500.0;

/// Where a vehicle is to go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Order {
    /// From one random place to the next.
    Cruise,
    /// To the place on the road nearest to this, and stay there.
    To(LatLon),
}

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
    edge: EdgeId,
    /// From the start of the edge.
    along_m: f64,
    speed_mps: f64,
    errand: Errand,
}

/// What a vehicle is about.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Errand {
    /// Drives somewhere for no reason.
    Cruising,
    /// Stands for so many seconds yet, then drives somewhere else.
    Resting(f64),
    /// Drives where it was ordered to.
    Ordered,
    /// Stands where it was ordered to.
    There,
}

/// What kind of vehicle it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Car,
    Van,
    Bike,
}

/// The classes of simulated vehicles, the most frequent first.
pub const CLASSES: [&str; 3] = [Kind::Car.class(), Kind::Van.class(), Kind::Bike.class()];

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
        let ease = chance.random_range(0.8..1.0);
        let start = random_place(router.network(), &mut chance);
        let mut vehicle = Self {
            kind,
            ease,
            legs: Vec::new(),
            leg: 0,
            edge: start.edge,
            along_m: start.along_m,
            speed_mps: 0.0,
            errand: Errand::Cruising,
            chance,
        };
        vehicle.set_out(router, search);
        if !vehicle.legs.is_empty() {
            vehicle.leg = vehicle.chance.random_range(0..vehicle.legs.len());
            let leg = vehicle.legs[vehicle.leg];
            vehicle.edge = leg.edge;
            vehicle.along_m = vehicle.chance.random_range(leg.from_m..leg.to_m);
            vehicle.speed_mps = leg.allowed(leg.to_m - vehicle.along_m, 0.0);
        }
        vehicle
    }

    /// Sends it somewhere else than it was going.
    pub(super) fn obey(&mut self, order: Order, router: &Router, search: &mut Search) {
        let goal = match order {
            Order::Cruise => None,
            Order::To(place) => {
                let network = router.network();
                network.snap(place.latitude, place.longitude, OFF_ROAD_M)
            }
        };
        match goal {
            Some(goal) => {
                self.errand = Errand::Ordered;
                if !self.head_for(&goal, router, search) {
                    self.arrive();
                }
            }
            // What it was driving to is as good a place as any.
            None => match self.errand {
                Errand::Ordered => self.errand = Errand::Cruising,
                Errand::There => self.rest(),
                Errand::Cruising | Errand::Resting(_) => {}
            },
        }
    }

    /// Whether it stands where it was ordered to.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.errand == Errand::There
    }

    pub(super) fn step(&mut self, router: &Router, search: &mut Search, dt_s: f64) {
        let mut left_s = dt_s;
        while left_s > 0.0 {
            let piece = left_s.min(SUBSTEP_S);
            left_s -= piece;
            match &mut self.errand {
                Errand::There => return,
                Errand::Resting(rest_s) => {
                    *rest_s -= piece;
                    if *rest_s <= 0.0 {
                        self.set_out(router, search);
                    }
                }
                Errand::Cruising | Errand::Ordered => self.drive(piece),
            }
        }
    }

    fn drive(&mut self, dt_s: f64) {
        let Some(allowed) = self.allowed(dt_s) else {
            return self.arrive();
        };
        self.speed_mps = (self.speed_mps + ACCELERATION * dt_s).min(allowed);
        self.along_m += self.speed_mps * dt_s;
        while let Some(leg) = self.legs.get(self.leg) {
            if self.along_m < leg.to_m {
                break;
            }
            let Some(next) = self.legs.get(self.leg + 1) else {
                self.along_m = leg.to_m;
                return self.arrive();
            };
            self.along_m += next.from_m - leg.to_m;
            self.edge = next.edge;
            self.leg += 1;
        }
        // The last centimetres would take for ever.
        let last = self.leg + 1 == self.legs.len();
        if last && self.legs[self.leg].to_m - self.along_m < 0.01 {
            self.arrive();
        }
    }

    /// How fast it may drive for `dt_s` seconds, m/s. None: it has nowhere to go.
    fn allowed(&self, dt_s: f64) -> Option<f64> {
        let mut ahead = self.legs[self.leg..].iter();
        let leg = ahead.next()?;
        let mut ahead_m = leg.to_m - self.along_m;
        let mut allowed = leg.allowed(ahead_m, dt_s);
        // A leg is left at the speed for its end. Where that comes within this time, there may
        // be too little left behind it to brake: the last leg of a way may be centimetres long.
        for next in ahead {
            if ahead_m > allowed * dt_s {
                break;
            }
            ahead_m += next.length_m();
            allowed = allowed.min(next.allowed(ahead_m, dt_s));
        }
        Some(allowed)
    }

    fn arrive(&mut self) {
        self.legs.clear();
        self.speed_mps = 0.0;
        match self.errand {
            Errand::Ordered => self.errand = Errand::There,
            Errand::There => {}
            Errand::Cruising | Errand::Resting(_) => self.rest(),
        }
    }

    fn rest(&mut self) {
        self.errand = Errand::Resting(self.chance.random_range(DWELL_S));
    }

    /// Chooses a destination and the way there; where none is found, it stays a while.
    fn set_out(&mut self, router: &Router, search: &mut Search) {
        self.errand = Errand::Cruising;
        for _ in 0..ATTEMPTS {
            let to = random_place(router.network(), &mut self.chance);
            if self.head_for(&to, router, search) {
                return;
            }
        }
        self.arrive();
    }

    /// Plans the way there. False: it is there already, or there is no way.
    fn head_for(&mut self, to: &Snap, router: &Router, search: &mut Search) -> bool {
        let mut way = self.committed();
        let is_moving = !way.is_empty();
        let network = router.network();
        let (edge, along_m) = way
            .last()
            .map_or((self.edge, self.along_m), |last| (last.edge, last.to_m));
        let from = place(network, edge, along_m);
        let Some(drive) = router.drive(search, &from, to) else {
            return false;
        };
        way.extend(drive.stretches);
        let legs = plan(network, &way, self.ease, self.kind.top_speed());
        let Some(first) = legs.first() else {
            return false;
        };
        if !is_moving {
            (self.edge, self.along_m) = (first.edge, first.from_m);
        }
        (self.legs, self.leg) = (legs, 0);
        true
    }

    /// The road ahead on which it could not stop any more: it has to be driven before the way
    /// can lead elsewhere.
    fn committed(&self) -> Vec<Stretch> {
        let mut stretches = Vec::new();
        let mut needed_m = self.speed_mps * (self.speed_mps / (2.0 * BRAKING) + REACTION_S);
        // How it enters a corner depends on the whole of the leg before it, not on what is left.
        needed_m += self
            .legs
            .get(self.leg)
            .map_or(0.0, |leg| self.along_m - leg.from_m);
        for leg in self.legs.iter().skip(self.leg) {
            if self.speed_mps <= 0.0 || needed_m <= 0.0 {
                break;
            }
            stretches.push(Stretch {
                edge: leg.edge,
                from_m: leg.from_m,
                to_m: leg.to_m,
            });
            needed_m -= leg.length_m();
        }
        stretches
    }

    /// The edge it is on and how far along, metres.
    #[must_use]
    pub fn road(&self) -> (EdgeId, f64) {
        (self.edge, self.along_m)
    }

    /// How fast it drives, m/s.
    #[must_use]
    pub fn speed_mps(&self) -> f64 {
        self.speed_mps
    }

    /// Where it is, on a road of `network`, which must be the one it drives on.
    #[must_use]
    pub fn place(&self, network: &RoadNetwork) -> LatLon {
        network.place_on(self.edge, self.along_m)
    }

    /// Where it heads, degrees clockwise from north, 0 to 360 (excluded).
    #[must_use]
    pub fn bearing_deg(&self, network: &RoadNetwork) -> f64 {
        network.bearing_deg(self.edge)
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }
}

fn random_place(network: &RoadNetwork, chance: &mut ChaCha8Rng) -> Snap {
    let count = u32::try_from(network.edge_count()).unwrap_or(u32::MAX);
    let edge = EdgeId(chance.random_range(0..count));
    let along_m = network.edge(edge).length_m * chance.random::<f64>();
    place(network, edge, along_m)
}

fn place(network: &RoadNetwork, edge: EdgeId, along_m: f64) -> Snap {
    Snap {
        edge,
        along_m,
        distance_m: 0.0,
        point: network.place_on(edge, along_m),
    }
}
