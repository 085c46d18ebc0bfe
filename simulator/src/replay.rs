//! What real vehicles did, once more.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ridecast_protocol::{Position, UserId, VehicleClass, VehicleInfo};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::client::{Driver, FixSource, Person, Places};
use crate::crew::{Crew, Stretch};
use crate::run::now_ms;
use crate::{Mode, ReplayFigures, ReplaySettings, Report, RunProgress, SimError, Trace, TraceFix};

/// Between one session's begin and the next.
const PACE: Duration = Duration::from_millis(2);
/// The clock starts when all are connected, or after this.
const ASSEMBLE_WITHIN: Duration = Duration::from_secs(15);
/// How long drivers that lost their connection may take at the end to come back.
const STRAGGLERS_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Sends each fix of a trace by its vehicle's own driver, in time order, until
/// the trace is at its end, the time is over or `stop` is cancelled; `progress`
/// is told once a second.
///
/// Times keep their spacing and are shifted so that the last fix is now, at the
/// start of the replay.
///
/// # Errors
/// [`SimError`] when a setting makes no sense.
pub async fn replay(
    trace: Arc<Trace>,
    settings: ReplaySettings,
    stop: CancellationToken,
    progress: &mut (dyn FnMut(RunProgress) + Send),
) -> Result<Report, SimError> {
    settings.fleet.check()?;
    if !(settings.speed > 0.0 && settings.speed.is_finite()) {
        return Err(SimError::Setting {
            setting: "the speed",
            must: "above 0",
        });
    }
    let total = trace.fixes().len() as u64;
    let (clock, schedule) = watch::channel(None);
    let mut crew = assemble(&trace, &settings, &schedule)?;
    let context = Arc::clone(&crew.context);
    let sessions = (trace.vehicles().len() + settings.fleet.riders) as u64;

    let connected = async {
        while context.tally.drivers_online() + context.tally.riders_watching() < sessions {
            sleep(LOOK_EVERY).await;
        }
    };
    let assembled = async { _ = tokio::time::timeout(ASSEMBLE_WITHIN, connected).await };
    let mut ended = crew.during(assembled, &stop, Some(total), progress).await;

    let started = Arc::new(Clock::start(&trace, settings.speed));
    let mut cut_short = true;
    if ended == Stretch::Done {
        clock.send_replace(Some(Arc::clone(&started)));
        let end = started.due(trace.last_ms());
        let whole = settings
            .duration
            .is_none_or(|duration| end <= started.start + duration);
        let until = async {
            match settings.duration {
                Some(duration) if !whole => sleep_until(started.start + duration).await,
                _ => {
                    sleep_until(end).await;
                    let all_sent = async {
                        while context.tally.updates_sent() < total {
                            sleep(LOOK_EVERY).await;
                        }
                    };
                    _ = tokio::time::timeout(STRAGGLERS_WITHIN, all_sent).await;
                }
            }
        };
        ended = crew.during(until, &stop, Some(total), progress).await;
        cut_short = ended != Stretch::Done || !whole;
    }
    // What falls due while the drivers leave is no longer sent.
    let now = Instant::now();
    let _ = started.end.set(now);
    let fixes_due = if clock.borrow().is_some() {
        let fixes = trace.fixes();
        fixes.partition_point(|fix| started.due(fix.time_ms) <= now) as u64
    } else {
        0
    };
    let report = crew.finish(Mode::Replay, cut_short).await;
    Ok(Report {
        replay: Some(ReplayFigures {
            fixes_in_file: total,
            fixes_due,
            fixes_unsent: fixes_due.saturating_sub(report.updates_sent),
        }),
        ..report
    })
}

