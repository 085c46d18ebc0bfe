//! What a driver's positions mean to the ride: the track, the fences at its
//! ends, the estimated time of arrival. Lives on the node that hears the driver.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dashmap::DashMap;
use futures_util::{StreamExt as _, stream};
use ridecast_protocol::{
    Eta, Progress, Ride as WireRide, RideId, RideState, ServerMessage, Toward, UserId, VehicleId,
};

use super::error::RidesError;
use super::track::{Mark, Thinner, Track};
use super::{Rides, eta, names, point};
use crate::fleet::Fix;
use crate::ride::{Command, Ride};
use crate::routing;
use crate::spatial::LatLon;
use crate::store::{Address, Append, Step};
use crate::telemetry::now_ms;

/// The journeys of the drivers this node hears.
pub(super) type Journeys = DashMap<UserId, Journey>;

/// Where drivers were while it was looked up whether they are on a journey.
pub(super) type EarlyMarks = DashMap<UserId, Vec<Mark>>;

/// One driver's ride under way.
pub(super) struct Journey {
    pub(super) ride: RideId,
    pub(super) state: RideState,
    pickup: Option<LatLon>,
    dropoff: Option<LatLon>,
    thinner: Thinner,
    /// Marks that are not kept yet.
    fresh: Vec<Mark>,
    kept_at: Instant,
    estimated_at: Option<Instant>,
    /// So many fixes in a row were near: one alone may be a stray.
    near: u32,
}

/// How often the track is kept, and the time of arrival estimated anew.
const KEEP_EVERY: Duration = Duration::from_secs(5);
const ESTIMATE_EVERY: Duration = Duration::from_secs(5);
/// So many tracks are kept at once when the service stops.
const KEPT_AT_ONCE: usize = 64;
/// So many fixes in a row must be near.
const NEAR_FIXES: u32 = 2;
/// Marks that wait while the store is away; beyond, the oldest go.
const MOST_FRESH: usize = 5_000;
/// Marks in one answer of the store.
const PAGE: usize = 500;

impl Journey {
    fn of(ride: &WireRide) -> Self {
        Self {
            ride: ride.ride_id.clone(),
            state: ride.state,
            pickup: point(&ride.pickup),
            dropoff: point(&ride.dropoff),
            thinner: Thinner::default(),
            fresh: Vec::new(),
            kept_at: Instant::now(),
            estimated_at: None,
            near: 0,
        }
    }

    /// Where it leads now, if it leads anywhere.
    fn target(&self) -> Option<(Toward, LatLon)> {
        match self.state {
            RideState::Accepted => self.pickup.map(|to| (Toward::Pickup, to)),
            RideState::InProgress => self.dropoff.map(|to| (Toward::Dropoff, to)),
            _ => None,
        }
    }

    fn is_near(&mut self, at: LatLon, near_m: f64) -> Option<Toward> {
        let (toward, to) = self.target()?;
        self.near = if at.distance_m(to) <= near_m {
            self.near.saturating_add(1)
        } else {
            0
        };
        (self.near == NEAR_FIXES).then_some(toward)
    }

