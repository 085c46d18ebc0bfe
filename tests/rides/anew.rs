//! The store has lost what it had: everybody is told, and goes on.

use ridecast::store::StoreUrl;
use ridecast_protocol::{RideState as S, Role};

use crate::client::Client;
use crate::people::{request, step};
use crate::redis_server::RedisServer;
use crate::say::{MONTEVIDEO, offset};
use crate::service::Service;

#[tokio::test]
async fn a_redis_that_keeps_nothing_begins_a_new_epoch_in_open_sessions() {
    let mut redis = RedisServer::start();
    let service = Service::start_with(|settings| {
        settings.store = StoreUrl::Redis(redis.url());
    });
    let mut rider = Client::open(service.address, "rosa", Role::Rider).await;
    let dropoff = offset(MONTEVIDEO, 2000.0, 0.0);
    let ride = rider.ride(request("k1", MONTEVIDEO, dropoff)).await;
    rider.until_ride(S::Requested).await;
    rider.ok(step("cancel_ride", &ride.ride_id)).await;
    rider.until_ride(S::Cancelled).await;
    let before = rider.place.clone().expect("known");
    assert!(before.offset >= 2, "{before:?}");

    redis.kill();
    redis.run();
    while rider.place.as_ref() == Some(&before) {
        rider.next().await;
    }
    let place = rider.place.clone().expect("known");
    assert_ne!(place.epoch, before.epoch);
    assert_eq!((place.offset, place.recovered), (0, Some(false)));

    // The same session goes on; the client sees to it that the offsets have no hole.
    rider.ride(request("k2", MONTEVIDEO, dropoff)).await;
    rider.until_ride(S::Requested).await;
}
