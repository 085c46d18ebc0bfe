//! How many instructions one pass of a scenario is: the same ones each time, where seconds are not.
//!
//! `scripts/bench --check` counts them under valgrind and compares them with `passes.json`.
//! The passes are those of the scenarios of these letters in `benches/push`, without sockets.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a bench fails by panicking"
)]

mod check;
mod city;
mod fanout;
mod ingest;
#[path = "../hot/places.rs"]
mod places;
#[expect(dead_code, reason = "the benches of single functions use more of it")]
#[path = "../hot/town.rs"]
mod town;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

/// Counts the instructions of a pass of each scenario, and compares them with `passes.json`
#[derive(Debug, Parser)]
struct Cli {
    /// Runs this pass and counts nothing: valgrind does
    pass: Option<Pass>,
    /// Writes the counts to `passes.json` instead
    #[arg(long)]
    keep: bool,
    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "UPPER")]
enum Pass {
    /// One vehicle moves, 1,000 watch it
    A,
    /// A city moves, and riders and operators watch it
    C,
    /// 10,000 positions come in
    D,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.pass {
        Some(Pass::A) => fanout::run(),
        Some(Pass::C) => city::run(),
        Some(Pass::D) => ingest::run(),
        None => return check::run(cli.keep),
    }
    ExitCode::SUCCESS
}

/// The pass that is counted: valgrind knows it by this function's name. All that was to grow
/// should have grown before, by a pass that is not.
#[inline(never)]
fn counted_pass(pass: impl FnOnce()) {
    pass();
}
