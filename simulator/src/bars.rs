//! Progress for people: bars on a terminal, plain lines elsewhere. On stderr,
//! so that a report on stdout stays clean.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use ridecast_roads::{Phase, Progress};

use crate::RunProgress;

/// Elsewhere than on a terminal, how a run goes is told this often.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows how the loading of a city goes. Pass [`show`](Self::show) to [`load_city`](crate::load_city).
#[derive(Debug, Default)]
pub struct LoadingBar {
    current: Option<(Phase, ProgressBar)>,
}

impl LoadingBar {
    /// Nothing is shown yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Shows a step.
    pub fn show(&mut self, progress: Progress) {
        if self.current.as_ref().map(|(phase, _)| *phase) != Some(progress.phase) {
            self.done();
            let words = words(progress.phase);
            let bar = if on_terminal() {
                bar(progress.total, words)
            } else {
                eprintln!("{words} …");
                ProgressBar::hidden()
            };
            self.current = Some((progress.phase, bar));
        }
        if let Some((_, bar)) = &self.current {
            bar.set_position(progress.done);
        }
    }

    /// Removes the bar.
    pub fn done(&mut self) {
        if let Some((_, bar)) = self.current.take() {
            bar.finish_and_clear();
        }
    }
}

fn words(phase: Phase) -> &'static str {
    match phase {
        Phase::ReadingWays => "Reading streets",
        Phase::ReadingNodes => "Reading places",
        Phase::Connecting => "Connecting streets",
        Phase::PreparingRoutes => "Preparing routes",
    }
}

/// Shows how a simulation goes.
#[derive(Debug)]
pub struct RunningBar {
    bar: ProgressBar,
    next_line: Duration,
}

impl RunningBar {
    /// For a simulation of that length, if it has one.
    #[must_use]
    pub fn new(duration: Option<Duration>) -> Self {
        let bar = match duration {
            _ if !on_terminal() => ProgressBar::hidden(),
            Some(duration) => bar(duration.as_secs(), ""),
            None => spinner(),
        };
        Self {
            bar,
            next_line: Duration::ZERO,
        }
    }

    /// Shows what [`run`](crate::run), [`replay`](crate::replay) and [`load`](crate::load) tell.
    pub fn show(&mut self, progress: RunProgress) {
        let message = format!(
            "{} drivers, {} riders, {} updates sent, {} delivered, {} rides, {} over",
            progress.drivers_online,
            progress.riders_watching,
            match progress.updates_total {
                Some(total) => format!("{} of {total}", progress.updates_sent),
                None => progress.updates_sent.to_string(),
            },
            progress.vehicle_updates_delivered,
            progress.rides_open,
            progress.rides_over,
        );
        if self.bar.is_hidden() && !on_terminal() && progress.elapsed >= self.next_line {
            eprintln!("{:>5} s  {message}", progress.elapsed.as_secs());
            self.next_line = progress.elapsed + LINE_EVERY;
        }
        self.bar.set_position(progress.elapsed.as_secs());
        self.bar.set_message(message);
    }

    /// Removes the bar.
    pub fn done(&self) {
        self.bar.finish_and_clear();
    }
}

fn on_terminal() -> bool {
    std::io::stderr().is_terminal()
}

fn bar(total: u64, words: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {percent:>3}%  {msg}");
    let bar = ProgressBar::new(total).with_message(words);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn spinner() -> ProgressBar {
    let style = ProgressStyle::with_template("{elapsed}  {msg}");
    let bar = ProgressBar::new_spinner();
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
