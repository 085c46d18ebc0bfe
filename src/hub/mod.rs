//! The hub, one for each worker thread: which session of this thread watches
//! which cells. It collects moves, filters them, and composes what each socket
//! gets at the moment that socket can take it.
//!
//! Everything in here lives on one thread: no locks, no atomics.

mod encode;
mod outbox;
mod seat;
mod subscription;
mod vehicle;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use ridecast_protocol::{ErrorBody, ErrorCode, Subscribe, SubscriptionName};
use rustc_hash::FxHashMap;
use slab::Slab;

pub use outbox::{Full, Message};
pub use seat::{Feed, Seat};

use crate::fleet::{Fleet, Listener, Seen, Vehicle};
use crate::spatial::{Area, NotAnArea, WatchCell};
use crate::telemetry::{Metrics, now_ms};
use outbox::Outbox;
use subscription::{Subscription, Wish};
use vehicle::HubVehicle;

/// What a session may watch, and how long moves may be gathered.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Largest radius of a `nearby` channel and query, metres.
    pub max_radius_m: f64,
    /// Largest surface of a `viewport` channel, km².
    pub max_viewport_km2: f64,
    /// Most subscriptions of one session.
    pub max_subscriptions: usize,
    /// Longest time that moves are gathered when the thread is busy.
    pub max_delay: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_radius_m: 20_000.0,
            max_viewport_km2: 40_000.0,
            max_subscriptions: 16,
            max_delay: Duration::from_millis(100),
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
        Ok(area)
    }
}

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
}

struct State {
    fleet: Arc<Fleet>,
    metrics: Arc<Metrics>,
    settings: Settings,
    seats: Slab<SeatState>,
    subscriptions: Slab<Subscription>,
    watchers: FxHashMap<WatchCell, Vec<usize>>,
    vehicles: FxHashMap<u32, HubVehicle>,
    /// Subscriptions that have something to tell, but not before that time.
    delayed: BTreeSet<(Instant, usize)>,
    /// Cells were left: vehicles may be kept that nobody here watches.
    untidy: bool,
}

struct SeatState {
    format: Format,
    outbox: Outbox,
    subscriptions: Vec<usize>,
    /// One of the two, actor and socket, has left; the second frees the seat.
    one_left: bool,
}

/// After a pass that took this long, as many times as long is waited, so that
/// a busy thread gathers more moves into each frame and an idle one none.
const REST_AFTER_WORK: u32 = 4;
/// The timer's own grain: a shorter rest would become this long.
const LEAST_REST: Duration = Duration::from_millis(1);

impl Hub {
    /// A hub for this thread; [`Hub::run`] makes it work.
    #[must_use]
    pub fn new(
        fleet: Arc<Fleet>,
        listener: Listener,
        metrics: Arc<Metrics>,
        settings: Settings,
    ) -> Self {
        Self {
            state: Rc::new(RefCell::new(State {
                fleet,
                metrics,
                settings,
                seats: Slab::new(),
                subscriptions: Slab::new(),
                watchers: FxHashMap::default(),
                vehicles: FxHashMap::default(),
                delayed: BTreeSet::new(),
                untidy: false,
            })),
            listener: Rc::new(listener),
        }
    }

    /// A new session: the seat is for its actor, the feed for its socket.
    #[must_use]
    pub fn join(&self, format: Format) -> (Seat, Feed) {
        let seat = self.state.borrow_mut().seats.insert(SeatState {
            format,
            outbox: Outbox::default(),
            subscriptions: Vec::new(),
            one_left: false,
        });
        seat::pair(self, seat)
    }

    /// Passes moves on to who watches, for ever.
    ///
    /// Adaptive: at once while the thread is idle. The rest after a pass is in
    /// proportion to what the pass and the writes it caused have cost, up to
    /// the longest delay, so that load turns into larger frames, not into a queue.
    pub async fn run(self) {
        let mut tidied = Instant::now();
        loop {
            let due = self.state.borrow().delayed.first().map(|(at, _)| *at);
            let due = due.unwrap_or_else(|| Instant::now() + Duration::from_secs(1));
            let sleep = pin!(tokio::time::sleep_until(due.into()));
            if let Either::Right(_) = select(pin!(self.listener.changed()), sleep).await {
                self.state.borrow_mut().wake_delayed();
            }
            let started = Instant::now();
            self.state.borrow_mut().pass(self.listener.take());
            if started.duration_since(tidied) > Duration::from_secs(1) {
                self.state.borrow_mut().tidy();
                tidied = started;
            }
            // The sockets that were woken write now; that belongs to the cost.
            tokio::task::yield_now().await;
            let rest =
                (started.elapsed() * REST_AFTER_WORK).min(self.state.borrow().settings.max_delay);
            if rest >= LEAST_REST {
                tokio::time::sleep(rest).await;
            }
        }
    }
}

