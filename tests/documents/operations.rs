//! The operations manual lists what there is to set and to watch.

use std::collections::BTreeSet;

use clap::CommandFactory as _;
use ridecast::config::Cli;
use ridecast::telemetry::{Limit, Metrics, Observed};
use ridecast_protocol::{ErrorCode, RideState, Role};

use crate::{first_cells, read};

#[test]
fn operations_lists_every_flag_of_serve_with_its_variable_and_default() {
    let document = read("docs/operations.md");
    let cli = Cli::command();
    let serve = cli.find_subcommand("serve").unwrap();
    let mut flags = BTreeSet::new();
    for argument in serve.get_arguments().chain(cli.get_arguments()) {
        let Some(env) = argument.get_env() else {
            continue;
        };
        let flag = format!("--{}", argument.get_long().unwrap());
        let env = env.to_str().unwrap();
        let default = argument.get_default_values().first();
        let default = default.map_or("", |default| default.to_str().unwrap());
        let row = document
            .lines()
            .find(|line| line.starts_with(&format!("| `{flag}` | `{env}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/operations.md has no row for {flag} {env}"));
        let cell = row.split('|').nth(3).unwrap().trim();
        if !default.is_empty() {
            assert_eq!(cell, format!("`{default}`"), "{flag}");
        }
        flags.insert(flag);
    }
    let told: BTreeSet<_> = first_cells(&document)
        .filter(|cell| cell.starts_with("--"))
        .map(str::to_owned)
        .collect();
    assert_eq!(told, flags, "flags told, and flags there are");
}

#[test]
fn operations_lists_every_metric() {
    let document = read("docs/operations.md");
    let metrics = Metrics::default();
    metrics.sessions(Role::Rider).inc();
    metrics.refused(ErrorCode::BadJson);
    metrics.closed(4000);
    metrics.ride_became(RideState::Requested);
    metrics.observe(&Observed {
        online: 0,
        silent: 0,
        changes_waiting: 0,
        store_lag: std::time::Duration::ZERO,
    });
    let text = metrics.text();
    let there: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    let told: BTreeSet<_> = first_cells(&document)
        .filter(|cell| cell.starts_with("ridecast_"))
        .map(|cell| cell.split('{').next().unwrap().trim_end_matches("_total"))
        .collect();
    assert_eq!(told, there, "metrics told, and metrics there are");
}

#[test]
fn operations_lists_every_limit() {
    let document = read("docs/operations.md");
    let limits = document.split("\n## Limits\n").nth(1);
    let limits = limits.and_then(|rest| rest.split("\n## ").next()).unwrap();
    let told: BTreeSet<_> = limits
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let there: BTreeSet<_> = Limit::ALL.into_iter().map(Limit::as_str).collect();
    assert_eq!(told, there, "limits told, and limits there are");
}
