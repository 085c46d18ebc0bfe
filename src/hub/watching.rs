use std::sync::Arc;
use std::time::Instant;

use ridecast_protocol::{Channel, ErrorBody, ErrorCode, Subscribe, SubscriptionName};
use rustc_hash::FxHashSet;

use super::Sees;
use super::state::{State, Subscribed, Watcher};
use super::subscription::Subscription;
use super::wish::Wish;
use crate::fleet::{Seen, Vehicle};
use crate::spatial::{Area, WatchCell};

/// Subscriptions: begun, moved, ended, and the cells they watch.
impl State {
    pub(super) fn find(
        &self,
        seat: usize,
        name: &SubscriptionName,
    ) -> Result<Subscribed, ErrorBody> {
        let mut mine = self.seats[seat].subscriptions.iter().copied();
        let found = mine.find(|mine| match *mine {
            Subscribed::Vehicles(id) => self.subscriptions[id].name == *name,
            Subscribed::Density(id) => self.densities[id].name == *name,
        });
        found.ok_or_else(|| {
            ErrorBody::new(
                ErrorCode::UnknownSubscription,
                format!("no subscription is named {name}"),
            )
        })
    }

    /// A subscription under a name that is free, watching nothing yet.
    pub(super) fn begin(
        &mut self,
        seat: usize,
        name: &SubscriptionName,
        sees: Sees,
        wish: Wish,
    ) -> usize {
        let subscription = Subscription::new(seat, name.clone(), sees, wish);
        let id = self.subscriptions.insert(subscription);
        self.seats[seat]
            .subscriptions
            .push(Subscribed::Vehicles(id));
        self.metrics.push.subscriptions.inc();
        id
    }

    /// Whether the seat may have one more subscription, of that name.
    pub(super) fn may_begin(&self, seat: usize, name: &SubscriptionName) -> Result<(), ErrorBody> {
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
        Ok(())
    }

    pub(super) fn subscribe(&mut self, seat: usize, request: &Subscribe) -> Result<(), ErrorBody> {
        if let Channel::Density(channel) = &request.channel {
            return self.subscribe_density(seat, request, channel);
        }
        // What is wrong with a request is told before what stands against it.
        let (wish, area) = Wish::read(request, &self.settings)?;
        self.may_begin(seat, &request.subscription)?;
        let id = self.begin(seat, &request.subscription, self.seats[seat].sees, wish);
        self.rewatch(id, area.cover());
        self.look_around(id, &area);
        Ok(())
    }

    pub(super) fn update(&mut self, seat: usize, request: &Subscribe) -> Result<(), ErrorBody> {
        if let Channel::Density(channel) = &request.channel {
            return self.update_density(seat, request, channel);
        }
        let (wish, area) = Wish::read(request, &self.settings)?;
        let Subscribed::Vehicles(id) = self.find(seat, &request.subscription)? else {
            return Err(of_another_kind(&request.subscription));
        };
        let subscription = &mut self.subscriptions[id];
        if subscription.is_for_one() {
            return Err(ErrorBody::new(
                ErrorCode::InvalidMessage,
                format!("{} watches a ride: it cannot be moved", subscription.name),
            ));
        }
        subscription.change_to(wish);
        self.rewatch(id, area.cover());
        self.look_around(id, &area);
        Ok(())
    }

    pub(super) fn unsubscribe(
        &mut self,
        seat: usize,
        name: &SubscriptionName,
    ) -> Result<(), ErrorBody> {
        let ended = self.find(seat, name)?;
        self.seats[seat].subscriptions.retain(|&mine| mine != ended);
        self.end(ended);
        Ok(())
    }

    pub(super) fn end(&mut self, ended: Subscribed) {
        self.metrics.push.subscriptions.dec();
        let id = match ended {
            Subscribed::Vehicles(id) => id,
            Subscribed::Density(id) => {
                self.densities.remove(id);
                return;
            }
        };
        self.follow_no_more(id);
        self.rewatch(id, Vec::new());
        let mut subscription = self.subscriptions.remove(id);
        subscription.forget_all(&mut self.vehicles);
        if let Some(at) = subscription.not_before {
            self.waiting.delayed.remove(&(at, id));
        }
    }

