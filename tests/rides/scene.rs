//! A ride brought to some stage, with everybody there who has to do with it.

use ridecast_protocol::{Offer, OfferState, RideId, RideState as S, Role};
use serde_json::json;

use crate::client::Client;
use crate::people::{answer, driver_at, request, step};
use crate::say::{MONTEVIDEO, Place, nearby, offset, position};
use crate::service::Service;

/// A rider, a driver, an operator, and another rider who looks around.
pub(crate) struct Scene {
    pub(crate) service: Service,
    pub(crate) rider: Client,
    pub(crate) driver: Client,
    pub(crate) operator: Client,
    pub(crate) other: Client,
    pub(crate) ride: RideId,
    pub(crate) offer: Option<Offer>,
}

pub(crate) const PICKUP: Place = MONTEVIDEO;

pub(crate) fn dropoff() -> Place {
    offset(PICKUP, 2000.0, 0.0)
}

/// Looks again for a driver soon.
pub(crate) fn impatient() -> Service {
    Service::start_with(|settings| settings.rides.rules.retry_after_ms = 300)
}

impl Scene {
    /// Everybody is there, and a ride was asked for that has come so far. In `requested` the driver
    /// is not online yet.
    pub(crate) async fn at(stage: S) -> Self {
        Self::of(impatient(), stage).await
    }

    pub(crate) async fn of(service: Service, stage: S) -> Self {
        let address = service.address;
        let mut operator = Client::open(address, "olga", Role::Operator).await;
        let mut other = Client::open(address, "otto", Role::Rider).await;
        other.ok(nearby("n", PICKUP, 3000.0)).await;
        let mut driver = if stage == S::Requested {
            Client::open(address, "ana", Role::Driver).await
        } else {
            driver_at(address, "ana", offset(PICKUP, 0.0, 900.0)).await
        };
        let mut rider = Client::open(address, "rosa", Role::Rider).await;
        let asked = rider.ride(request("k1", PICKUP, dropoff())).await;
        assert_eq!((asked.state, asked.version), (S::Requested, 1));
        let ride = asked.ride_id;
        if stage == S::Requested {
            for client in [&mut rider, &mut operator] {
                assert_eq!(client.tale("ride requested").await.len(), 1);
            }
            return Self {
                service,
                rider,
                driver,
                operator,
                other,
                ride,
                offer: None,
            };
        }
        let offer = driver.until_offer(OfferState::Open).await;
        let mut told = vec!["ride requested", "ride offered"];
        if stage >= S::Accepted {
            let taken = driver.ride(answer("accept_offer", &offer)).await;
            assert_eq!(taken.state, S::Accepted);
            told.push("ride accepted");
            assert_eq!(
                driver.tale("ride accepted").await,
                ["offer accepted", "ride accepted"]
            );
        }
        if stage >= S::Arrived {
            driver.ok(position(PICKUP)).await;
            driver.ok(step("arrive", &ride)).await;
            told.push("ride arrived");
        }
        if stage >= S::InProgress {
            driver.ok(step("start_ride", &ride)).await;
            told.push("ride in_progress");
        }
        for client in [&mut rider, &mut operator] {
            assert_eq!(client.tale(told[told.len() - 1]).await, told);
        }
        if stage >= S::Arrived {
            assert_eq!(driver.tale(told[told.len() - 1]).await, told[3..]);
        }
        Self {
            service,
            rider,
            driver,
            operator,
            other,
            ride,
            offer: Some(offer),
        }
    }

    /// Whether others see the driver's vehicle as free.
    pub(crate) async fn until_seen(&mut self, seen: bool) {
        self.other
            .until("n", &format!("a free vehicle: {seen}"), |view| {
                view.snapshots > 0 && view.vehicles.len() == usize::from(seen)
            })
            .await;
    }

    /// The driver is free: who asks now gets this driver.
    pub(crate) async fn driver_is_free(&mut self) {
        self.until_seen(true).await;
        let another = self.other.ride(request("another", PICKUP, dropoff())).await;
        let offer = self
            .driver
            .event("an offer of another ride", |event| match event {
                ridecast_protocol::Event::Offer(offer)
                    if offer.ride_id == another.ride_id && offer.state == OfferState::Open =>
                {
                    Some(offer.clone())
                }
                _ => None,
            })
            .await;
        self.driver.ok(answer("accept_offer", &offer)).await;
        self.until_seen(false).await;
    }

    /// This driver is not asked for this ride again.
    pub(crate) async fn driver_is_not_asked_again(&mut self) {
        self.driver.rest().await;
        // Longer than until the next look.
        let mut second = driver_at(self.service.address, "bea", offset(PICKUP, 0.0, 1500.0)).await;
        let offer = second.until_offer(OfferState::Open).await;
        assert_eq!(offer.ride_id, self.ride);
        assert_eq!(self.driver.rest().await, [""; 0]);
        second.ok(answer("decline_offer", &offer)).await;
        second.ok(json!({"type": "go_offline"})).await;
    }
}
