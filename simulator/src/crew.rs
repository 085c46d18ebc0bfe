//! Everybody who takes part, from the first connect to the report.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ridecast_protocol::VehicleId;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::client::{Client, Context, Driver, FixSource, Places, Rider};
use crate::ride_book::LOOK_EVERY;
use crate::tally::Tally;
use crate::world::chance;
use crate::{Endpoint, Fleet, Mode, Report, RunProgress, SimError};

/// So long the drivers may take to leave. With what follows less than two
/// seconds, so that nobody who presses Ctrl-C waits longer.
const DRIVERS_LEAVE_WITHIN: Duration = Duration::from_millis(1_300);
/// So long the ends of open rides are awaited when the time is over.
const RIDES_END_WITHIN: Duration = Duration::from_secs(10);
/// The same when somebody has pressed Ctrl-C; with a service that answers it takes a moment.
const RIDES_END_SOON_WITHIN: Duration = Duration::from_secs(3);
/// What the last drivers sent is on its way to riders for so long.
const LAST_WORDS: Duration = Duration::from_millis(150);
/// So long the riders may take to leave.
const RIDERS_LEAVE_WITHIN: Duration = Duration::from_millis(350);
/// Streams of chance of clients begin here; those of the world are below.
const CLIENT_STREAMS: u64 = 1 << 32;

pub(crate) struct Crew {
    pub(crate) context: Arc<Context>,
    fleet: Fleet,
    drivers: JoinSet<()>,
    riders: JoinSet<()>,
    driver_count: u64,
    rider_count: u64,
    started: Instant,
}

/// How a stretch of time ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stretch {
    /// As it should.
    Done,
    /// The caller stopped it.
    Stopped,
    /// Nobody is left: the service sent all away.
    Deserted,
}

impl Crew {
    pub(crate) fn new(
        endpoint: Endpoint,
        fleet: Fleet,
        vehicles: impl IntoIterator<Item = VehicleId>,
    ) -> Self {
        Self {
            context: Context::new(endpoint, fleet.flaky, Tally::new(vehicles)),
            fleet,
            drivers: JoinSet::new(),
            riders: JoinSet::new(),
            driver_count: 0,
            rider_count: 0,
            started: Instant::now(),
        }
    }

    /// A source of chance for a client, never the same twice.
    pub(crate) fn chance(&self) -> rand_chacha::ChaCha8Rng {
        let index = self.driver_count + self.rider_count;
        chance(self.fleet.seed, CLIENT_STREAMS + index)
    }

    /// Lets a driver connect after `delay`.
    pub(crate) fn driver(&mut self, driver: Driver<impl FixSource>, delay: Duration) {
        self.driver_count += 1;
        self.drivers
            .spawn(keep(Arc::clone(&self.context), driver, delay));
    }

    /// The next rider.
    pub(crate) fn new_rider(&self, places: Places) -> Result<Rider, SimError> {
        let index = usize::try_from(self.rider_count).unwrap_or(usize::MAX);
        let context = Arc::clone(&self.context);
        Ok(Rider::new(
            context,
            &self.fleet,
            index,
            places,
            self.chance(),
        )?)
    }

    /// Lets a rider connect after `delay`.
    pub(crate) fn rider(&mut self, rider: Rider, delay: Duration) {
        self.rider_count += 1;
        self.riders
            .spawn(keep(Arc::clone(&self.context), rider, delay));
    }

    /// Lets open rides come to their ends, for a while.
    pub(crate) async fn wind_up(
        &mut self,
        ended: Stretch,
        progress: &mut (dyn FnMut(RunProgress) + Send),
    ) {
        self.context.wind_up.cancel();
        let context = Arc::clone(&self.context);
        let all_over = async {
            while context.rides.anybody_busy() {
                sleep(LOOK_EVERY).await;
            }
        };
        let within = match ended {
            Stretch::Done => RIDES_END_WITHIN,
            Stretch::Stopped => RIDES_END_SOON_WITHIN,
            Stretch::Deserted => return,
        };
        let until = async { _ = timeout(within, all_over).await };
        // The caller's stop has done its part; the second one ends the program.
        let stop = CancellationToken::new();
        self.during(until, &stop, None, progress).await;
    }

