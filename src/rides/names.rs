//! Every name of the rides in the ledger.

use ridecast_protocol::{IdempotencyKey, OfferId, RideId, RideState, UserId};

use crate::store::Address;

/// Record: the ride.
pub(super) fn ride(id: &RideId) -> String {
    format!("ride:{id}")
}

/// Record: the ride that the driver has, or is offered. None while the driver is free.
pub(super) fn driver(user: &UserId) -> String {
    format!("driver:{user}")
}

/// Record: the rider's open rides.
pub(super) fn rider(user: &UserId) -> String {
    format!("rider:{user}")
}

/// Record: what a rider asked for under a key. The length keeps the two names apart.
pub(super) fn wish(rider: &UserId, key: &IdempotencyKey) -> String {
    format!("wish:{}:{rider}:{key}", rider.as_str().len())
}

/// Record: how far the two sides of a chat are. By the offer, which names ride and driver: the
/// next driver of a ride does not read what the last one was told.
pub(super) fn chat(drive: &OfferId) -> String {
    format!("chat:{drive}")
}

/// Record: the ride that a link shows.
pub(super) fn share(token: &str) -> String {
    format!("share:{token}")
}

/// Record: the links of a ride, the oldest first.
pub(super) fn shares(id: &RideId) -> String {
    format!("shares:{id}")
}

/// Log: what was said.
pub(super) fn chat_log(drive: &OfferId) -> String {
    format!("chat:{drive}")
}

/// Log: where the vehicle of this driver was. One for each driver that a ride has had: none reads
/// where another was.
pub(super) fn track(id: &RideId, driver: &UserId) -> String {
    format!("track:{id}:{driver}")
}

/// List: the rides in a state, by when they were asked for.
pub(super) fn state(state: RideState) -> String {
    format!("state:{}", state.as_str())
}

/// List: the rides of a person, by when they were asked for.
pub(super) fn history(of: &Address) -> String {
    format!("history:{of}")
}

/// List: all rides that are kept, by when they were asked for.
pub(super) const ALL: &str = "all";

/// List: the rides to which something must happen, by when.
pub(super) const DEADLINES: &str = "deadlines";
