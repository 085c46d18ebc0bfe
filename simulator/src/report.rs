//! What a simulation found out.

use std::collections::BTreeMap;
use std::fmt;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::ride_figures::RideFigures;

/// Which kind of simulation it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// [`run`](crate::run).
    Run,
    /// [`replay`](crate::replay).
    Replay,
    /// [`load`](crate::load).
    Load,
}

/// The result of a simulation. As JSON its field names never change.
///
/// `updates_sent = updates_accepted + updates_unconfirmed + all of refused`,
/// exactly, with any service that judges positions in the order of their coming.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Which kind of simulation it was.
    pub mode: Mode,
    /// From its start to its end, seconds.
    pub duration_s: f64,
    /// True: it was stopped before its time was over or its trace was at its end.
    pub cut_short: bool,
    /// How many drivers took part, each with a vehicle.
    pub vehicles: u64,
    /// How many riders took part.
    pub riders: u64,
    /// Positions written to a socket.
    pub updates_sent: u64,
    /// Those that the service took.
    pub updates_accepted: u64,
    /// Those written to a connection that broke before the service told that it had judged them.
    pub updates_unconfirmed: u64,
    /// Those that the service did not take, by the code of the error.
    pub refused: BTreeMap<String, u64>,
    /// Sent positions that at least one rider received as a change.
    pub updates_seen: u64,
    /// Vehicles received by riders in changes; those in snapshots are not among them.
    pub vehicle_updates_delivered: u64,
    /// Vehicles received by riders in snapshots.
    pub snapshot_vehicles: u64,
    /// Vehicles received that were older than what the rider had of them: must be 0.
    pub went_back: u64,
    /// From the sending of a position to its receipt by a rider, milliseconds. Of vehicles that
    /// the rider was watching already: one that has just come into view may have been sent before.
    pub latency_ms: Percentiles,
    /// Received positions whose sending was too long ago to be remembered: they are missing in
    /// `latency_ms`, which then looks better than it was.
    pub latency_unmatched: u64,
    /// From the start of a connection to its `welcome`, milliseconds.
    pub connect_ms: Percentiles,
    /// Sessions that the service welcomed.
    pub sessions_opened: u64,
    /// How many of them were not the first of their person.
    pub reconnects: u64,
    /// Why sessions ended early, or connections failed, that were tried again.
    pub disconnects: BTreeMap<String, u64>,
    /// What went wrong besides: errors of the service by code, messages that could not be read.
    pub errors: BTreeMap<String, u64>,
    /// Drivers and riders that stopped trying, as the service asked them to.
    pub gave_up: u64,
    /// Events that came to drivers and riders.
    pub events_received: u64,
    /// Events that never came, by their offsets; an inbox that could not be resumed counts as 1
    /// at least. Must be 0.
    pub events_missed: u64,
    /// Events that came again although the client had said that it has them: must be 0.
    pub events_doubled: u64,
    /// What became of rides. Absent from a replay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rides: Option<RideFigures>,
    /// Only of a replay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<ReplayFigures>,
    /// Only of a load test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadFigures>,
}

/// What a replay adds. How many fixes were sent, accepted, refused and delivered
/// stands in [`Report`]: each update is a fix of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplayFigures {
    /// All that the file holds.
    pub fixes_in_file: u64,
    /// Those whose time had come when the replay ended: all, unless it was cut short.
    pub fixes_due: u64,
    /// Those due that no connection could be found for.
    pub fixes_unsent: u64,
}

/// What a load test adds: the time in which the full number was held.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LoadFigures {
    /// How long it lasted, seconds.
    pub held_s: f64,
    /// Drivers connected at its start.
    pub drivers_connected: u64,
    /// Riders connected at its start.
    pub riders_connected: u64,
    /// Positions sent in it, per second.
    pub updates_per_s: f64,
    /// Vehicle updates received in it, per second.
    pub deliveries_per_s: f64,
}

/// The distribution of a duration, in milliseconds. Absent (null) where nothing was measured.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Percentiles {
    /// How many were measured.
    pub samples: u64,
    /// Half were at most this.
    pub p50: Option<f64>,
    /// Nine in ten were at most this.
    pub p90: Option<f64>,
    /// 99 in 100 were at most this.
    pub p99: Option<f64>,
    /// All were at most this.
    pub max: Option<f64>,
}

impl Percentiles {
    /// Of a histogram in microseconds.
    pub(crate) fn of_micros(histogram: &Histogram<u64>) -> Self {
        #[expect(
            clippy::cast_precision_loss,
            reason = "microseconds of an hour fit in 53 bits"
        )]
        let ms = |micros: u64| (!histogram.is_empty()).then_some(micros as f64 / 1_000.0);
        Self {
            samples: histogram.len(),
            p50: ms(histogram.value_at_quantile(0.5)),
            p90: ms(histogram.value_at_quantile(0.9)),
            p99: ms(histogram.value_at_quantile(0.99)),
            max: ms(histogram.max()),
        }
    }
}

