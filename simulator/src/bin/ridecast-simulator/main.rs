//! `ridecast-simulator`: see `--help`.

mod cli;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Parser;
use ridecast_roads::Router;
use ridecast_simulator::{
    LoadSettings, LoadingBar, ReplaySettings, Report, RunSettings, RunningBar, Trace, load,
    load_city, replay, run,
};
use tokio_util::sync::CancellationToken;

use cli::{Cli, Command, Output};

/// Rides that `run` has asked for in a minute, without a flag; `load` has none.
const PER_MINUTE: f64 = 12.0;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    // Each session is a file; where the limit stays low, connects fail and the report says so.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let stop = stop_on_ctrl_c();
    let (report, output) = match cli.command {
        Command::Run(args) => {
            let settings = RunSettings {
                fleet: args.riders.fleet(Some(&args.drivers)),
                rate_hz: args.drivers.rate,
                reception: args.reception(),
                rides: args.rides.rides(PER_MINUTE),
                duration: args.duration,
                ..RunSettings::new(args.service.endpoint()?)
            };
            let city = city(&args.drivers.network, &stop).await?;
            let mut bar = RunningBar::new(args.duration);
            let report = run(city, settings, stop, &mut |p| bar.show(p)).await?;
            bar.done();
            (report, args.output)
        }
        Command::Replay(args) => {
            let settings = ReplaySettings {
                fleet: args.riders.fleet(None),
                speed: args.speed,
                duration: args.duration,
                ..ReplaySettings::new(args.service.endpoint()?)
            };
            let trace = Trace::read(&args.trace)
                .with_context(|| format!("{} cannot be replayed", args.trace.display()))?;
            let mut bar = RunningBar::new(args.duration);
            let report = replay(Arc::new(trace), settings, stop, &mut |p| bar.show(p)).await?;
            bar.done();
            (report, args.output)
        }
        Command::Load(args) => {
            let settings = LoadSettings {
                fleet: args.riders.fleet(Some(&args.drivers)),
                rate_hz: args.drivers.rate,
                rides: args.rides.rides(0.0),
                ramp: args.ramp,
                hold: args.hold,
                ..LoadSettings::new(args.service.endpoint()?)
            };
            let city = city(&args.drivers.network, &stop).await?;
            let mut bar = RunningBar::new(Some(args.ramp + args.hold));
            let report = load(city, settings, stop, &mut |p| bar.show(p)).await?;
            bar.done();
            (report, args.output)
        }
    };
    tell(&report, &output)?;
    Ok(if report.problems().is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The first Ctrl-C (or SIGTERM) ends the simulation, the second ends the program.
fn stop_on_ctrl_c() -> CancellationToken {
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        interrupted().await;
        stopping.cancel();
        interrupted().await;
        std::process::exit(130);
    });
    stop
}

async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

async fn city(network: &Path, stop: &CancellationToken) -> anyhow::Result<Arc<Router>> {
    let path = network.to_owned();
    let loading = tokio::task::spawn_blocking(move || {
        let mut bar = LoadingBar::new();
        let router = load_city(&path, &mut |progress| bar.show(progress));
        bar.done();
        router
    });
    tokio::select! {
        router = loading => router?,
        // Nothing has begun, and the loading cannot be interrupted.
        () = stop.cancelled() => std::process::exit(130),
    }
    .with_context(|| format!("{} is no city to drive in", network.display()))
}

fn tell(report: &Report, output: &Output) -> anyhow::Result<()> {
    let json = serde_json::to_string_pretty(report)?;
    if let Some(path) = &output.summary {
        std::fs::write(path, format!("{json}\n"))
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    if output.json {
        println!("{json}");
    } else {
        print!("{report}");
    }
    Ok(())
}
