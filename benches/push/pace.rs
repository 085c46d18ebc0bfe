//! Drivers who send at a steady rate, each at its own moment of the period.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::driver::Driver;

/// Drivers at work in a thread of their own, until dropped.
pub(crate) struct Traffic {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: Option<JoinHandle<Vec<Driver>>>,
}

impl Traffic {
    /// Each driver sends so many positions a second.
    pub(crate) fn start(mut drivers: Vec<Driver>, rate_hz: f64) -> Self {
        let (stop, sent) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&sent));
        let thread = std::thread::spawn(move || {
            #[expect(clippy::cast_precision_loss, reason = "some thousand drivers")]
            let gap = Duration::from_secs_f64(1.0 / rate_hz / drivers.len() as f64);
            let mut due = Instant::now();
            while !stopped.load(Relaxed) {
                for driver in &mut drivers {
                    let now = Instant::now();
                    if due > now {
                        // In steps of a millisecond: to sleep for each would cost more than to send.
                        std::thread::sleep((due - now).max(Duration::from_millis(1)));
                        if stopped.load(Relaxed) {
                            break;
                        }
                    }
                    driver.send();
                    count.fetch_add(1, Relaxed);
                    due += gap;
                }
                // Who cannot keep up does not catch up: the rate is then what it is.
                due = due.max(
                    Instant::now()
                        .checked_sub(Duration::from_millis(200))
                        .unwrap_or(due),
                );
            }
            drivers
        });
        Self {
            stop,
            sent,
            thread: Some(thread),
        }
    }

    /// How many positions were sent.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    /// Ends it; the drivers stay connected.
    pub(crate) fn stop(mut self) -> Vec<Driver> {
        self.stop.store(true, Relaxed);
        let thread = self.thread.take().expect("joined once");
        thread.join().expect("it does not panic")
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
