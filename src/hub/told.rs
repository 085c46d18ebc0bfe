use crate::telemetry::Metrics;

/// What was sent, until the metrics are told: once for each pass, as all threads share them.
#[derive(Debug, Default)]
pub(super) struct Told {
    frames: Vec<u32>,
}

impl Told {
    /// A frame with so many vehicles.
    pub(super) fn frame(&mut self, vehicles: usize) {
        self.frames
            .push(u32::try_from(vehicles).unwrap_or(u32::MAX));
    }

    pub(super) fn report(&mut self, metrics: &Metrics) {
        metrics.frames_delivered.inc_by(self.frames.len() as u64);
        let vehicles = self.frames.iter().map(|&count| u64::from(count)).sum();
        metrics.vehicle_updates_delivered.inc_by(vehicles);
        for count in self.frames.drain(..) {
            metrics.frame_vehicles.observe(f64::from(count));
        }
    }
}