    /// From now on the subscription watches exactly these cells, and its area in them.
    pub(super) fn rewatch(&mut self, id: usize, cells: Vec<WatchCell>) {
        let subscription = &mut self.subscriptions[id];
        let inside = subscription.inside();
        let left = std::mem::replace(&mut subscription.cells, cells);
        // First all new cells, then no longer the old: a cell in both is never let go of.
        for cell in &subscription.cells {
            let watchers = self.watchers.entry(*cell).or_default();
            if watchers.is_empty() {
                self.fleet.watch(&self.listener, *cell);
            }
            if left.contains(cell) {
                let mine = watchers.iter_mut().filter(|it| it.subscription == id);
                mine.for_each(|watcher| watcher.inside = inside);
            } else {
                watchers.push(Watcher {
                    subscription: id,
                    inside,
                });
            }
        }
        for cell in left
            .iter()
            .filter(|cell| !subscription.cells.contains(cell))
        {
            let Some(watchers) = self.watchers.get_mut(cell) else {
                continue;
            };
            watchers.retain(|watcher| watcher.subscription != id);
            if watchers.is_empty() {
                self.watchers.remove(cell);
                self.fleet.unwatch(&self.listener, *cell);
                for lost in cell.cells() {
                    let mut around = WatchCell::around(lost).into_iter();
                    if !around.any(|around| self.watchers.contains_key(&around)) {
                        self.vehicles.lose_all(lost);
                    }
                }
            }
        }
    }

    /// Brings a subscription what is in its area now. Its cells are watched
    /// already, so whatever moves meanwhile comes with the next pass.
    fn look_around(&mut self, id: usize, area: &Area) {
        let found = self.fleet.within(area);
        // A vehicle that was found may have been here before, under another handle. That
        // one's end is in the list by now, and must be told first: both have one id.
        self.take_in();
        // What it took in may have left the area when that was looked at, and be back by now.
        self.subscriptions[id].doubt();
        let pending = self.subscriptions[id].mark_pending(&mut self.vehicles);
        let as_it_is = |(vehicle, _): &(Arc<Vehicle>, Seen)| {
            let slot = self.vehicles.slot(vehicle)?;
            let known = self.vehicles.get(slot)?;
            let subscription = &self.subscriptions[id];
            let is = subscription.shows(slot)
                && subscription.wants(known)
                && !known.has_mark(pending)
                && known.is(&vehicle.seen()?);
            is.then_some(slot)
        };
        let stay: FxHashSet<u32> = found.iter().filter_map(as_it_is).collect();
        self.subscriptions[id].review(&stay, &mut self.vehicles);
        let now = Instant::now();
        for (vehicle, _) in found {
            let slot = self.vehicles.slot(&vehicle);
            if slot.is_none_or(|slot| !stay.contains(&slot)) {
                self.bring(id, &vehicle, now);
            }
        }
        self.announce(id);
        self.follow_strayed();
    }

    /// Brings a subscription a vehicle as it is now.
    pub(super) fn bring(&mut self, id: usize, vehicle: &Vehicle, now: Instant) {
        let seen = vehicle.seen();
        let slot = self.vehicles.slot(vehicle);
        let known = slot.and_then(|slot| self.vehicles.get(slot));
        if !matches!((known, &seen), (Some(known), Some(seen)) if known.is(seen)) {
            // News to everybody on this thread, who must not miss that it left another cell.
            self.note(vehicle, seen, now);
        }
        // Whatever its last move was to others, this client may not have it.
        if let Some(slot) = self.vehicles.slot(vehicle) {
            self.tell(id, slot, false, now);
        }
    }
}

/// A subscription shows vehicles or counts, for as long as it lives.
pub(super) fn of_another_kind(name: &SubscriptionName) -> ErrorBody {
    ErrorBody::new(
        ErrorCode::InvalidMessage,
        format!("{name} watches something of another kind: end it and subscribe anew"),
    )
}