impl State {
    fn pass(&mut self, vehicles: Vec<Arc<Vehicle>>) {
        let now = Instant::now();
        for vehicle in vehicles {
            let seen = vehicle.seen();
            self.note(&vehicle, seen, now);
        }
    }

    /// A vehicle is now like this, or gone: tells every subscription that may care.
    fn note(&mut self, vehicle: &Vehicle, seen: Option<Seen>, now: Instant) {
        let handle = vehicle.handle();
        let cell = seen.as_ref().map(|seen| seen.cell);
        let before = match seen {
            Some(seen) => self
                .vehicles
                .insert(handle, HubVehicle::new(vehicle.id().clone(), handle, seen)),
            None => self.vehicles.remove(&handle),
        };
        let before = before
            .map(|vehicle| vehicle.seen.cell)
            .filter(|&before| Some(before) != cell);

        let known = self.vehicles.get(&handle);
        let mut watched = false;
        for (cell, is_new) in cell
            .map(|cell| (cell, true))
            .into_iter()
            .chain(before.map(|cell| (cell, false)))
        {
            for watchers in WatchCell::around(cell)
                .iter()
                .filter_map(|cell| self.watchers.get(cell))
            {
                watched |= is_new;
                for &id in watchers {
                    if self.subscriptions[id].note(handle, known) {
                        announce(
                            &self.subscriptions[id],
                            id,
                            &mut self.seats,
                            &mut self.delayed,
                            now,
                        );
                    }
                }
            }
        }
        if !watched {
            self.vehicles.remove(&handle);
        }
    }

    /// The session's actor or its socket has left.
    fn leave(&mut self, seat: usize) {
        let state = &mut self.seats[seat];
        state.outbox.end();
        if std::mem::replace(&mut state.one_left, true) {
            self.seats.remove(seat);
        }
    }

    fn wake_delayed(&mut self) {
        let now = Instant::now();
        while let Some(&(at, id)) = self.delayed.first() {
            if at > now {
                return;
            }
            self.delayed.pop_first();
            if let Some(subscription) = self.subscriptions.get(id) {
                self.seats[subscription.seat].outbox.wake();
            }
        }
    }

    /// Forgets the vehicles in cells that nobody here watches any more.
    fn tidy(&mut self) {
        if std::mem::take(&mut self.untidy) {
            let watchers = &self.watchers;
            self.vehicles.retain(|_, vehicle| {
                WatchCell::around(vehicle.seen.cell)
                    .iter()
                    .any(|cell| watchers.contains_key(cell))
            });
        }
    }

    fn find(&self, seat: usize, name: &SubscriptionName) -> Result<usize, ErrorBody> {
        let mine = &self.seats[seat].subscriptions;
        let found = mine
            .iter()
            .find(|&&id| self.subscriptions[id].name == *name);
        found.copied().ok_or_else(|| {
            ErrorBody::new(
                ErrorCode::UnknownSubscription,
                format!("no subscription is named {name}"),
            )
        })
    }

    fn subscribe(
        &mut self,
        seat: usize,
        request: &Subscribe,
        listener: &Listener,
    ) -> Result<(), ErrorBody> {
        let name = &request.subscription;
        if self.find(seat, name).is_ok() {
            return Err(ErrorBody::new(
                ErrorCode::SubscriptionExists,
                format!("{name} exists; `update` changes it"),
            ));
        }
        let most = self.settings.max_subscriptions;
        if self.seats[seat].subscriptions.len() >= most {
            return Err(ErrorBody::new(
                ErrorCode::TooManySubscriptions,
                format!("a session may have at most {most} subscriptions"),
            ));
        }
        let wish = Wish::read(request, &self.settings)?;
        let (area, cells) = (wish.area, wish.area.cover());
        let subscription = Subscription::new(seat, name.clone(), wish, cells.clone());
        let id = self.subscriptions.insert(subscription);
        self.seats[seat].subscriptions.push(id);
        self.watch(id, &cells, listener);
        self.look_around(id, &area);
        Ok(())
    }

