//! Which drivers are on a journey. They begin and end by what is told; where words were missed,
//! or come in another order than they were said, the store knows.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use ridecast_protocol::{Ride as WireRide, RideId, UserId, VehicleId};

use super::error::RidesError;
use super::ledger::{Busy, value};
use super::{Rides, names};
use crate::ride::{Reader, Ride};

/// While the store cannot answer, a driver's ride is looked up so often, so long after each other.
const LOOKS: u32 = 10;
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(1);

impl Rides {
    /// A driver has come to this node, or back: with the ride they are on.
    pub fn driver_came(self: &Arc<Self>, driver: UserId) {
        if !self.journeys.contains_key(&driver) {
            self.early_marks.entry(driver.clone()).or_default();
        }
        let rides = Arc::clone(self);
        tokio::spawn(async move {
            rides.look_until_found(&driver).await;
            rides.early_marks.remove(&driver);
        });
    }

    /// Looks whether the ride is still this driver's. Words of several nodes may have come in
    /// another order than they were said.
    pub(super) async fn check_journey(&self, driver: &UserId, id: &RideId) -> Option<Ride> {
        let (ride, _) = self.read(id).await.ok()?;
        self.journey_is(driver, &ride.seen_by(Reader::Driver(driver)));
        (ride.driver() == Some(driver)).then_some(ride)
    }

    /// A driver has opened a session on another node: what this one knows of the way goes where
    /// that one finds it.
    pub fn driver_left(self: &Arc<Self>, driver: UserId) {
        let rides = Arc::clone(self);
        tokio::spawn(async move {
            match rides.keep_track(&driver).await {
                Ok(()) => drop(rides.journeys.remove(&driver)),
                Err(error) => tracing::debug!(%error, "the end of a track waits for the store"),
            }
        });
    }

    /// This node may have missed what was told to its drivers: they are looked up, all of them.
    pub fn look_for_journeys(self: &Arc<Self>) {
        let rides = Arc::clone(self);
        tokio::spawn(async move {
            let mut drivers: HashSet<_> =
                rides.journeys.iter().map(|it| it.key().clone()).collect();
            drivers.extend(rides.post.drivers_here());
            for driver in drivers {
                if !rides.look_until_found(&driver).await {
                    // Whatever it is, the next gap begins anew.
                    return;
                }
            }
        });
    }

    /// Looks again while the store cannot answer. False: not in all that time.
    async fn look_until_found(&self, driver: &UserId) -> bool {
        for _ in 0..LOOKS {
            match self.find_journey(driver).await {
                Ok(()) => return true,
                Err(error) => {
                    tracing::debug!(%error, "a driver's ride could not be looked up");
                }
            }
            tokio::time::sleep(LOOK_AGAIN_AFTER).await;
        }
        false
    }

    /// A driver's session was told of this: the journey should be so already. It is not when the
    /// store has done what it could not answer.
    pub fn driver_heard(self: &Arc<Self>, driver: &UserId, ride: &WireRide) {
        let known = self.journeys.get(driver);
        let known = known.map(|it| (it.ride.clone(), it.state));
        let is_theirs = ride.state.is_driven() && ride.driver.is_some();
        let is_so = match known {
            Some((known, state)) if known == ride.ride_id => is_theirs && state == ride.state,
            _ => !is_theirs,
        };
        if !is_so {
            self.driver_came(driver.clone());
        }
    }

    /// Looks until it finds the same twice: between looking and noting it may have changed.
    pub(super) async fn find_journey(&self, driver: &UserId) -> Result<(), RidesError> {
        let mut found = self.ride_of_driver(driver).await?;
        loop {
            if let Some(ride) = &found {
                self.journey_is(driver, &ride.seen_by(Reader::Driver(driver)));
            } else {
                self.journeys.remove(driver);
                self.fleet.engage(&VehicleId::from(driver.clone()), false);
            }
            let again = self.ride_of_driver(driver).await?;
            if again == found {
                return Ok(());
            }
            found = again;
        }
    }

    /// The ride a driver is on.
    async fn ride_of_driver(&self, driver: &UserId) -> Result<Option<Ride>, RidesError> {
        let [record] = self.records([names::driver(driver)]).await?;
        let Some(busy) = value::<Busy>(&record)? else {
            return Ok(None);
        };
        let (ride, _) = self.read(&busy.ride).await?;
        Ok((ride.driver() == Some(driver)).then_some(ride))
    }
}
