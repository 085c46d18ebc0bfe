//! How much the service bears.

use std::sync::Arc;
use std::time::Instant;

use ridecast_roads::Router;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::crew::Stretch;
use crate::run::Traffic;
use crate::{LoadFigures, LoadSettings, Mode, Reception, Report, RunProgress, SimError};

/// Ramps to the full number of drivers and riders, holds it and measures, or
/// until `stop` is cancelled; `progress` is told once a second.
///
/// Counts are of the whole time, latencies of the hold alone.
///
/// # Errors
/// [`SimError`] when a setting makes no sense.
pub async fn load(
    router: Arc<Router>,
    settings: LoadSettings,
    stop: CancellationToken,
    progress: &mut (dyn FnMut(RunProgress) + Send),
) -> Result<Report, SimError> {
    let sessions = settings.fleet.drivers + settings.fleet.riders;
    let traffic = Traffic {
        endpoint: settings.endpoint,
        fleet: settings.fleet,
        rate_hz: settings.rate_hz,
        reception: Reception::default(),
        rides: settings.rides,
        haste: 1.0,
        pace: settings.ramp.div_f64(f64::from(
            u32::try_from(sessions.max(1)).unwrap_or(u32::MAX),
        )),
    };
    let (mut crew, moving) = traffic.begin(router).await?;
    let mut figures = None;
    let mut ended = crew
        .during(sleep(settings.ramp), &stop, None, progress)
        .await;
    if ended == Stretch::Done {
        let context = Arc::clone(&crew.context);
        let tally = &context.tally;
        tally.begin_measuring();
        let began = Instant::now();
        let (sent, delivered) = (tally.updates_sent(), tally.updates_delivered());
        let (drivers, riders) = (tally.drivers_online(), tally.riders_watching());
        ended = crew
            .during(sleep(settings.hold), &stop, None, progress)
            .await;
        let held_s = began.elapsed().as_secs_f64();
        figures = Some(LoadFigures {
            held_s,
            drivers_connected: drivers,
            riders_connected: riders,
            updates_per_s: per_second(tally.updates_sent() - sent, held_s),
            deliveries_per_s: per_second(tally.updates_delivered() - delivered, held_s),
        });
    }
    crew.wind_up(ended, progress).await;
    moving.cancel();
    let report = crew.finish(Mode::Load, ended != Stretch::Done).await;
    Ok(Report {
        load: figures,
        ..report
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts fit in 53 bits")]
fn per_second(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds.max(1e-3)
}
