use std::time::Instant;

use ridecast_protocol::{ErrorBody, SubscriptionName, VehicleId};

use super::Sees;
use super::state::{State, Subscribed};
use super::wish::Wish;
use crate::spatial::{Cell, LatLon};

/// The one vehicle that a subscription shows from now on.
#[derive(Debug, Clone, PartialEq)]
pub struct Aim {
    /// Which.
    pub vehicle: VehicleId,
    /// Where to expect it while this node does not know it: a vehicle that another node hears
    /// is known only where somebody watches. `None`: only those that this node hears are found.
    /// Not remembered: of one that is shown, is gone and comes back beyond its coarse cell on
    /// another node, this must be said again.
    pub near: Option<LatLon>,
}

/// Following one vehicle: the subscription watches just the cell it is in, and the next as
/// soon as it has crossed.
impl State {
    pub(super) fn follow(
        &mut self,
        seat: usize,
        name: &SubscriptionName,
        max_rate_hz: Option<f32>,
    ) -> Result<(), ErrorBody> {
        let wish = Wish::one(max_rate_hz)?;
        self.may_begin(seat, name)?;
        let id = self.begin(seat, name, Sees::Everything, wish);
        self.announce(id);
        Ok(())
    }

    pub(super) fn aim(&mut self, seat: usize, name: &SubscriptionName, at: Option<Aim>) {
        let Ok(Subscribed::Vehicles(id)) = self.find(seat, name) else {
            return;
        };
        let subscription = &mut self.subscriptions[id];
        if !subscription.is_for_one() {
            return;
        }
        let (vehicle, near) = at.map_or((None, None), |at| (Some(at.vehicle), at.near));
        if subscription.vehicle() != vehicle.as_ref() {
            self.follow_no_more(id);
            self.subscriptions[id].aim(vehicle.clone(), &mut self.vehicles);
            if let Some(vehicle) = vehicle {
                self.followers.entry(vehicle).or_default().push(id);
            } else {
                self.rewatch(id, Vec::new());
            }
        }
        if !self.subscriptions[id].shows_any(&self.vehicles)
            && let Some(near) = near
        {
            self.rewatch(id, vec![Cell::of(near).into()]);
        }
        self.look_for(id);
        self.announce(id);
        self.follow_strayed();
    }

    /// Nobody is told any more through this subscription of the vehicle it was for.
    pub(super) fn follow_no_more(&mut self, id: usize) {
        if let Some(vehicle) = self.subscriptions[id].vehicle()
            && let Some(followers) = self.followers.get_mut(vehicle)
        {
            followers.retain(|&follower| follower != id);
            if followers.is_empty() {
                self.followers.remove(vehicle);
            }
        }
    }

    /// Has the subscriptions watch where their vehicles are by now.
    pub(super) fn follow_strayed(&mut self) {
        while let Some((id, cell)) = self.strayed.pop() {
            self.rewatch(id, vec![cell.into()]);
            // It may have crossed again before this cell was watched.
            self.look_for(id);
        }
    }

    /// Looks again for the vehicles that are not shown: what is in a cell that nobody watches
    /// is not told.
    pub(super) fn look_again(&mut self) {
        let followers = self.followers.values().flatten().copied();
        let without: Vec<usize> = followers
            .filter(|&id| !self.subscriptions[id].shows_any(&self.vehicles))
            .collect();
        for id in without {
            self.look_for(id);
        }
        self.follow_strayed();
    }

    /// Brings a subscription its one vehicle, if this node knows it.
    fn look_for(&mut self, id: usize) {
        let vehicle = self.subscriptions[id].vehicle();
        let Some(vehicle) = vehicle.and_then(|vehicle| self.fleet.get(vehicle)) else {
            return;
        };
        // As in `look_around`: the end of one that had this id before must be told first.
        self.take_in();
        let slot = self.vehicles.slot(&vehicle);
        let seen = vehicle.seen();
        let is_known = slot
            .and_then(|slot| self.vehicles.get(slot))
            .zip(seen.as_ref())
            .is_some_and(|(known, seen)| known.is(seen));
        if !is_known || slot.is_some_and(|slot| !self.subscriptions[id].has_as_it_is(slot)) {
            self.bring(id, &vehicle, Instant::now());
        }
        if let Some(cell) = seen.map(|seen| seen.cell)
            && self.subscriptions[id].cells != [cell.into()]
        {
            self.strayed.push((id, cell));
        }
    }
}