    fn is_due(last: &mut Option<Instant>, every: Duration) -> bool {
        let due = last.is_none_or(|last| last.elapsed() >= every);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

impl Rides {
    /// A driver's ride is now like this.
    pub(super) fn journey_is(&self, driver: &UserId, ride: &WireRide) {
        let is_theirs = ride.state.is_driven() && ride.driver.is_some();
        let known = self.journeys.get(driver).map(|it| it.ride.clone());
        if is_theirs {
            let vehicle = self.vehicle_of(driver);
            if !vehicle.is_some_and(|vehicle| vehicle.is_ours()) {
                // Another node hears the driver.
                self.journeys.remove(driver);
                return;
            }
            self.fleet.engage(&VehicleId::from(driver.clone()), true);
            let mut journey = self
                .journeys
                .entry(driver.clone())
                .or_insert_with(|| self.journey_of(driver, ride));
            if journey.ride != ride.ride_id {
                *journey = self.journey_of(driver, ride);
            }
            if journey.state != ride.state {
                journey.state = ride.state;
                journey.near = 0;
                journey.estimated_at = None;
            }
        } else if known.is_none_or(|known| known == ride.ride_id) {
            self.journeys.remove(driver);
            self.fleet.engage(&VehicleId::from(driver.clone()), false);
        }
    }

    /// A journey that begins here, with what the driver sent while it was looked up: after a new
    /// start of the service, the trail since the connection was lost.
    fn journey_of(&self, driver: &UserId, ride: &WireRide) -> Journey {
        let mut journey = Journey::of(ride);
        let begun_ms = ride.accepted_at_ms.unwrap_or_default();
        let early = self.early_marks.remove(driver);
        for mark in early.map(|(_, marks)| marks).unwrap_or_default() {
            if mark.2 >= begun_ms {
                journey.fresh.extend(journey.thinner.take(mark));
            }
        }
        journey
    }

    /// A driver's position was accepted.
    pub fn moved(self: &Arc<Self>, driver: &UserId, fix: &Fix) {
        let position = &fix.position;
        let mark = Mark(position.latitude, position.longitude, position.timestamp_ms);
        let Some(mut journey) = self.journeys.get_mut(driver) else {
            if let Some(mut early) = self.early_marks.get_mut(driver)
                && early.len() < MOST_FRESH
            {
                early.push(mark);
            }
            return;
        };
        let journey = &mut *journey;
        journey.fresh.extend(journey.thinner.take(mark));
        if journey.fresh.len() > MOST_FRESH {
            journey.fresh.drain(..MOST_FRESH / 10);
        }
        let near = journey.is_near(fix.point, self.settings.near_m);
        let target = journey.target();
        if target.is_some() {
            self.router.learn(routing::Fix {
                vehicle: VehicleId::from(driver.clone()),
                at: fix.point,
                at_ms: position.timestamp_ms,
            });
        }
        let estimate = Journey::is_due(&mut journey.estimated_at, ESTIMATE_EVERY);
        let keep = journey.kept_at.elapsed() >= KEEP_EVERY && !journey.fresh.is_empty();
        if keep {
            journey.kept_at = Instant::now();
        }
        if near.is_none() && !keep && !estimate {
            return;
        }
        let (rides, driver, id) = (Arc::clone(self), driver.clone(), journey.ride.clone());
        let at = fix.point;
        tokio::spawn(async move {
            if keep && let Err(error) = rides.keep_marks(&driver, false).await {
                tracing::debug!(%error, "a track waits for the store");
            }
            if let Some(toward) = near {
                match rides.command(&id, &Command::Near(toward)).await {
                    // Refused: the ride is not there any more.
                    Ok(_) | Err(RidesError::Refused(_)) => {}
                    Err(error) => {
                        tracing::debug!(%error, "a notice waits for the store");
                        if let Some(mut journey) = rides.journeys.get_mut(&driver) {
                            // The next fixes raise it again.
                            journey.near = 0;
                        }
                    }
                }
            }
            if estimate
                && let Some(ride) = rides.check_journey(&driver, &id).await
                && let Some((toward, to)) = target
            {
                let way = rides.router.way(at, to).await;
                let eta = eta(toward, way, now_ms());
                rides.tell_progress(&driver, &ride, eta).await;
            }
        });
    }

    async fn tell_progress(&self, driver: &UserId, ride: &Ride, eta: Eta) {
        let progress = ServerMessage::Progress(Progress {
            ride_id: ride.id.clone(),
            eta,
        });
        let message = serde_json::to_string(&progress).unwrap_or_default();
        let to = vec![Address::rider(&ride.rider), Address::driver(driver)];
        self.post.whisper(to, message).await;
    }

    /// Keeps all tracks up to now, as far as that can be done soon.
    pub async fn stop(&self) {
        let drivers: Vec<_> = self.journeys.iter().map(|it| it.key().clone()).collect();
        let keeping = stream::iter(&drivers).for_each_concurrent(KEPT_AT_ONCE, |driver| async {
            // The store is away: a few marks less.
            let _ = self.keep_track(driver).await;
        });
        let _ = tokio::time::timeout(KEEP_EVERY, keeping).await;
    }

    /// Keeps all of the driver's track up to now.
    pub(super) async fn keep_track(&self, driver: &UserId) -> Result<(), RidesError> {
        if self.early_marks.contains_key(driver) {
            // Not looked up yet: the end of the ride must not overtake what belongs to it.
            self.find_journey(driver).await?;
        }
        self.keep_marks(driver, true).await
    }

    async fn keep_marks(&self, driver: &UserId, all: bool) -> Result<(), RidesError> {
        let (id, marks) = {
            let Some(mut journey) = self.journeys.get_mut(driver) else {
                return Ok(());
            };
            if all {
                let end = journey.thinner.end();
                journey.fresh.extend(end);
            }
            (journey.ride.clone(), std::mem::take(&mut journey.fresh))
        };
        if marks.is_empty() {
            return Ok(());
        }
        let mut step = Step::new();
        step.logs.push(Append {
            log: names::track(&id, driver),
            item: serde_json::to_vec(&marks).unwrap_or_default(),
            ttl: self.settings.kept_for,
        });
        let kept = self.commit(&step).await;
        if kept.is_err()
            && let Some(mut journey) = self.journeys.get_mut(driver)
            && journey.ride == id
        {
            journey.fresh.splice(0..0, marks);
        }
        kept.map(drop)
    }

    /// Where this driver's vehicle was on the ride, as far as it is kept.
    pub(super) async fn track_of(&self, id: &RideId, driver: &UserId) -> Result<Track, RidesError> {
        let mut marks: Vec<Mark> = Vec::new();
        let mut from = 0;
        loop {
            let log = names::track(id, driver);
            let page = self.post.ledger().log(&log, from, PAGE).await?;
            let is_last = page.len() < PAGE;
            from += page.len() as u64;
            for item in page {
                let some: Vec<Mark> = serde_json::from_slice(&item)
                    .map_err(|error| RidesError::Unreadable(error.to_string()))?;
                marks.extend(some);
            }
            if is_last {
                break;
            }
        }
        // Who came back to another node may have left marks on the first one.
        marks.sort_by_key(|mark| mark.2);
        marks.dedup_by_key(|mark| mark.2);
        Ok(Track(marks))
    }

    /// Where the vehicles of all its drivers were.
    pub(super) async fn whole_track(&self, ride: &Ride) -> Result<Track, RidesError> {
        let last = ride.drive.as_ref().map(|drive| &drive.driver);
        let mut track = Track::default();
        for driver in ride.search.passed.iter().chain(last) {
            track.0.extend(self.track_of(&ride.id, driver).await?.0);
        }
        Ok(track)
    }
}
