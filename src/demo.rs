//! `ridecast demo`: the service, a simulated city in it, and the page to look at it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use ridecast_protocol::{Role, UserId, VehicleClass};
use ridecast_roads::Router;
use ridecast_simulator::{
    CLASSES, Endpoint, Fleet, LoadingBar, ReplaySettings, Report, Rides, RunSettings, RunningBar,
    TokenSource, Trace, load_city, replay, run,
};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::auth::{self, Auth};
use crate::config::Demo;
use crate::http::{BaseMap, DemoPeople, PageConfig};
use crate::store::StoreUrl;

/// Over how long sessions are sent away: Ctrl-C should end a demo at once.
const DRAIN: Duration = Duration::from_millis(300);
/// Store, workers, listeners, and browsers that look at the page.
const FILES_BESIDE_SESSIONS: u64 = 200;
/// How far riders go, metres: who looks at a demo should see rides end, too.
const TRIP_M: std::ops::Range<f64> = 500.0..2_500.0;
/// A token for as long as anybody looks at a demo.
const LOOK: Duration = Duration::from_hours(30 * 24);
/// How many recorded fixes may be missing before a replayed vehicle is silent, and gone.
/// Traces have a fix every minute or so.
const REPLAY_SILENT_S: f64 = 180.0;
const REPLAY_GONE_S: f64 = 900.0;

/// Runs the demo until `stop` is cancelled, its time is over or its trace at its end.
///
/// # Errors
/// When something needed cannot be had, or the service failed.
pub async fn demo(args: Demo, stop: CancellationToken) -> anyhow::Result<Report> {
    check_files(&args)?;
    let (secret, kept) = (
        format!("{:032x}", rand::random::<u128>()),
        tempfile::tempdir()?,
    );
    let mut settings = args
        .service
        .settings(auth::Settings::secret(&*secret), Some(&secret));
    settings.store = StoreUrl::Embedded(kept.path().join("store"));
    settings.drain = DRAIN;
    if args.replay.is_some() {
        let patience =
            |seconds: f64| Duration::try_from_secs_f64(seconds / args.speed).unwrap_or_default();
        settings.fleet.silent_after = args.service.silent_after.max(patience(REPLAY_SILENT_S));
        settings.fleet.gone_after = args.service.gone_after.max(patience(REPLAY_GONE_S));
    }

    // The road network takes seconds, which the workers must not wait.
    let network = found(&args.network);
    let trace = args.replay.clone();
    let loaded = tokio::task::spawn_blocking(move || load(&network, trace.as_deref()));
    let Some(loaded) = stop.run_until_cancelled(loaded).await else {
        anyhow::bail!("stopped while the network was loading");
    };
    let (router, trace) = loaded??;
    settings.map = Some(Arc::new(BaseMap::of(router.network())?));
    settings.roads = Some(Arc::clone(&router));
    let auth = Auth::new(&secret)?;
    let classes = CLASSES.iter().map(VehicleClass::new);
    settings.page = PageConfig {
        token: Some(auth.sign(UserId::new("demo")?, Role::Operator, LOOK)?),
        demo: Some(DemoPeople {
            taken: format!("{}-", Fleet::default().name),
        }),
        // What was recorded takes no rides.
        classes: if args.replay.is_some() {
            Vec::new()
        } else {
            classes.collect::<Result<_, _>>()?
        },
        ..PageConfig::default()
    };

    let app = App::build(settings).await?;
    let address = app.address();
    println!("\n  The live map is at http://{address}/   (Ctrl-C ends it)");
    println!("  Ask for a ride at http://{address}/ride, drive at http://{address}/drive\n");

    let endpoint = Endpoint::new(&format!("ws://{address}"), TokenSource::secret(&secret))?;
    let simulated = tokio::task::spawn_blocking({
        let stop = stop.clone();
        move || simulate(&args, endpoint, router, trace, stop)
    });
    // The report comes when the simulation is over, for whatever reason; then the service ends.
    let (report, served) = {
        let over = CancellationToken::new();
        let served = app.run(over.clone().cancelled_owned());
        let simulation = async {
            let _end = over.drop_guard();
            simulated.await
        };
        tokio::join!(simulation, served)
    };
    served?;
    report?
}

/// A demo holds both ends of every session.
fn check_files(args: &Demo) -> anyhow::Result<()> {
    let (allowed, _) = rlimit::getrlimit(rlimit::Resource::NOFILE)?;
    let sessions = args.drivers.saturating_add(args.riders);
    let needed = u64::try_from(sessions)?
        .saturating_mul(2)
        .saturating_add(FILES_BESIDE_SESSIONS);
    anyhow::ensure!(
        needed <= allowed,
        "{sessions} drivers and riders need {needed} open files, and this process may have {allowed}: \
         take fewer, or raise the limit (ulimit -n)"
    );
    Ok(())
}

fn load(network: &Path, trace: Option<&Path>) -> anyhow::Result<(Arc<Router>, Option<Trace>)> {
    let mut bar = LoadingBar::new();
    let router = load_city(network, &mut |progress| bar.show(progress))
        .with_context(|| format!("{} cannot be loaded", network.display()))?;
    bar.done();
    let trace = trace
        .map(|path| {
            Trace::read(path).with_context(|| format!("{} cannot be replayed", path.display()))
        })
        .transpose()?;
    Ok((router, trace))
}

/// The simulator on threads of its own: it is the world outside, not part of the service.
fn simulate(
    args: &Demo,
    endpoint: Endpoint,
    router: Arc<Router>,
    trace: Option<Trace>,
    stop: CancellationToken,
) -> anyhow::Result<Report> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let fleet = Fleet {
        drivers: args.drivers,
        riders: args.riders,
        seed: args.seed,
        flaky: args.flaky,
        ..Fleet::default()
    };
    let mut bar = RunningBar::new(args.duration);
    let report = runtime.block_on(async {
        if let Some(trace) = trace {
            let settings = ReplaySettings {
                fleet,
                speed: args.speed,
                duration: args.duration,
                ..ReplaySettings::new(endpoint)
            };
            replay(Arc::new(trace), settings, stop, &mut |progress| {
                bar.show(progress);
            })
            .await
        } else {
            let settings = RunSettings {
                fleet,
                rides: Rides {
                    per_minute: args.rides_per_minute,
                    accept: args.accept,
                    decline: args.decline,
                    cancel: args.cancel,
                    trip_m: TRIP_M,
                },
                duration: args.duration,
                ..RunSettings::new(endpoint)
            };
            run(router, settings, stop, &mut |progress| bar.show(progress)).await
        }
    })?;
    bar.done();
    Ok(report)
}

/// The file, or the one of that name beside the sources the program was built
/// from, so that the demo runs from any folder.
fn found(path: &Path) -> PathBuf {
    let beside_sources = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if !path.exists() && beside_sources.exists() {
        return beside_sources;
    }
    path.to_owned()
}
