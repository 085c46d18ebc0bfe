use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Instant;

use ridecast_protocol::VehicleId;
use rustc_hash::FxHashMap;
use slab::Slab;

use super::density::DensitySubscription;
use super::outbox::{Full, Message, Outbox};
use super::outlet::Outlet;
use super::subscription::Subscription;
use super::told::Told;
use super::vehicle::{Place, Vehicles};
use super::{Format, Sees, Settings};
use crate::fleet::{Fleet, Listener, Seen, Vehicle};
use crate::spatial::{Cell, Inside, WatchCell};
use crate::telemetry::{Metrics, now_ms};

/// All that the hub of one thread knows.
pub(super) struct State {
    pub(super) fleet: Arc<Fleet>,
    pub(super) listener: Rc<Listener>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) settings: Settings,
    pub(super) seats: Slab<SeatState>,
    pub(super) subscriptions: Slab<Subscription>,
    pub(super) densities: Slab<DensitySubscription>,
    pub(super) watchers: FxHashMap<WatchCell, Vec<Watcher>>,
    /// The subscriptions that follow each vehicle.
    pub(super) followers: FxHashMap<VehicleId, Vec<usize>>,
    /// Subscriptions whose vehicle is not in the cell they watch, but in this one.
    pub(super) strayed: Vec<(usize, Cell)>,
    pub(super) vehicles: Vehicles,
    /// Empty between two vehicles: the subscriptions that one concerns, and whether their
    /// clients know it.
    concerned: Vec<(usize, bool)>,
    pub(super) waiting: Waiting,
    /// Frames are made in it.
    pub(super) scratch: Vec<u8>,
    /// What was sent since the metrics were told.
    pub(super) told: Told,
}

/// A subscription that watches a cell, with what it wants to know of it: most of the vehicles
/// in a cell are beside the area, and are passed over without a look at the subscription.
pub(super) struct Watcher {
    pub(super) subscription: usize,
    /// `None`: it is told by the vehicle's id.
    pub(super) inside: Option<Inside>,
}

/// The seats that have something to be told, by when.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// With the next round.
    pub(super) round: Vec<usize>,
    /// Subscriptions that have something to tell, but not before that time.
    pub(super) delayed: BTreeSet<(Instant, usize)>,
}

impl Waiting {
    pub(super) fn is_empty(&self) -> bool {
        self.round.is_empty() && self.delayed.is_empty()
    }
}

/// One of a seat's subscriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subscribed {
    /// Of [`State::subscriptions`].
    Vehicles(usize),
    /// Of [`State::densities`].
    Density(usize),
}

