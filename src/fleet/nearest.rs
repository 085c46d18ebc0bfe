//! Who is nearest.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use ridecast_protocol::{VehicleClass, VehicleInfo, VehicleState};

use super::places::Placed;
use super::{Fleet, Seen, Vehicle};
use crate::spatial::{Area, LatLon, Spot};

/// Which vehicles somebody looks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sought<'a> {
    /// Only of this class.
    pub class: Option<&'a VehicleClass>,
    /// Only those that no ride has taken.
    pub free: bool,
    /// Only those that are not silent.
    pub online: bool,
}

impl Sought<'_> {
    fn fits(&self, info: &VehicleInfo, state: VehicleState, engaged: bool) -> bool {
        !(self.free && engaged)
            && (!self.online || state == VehicleState::Online)
            && self.class.is_none_or(|class| *class == info.class)
    }
}

/// So often a look around is repeated when vehicles cross meanwhile.
const LOOKS: u32 = 3;

impl Fleet {
    /// Of the vehicles that are sought and within `radius_m` metres, above 0, those at most
    /// `limit` that are nearest, nearest first.
    #[must_use]
    pub fn nearest(
        &self,
        center: LatLon,
        radius_m: f64,
        limit: usize,
        sought: &Sought,
    ) -> Vec<(Arc<Vehicle>, Seen)> {
        let area = Area::Circle { center, radius_m };
        let mut looks = 0;
        loop {
            looks += 1;
            let crossings = self.places.crossings();
            let mut nearest = Nearest::new(center, radius_m, limit);
            self.places.nearest(&area, sought, &mut nearest);
            let (found, all) = nearest.looked_at_again(sought);
            // Otherwise one may have been missed, or one's place be for another.
            if looks == LOOKS || (all && self.places.crossings() == crossings) {
                return found;
            }
        }
    }
}

/// The nearest of those looked at so far.
#[derive(Debug)]
pub(super) struct Nearest {
    to: Spot,
    limit: usize,
    /// The whole circle, see [`Spot::chord_squared`].
    circle: f64,
    /// What is farther is no longer wanted.
    within: f64,
    /// Its root.
    chord: f64,
    /// The farthest first.
    heap: BinaryHeap<Candidate>,
}

#[derive(Debug)]
struct Candidate {
    chord_squared: f64,
    handle: u32,
    who: Who,
}

#[derive(Debug)]
enum Who {
    /// In the block that is looked into: in which of its lists, and where.
    At(usize, usize),
    Is(Arc<Vehicle>),
}

impl Nearest {
    fn new(center: LatLon, radius_m: f64, limit: usize) -> Self {
        let circle = Spot::chord_squared_of(radius_m);
        Self {
            to: center.into(),
            limit,
            circle,
            within: circle,
            chord: circle.sqrt(),
            heap: BinaryHeap::new(),
        }
    }

    pub(super) const fn to(&self) -> Spot {
        self.to
    }

    /// Whether somebody can still be wanted who is up to `reach`, a chord, from there.
    pub(super) fn reaches(&self, there: Spot, reach: f64) -> bool {
        let farthest = self.chord + reach;
        self.to.chord_squared(there) <= farthest * farthest
    }

    /// `at`: where it is in the block that is looked into.
    pub(super) fn offer(
        &mut self,
        spot: Spot,
        placed: &Placed,
        at: (usize, usize),
        sought: &Sought,
    ) {
        let chord_squared = self.to.chord_squared(spot);
        if chord_squared > self.within || !sought.fits(&placed.info, placed.state, placed.engaged) {
            return;
        }
        let candidate = Candidate {
            chord_squared,
            handle: placed.handle,
            who: Who::At(at.0, at.1),
        };
        if self.heap.len() < self.limit {
            self.heap.push(candidate);
        } else if let Some(mut farthest) = self.heap.peek_mut()
            && candidate < *farthest
        {
            *farthest = candidate;
        }
        if self.heap.len() == self.limit
            && let Some(farthest) = self.heap.peek()
        {
            self.within = farthest.chord_squared;
            self.chord = self.within.sqrt();
        }
    }

    /// Takes the candidates out of the block that was looked into. Not each when it is offered:
    /// most are soon pushed out by nearer ones, and to count who holds a vehicle costs a fetch.
    pub(super) fn keep<'a>(&mut self, at: impl Fn((usize, usize)) -> &'a Arc<Vehicle>) {
        let mut candidates = std::mem::take(&mut self.heap).into_vec();
        for candidate in &mut candidates {
            if let Who::At(nth, there) = candidate.who {
                candidate.who = Who::Is(Arc::clone(at((nth, there))));
            }
        }
        self.heap = candidates.into();
    }

    /// The candidates as they are now, nearest first, and whether they all still are what is
    /// sought: each may have moved since, been taken or gone.
    fn looked_at_again(self, sought: &Sought) -> (Vec<(Arc<Vehicle>, Seen)>, bool) {
        let mut candidates = self.heap.into_vec();
        let count = candidates.len();
        // One that crossed meanwhile may have been met in both of its blocks.
        candidates.sort_unstable_by_key(|it| it.handle);
        candidates.dedup_by_key(|it| it.handle);
        candidates.sort_unstable();
        let mut found = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            if let Who::Is(vehicle) = candidate.who
                && let Some(seen) = vehicle.seen()
                && self.to.chord_squared(seen.spot) <= self.circle
                && sought.fits(&seen.info, seen.state, seen.engaged)
            {
                found.push((vehicle, seen));
            }
        }
        // They are in order already, but for those that have moved since.
        found.sort_by(|(a, a_seen), (b, b_seen)| {
            let [a_chord, b_chord] = [a_seen, b_seen].map(|seen| self.to.chord_squared(seen.spot));
            let nearer = a_chord.total_cmp(&b_chord);
            nearer.then_with(|| a.handle().cmp(&b.handle()))
        });
        let all = found.len() == count;
        (found, all)
    }
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        let nearer = self.chord_squared.total_cmp(&other.chord_squared);
        nearer.then_with(|| self.handle.cmp(&other.handle))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Candidate {}
