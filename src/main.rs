//! The `ridecast` command; see `--help`.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser as _;
use ridecast::app::App;
use ridecast::auth::Auth;
use ridecast::config::{Cli, Command, LogFormat, Serve};
use ridecast::demo::demo;
use ridecast::http::BaseMap;
use ridecast::store::StoreUrl;
use ridecast_simulator::{LoadingBar, load_city};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

#[actix_web::main]
async fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    // Each session is a file; where the limit stays low, connects beyond it are refused.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let stop = stop_on_signal()?;
    match cli.command {
        Command::Serve(args) => {
            log(cli.log_format, "info");
            serve(*args, stop).await?;
        }
        Command::Demo(args) => {
            log(cli.log_format, "warn");
            let summary = args.summary.clone();
            let report = demo(*args, stop).await?;
            println!("{report}");
            if let Some(path) = summary {
                std::fs::write(&path, serde_json::to_string_pretty(&report)?)
                    .with_context(|| format!("{} cannot be written", path.display()))?;
            }
            let problems = report.problems();
            for problem in &problems {
                eprintln!("problem: {problem}");
            }
            if !problems.is_empty() {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Token(args) => {
            let token = Auth::new(&args.auth_secret)?.sign(args.sub, args.role, args.ttl)?;
            println!("{token}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve(args: Serve, stop: CancellationToken) -> anyhow::Result<()> {
    let mut settings = args.settings();
    if args.access.pseudonym_secret().is_none() && matches!(settings.store, StoreUrl::Redis(_)) {
        tracing::warn!(
            "without --pseudonym-secret each node gives the vehicles other pseudonyms, and after \
             each start too"
        );
    }
    if let Some(path) = &args.network {
        let mut bar = LoadingBar::new();
        let router = load_city(path, &mut |progress| bar.show(progress))
            .with_context(|| format!("{} cannot be loaded", path.display()))?;
        bar.done();
        settings.map = Some(Arc::new(BaseMap::of(router.network())?));
        settings.roads = Some(router);
    }
    let app = App::build(settings).await?;
    tracing::info!(address = %app.address(), "listening");
    app.run(stop.cancelled_owned()).await?;
    tracing::info!("stopped");
    Ok(())
}

/// Cancelled by the first Ctrl-C or SIGTERM. A second one ends the process at once.
fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let stop = CancellationToken::new();
    tokio::spawn({
        let stop = stop.clone();
        async move {
            for _ in 0..2 {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if stop.is_cancelled() {
                    std::process::exit(130);
                }
                stop.cancel();
            }
        }
    });
    Ok(stop)
}

fn log(format: LogFormat, default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
}