impl Report {
    /// What makes this simulation a failure, in words for people; empty: it went well.
    ///
    /// Refused positions and sessions that came back are no failure: real
    /// drivers have both.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut check = |bad: bool, problem: String| {
            if bad {
                problems.push(problem);
            }
        };
        check(
            self.vehicles > 0 && self.updates_accepted == 0,
            "no position was accepted".to_owned(),
        );
        let judged = self.updates_accepted + self.refused.values().sum::<u64>();
        check(
            judged + self.updates_unconfirmed != self.updates_sent,
            "the books do not balance: the service answered out of order".to_owned(),
        );
        check(
            self.riders > 0 && self.vehicle_updates_delivered == 0,
            "nothing was delivered".to_owned(),
        );
        check(
            self.gave_up > 0,
            format!("{} sessions were given up", self.gave_up),
        );
        check(
            !self.errors.is_empty(),
            format!("errors: {}", counts(&self.errors)),
        );
        check(
            self.went_back > 0,
            format!("{} vehicles went back in time", self.went_back),
        );
        check(
            self.events_missed > 0,
            format!("{} events were missed", self.events_missed),
        );
        check(
            self.events_doubled > 0,
            format!("{} events came twice", self.events_doubled),
        );
        let open = self.rides.as_ref().map_or(0, |rides| rides.open);
        check(open > 0, format!("{open} rides did not end"));
        let unsent = self.replay.as_ref().map_or(0, |replay| replay.fixes_unsent);
        check(unsent > 0, format!("{unsent} fixes could not be sent"));
        problems
    }
}

fn counts(counts: &BTreeMap<String, u64>) -> String {
    if counts.is_empty() {
        return "none".to_owned();
    }
    let counts: Vec<_> = counts
        .iter()
        .map(|(word, count)| format!("{word} {count}"))
        .collect();
    counts.join(", ")
}

impl fmt::Display for Percentiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(p50), Some(p90), Some(p99), Some(max)) = (self.p50, self.p90, self.p99, self.max)
        else {
            return f.write_str("not measured");
        };
        write!(
            f,
            "p50 {p50:.1}  p90 {p90:.1}  p99 {p99:.1}  max {max:.1} ms  ({} measured)",
            self.samples
        )
    }
}

/// A short table for people.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, value: String| writeln!(f, "{name:<18}{value}");
        let cut = if self.cut_short {
            ", stopped early"
        } else {
            ""
        };
        line("time", format!("{:.1} s{cut}", self.duration_s))?;
        line(
            "took part",
            format!("{} vehicles, {} riders", self.vehicles, self.riders),
        )?;
        if let Some(replay) = &self.replay {
            line(
                "fixes",
                format!(
                    "{} in the file, {} in the time played, {} could not be sent",
                    replay.fixes_in_file, replay.fixes_due, replay.fixes_unsent
                ),
            )?;
        }
        if let Some(load) = &self.load {
            line(
                "held",
                format!(
                    "{:.1} s with {} drivers and {} riders",
                    load.held_s, load.drivers_connected, load.riders_connected
                ),
            )?;
            line(
                "  rates",
                format!(
                    "{:.0} updates/s sent, {:.0} vehicle updates/s delivered",
                    load.updates_per_s, load.deliveries_per_s
                ),
            )?;
        }
        line("updates sent", self.updates_sent.to_string())?;
        line("  accepted", self.updates_accepted.to_string())?;
        line("  refused", counts(&self.refused))?;
        if self.updates_unconfirmed > 0 {
            line("  unconfirmed", self.updates_unconfirmed.to_string())?;
        }
        line("  seen by a rider", self.updates_seen.to_string())?;
        line(
            "delivered",
            format!(
                "{} vehicle updates, and {} vehicles in snapshots",
                self.vehicle_updates_delivered, self.snapshot_vehicles
            ),
        )?;
        line("latency", self.latency_ms.to_string())?;
        if self.latency_unmatched > 0 {
            line("  not measured", self.latency_unmatched.to_string())?;
        }
        if let Some(rides) = self.rides.as_ref().filter(|rides| rides.asked > 0) {
            line("rides", rides.asked.to_string())?;
            line("  ended", counts(&rides.outcomes))?;
            line("  offers", counts(&rides.offers))?;
            line("  until accepted", rides.time_to_accept_s.to_string())?;
            line("  pickup ETA off", rides.pickup_eta_error_s.to_string())?;
            line("  pickup late", rides.pickup_late_s.to_string())?;
            line(
                "  messages",
                format!(
                    "{} in chats, {} of progress",
                    rides.chat_messages, rides.progress_messages
                ),
            )?;
            line("  refused", counts(&rides.refused))?;
        }
        line(
            "events",
            format!(
                "{} received, {} missed, {} twice",
                self.events_received, self.events_missed, self.events_doubled
            ),
        )?;
        line("connect", self.connect_ms.to_string())?;
        line(
            "sessions",
            format!(
                "{} opened, {} of them again",
                self.sessions_opened, self.reconnects
            ),
        )?;
        if !self.disconnects.is_empty() {
            line("disconnects", counts(&self.disconnects))?;
        }
        line("errors", counts(&self.errors))?;
        for problem in self.problems() {
            line("PROBLEM", problem)?;
        }
        Ok(())
    }
}
