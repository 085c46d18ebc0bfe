//! Subscriptions that follow a ride: which vehicle they show.

use std::sync::Arc;

use actix::{ActorFutureExt as _, AsyncContext as _, Context, WrapFuture as _};
use ridecast_protocol::{ErrorBody, Ride, RideId, SubscriptionName};

use super::actor::SessionActor;
use super::{Done, Part};

/// A subscription that shows the vehicle of a ride.
pub(super) struct Followed {
    pub(super) ride: RideId,
    pub(super) name: SubscriptionName,
    /// The version of the ride that was told last; 0: none since it is followed.
    pub(super) told: u64,
}

impl<P: Part> SessionActor<P> {
    pub(super) fn follow(
        &mut self,
        mut done: Done,
        ctx: &mut Context<Self>,
    ) -> Result<Done, ErrorBody> {
        if let Some(follow) = done.follow.take() {
            let seat = &self.session.seat;
            seat.follow(&follow.name, follow.max_rate_hz)?;
            seat.aim(&follow.name, follow.aim);
            self.follows.push(Followed {
                ride: follow.ride.clone(),
                name: follow.name,
                told: 0,
            });
            // What happened between the look and now was told to no subscription.
            self.find_aim(follow.ride, 0, ctx);
        }
        Ok(done)
    }

    /// A ride has changed: its subscriptions show the vehicle that it has now.
    pub(super) fn aim(&mut self, ride: &Ride, ctx: &mut Context<Self>) {
        let is_driven = ride.state.is_driven();
        let of_it = |follow: &&mut Followed| follow.ride == ride.ride_id;
        let mut is_followed = false;
        for follow in self.follows.iter_mut().filter(of_it) {
            is_followed = true;
            follow.told = ride.version;
            if !is_driven {
                // At once: who is told that the ride is over sees not one position more.
                self.session.seat.aim(&follow.name, None);
            }
        }
        if is_followed && is_driven {
            self.find_aim(ride.ride_id.clone(), ride.version, ctx);
        }
    }

    /// Looks up which vehicle a ride has, as long as nothing newer is told of the ride.
    fn find_aim(&mut self, ride: RideId, told: u64, ctx: &mut Context<Self>) {
        let (rides, person) = (Arc::clone(&self.session.rides), self.session.person.clone());
        let asking = async move { (rides.aim(&person, &ride).await, ride) };
        ctx.spawn(asking.into_actor(self).map(move |(aim, ride), actor, _| {
            // Whatever cannot be known is not shown.
            let aim = aim.ok().flatten();
            let of_it = |follow: &&Followed| follow.ride == ride && follow.told == told;
            for follow in actor.follows.iter().filter(of_it) {
                actor.session.seat.aim(&follow.name, aim.clone());
            }
        }));
    }
}
