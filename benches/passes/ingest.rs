//! D: positions come in as text, and nobody watches; the store's writer hears all.

use ridecast::spatial::LatLon;
use ridecast_protocol::{ClientMessage, Position, Request};

use crate::counted_pass;
use crate::places::{Places, a_step_from};
use crate::town::Town;

const VEHICLES: usize = 10_000;

pub(crate) fn run() {
    let homes = Places::new().circle(VEHICLES, 15_000.0);
    let mut town = Town::new(&homes);
    let writer = town.fleet.listen(true).unwrap();
    let away: Vec<LatLon> = homes.iter().map(|home| a_step_from(*home)).collect();
    let frames = [&away, &homes, &away].map(|to| {
        let positions = town.next_positions(to);
        positions.into_iter().map(frame).collect::<Vec<_>>()
    });
    let pass = |frames: &[String]| {
        for (n, text) in frames.iter().enumerate() {
            match Request::parse(text).unwrap().message {
                ClientMessage::Position(position) => town.report(n, position),
                other => panic!("{other:?} is no position"),
            }
        }
        writer.take().len()
    };
    pass(&frames[0]);
    pass(&frames[1]);
    let mut taken = 0;
    counted_pass(|| taken = pass(&frames[2]));
    assert_eq!(taken, VEHICLES, "the writer heard of all");
}

fn frame(position: Position) -> String {
    let request = Request {
        id: None,
        message: ClientMessage::Position(position),
    };
    serde_json::to_string(&request).unwrap()
}
