use std::collections::HashMap;
use std::sync::Arc;

use ridecast_protocol::VehicleId;
use ridecast_roads::{Drive, RoadClass, Router, Search, Snap};

use super::Fix;

/// A vehicle's way is measured in pieces of at least this length, metres: many times what
/// satellite positions err by, and what a car standing in their noise seems to move.
const PIECE_M: f64 = 100.0;

/// Who takes longer for a piece than this is parked, or was not heard of: longer than any red
/// light, and 2 km/h in a jam.
const LONGEST_MS: i64 = 180_000;

/// A fix farther from any road than this, metres, is in a yard or car park.
const OFF_ROAD_M: f64 = 30.0;

/// A way that is so much longer than the line between its ends is not the one that was driven:
/// one end was put on the wrong street. (Around a square corner it is 1.41.)
const LONGEST_DETOUR: f64 = 1.5;

/// Nobody drives faster, m/s.
const FASTEST_MPS: f64 = 50.0;

/// So many vehicles must have driven along an edge before it is believed as much as its class of
/// road: one that stopped at a door is not a jam. Counted in vehicles, not in seconds, because the
/// map cuts one street into long edges and the next into short ones.
const BELIEVE_EDGE: f64 = 5.0;

/// So many seconds of driving at full speed must have been seen on a class of road before it is
/// believed as much as the map.
const BELIEVE_CLASS_S: f64 = 600.0;

/// What a travel time can become, in times of full speed.
const FACTORS: (f64, f64) = (0.4, 50.0);

/// The sum of all changes of travel times, as a share of all of them, that is worth a new router.
const CHANGED_SHARE: f64 = 0.01;

/// So is a change of one edge, ms.
const CHANGED_EDGE_MS: u32 = 5_000;

/// So many vehicles are followed; others are not learnt from.
const VEHICLES: usize = 200_000;

/// Seconds that vehicles took, and would have taken at full speed.
#[derive(Debug, Clone, Copy, Default)]
struct Driven {
    took_s: f64,
    full_speed_s: f64,
}

impl Driven {
    fn add(&mut self, took_s: f64, full_speed_s: f64) {
        self.took_s += took_s;
        self.full_speed_s += full_speed_s;
    }

    fn fade(&mut self, kept: f64) {
        self.took_s *= kept;
        self.full_speed_s *= kept;
    }

    /// How many times as long as at full speed, drawn towards `usual` as long as little was seen:
    /// the mean of a gamma distribution whose prior is `weight_s` seconds of `usual`.
    fn factor(self, usual: f64, weight_s: f64) -> f64 {
        (self.took_s + weight_s * usual) / (self.full_speed_s + weight_s)
    }
}

/// Where a piece of a vehicle's way begins.
struct Begin {
    snap: Snap,
    at_ms: i64,
}

/// What came of looking at what was learnt.
#[derive(Clone)]
pub enum Learning {
    /// Travel times are new: routes by them.
    New(Arc<Router>),
    /// Too little has changed.
    Same,
}

/// Learns travel times from where vehicles were.
///
/// A vehicle's way is cut into pieces of 100 m or more. The seconds that a piece took, **standing
/// at lights and in jams included**, are spread over the edges of the quickest way between its
/// ends, as they would be at full speed. So neither how often a vehicle is heard of nor what it
/// says of its speed matters, and someone parked (over 3 minutes) does not count. The sum of such
/// seconds over what full speed would have taken is an edge's factor (travel time by vehicle
/// seconds over vehicle metres, as Edie 1963 defines the speed of traffic). What was seen fades
/// away by half in [`forget_half`](super::Settings::forget_half).
///
/// A factor is drawn towards that of the edge's class of road, which is drawn towards 1, so that
/// few observations change little, and streets without any are as slow as the others of their kind.
pub struct Learner {
    /// At full speed. Ways are looked for here: by learnt times a vehicle in a jam would seem to
    /// have driven around it.
    map: Arc<Router>,
    search: Search,
    /// As they are driven.
    current: Arc<Router>,
    edges: Vec<Driven>,
    classes: HashMap<RoadClass, Driven>,
    vehicles: HashMap<VehicleId, Begin>,
    newest_ms: i64,
    /// What remains of old observations at a refresh, 0 to 1.
    kept: f64,
}

impl Learner {
    /// Knows nothing yet. With each [`refresh`](Self::refresh) old observations fade to the share
    /// `kept`, 0 to 1.
    #[must_use]
    pub fn new(map: Arc<Router>, kept: f64) -> Self {
        Self {
            search: map.search(),
            current: Arc::clone(&map),
            edges: vec![Driven::default(); map.network().edge_count()],
            classes: HashMap::new(),
            vehicles: HashMap::new(),
            newest_ms: i64::MIN,
            kept: kept.clamp(0.0, 1.0),
            map,
        }
    }

