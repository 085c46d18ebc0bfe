//! Who is told what of a change: pure.

use ridecast_protocol::{Event, Notice, Offer, OfferState, RideState, Setback, UserId};

use crate::ride::{Pending, Reader, Ride};
use crate::store::{Address, Tell};

/// The events that a change puts into inboxes.
pub(super) fn tells(before: Option<&Ride>, after: &Ride, now_ms: i64) -> Vec<Tell> {
    let mut tells = Vec::new();
    let mut tell = |to: Address, event: &Event| {
        tells.push(Tell {
            to,
            at_ms: now_ms,
            // Our own types: no map with other keys than text, no failing field.
            event: serde_json::to_string(event).unwrap_or_default(),
        });
    };
    let ride = |reader| Event::Ride(Box::new(after.seen_by(reader)));

    if differs(before, after, Reader::Operator) {
        tell(Address::operators(), &ride(Reader::Operator));
    }
    if differs(before, after, Reader::Rider) {
        tell(Address::rider(&after.rider), &ride(Reader::Rider));
    }
    if let Some((driver, offer)) = offer_over(before, after) {
        tell(Address::driver(driver), &Event::Offer(offer));
    }
    if let Some((driver, offer)) = offer_made(before, after) {
        tell(Address::driver(driver), &Event::Offer(offer));
    }
    let drivers = [before.and_then(Ride::driver), after.driver()];
    for (nth, driver) in drivers.iter().enumerate() {
        if let Some(driver) = driver
            && (nth == 0 || drivers[0] != Some(driver))
            && differs(before, after, Reader::Driver(driver))
        {
            tell(Address::driver(driver), &ride(Reader::Driver(driver)));
        }
    }
    for notice in notices(before, after) {
        tell(Address::rider(&after.rider), &Event::Notice(notice.clone()));
        if let Some(driver) = after.driver() {
            tell(Address::driver(driver), &Event::Notice(notice));
        }
    }
    tells
}

/// Whether the reader sees a difference, that it is another version apart.
fn differs(before: Option<&Ride>, after: &Ride, reader: Reader<'_>) -> bool {
    before.is_none_or(|before| {
        let (mut before, after) = (before.seen_by(reader), after.seen_by(reader));
        before.version = after.version;
        before != after
    })
}

fn offer_made<'a>(before: Option<&Ride>, after: &'a Ride) -> Option<(&'a UserId, Offer)> {
    let pending = after.offer.as_ref()?;
    let known = before.and_then(|before| before.offer.as_ref());
    let is_new = known.is_none_or(|known| known.id != pending.id);
    is_new.then(|| (&pending.driver, offer(after, pending, OfferState::Open)))
}

fn offer_over<'a>(before: Option<&'a Ride>, after: &Ride) -> Option<(&'a UserId, Offer)> {
    let pending = before?.offer.as_ref()?;
    if after.offer.as_ref().is_some_and(|now| now.id == pending.id) {
        return None;
    }
    let state = match (after.state, after.search.setback) {
        (RideState::Accepted, _) => OfferState::Accepted,
        (RideState::Requested, Some(Setback::Declined)) => OfferState::Declined,
        (RideState::Requested, Some(Setback::Silent)) => OfferState::Expired,
        _ => OfferState::Withdrawn,
    };
    Some((&pending.driver, offer(after, pending, state)))
}

fn offer(ride: &Ride, pending: &Pending, state: OfferState) -> Offer {
    Offer {
        offer_id: pending.id.clone(),
        ride_id: ride.id.clone(),
        state,
        pickup: ride.pickup.clone(),
        dropoff: ride.dropoff.clone(),
        vehicle_class: ride.vehicle_class.clone(),
        eta: pending.eta,
        trip: ride.trip,
        expires_at_ms: pending.expires_at_ms,
    }
}

fn notices<'a>(before: Option<&'a Ride>, after: &'a Ride) -> impl Iterator<Item = Notice> + 'a {
    let known = before
        .and_then(|before| before.drive.as_ref())
        .map_or(&[][..], |drive| &drive.noticed);
    let now = after.drive.as_ref().map_or(&[][..], |drive| &drive.noticed);
    now.iter()
        .filter(|near| !known.contains(near))
        .map(|near| Notice {
            ride_id: after.id.clone(),
            near: *near,
        })
}
