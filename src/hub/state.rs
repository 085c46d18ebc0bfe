use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use ridecast_protocol::VehicleId;
use rustc_hash::FxHashMap;
use slab::Slab;

use super::outbox::{Full, Message, Outbox};
use super::subscription::Subscription;
use super::vehicle::HubVehicle;
use super::{Format, Sees, Settings, encode};
use crate::fleet::{Fleet, Listener, Seen, Vehicle};
use crate::spatial::{Cell, WatchCell};
use crate::telemetry::{Metrics, now_ms};

/// All that the hub of one thread knows.
pub(super) struct State {
    pub(super) fleet: Arc<Fleet>,
    pub(super) listener: Rc<Listener>,
    metrics: Arc<Metrics>,
    pub(super) settings: Settings,
    pub(super) seats: Slab<SeatState>,
    pub(super) subscriptions: Slab<Subscription>,
    pub(super) watchers: FxHashMap<WatchCell, Vec<usize>>,
    /// The subscriptions that follow each vehicle.
    pub(super) followers: FxHashMap<VehicleId, Vec<usize>>,
    /// Subscriptions whose vehicle is not in the cell they watch, but in this one.
    pub(super) strayed: Vec<(usize, Cell)>,
    pub(super) vehicles: FxHashMap<u32, HubVehicle>,
    /// Subscriptions that have something to tell, but not before that time.
    pub(super) delayed: BTreeSet<(Instant, usize)>,
    /// Cells were left: vehicles may be kept that nobody here watches.
    pub(super) untidy: bool,
}

pub(super) struct SeatState {
    format: Format,
    pub(super) sees: Sees,
    outbox: Outbox,
    pub(super) subscriptions: Vec<usize>,
    /// One of the two, actor and socket, has left; the second frees the seat.
    one_left: bool,
}

impl State {
    pub(super) fn new(
        fleet: Arc<Fleet>,
        listener: Rc<Listener>,
        metrics: Arc<Metrics>,
        settings: Settings,
    ) -> Self {
        Self {
            fleet,
            listener,
            metrics,
            settings,
            seats: Slab::new(),
            subscriptions: Slab::new(),
            watchers: FxHashMap::default(),
            followers: FxHashMap::default(),
            strayed: Vec::new(),
            vehicles: FxHashMap::default(),
            delayed: BTreeSet::new(),
            untidy: false,
        }
    }

    pub(super) fn join(&mut self, format: Format) -> usize {
        self.seats.insert(SeatState {
            format,
            sees: Sees::default(),
            outbox: Outbox::default(),
            subscriptions: Vec::new(),
            one_left: false,
        })
    }

    pub(super) fn push(&mut self, seat: usize, message: Message) -> Result<(), Full> {
        self.seats[seat].outbox.push(message)
    }

    pub(super) fn has_room(&self, seat: usize) -> bool {
        self.seats[seat].outbox.has_room()
    }

    /// The session's actor has left: its subscriptions end.
    pub(super) fn actor_left(&mut self, seat: usize) {
        for id in std::mem::take(&mut self.seats[seat].subscriptions) {
            self.end(id);
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

    /// Takes in the vehicles that have changed.
    pub(super) fn pass(&mut self) {
        self.take_in();
        self.follow_strayed();
    }

    /// The same, while some subscriptions may not watch the right cell yet.
    pub(super) fn take_in(&mut self) {
        let now = Instant::now();
        for vehicle in self.listener.take() {
            let seen = vehicle.seen();
            self.note(&vehicle, seen, now);
        }
    }

    /// A vehicle is now like this, or gone: tells every subscription that may care.
    pub(super) fn note(&mut self, vehicle: &Vehicle, seen: Option<Seen>, now: Instant) {
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
        let mut tell = |id: usize| {
            if self.subscriptions[id].note(handle, known) {
                announce(
                    &self.subscriptions[id],
                    id,
                    &mut self.seats,
                    &mut self.delayed,
                    now,
                );
            }
        };
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
                watchers.iter().copied().for_each(&mut tell);
            }
        }
        // By its id: it may have come from one cell nobody watches to another.
        if let Some(followers) = self.followers.get(vehicle.id()) {
            watched |= cell.is_some();
            followers.iter().copied().for_each(&mut tell);
            if let Some(cell) = cell.or_else(|| vehicle.last_cell()) {
                let strayed = |id: &usize| self.subscriptions[*id].cells != [cell.into()];
                let strayed = followers.iter().copied().filter(strayed);
                self.strayed.extend(strayed.map(|id| (id, cell)));
            }
        }
        if !watched {
            self.vehicles.remove(&handle);
        }
    }

    pub(super) fn announce(&mut self, id: usize) {
        announce(
            &self.subscriptions[id],
            id,
            &mut self.seats,
            &mut self.delayed,
            Instant::now(),
        );
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
            &self.subscriptions[id],
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