    /// Takes in where a vehicle was. One that is older than that vehicle's last is ignored.
    pub fn learn(&mut self, fix: &Fix) {
        let (latitude, longitude) = (fix.at.latitude(), fix.at.longitude());
        let Some(begin) = self.vehicles.get(&fix.vehicle) else {
            if self.vehicles.len() < VEHICLES {
                self.begin(fix);
            }
            return;
        };
        let elapsed_ms = fix.at_ms.saturating_sub(begin.at_ms);
        if elapsed_ms > LONGEST_MS {
            self.begin(fix);
            return;
        }
        let from = begin.snap;
        let here = ridecast_roads::LatLon {
            latitude,
            longitude,
        };
        if elapsed_ms <= 0 || from.point.distance_m(here) < PIECE_M {
            return;
        }
        if let Some(to) = self.begin(fix) {
            #[expect(clippy::cast_precision_loss, reason = "at most three minutes")]
            let took_s = elapsed_ms as f64 / 1000.0;
            self.learn_piece(&from, &to, took_s);
        }
    }

    /// Begins a piece here; or none, off the roads.
    fn begin(&mut self, fix: &Fix) -> Option<Snap> {
        let (latitude, longitude) = (fix.at.latitude(), fix.at.longitude());
        let snap = self.map.network().snap(latitude, longitude, OFF_ROAD_M);
        match snap {
            Some(snap) => {
                let at_ms = fix.at_ms;
                self.newest_ms = self.newest_ms.max(at_ms);
                let begin = Begin { snap, at_ms };
                self.vehicles.insert(fix.vehicle.clone(), begin);
            }
            None => drop(self.vehicles.remove(&fix.vehicle)),
        }
        snap
    }

    fn learn_piece(&mut self, from: &Snap, to: &Snap, took_s: f64) {
        let Some(drive) = self.map.drive(&mut self.search, from, to) else {
            return;
        };
        let Drive {
            stretches,
            length_m,
            duration_s,
        } = drive;
        let line_m = from.point.distance_m(to.point);
        let is_likely = length_m <= line_m * LONGEST_DETOUR && length_m <= took_s * FASTEST_MPS;
        if !is_likely || duration_s <= 0.0 {
            return;
        }
        for stretch in &stretches {
            let full_speed_s = self.map.stretch_s(stretch);
            let its_part_s = took_s * full_speed_s / duration_s;
            let class = self.map.network().edge(stretch.edge).class;
            self.edges[stretch.edge.0 as usize].add(its_part_s, full_speed_s);
            let class = self.classes.entry(class).or_default();
            class.add(its_part_s, full_speed_s);
        }
    }

    /// Routes by what was learnt until now, if it makes a difference; then lets it fade. Takes as
    /// long as [`Router::with_travel_times`].
    pub fn refresh(&mut self) -> Learning {
        let travel_ms = self.travel_ms();
        for driven in self.edges.iter_mut().chain(self.classes.values_mut()) {
            driven.fade(self.kept);
        }
        let old = self.newest_ms.saturating_sub(2 * LONGEST_MS);
        self.vehicles.retain(|_, begin| begin.at_ms >= old);
        if !self.makes_a_difference(&travel_ms) {
            return Learning::Same;
        }
        self.current = Arc::new(self.current.with_travel_times(travel_ms));
        Learning::New(Arc::clone(&self.current))
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from f64 stops at the bounds"
    )]
    fn travel_ms(&self) -> Vec<u32> {
        let network = self.map.network();
        let time = |(edge, driven): (_, &Driven)| {
            let class = self.classes.get(&network.edge(edge).class);
            let of_class = class.map_or(1.0, |class| class.factor(1.0, BELIEVE_CLASS_S));
            let full_speed_ms = f64::from(self.map.travel_ms(edge));
            let factor = driven.factor(of_class, BELIEVE_EDGE * full_speed_ms / 1000.0);
            let factor = factor.clamp(FACTORS.0, FACTORS.1);
            (full_speed_ms * factor).round() as u32
        };
        network.edges().zip(&self.edges).map(time).collect()
    }

    fn makes_a_difference(&self, travel_ms: &[u32]) -> bool {
        let network = self.map.network();
        let (mut all, mut changed, mut largest) = (0, 0, 0);
        for (edge, &new) in network.edges().zip(travel_ms) {
            let old = self.current.travel_ms(edge);
            let change = old.abs_diff(new);
            all += u64::from(old);
            changed += u64::from(change);
            largest = largest.max(change);
        }
        #[expect(clippy::cast_precision_loss, reason = "only compared")]
        let share = changed as f64 / all as f64;
        share > CHANGED_SHARE || largest > CHANGED_EDGE_MS
    }
}
