use std::time::Duration;

use crate::telemetry::PushMetrics;

/// What was sent, until the metrics are told: once for each round, as all threads share them.
#[derive(Debug, Default)]
pub(super) struct Told {
    frames: Vec<u32>,
    joined: u64,
    held_back: u64,
    counts: u64,
}

impl Told {
    /// A frame with so many vehicles, in which so many earlier moves of them are left out.
    pub(super) fn frame(&mut self, vehicles: u32, joined: u32) {
        self.frames.push(vehicles);
        self.joined += u64::from(joined);
    }

    /// A frame has to wait, for its subscription's rate.
    pub(super) const fn held_back(&mut self) {
        self.held_back += 1;
    }

    /// A message with counts.
    pub(super) const fn counts(&mut self) {
        self.counts += 1;
    }

    pub(super) fn report(&mut self, metrics: &PushMetrics) {
        metrics.frames_delivered.inc_by(self.frames.len() as u64);
        let vehicles = self.frames.iter().map(|&count| u64::from(count)).sum();
        metrics.vehicle_updates_delivered.inc_by(vehicles);
        for count in self.frames.drain(..) {
            metrics.frame_vehicles.observe(f64::from(count));
        }
        let joined = std::mem::take(&mut self.joined);
        metrics.vehicle_updates_joined.inc_by(joined);
        let held_back = std::mem::take(&mut self.held_back);
        metrics.frames_held_back.inc_by(held_back);
        let counts = std::mem::take(&mut self.counts);
        metrics.density_frames_delivered.inc_by(counts);
    }

    /// A round is over, and the thread rests for so long.
    pub(super) fn rests(metrics: &PushMetrics, rest: Duration) {
        metrics.rounds.inc();
        metrics.rest_seconds.inc_by(rest.as_secs_f64());
    }
}
