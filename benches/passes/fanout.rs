//! A: one vehicle moves, and 1,000 clients are told.

use ridecast::hub::{Format, Sees};

use crate::counted_pass;
use crate::places::{Places, a_step_from};
use crate::town::{Town, circle};

const CLIENTS: usize = 1_000;

pub(crate) fn run() {
    let middle = Places::new().middle;
    let mut town = Town::new(&[middle]);
    let watch = |_| town.watch(Format::Json, Sees::Free, circle(middle, 1_000.0, None));
    let clients: Vec<_> = (0..CLIENTS).map(watch).collect();
    let taken = || clients.iter().map(|client| client.taken.bytes.get()).sum();

    let positions =
        [a_step_from(middle), middle, a_step_from(middle)].map(|to| town.next_positions(&[to])[0]);
    let pass = |position| {
        town.report(0, position);
        town.hub.round();
    };
    pass(positions[0]);
    pass(positions[1]);
    let before: usize = taken();
    counted_pass(|| pass(positions[2]));
    assert!(taken() - before > CLIENTS * 100, "all were told");
}