fn assemble(
    trace: &Arc<Trace>,
    settings: &ReplaySettings,
    schedule: &watch::Receiver<Option<Arc<Clock>>>,
) -> Result<Crew, SimError> {
    let people = trace
        .vehicles()
        .iter()
        .map(|vehicle| {
            Ok(Person {
                user: UserId::new(format!("{}-{}", settings.fleet.name, vehicle.name))?,
                vehicle: VehicleInfo {
                    class: VehicleClass::new(vehicle.class)?,
                    plate: None,
                    label: Some(vehicle.label.clone()),
                },
            })
        })
        .collect::<Result<Vec<_>, SimError>>()?;
    let mut own = vec![Vec::new(); people.len()];
    for fix in trace.fixes() {
        own[fix.vehicle].push(*fix);
    }
    let vehicles: Vec<_> = people.iter().map(|p| p.user.clone().into()).collect();
    let mut crew = Crew::new(settings.endpoint.clone(), settings.fleet.clone(), vehicles);
    let mut delay = Duration::ZERO;
    for (vehicle, (person, fixes)) in people.into_iter().zip(own).enumerate() {
        let source = Recorded {
            fixes,
            next: 0,
            schedule: schedule.clone(),
            clock: None,
        };
        let context = Arc::clone(&crew.context);
        let driver = Driver::new(context, person, vehicle, source, crew.chance());
        crew.driver(driver, delay);
        delay += PACE;
    }
    let places = Places::Fixes(Arc::clone(trace));
    for _ in 0..settings.fleet.riders {
        crew.rider(crew.new_rider(places.clone())?, delay);
        delay += PACE;
    }
    Ok(crew)
}

/// Which recorded time is when.
#[derive(Debug)]
struct Clock {
    start: Instant,
    start_ms: i64,
    first_ms: i64,
    last_ms: i64,
    speed: f64,
    /// Nothing after this is sent.
    end: OnceLock<Instant>,
}

impl Clock {
    fn start(trace: &Trace, speed: f64) -> Self {
        Self {
            start: Instant::now(),
            start_ms: now_ms(),
            first_ms: trace.first_ms(),
            last_ms: trace.last_ms(),
            speed,
            end: OnceLock::new(),
        }
    }

    /// When a fix is to be sent.
    fn due(&self, time_ms: i64) -> Instant {
        let since_first = time_ms.abs_diff(self.first_ms);
        let played = Duration::from_millis(since_first).as_secs_f64() / self.speed;
        // Instants end before the years that a slow enough replay would take.
        let played = Duration::try_from_secs_f64(played).unwrap_or(Duration::MAX);
        let far = self.start + Duration::from_hours(24 * 365 * 100);
        self.start.checked_add(played).unwrap_or(far)
    }

    /// What the position's time becomes: the last one's is the start of the replay.
    fn shifted_ms(&self, time_ms: i64) -> i64 {
        time_ms - self.last_ms + self.start_ms
    }
}

/// The fixes of one vehicle.
struct Recorded {
    fixes: Vec<TraceFix>,
    next: usize,
    schedule: watch::Receiver<Option<Arc<Clock>>>,
    clock: Option<Arc<Clock>>,
}

impl FixSource for Recorded {
    async fn ready(&mut self) {
        if self.clock.is_none() {
            let set = self.schedule.wait_for(Option::is_some).await;
            self.clock = set.ok().and_then(|clock| clock.clone());
        }
        match (&self.clock, self.fixes.get(self.next)) {
            (Some(clock), Some(fix)) => sleep_until(clock.due(fix.time_ms)).await,
            _ => std::future::pending().await,
        }
    }

    fn take(&mut self, max: usize) -> Vec<Position> {
        let Some(clock) = &self.clock else {
            return Vec::new();
        };
        let now = Instant::now();
        let now = clock.end.get().map_or(now, |end| now.min(*end));
        let due: Vec<_> = self.fixes[self.next..]
            .iter()
            .take(max)
            .take_while(|fix| clock.due(fix.time_ms) <= now)
            .map(|fix| Position {
                latitude: fix.latitude,
                longitude: fix.longitude,
                timestamp_ms: clock.shifted_ms(fix.time_ms),
                accuracy: None,
                bearing: fix.bearing_deg,
                speed: fix.speed_mps,
            })
            .collect();
        self.next += due.len();
        due
    }

    fn put_back(&mut self, positions: Vec<Position>) {
        self.next -= positions.len();
    }
}
