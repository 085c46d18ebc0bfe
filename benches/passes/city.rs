//! C: all vehicles of a city move, and riders and operators watch.

use ridecast::hub::{Format, Sees};
use ridecast::spatial::LatLon;
use ridecast_protocol::{Channel, Position, Viewport};

use crate::counted_pass;
use crate::places::{Places, a_step_from};
use crate::town::{Town, circle};

const VEHICLES: usize = 2_000;
const RIDERS: usize = 400;
const OPERATORS: usize = 4;
const RADIUS_M: f64 = 15_000.0;
/// Stations, an airport, a mall.
const CROWDED: usize = 12;
const CROWDED_RADIUS_M: f64 = 1_500.0;

pub(crate) fn run() {
    let mut places = Places::new();
    let crowded = places.circle(CROWDED, RADIUS_M);
    let homes = clustered(&mut places, &crowded, VEHICLES);
    let riders = clustered(&mut places, &crowded, RIDERS);
    let mut town = Town::new(&homes);
    let rider = |place: &LatLon| {
        let channel = circle(*place, 1_000.0, None);
        town.watch(Format::Binary, Sees::Free, channel)
    };
    let mut clients: Vec<_> = riders.iter().map(rider).collect();
    let whole = |_| town.watch(Format::Binary, Sees::Everything, whole_city(places.middle));
    clients.extend((0..OPERATORS).map(whole));

    // There, back, and there again: some go out of circles and into others.
    let away: Vec<_> = homes.iter().map(|home| a_step_from(*home)).collect();
    let moves = [&away, &homes, &away].map(|to| town.next_positions(to));
    let pass = |positions: &[Position]| {
        for (n, position) in positions.iter().enumerate() {
            town.report(n, *position);
        }
        town.hub.round();
    };
    pass(&moves[0]);
    pass(&moves[1]);
    let told = || clients[RIDERS].taken.bytes.get();
    let before = told();
    counted_pass(|| pass(&moves[2]));
    assert!(
        told() - before > VEHICLES * 19,
        "operators were told of all"
    );
}

/// Three of five are at crowded places.
fn clustered(places: &mut Places, crowded: &[LatLon], count: usize) -> Vec<LatLon> {
    let place = |n| match n % 5 {
        0 | 1 => places.around(places.middle, RADIUS_M),
        _ => places.around(crowded[n % crowded.len()], CROWDED_RADIUS_M),
    };
    (0..count).map(place).collect()
}

fn whole_city(middle: LatLon) -> Channel {
    let edge = |bearing| middle.destination(bearing, 1.2 * RADIUS_M);
    Channel::Viewport(Viewport {
        south: edge(180.0).latitude(),
        west: edge(270.0).longitude(),
        north: edge(0.0).latitude(),
        east: edge(90.0).longitude(),
        zoom: None,
    })
}