    fn update(
        &mut self,
        seat: usize,
        request: &Subscribe,
        listener: &Listener,
    ) -> Result<(), ErrorBody> {
        let id = self.find(seat, &request.subscription)?;
        let wish = Wish::read(request, &self.settings)?;
        let (area, cells) = (wish.area, wish.area.cover());
        let subscription = &mut self.subscriptions[id];
        subscription.wish = wish;
        subscription.review(|handle| self.vehicles.get(&handle));
        let left = std::mem::replace(&mut subscription.cells, cells.clone());
        // First all new cells, then no longer the old: a cell in both is never let go of.
        let new: Vec<_> = cells
            .iter()
            .filter(|cell| !left.contains(cell))
            .copied()
            .collect();
        self.watch(id, &new, listener);
        let old: Vec<_> = left
            .into_iter()
            .filter(|cell| !cells.contains(cell))
            .collect();
        self.unwatch(id, &old, listener);
        self.look_around(id, &area);
        Ok(())
    }

    fn unsubscribe(
        &mut self,
        seat: usize,
        name: &SubscriptionName,
        listener: &Listener,
    ) -> Result<(), ErrorBody> {
        let id = self.find(seat, name)?;
        self.seats[seat].subscriptions.retain(|&mine| mine != id);
        self.end(id, listener);
        Ok(())
    }

    fn end(&mut self, id: usize, listener: &Listener) {
        let subscription = self.subscriptions.remove(id);
        if let Some(at) = subscription.not_before {
            self.delayed.remove(&(at, id));
        }
        self.unwatch(id, &subscription.cells, listener);
    }

    fn watch(&mut self, id: usize, cells: &[WatchCell], listener: &Listener) {
        for &cell in cells {
            let watchers = self.watchers.entry(cell).or_default();
            if watchers.is_empty() {
                self.fleet.watch(listener, cell);
            }
            watchers.push(id);
        }
    }

    fn unwatch(&mut self, id: usize, cells: &[WatchCell], listener: &Listener) {
        for &cell in cells {
            let Some(watchers) = self.watchers.get_mut(&cell) else {
                continue;
            };
            watchers.retain(|&watcher| watcher != id);
            if watchers.is_empty() {
                self.watchers.remove(&cell);
                self.fleet.unwatch(listener, cell);
                self.untidy = true;
            }
        }
    }

    /// Brings a subscription what is in its area now. Its cells are watched
    /// already, so whatever moves meanwhile comes with the next pass.
    fn look_around(&mut self, id: usize, area: &Area) {
        let now = Instant::now();
        for (vehicle, seen) in self.fleet.within(area) {
            let handle = vehicle.handle();
            let known = self.vehicles.get(&handle);
            let same = known.is_some_and(|known| {
                known.seen.fix.position.timestamp_ms == seen.fix.position.timestamp_ms
                    && known.seen.state == seen.state
            });
            if same {
                self.subscriptions[id].note(handle, known);
            } else {
                // News to everybody on this thread, who must not miss that it left another cell.
                self.note(&vehicle, Some(seen), now);
            }
        }
        announce(
            &self.subscriptions[id],
            id,
            &mut self.seats,
            &mut self.delayed,
            now,
        );
    }

    /// What the seat's socket gets now, if there is something and it is time.
    fn compose(&mut self, seat: usize) -> Option<Message> {
        let now = Instant::now();
        let seat = &self.seats[seat];
        let vehicle = |handle| self.vehicles.get(&handle);
        let (id, delta) = seat.subscriptions.iter().find_map(|&id| {
            let subscription = &mut self.subscriptions[id];
            let delta = subscription
                .due(now)
                .then(|| subscription.take(vehicle, now))?;
            // What entered and left again before it was told is nothing to tell.
            (!delta.is_empty()).then_some((id, delta))
        })?;
        let count = delta.entered.len() + delta.moved.len();
        self.metrics.vehicle_updates_delivered.inc_by(count as u64);
        self.metrics.frames_delivered.inc();
        #[expect(clippy::cast_precision_loss, reason = "a count of vehicles")]
        self.metrics.frame_vehicles.observe(count as f64);
        Some(encode::vehicles(
            seat.format,
            &self.subscriptions[id].name,
            &delta,
            vehicle,
            now_ms(),
        ))
    }
}

/// A subscription has something to tell: at once, or when its time has come.
fn announce(
    subscription: &Subscription,
    id: usize,
    seats: &mut Slab<SeatState>,
    delayed: &mut BTreeSet<(Instant, usize)>,
    now: Instant,
) {
    match subscription.not_before {
        Some(at) if at > now => {
            delayed.insert((at, id));
        }
        _ => seats[subscription.seat].outbox.wake(),
    }
}
