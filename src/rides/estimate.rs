//! What a ride would be like, before anybody asks for it.

use ridecast_protocol::{Estimate, UserId, VehicleClass};

use super::dispatch::COMPARED;
use super::error::RidesError;
use super::route::{by, coordinates};
use super::{Rides, trip, whole};
use crate::fleet::Sought;
use crate::spatial::LatLon;

/// So many free vehicles are counted.
const MOST_COUNTED: usize = 100;

impl Rides {
    /// How long it would be until a driver is at the pickup, of those who would be asked at this
    /// moment, and the way from there. Costs 20 ways and a route.
    ///
    /// # Errors
    /// [`RidesError`].
    pub async fn estimate(
        &self,
        (pickup, dropoff): (LatLon, LatLon),
        class: Option<&VehicleClass>,
    ) -> Result<Estimate, RidesError> {
        self.searched(pickup).await?;
        let sought = Sought {
            class,
            free: true,
            online: true,
        };
        let radius_m = self.settings.search_radius_m;
        let near = self.fleet.nearest(pickup, radius_m, MOST_COUNTED, &sought);
        let near = near.into_iter().filter_map(|(vehicle, seen)| {
            let driver = UserId::new(vehicle.id().as_str()).ok()?;
            Some((pickup.distance_m(seen.fix.point), driver, seen.fix.point))
        });
        let free = self.free(near.collect(), MOST_COUNTED).await?;
        let places = free.iter().map(|(_, place)| *place);
        let compared: Vec<_> = places.take(COMPARED).collect();
        let (ways, route) = tokio::join!(
            self.router.ways(&compared, pickup),
            self.router.route(pickup, dropoff)
        );
        let soonest_s = ways.iter().map(|way| way.duration_s).min_by(f64::total_cmp);
        Ok(Estimate {
            wait_s: soonest_s.map(whole),
            vehicles: u32::try_from(free.len()).unwrap_or(u32::MAX),
            trip: trip(route.way),
            line: coordinates(&route.line),
            by: by(route.way),
        })
    }
}
