//! Each hot function beside a naive reference.
//!
//! `cargo bench --bench hot`, or `cargo bench --bench hot -- encode` for some. Machines differ:
//! what counts is how much faster than its reference a function is. Both do the same work, but
//! for what the group's own comment says.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

mod cell;
mod circle;
mod density;
mod encode;
mod nearest;
mod parse;
mod places;
mod town;

use std::time::Duration;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    parse::bench(&mut criterion);
    encode::bench(&mut criterion);
    cell::bench(&mut criterion);
    circle::bench(&mut criterion);
    density::bench(&mut criterion);
    nearest::bench(&mut criterion);
    criterion.final_summary();
}
