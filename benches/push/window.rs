//! A stretch of time under measurement: what it cost, and what was delivered in it.

use std::time::Instant;

use crate::crowd::Crowd;
use crate::meter::Counts;
use crate::process::cpu_s;
use crate::report::{Figures, latencies};

/// Measures from its making to its end.
pub(crate) struct Window<'a> {
    crowd: &'a Crowd,
    pid: u32,
    began: Instant,
    cpu_s: f64,
    counts: Counts,
}

/// What was measured.
pub(crate) struct Measured {
    pub(crate) cpu_s: f64,
    pub(crate) took_s: f64,
    pub(crate) updates: f64,
    pub(crate) frames: f64,
    pub(crate) bytes: f64,
    latencies: Figures,
}

impl<'a> Window<'a> {
    pub(crate) fn open(crowd: &'a Crowd, pid: u32) -> Self {
        crowd.begin_latencies();
        Self {
            crowd,
            pid,
            began: Instant::now(),
            cpu_s: cpu_s(pid),
            counts: crowd.counts(),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts below 2^52")]
    pub(crate) fn close(self) -> Measured {
        let (counts, before) = (self.crowd.counts(), self.counts);
        Measured {
            cpu_s: cpu_s(self.pid) - self.cpu_s,
            took_s: self.began.elapsed().as_secs_f64(),
            updates: (counts.updates - before.updates) as f64,
            frames: (counts.frames - before.frames) as f64,
            bytes: (counts.bytes - before.bytes) as f64,
            latencies: latencies(&self.crowd.take_latencies()),
        }
    }
}

impl Measured {
    /// The columns that every kind of delivery has.
    pub(crate) fn figures(&self) -> Figures {
        let mut figures = vec![("cpu_s_per_million", self.cpu_s / self.updates * 1e6)];
        figures.extend(self.latencies.iter().copied());
        figures.push(("updates_per_s", self.updates / self.took_s));
        if self.frames > 0.0 {
            figures.push(("updates_per_frame", self.updates / self.frames));
        }
        figures.push(("bytes_per_update", self.bytes / self.updates));
        figures.push(("cores", self.cpu_s / self.took_s));
        figures
    }
}
