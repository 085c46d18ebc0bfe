//! The hub, one for each worker thread: which session of this thread watches
//! which cells. It collects moves, filters them, and composes what each socket
//! gets at the moment that socket can take it.
//!
//! Everything in here lives on one thread: no locks, no atomics.

mod density;
mod encode;
mod follow;
mod outbox;
mod outlet;
mod seat;
mod sees;
mod state;
mod subscription;
#[cfg(test)]
mod tests;
mod told;
mod vehicle;
mod watching;
mod wish;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ridecast_protocol::{ErrorBody, ErrorCode};
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::Notify;

pub use follow::Aim;
pub use outbox::{Full, Message};
pub use outlet::{JOINED_BYTES, Outlet};
pub use seat::{Feed, Seat};
pub use sees::Sees;
pub use wish::check_rate;

use crate::fleet::{Fleet, Listener};
use crate::spatial::{Area, NotAnArea};
use crate::telemetry::Metrics;
use state::State;
use told::Told;

/// What a session may watch, and how long moves may be gathered.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Largest radius of a `nearby` channel and query, metres.
    pub max_radius_m: f64,
    /// Largest surface of a `viewport` channel, km².
    pub max_viewport_km2: f64,
    /// Most subscriptions of one session.
    pub max_subscriptions: usize,
    /// Longest that a move should wait while the thread has time left: for the round under way,
    /// for the rest after it, for its own round to get there, and for what else the thread does.
    pub max_delay: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_radius_m: 20_000.0,
            max_viewport_km2: 40_000.0,
            max_subscriptions: 16,
            max_delay: Duration::from_millis(51),
        }
    }
}

impl Settings {
    /// A circle within the limits.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidArea`], [`ErrorCode::AreaTooLarge`].
    pub fn circle(&self, latitude: f64, longitude: f64, radius_m: f64) -> Result<Area, ErrorBody> {
        let area = Area::circle(latitude, longitude, radius_m).map_err(invalid_area)?;
        if radius_m > self.max_radius_m {
            let most = self.max_radius_m;
            return Err(ErrorBody::new(
                ErrorCode::AreaTooLarge,
                format!("`radius_m` is {radius_m} and may be at most {most}"),
            ));
        }
        Ok(area)
    }

    /// A rectangle within the limits.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidArea`], [`ErrorCode::AreaTooLarge`].
    pub fn rectangle(
        &self,
        south: f64,
        west: f64,
        north: f64,
        east: f64,
    ) -> Result<Area, ErrorBody> {
        let area = Area::rectangle(south, west, north, east).map_err(invalid_area)?;
        let (surface, most) = (area.surface_km2(), self.max_viewport_km2);
        if surface > most {
            return Err(ErrorBody::new(
                ErrorCode::AreaTooLarge,
                format!(
                    "the viewport covers {surface:.0} km² and may cover at most {most}: zoom in"
                ),
            ));
        }
        // A ribbon around the Earth has little surface, and more cells than one client may cost.
        let (reach_km, most_km) = (area.reach_m() / 1000.0, RIBBON * most.sqrt());
        if reach_km > most_km {
            return Err(ErrorBody::new(
                ErrorCode::AreaTooLarge,
                format!(
                    "the viewport reaches {reach_km:.0} km from its middle and may reach {most_km:.0}: zoom in"
                ),
            ));
        }
        Ok(area)
    }
}

/// How far a viewport may reach from its middle, in sides of the largest square it may be.
const RIBBON: f64 = 3.0;

fn invalid_area(error: NotAnArea) -> ErrorBody {
    ErrorBody::new(ErrorCode::InvalidArea, error.to_string())
}

/// How a session wants its vehicles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// As JSON text.
    Json,
    /// As frames of `ridecast_protocol::binary`.
    Binary,
}

/// The hub of this thread.
#[derive(Clone)]
pub struct Hub {
    state: Rc<RefCell<State>>,
    listener: Rc<Listener>,
    /// A session's doing brought others news.
    stirred: Rc<Notify>,
}

/// After a round, as many times what it cost is waited, so that a busy thread
/// gathers more moves into each frame and an idle one none.
const REST_AFTER_ROUND: u32 = 8;
/// The timer's own grain: a shorter rest would become this long.
const LEAST_REST: Duration = Duration::from_millis(1);
/// Vehicles that are followed, and not found, are looked for this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Hub {
    /// A hub for this thread; [`Hub::run`] makes it work.
    #[must_use]
    pub fn new(
        fleet: Arc<Fleet>,
        listener: Listener,
        metrics: Arc<Metrics>,
        settings: Settings,
    ) -> Self {
        let listener = Rc::new(listener);
        let state = State::new(fleet, Rc::clone(&listener), metrics, settings);
        Self {
            state: Rc::new(RefCell::new(state)),
            listener,
            stirred: Rc::default(),
        }
    }

    /// A new session: the seat is for its actor, the feed for its socket.
    #[must_use]
    pub fn join(&self, format: Format) -> (Seat, Feed) {
        let seat = self.state.borrow_mut().join(format);
        seat::pair(self, seat)
    }

    /// Passes moves on to who watches, for ever.
    ///
    /// Adaptive: at once while the thread is idle. The rest after a round is in proportion to
    /// what it has cost, up to the longest delay, so that load turns into larger frames, not
    /// into a queue.
    pub async fn run(self) {
        // It polls a thousand sockets in a row; tokio would have it stop after 128.
        tokio::task::unconstrained(self.pass_on()).await;
    }

    /// Takes in what has changed, and tells everybody whom it concerns.
    pub fn round(&self) {
        let mut state = self.state.borrow_mut();
        state.pass();
        state.tell_round();
    }

    async fn pass_on(self) {
        let mut looked = Instant::now();
        let mut counts = self.state.borrow().fleet.hear_counts();
        loop {
            let delayed = self.state.borrow().waiting.delayed.first().map(|it| it.0);
            let due = delayed.unwrap_or(looked + LOOK_EVERY);
            tokio::select! {
                () = self.listener.changed() => {}
                () = self.stirred.notified() => {}
                Ok(()) = counts.changed() => self.state.borrow_mut().counted(),
                () = tokio::time::sleep_until(due.into()) => {}
            }
            let cost_before = thread_cpu_time();
            self.round();
            if looked.elapsed() > LOOK_EVERY {
                self.state.borrow_mut().look_again();
                looked = Instant::now();
            }
            // Sockets that were woken write now; that belongs to the cost.
            tokio::task::yield_now().await;
            let cost = thread_cpu_time().saturating_sub(cost_before);
            let rest = {
                let state = self.state.borrow();
                let rest = rest_after(cost, state.settings.max_delay);
                Told::rests(&state.metrics.push, rest);
                rest
            };
            if rest >= LEAST_REST {
                tokio::time::sleep(rest).await;
            }
        }
    }

    /// A session did something: what it took in on the way may be news to others.
    fn stir(&self) {
        if !self.state.borrow().waiting.is_empty() {
            self.stirred.notify_one();
        }
    }
}

/// How long to gather moves after a round of that cost.
fn rest_after(cost: Duration, max_delay: Duration) -> Duration {
    let longest = max_delay.saturating_sub(3 * cost);
    // Half of a thread is for its sockets and requests, whatever the hub has to do.
    (REST_AFTER_ROUND * cost).min(longest).max(cost)
}

/// What this thread has cost the processor. Not the clock on the wall: while
/// other programs hold the processor, a rest would only add to the delay.
fn thread_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
