//! Finding a driver: candidates by estimated time of arrival, one offer at a time.

use std::collections::HashSet;
use std::sync::Arc;

use ridecast_protocol::{OfferId, RideId, RideState, Toward, UserId, VehicleInfo, VehicleState};

use super::error::RidesError;
use super::ledger::{Attempt, pause};
use super::{Rides, eta, names, point};
use crate::ride::{Command, Pending, Ride};
use crate::routing::Way;
use crate::spatial::{Area, LatLon};
use crate::store::Step;
use crate::telemetry::now_ms;

/// Somebody who might drive.
struct Candidate {
    driver: UserId,
    vehicle: VehicleInfo,
    at: LatLon,
    way: Way,
}

/// So many of the nearest, as the crow flies, are compared by their way.
pub(super) const COMPARED: usize = 20;
/// So often a search begins anew within one go.
const ATTEMPTS: u32 = 8;

impl Rides {
    /// Looks for a driver in the background. If this node dies over it, another takes it up
    /// when the ride's time comes.
    pub(super) fn look_for_driver(self: &Arc<Self>, id: RideId) {
        let rides = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(error) = rides.dispatch(&id).await {
                tracing::debug!(ride = %id, %error, "the search goes on at its next time");
            }
        });
    }

    /// Offers the ride to the best candidate who is free; or notes that there is none.
    pub(super) async fn dispatch(self: &Arc<Self>, id: &RideId) -> Result<(), RidesError> {
        for attempt in 0..ATTEMPTS {
            let (ride, version) = self.read(id).await?;
            let now_ms = now_ms();
            if ride.state != RideState::Requested || now_ms >= ride.search.until_ms {
                return Ok(());
            }
            let mut outcome = None;
            for candidate in self.candidates(&ride).await? {
                let command = Command::Offer(self.offer(&ride, candidate));
                let Some(after) = ride.after(&command, now_ms, &self.settings.rules)? else {
                    return Ok(());
                };
                match self
                    .change(Some((&ride, version)), &after, Step::new())
                    .await?
                {
                    Attempt::Done => {
                        self.metrics.offers_made.inc();
                        return Ok(());
                    }
                    // Taken by another ride just now: the next candidate.
                    Attempt::DriverBusy => {}
                    Attempt::Conflict => {
                        outcome = Some(Attempt::Conflict);
                        break;
                    }
                }
            }
            if outcome.is_none() {
                self.command(id, &Command::NoVehicle).await?;
                return Ok(());
            }
            pause(attempt).await;
        }
        Err(RidesError::Contended)
    }

    fn offer(&self, ride: &Ride, candidate: Candidate) -> Pending {
        let now_ms = now_ms();
        let name = format!("{}.{}", ride.id, ride.search.offers + 1);
        Pending {
            // A ride id, a point and a number are always a name.
            id: OfferId::new(&name).unwrap_or_else(|_| unreachable!("{name} is an offer id")),
            driver: candidate.driver,
            vehicle: candidate.vehicle,
            at: (candidate.at.latitude(), candidate.at.longitude()),
            eta: eta(Toward::Pickup, candidate.way, now_ms),
            expires_at_ms: now_ms + self.settings.rules.offer_for_ms,
        }
    }

    /// Who is near and free, the soonest first.
    async fn candidates(&self, ride: &Ride) -> Result<Vec<Candidate>, RidesError> {
        let pickup = point(&ride.pickup).ok_or_else(|| RidesError::invalid("no pickup"))?;
        let area = self.searched(pickup).await?;
        let passed: HashSet<_> = ride.search.passed.iter().collect();
        let mut near: Vec<_> = self
            .fleet
            .within(&area)
            .into_iter()
            .filter(|(_, seen)| seen.state == VehicleState::Online && !seen.engaged)
            .filter(|(_, seen)| {
                let class = ride.vehicle_class.as_ref();
                class.is_none_or(|class| *class == seen.info.class)
            })
            .filter_map(|(vehicle, seen)| {
                let driver = UserId::new(vehicle.id().as_str()).ok()?;
                (!passed.contains(&driver)).then_some((driver, seen))
            })
            .map(|(driver, seen)| (pickup.distance_m(seen.fix.point), driver, seen))
            .collect();
        near.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        let near = self.free(near, COMPARED).await?;

        let from: Vec<LatLon> = near.iter().map(|(_, seen)| seen.fix.point).collect();
        let ways = self.router.ways(&from, pickup).await;
        let mut candidates: Vec<_> = near
            .into_iter()
            .zip(ways)
            .map(|((driver, seen), way)| Candidate {
                driver,
                vehicle: VehicleInfo::clone(&seen.info),
                at: seen.fix.point,
                way,
            })
            .collect();
        candidates.sort_by(|a, b| a.way.duration_s.total_cmp(&b.way.duration_s));
        Ok(candidates)
    }

    /// Where drivers are looked for. Their vehicles are known from here on.
    pub(super) async fn searched(&self, pickup: LatLon) -> Result<Area, RidesError> {
        let (latitude, longitude) = (pickup.latitude(), pickup.longitude());
        let area = Area::circle(latitude, longitude, self.settings.search_radius_m)
            .map_err(|error| RidesError::invalid(error.to_string()))?;
        // Without the other nodes' vehicles those of this one are better than none.
        let _ = self.peers.know(&area).await;
        Ok(area)
    }

    /// The nearest so many of those who have, and are offered, no other ride.
    pub(super) async fn free<S>(
        &self,
        near: Vec<(f64, UserId, S)>,
        most: usize,
    ) -> Result<Vec<(UserId, S)>, RidesError> {
        let mut free = Vec::new();
        let mut near = near.into_iter().peekable();
        while near.peek().is_some() && free.len() < most {
            let some: Vec<_> = near.by_ref().take(2 * most).collect();
            let keys: Vec<_> = some.iter().map(|(_, it, _)| names::driver(it)).collect();
            let records = self.post.ledger().read(&keys).await?;
            let some = some.into_iter().zip(records);
            let some = some.filter(|(_, record)| record.value.is_none());
            free.extend(some.map(|((_, driver, seen), _)| (driver, seen)));
        }
        free.truncate(most);
        Ok(free)
    }
}
