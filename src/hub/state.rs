use std::collections::BTreeSet;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use ridecast_protocol::{ErrorBody, ErrorCode, Subscribe, SubscriptionName};
use rustc_hash::{FxHashMap, FxHashSet};
use slab::Slab;

use super::outbox::{Full, Message, Outbox};
use super::subscription::{Subscription, Wish};
use super::vehicle::HubVehicle;
use super::{Format, Settings, encode};
use crate::fleet::{Fleet, Listener, Seen, Vehicle};
use crate::spatial::{Area, WatchCell};
use crate::telemetry::{Metrics, now_ms};

/// All that the hub of one thread knows.
pub(super) struct State {
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

impl State {
    pub(super) fn new(fleet: Arc<Fleet>, metrics: Arc<Metrics>, settings: Settings) -> Self {
        Self {
            fleet,
            metrics,
            settings,
            seats: Slab::new(),
            subscriptions: Slab::new(),
            watchers: FxHashMap::default(),
            vehicles: FxHashMap::default(),
            delayed: BTreeSet::new(),
            untidy: false,
        }
    }

    pub(super) fn join(&mut self, format: Format) -> usize {
        self.seats.insert(SeatState {
            format,
            outbox: Outbox::default(),
            subscriptions: Vec::new(),
            one_left: false,
        })
    }

    pub(super) fn push(&mut self, seat: usize, message: Message) -> Result<(), Full> {
        self.seats[seat].outbox.push(message)
    }

    /// The session's actor has left: its subscriptions end.
    pub(super) fn actor_left(&mut self, seat: usize, listener: &Listener) {
        for id in std::mem::take(&mut self.seats[seat].subscriptions) {
            self.end(id, listener);
        }
        self.leave(seat);
    }

    /// The session's socket has left: nothing can be sent any more.
    pub(super) fn socket_left(&mut self, seat: usize) {
        self.leave(seat);
    }

    /// When the first subscription that may not be told yet may be.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.delayed.first().map(|(at, _)| *at)
    }

    pub(super) const fn max_delay(&self) -> Duration {
        self.settings.max_delay
    }

    /// The next message of a seat; see [`super::Feed::poll_next`].
    pub(super) fn poll(&mut self, seat: usize, waker: &Waker) -> Poll<Option<Message>> {
        let outbox = &mut self.seats[seat].outbox;
        if let Some(message) = outbox.pop() {
            return Poll::Ready(Some(message));
        }
        if outbox.ended() {
            return Poll::Ready(None);
        }
        // Before composing: a wake between the two is then not lost.
        outbox.wake_with(waker);
        if outbox.closing() {
            return Poll::Pending;
        }
        self.compose(seat)
            .map_or(Poll::Pending, |message| Poll::Ready(Some(message)))
    }

    pub(super) fn pass(&mut self, vehicles: Vec<Arc<Vehicle>>) {
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

    pub(super) fn wake_delayed(&mut self) {
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
    pub(super) fn tidy(&mut self) {
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

    pub(super) fn subscribe(
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
        self.look_around(id, &area, &FxHashSet::default(), listener);
        Ok(())
    }

    pub(super) fn update(
        &mut self,
        seat: usize,
        request: &Subscribe,
        listener: &Listener,
    ) -> Result<(), ErrorBody> {
        let id = self.find(seat, &request.subscription)?;
        let wish = Wish::read(request, &self.settings)?;
        let (area, cells) = (wish.area, wish.area.cover());
        let subscription = &mut self.subscriptions[id];
        subscription.change_to(wish);
        let as_it_is = subscription.review();
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
        self.look_around(id, &area, &as_it_is, listener);
        Ok(())
    }

    pub(super) fn unsubscribe(
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
    fn look_around(
        &mut self,
        id: usize,
        area: &Area,
        as_it_is: &FxHashSet<u32>,
        listener: &Listener,
    ) {
        let now = Instant::now();
        let found = self.fleet.within(area);
        // A vehicle that was found may have been here before, under another handle. That
        // one's end is in the list by now, and must be told first: both have one id.
        self.pass(listener.take());
        for (vehicle, _) in found {
            let handle = vehicle.handle();
            let seen = vehicle.seen();
            let known = self.vehicles.get(&handle);
            match (known, &seen) {
                (Some(known), Some(seen)) if known.is(seen) => {
                    let subscription = &mut self.subscriptions[id];
                    if as_it_is.contains(&handle) {
                        subscription.keep(handle, known);
                    } else {
                        subscription.note(handle, Some(known));
                    }
                }
                // News to everybody on this thread, who must not miss that it left another cell.
                _ => self.note(&vehicle, seen, now),
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
        let seat = &mut self.seats[seat];
        let vehicle = |handle| self.vehicles.get(&handle);
        let (nth, delta) = (0..).zip(&seat.subscriptions).find_map(|(nth, &id)| {
            let subscription = &mut self.subscriptions[id];
            let delta = subscription
                .due(now)
                .then(|| subscription.take(vehicle, now))?;
            // What entered and left again before it was told is nothing to tell.
            (!delta.is_empty()).then_some((nth, delta))
        })?;
        // Each has its turn: one that always has something to tell must not keep a slow
        // reader from the others.
        let id = seat.subscriptions.remove(nth);
        seat.subscriptions.push(id);
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
