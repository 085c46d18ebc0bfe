//! How cheaply ridecast pushes, beside a yardstick and beside its peers.
//!
//! `cargo bench --bench push`, or `scripts/bench`, which also installs the peers. One load client
//! (this program), one server after the other; a server's cost is its own processor time by
//! `/proc/PID/stat`, divided by what was delivered. `docs/performance.md` has the figures.

#![expect(clippy::panic, reason = "a bench fails by panicking")]

mod city;
mod crowd;
mod driver;
mod exchange;
mod frame;
mod machine;
mod meter;
mod pace;
mod peers;
mod posting;
mod process;
mod report;
mod ridecast;
mod scenarios;
mod window;
mod yardstick;

use std::path::PathBuf;

use clap::Parser;
use serde_json::json;

use report::Report;
use scenarios::Effort;

/// Measures ridecast's push engine beside a yardstick and beside its peers
#[derive(Debug, Parser)]
struct Cli {
    /// Under five minutes: one short round, and of the peers only the nearest
    #[arg(long)]
    quick: bool,
    /// Only these scenarios, by their letters
    #[arg(long, value_delimiter = ',', value_name = "LETTER")]
    only: Vec<String>,
    /// Only these contenders, by their names in the tables
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    contenders: Vec<String>,
    /// Rounds of each scenario
    #[arg(long)]
    rounds: Option<usize>,
    /// Writes the figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    // The yardstick is this program too, in a process of its own.
    if let Some(name @ (yardstick::ONE_AT_A_TIME | yardstick::TWO_THREADS | yardstick::JOINED)) =
        std::env::args().nth(1).as_deref()
    {
        return yardstick::serve(name);
    }
    let cli = Cli::parse();
    let mut effort = if cli.quick {
        Effort::QUICK
    } else {
        Effort::FULL
    };
    effort.rounds = cli.rounds.unwrap_or(effort.rounds).max(1);
    effort.contenders = cli.contenders;
    rlimit::increase_nofile_limit(u64::MAX).expect("the limit of open files");
    let unknown = |only: &&String| scenarios::ALL.iter().all(|(letter, ..)| letter != only);
    if let Some(letter) = cli.only.iter().find(unknown) {
        eprintln!("no scenario has the letter {letter}");
        std::process::exit(2);
    }
    let mut report = Report::default();
    for (letter, what, run) in scenarios::ALL {
        if cli.only.is_empty() || cli.only.iter().any(|only| only == letter) {
            println!("\n{letter}: {what}");
            run(&mut report, &effort);
        }
    }
    println!("{}", report.tables());
    if let Some(path) = cli.json {
        let json = json!({ "machine": machine::describe(), "scenarios": report.json() });
        let json = serde_json::to_string_pretty(&json).expect("numbers");
        std::fs::write(&path, json).expect("the file can be written");
    }
}
