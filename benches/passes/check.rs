//! Has valgrind count, and compares.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};

use clap::ValueEnum as _;
use serde::{Deserialize, Serialize};

use crate::Pass;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/passes.json");
/// More than this many times what was kept is worse.
const MOST: f64 = 1.05;

/// What is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Counts {
    /// The compiler that made these instructions: another makes others.
    rustc: String,
    /// By the passes' letters.
    instructions: BTreeMap<String, u64>,
}

pub(crate) fn run(keep: bool) -> ExitCode {
    let now = Counts {
        rustc: rustc(),
        instructions: count_all(),
    };
    let kept = std::fs::read(FILE).ok();
    let kept: Option<Counts> = kept.map(|json| serde_json::from_slice(&json).unwrap());
    println!("pass         kept          now    change");
    let mut worse = false;
    for (pass, &count) in &now.instructions {
        let before = kept.as_ref().and_then(|kept| kept.instructions.get(pass));
        let Some(&before) = before else {
            println!("{pass:4} {:>12} {count:>12}", "none");
            // A pass that nothing is kept of is not checked.
            worse = true;
            continue;
        };
        #[expect(clippy::cast_precision_loss, reason = "counts below 2^52")]
        let ratio = count as f64 / before as f64;
        let verdict = if ratio > MOST { "  worse" } else { "" };
        let percent = (ratio - 1.0) * 100.0;
        println!("{pass:4} {before:>12} {count:>12} {percent:>+8.2} %{verdict}");
        worse |= ratio > MOST;
    }
    if let Some(kept) = kept.filter(|kept| kept.rustc != now.rustc) {
        println!("What is kept was counted with {}.", kept.rustc);
        println!("This is {}: some of a change may be its own.", now.rustc);
    }
    if keep {
        let json = serde_json::to_string_pretty(&now).unwrap();
        std::fs::write(FILE, json + "\n").unwrap();
        println!("Kept in benches/passes.json.");
        return ExitCode::SUCCESS;
    }
    if worse {
        println!(
            "More than 5 % worse, or nothing kept. If it must be so: scripts/bench --check --keep"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn count_all() -> BTreeMap<String, u64> {
    let files = tempfile::tempdir().unwrap();
    let passes = Pass::value_variants().iter();
    passes
        .map(|pass| {
            let name = pass.to_possible_value().unwrap().get_name().to_owned();
            let count = count(&name, &files.path().join(&name));
            (name, count)
        })
        .collect()
}

fn count(pass: &str, file: &Path) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=*counted_pass*"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(std::env::current_exe().unwrap())
        .arg(pass)
        .output()
        .expect("valgrind is installed: scripts/bench --check --install");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "pass {pass}: {said}");
    let profile = std::fs::read_to_string(file).unwrap();
    let totals = profile.lines().find_map(|it| it.strip_prefix("totals: "));
    let count = totals.and_then(|totals| totals.trim().parse().ok());
    // None when the function's name is not found, as when the compiler has inlined it.
    let count = count.filter(|&count| count > 0);
    count.unwrap_or_else(|| panic!("pass {pass}: nothing was counted: {said}"))
}
