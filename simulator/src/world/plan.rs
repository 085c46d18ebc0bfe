//! A route with the speeds that can be driven along it.

use ridecast_roads::{EdgeId, RoadNetwork, Stretch};

/// How fast a vehicle gains speed, m/s².
pub(super) const ACCELERATION: f64 = 1.8;
/// How fast it loses speed when it brakes, m/s².
pub(super) const BRAKING: f64 = 2.2;
/// How hard it lets itself be pushed sideways in a turn, m/s².
const LATERAL: f64 = 2.5;
/// Slower than this no turn is taken, not even a U-turn, m/s.
const SLOWEST_TURN: f64 = 1.5;
/// Corners sharper than this are junctions, gentler bends are curves of the road, degrees.
const JUNCTION_DEG: f64 = 40.0;
/// So far before and after a junction's corner the turn begins and ends, metres.
const JUNCTION_CUT_M: f64 = 8.0;
/// The same of a curve, metres.
const CURVE_CUT_M: f64 = 30.0;

/// One edge of a route, or the part of it that is driven.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leg {
    pub(super) edge: EdgeId,
    /// Where on the edge it begins, metres.
    pub(super) from_m: f64,
    /// Where on the edge it ends, metres.
    pub(super) to_m: f64,
    /// The edge's limit, or less for a slow vehicle or driver, m/s.
    limit: f64,
    /// Not faster than this at its end, m/s: for the turn there, and so that
    /// braking for everything after it is possible.
    end: f64,
}

impl Leg {
    pub(super) fn length_m(&self) -> f64 {
        self.to_m - self.from_m
    }

    /// How fast it may be driven where `remaining_m` of it are left, by whoever
    /// looks again after `dt_s` seconds: also from there braking must be enough.
    pub(super) fn allowed(&self, remaining_m: f64, dt_s: f64) -> f64 {
        let delay = BRAKING * dt_s;
        let brake = delay * delay + self.end * self.end + 2.0 * BRAKING * remaining_m.max(0.0);
        // Whoever is at the end already drives on at its speed.
        (brake.sqrt() - delay).max(self.end).min(self.limit)
    }
}

/// Plans a route for a vehicle that drives at `ease` (0 to 1) of the limits and
/// never above `top` m/s. It ends standing.
///
/// The ends are found backwards: whoever keeps to each leg's [`allowed`](Leg::allowed)
/// speed never needs to look further ahead.
pub(super) fn plan(network: &RoadNetwork, route: &[Stretch], ease: f64, top: f64) -> Vec<Leg> {
    let mut legs: Vec<Leg> = route
        .iter()
        // Two nodes on one spot have no direction to turn into.
        .filter(|stretch| stretch.to_m > stretch.from_m)
        .map(|stretch| Leg {
            edge: stretch.edge,
            from_m: stretch.from_m,
            to_m: stretch.to_m,
            limit: (network.edge(stretch.edge).speed_mps * ease).min(top),
            end: 0.0,
        })
        .collect();
    for i in (1..legs.len()).rev() {
        let next = legs[i];
        let turn = turn_speed(network, &legs[i - 1], &next);
        legs[i - 1].end = turn.min(next.allowed(next.length_m(), 0.0));
    }
    legs
}

/// How fast the corner between two legs can be taken: the speed at which the
/// arc that rounds it pushes sideways with [`LATERAL`].
fn turn_speed(network: &RoadNetwork, from: &Leg, to: &Leg) -> f64 {
    let turn = network.bearing_deg(to.edge) - network.bearing_deg(from.edge);
    let turn = ((turn + 540.0).rem_euclid(360.0) - 180.0).abs();
    let cut = if turn > JUNCTION_DEG {
        JUNCTION_CUT_M
    } else {
        CURVE_CUT_M
    };
    let cut = cut.min(from.length_m().min(to.length_m()) / 2.0);
    let radius = cut / (turn.to_radians() / 2.0).tan().max(1e-9);
    (LATERAL * radius).sqrt().max(SLOWEST_TURN)
}