pub(super) struct SeatState {
    pub(super) format: Format,
    pub(super) sees: Sees,
    pub(super) outbox: Outbox,
    /// Where vehicles can be written to without waking anybody.
    pub(super) outlet: Option<Rc<dyn Outlet>>,
    pub(super) subscriptions: Vec<Subscribed>,
    /// Stands in `Waiting::round`.
    pub(super) in_round: bool,
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
            densities: Slab::new(),
            watchers: FxHashMap::default(),
            followers: FxHashMap::default(),
            strayed: Vec::new(),
            vehicles: Vehicles::default(),
            concerned: Vec::new(),
            waiting: Waiting::default(),
            scratch: Vec::new(),
            told: Told::default(),
        }
    }

    pub(super) fn join(&mut self, format: Format) -> usize {
        self.metrics.push.feeds.inc();
        self.seats.insert(SeatState {
            format,
            sees: Sees::default(),
            outbox: Outbox::default(),
            outlet: None,
            subscriptions: Vec::new(),
            in_round: false,
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
        self.seats[seat].outlet = None;
        self.leave(seat);
    }

    /// The next message of a seat; see [`super::Feed::poll_next`].
    pub(super) fn poll(&mut self, seat: usize, waker: &Waker) -> Poll<Option<Message>> {
        let state = &mut self.seats[seat];
        if let Some(message) = state.outbox.pop() {
            return Poll::Ready(Some(message));
        }
        if state.outbox.ended() {
            return Poll::Ready(None);
        }
        // Before composing: a wake between the two is then not lost.
        state.outbox.wake_with(waker);
        if state.outbox.closing() {
            return Poll::Pending;
        }
        let mut out = Vec::new();
        match self.compose(seat, &mut out, Instant::now(), now_ms()) {
            Some(Format::Json) => Poll::Ready(Some(Message::Text(out.into()))),
            Some(Format::Binary) => Poll::Ready(Some(Message::Binary(out.into()))),
            None => Poll::Pending,
        }
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
        let Some(noted) = self.vehicles.note(vehicle, seen) else {
            return;
        };
        let (before, after) = (noted.before, noted.after);
        let cell = after.map(|after| after.cell);
        let left = before.filter(|before| Some(before.cell) != cell);
        let is_in = |inside: &Inside, place: Option<Place>| {
            place.is_some_and(|place| inside.has(place.point, place.spot))
        };
        let mut concerned = std::mem::take(&mut self.concerned);
        let mut watched = false;
        for (place, is_new) in [(after, true), (left, false)] {
            let Some(place) = place else { continue };
            for watch in WatchCell::around(place.cell) {
                let Some(watchers) = self.watchers.get(&watch) else {
                    continue;
                };
                watched |= is_new;
                for watcher in watchers {
                    let Some(inside) = &watcher.inside else {
                        continue;
                    };
                    let (was_in, is_in) = (is_in(inside, before), is_in(inside, after));
                    if was_in || is_in {
                        let known = was_in && is_in && noted.only_moved;
                        concerned.push((watcher.subscription, known));
                    }
                }
            }
        }
        // By its id: it may have come from one cell nobody watches to another.
        if let Some(followers) = self.followers.get(vehicle.id()) {
            watched |= cell.is_some();
            concerned.extend(followers.iter().map(|&id| (id, false)));
            if let Some(cell) = cell.or_else(|| vehicle.last_cell()) {
                let strayed = |id: &usize| self.subscriptions[*id].cells != [cell.into()];
                let strayed = followers.iter().copied().filter(strayed);
                self.strayed.extend(strayed.map(|id| (id, cell)));
            }
        }
        for (id, known) in concerned.drain(..) {
            self.tell(id, noted.slot, known, now);
        }
        self.concerned = concerned;
        if !watched {
            self.vehicles.lose(noted.slot);
        }
    }

    /// A vehicle may concern a subscription. `known`: its client has it, if it wants it.
    pub(super) fn tell(&mut self, id: usize, slot: u32, known: bool, now: Instant) {
        let subscription = &mut self.subscriptions[id];
        if !subscription.note(slot, known, &mut self.vehicles) {
            return;
        }
        match subscription.not_before {
            Some(at) if at > now => {
                self.waiting.delayed.insert((at, id));
                self.told.held_back();
            }
            _ => {
                let seat = subscription.seat;
                self.next_round(seat);
            }
        }
    }

    /// A seat has something to be told.
    pub(super) fn next_round(&mut self, seat: usize) {
        if !std::mem::replace(&mut self.seats[seat].in_round, true) {
            self.waiting.round.push(seat);
        }
    }

    /// A subscription is told now, as its client has just asked for something: it does not wait
    /// for a round.
    pub(super) fn announce(&mut self, id: usize) {
        self.seats[self.subscriptions[id].seat].outbox.wake();
    }

    /// The session's actor or its socket has left.
    fn leave(&mut self, seat: usize) {
        let state = &mut self.seats[seat];
        state.outbox.end();
        if std::mem::replace(&mut state.one_left, true) {
            self.seats.remove(seat);
            self.metrics.push.feeds.dec();
        }
    }

    /// Writes what a seat's client is told now, one message, and tells its format; `None`: there
    /// is nothing, or it is not time.
    pub(super) fn compose(
        &mut self,
        seat: usize,
        out: &mut Vec<u8>,
        now: Instant,
        now_ms: i64,
    ) -> Option<Format> {
        for nth in 0..self.seats[seat].subscriptions.len() {
            let format = match self.seats[seat].subscriptions[nth] {
                Subscribed::Vehicles(id) => self.compose_vehicles(id, out, now, now_ms),
                Subscribed::Density(id) => self.compose_density(id, out),
            };
            if format.is_some() {
                // Each has its turn: one that always has something to tell must not keep a slow
                // reader from the others.
                self.seats[seat].subscriptions[nth..].rotate_left(1);
                return format;
            }
        }
        None
    }

    fn compose_vehicles(
        &mut self,
        id: usize,
        out: &mut Vec<u8>,
        now: Instant,
        now_ms: i64,
    ) -> Option<Format> {
        let subscription = &mut self.subscriptions[id];
        if !subscription.due(now) {
            return None;
        }
        let format = self.seats[subscription.seat].format;
        let begun = out.len();
        let told = subscription.tell(&mut self.vehicles, out, format, (now, now_ms));
        let Some((count, joined)) = told else {
            out.truncate(begun);
            return None;
        };
        self.told.frame(count, joined);
        Some(format)
    }
}