    /// Lets everybody do what they do until `until`, and tells how it goes.
    pub(crate) async fn during(
        &mut self,
        until: impl Future<Output = ()>,
        stop: &CancellationToken,
        updates_total: Option<u64>,
        progress: &mut (dyn FnMut(RunProgress) + Send),
    ) -> Stretch {
        let mut until = std::pin::pin!(until);
        let mut second = interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let context = Arc::clone(&self.context);
        let joined = |task: Result<(), JoinError>| {
            if task.is_err() {
                context.tally.error("client_panicked");
            }
        };
        loop {
            if self.drivers.is_empty() && self.riders.is_empty() {
                return Stretch::Deserted;
            }
            tokio::select! {
                () = &mut until => return Stretch::Done,
                () = stop.cancelled() => return Stretch::Stopped,
                _ = second.tick() => progress(self.progress(updates_total)),
                Some(task) = self.drivers.join_next() => joined(task),
                Some(task) = self.riders.join_next() => joined(task),
            }
        }
    }

    fn progress(&self, updates_total: Option<u64>) -> RunProgress {
        let tally = &self.context.tally;
        let (rides_over, rides_open) = self.context.rides.over_and_open();
        RunProgress {
            elapsed: self.started.elapsed(),
            drivers_online: tally.drivers_online(),
            riders_watching: tally.riders_watching(),
            updates_sent: tally.updates_sent(),
            updates_total,
            vehicle_updates_delivered: tally.updates_delivered(),
            rides_open,
            rides_over,
        }
    }

    /// Ends all sessions, in order, and adds up.
    pub(crate) async fn finish(mut self, mode: Mode, cut_short: bool) -> Report {
        let duration_s = self.started.elapsed().as_secs_f64();
        self.context.stop_drivers.cancel();
        // Whoever hangs is dropped; what it sent stays unconfirmed.
        let _ = timeout(DRIVERS_LEAVE_WITHIN, all(&mut self.drivers)).await;
        self.drivers.abort_all();
        if self.rider_count > 0 {
            sleep(LAST_WORDS).await;
        }
        self.context.stop_riders.cancel();
        let _ = timeout(RIDERS_LEAVE_WITHIN, all(&mut self.riders)).await;
        self.riders.abort_all();

        let totals = self.context.tally.totals();
        let (events_received, events_missed, events_doubled) = self.context.rides.events();
        let refused: u64 = totals.words.refused.values().sum();
        Report {
            mode,
            duration_s,
            cut_short,
            vehicles: self.driver_count,
            riders: self.rider_count,
            updates_sent: totals.sent,
            updates_accepted: totals.accepted,
            updates_unconfirmed: totals.sent.saturating_sub(totals.accepted + refused),
            refused: totals.words.refused,
            updates_seen: totals.seen,
            vehicle_updates_delivered: totals.delivered,
            snapshot_vehicles: totals.snapshot,
            went_back: totals.went_back,
            latency_ms: totals.latency,
            latency_unmatched: totals.unmatched,
            connect_ms: totals.connect,
            sessions_opened: totals.opened,
            reconnects: totals.reconnected,
            disconnects: totals.words.disconnects,
            errors: totals.words.errors,
            gave_up: totals.gave_up,
            events_received,
            events_missed,
            events_doubled,
            rides: (mode != Mode::Replay).then(|| self.context.rides.figures()),
            replay: None,
            load: None,
        }
    }
}

async fn keep(context: Arc<Context>, client: impl Client, delay: Duration) {
    tokio::select! {
        () = sleep(delay) => context.keep(client).await,
        () = context.stop_drivers.cancelled() => {}
    }
}

async fn all(tasks: &mut JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}
