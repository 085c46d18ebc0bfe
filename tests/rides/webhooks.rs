//! Ride events at the operator's backend.

use std::time::Duration;

use ridecast::app::Settings;
use ridecast::store::StoreUrl;
use ridecast::webhooks;
use ridecast_protocol::{DeadWebhooks, OfferState, RideId, RideState as S, Role};
use tokio::time::Instant;

use crate::backend::{Backend, WEBHOOK_SECRET};
use crate::client::{Client, DEADLINE};
use crate::http::{get, post};
use crate::people::{answer, driver_at, request, step};
use crate::say::{MONTEVIDEO, offset};
use crate::service::{Service, token};

fn with_backend(backend: &Backend) -> impl FnOnce(&mut Settings) {
    let settings = webhooks::Settings {
        shortest_pause: Duration::from_millis(20),
        longest_pause: Duration::from_millis(100),
        attempts: 4,
        lease: Duration::from_millis(1_500),
        ..webhooks::Settings::new(backend.url(), WEBHOOK_SECRET)
    };
    |to| to.webhook = Some(settings)
}

/// A ride that is asked for, taken, and given up.
async fn short_ride(
    service: &Service,
    rider: &mut Client,
    driver: &mut Client,
    key: &str,
) -> RideId {
    let dropoff = offset(MONTEVIDEO, 2000.0, 0.0);
    let ride = rider.ride(request(key, MONTEVIDEO, dropoff)).await;
    let offer = driver.until_offer(OfferState::Open).await;
    assert_eq!(offer.ride_id, ride.ride_id, "{}", service.address);
    driver.ride(answer("accept_offer", &offer)).await;
    rider.ok(step("cancel_ride", &ride.ride_id)).await;
    driver.until_ride(S::Cancelled).await;
    ride.ride_id
}

const STATES: [S; 4] = [S::Requested, S::Offered, S::Accepted, S::Cancelled];

fn states(backend: &Backend, id: &RideId) -> Vec<S> {
    backend.rides(id).iter().map(|ride| ride.state).collect()
}

#[tokio::test]
async fn a_backend_is_told_of_every_change_in_order() {
    let mut backend = Backend::closed();
    backend.open().await;
    let service = Service::start_with(with_backend(&backend));
    let mut driver = driver_at(service.address, "ana", MONTEVIDEO).await;
    let mut rider = Client::open(service.address, "rosa", Role::Rider).await;
    let id = short_ride(&service, &mut rider, &mut driver, "k").await;
    backend
        .until("the end is told", |it| {
            states(it, &id).contains(&S::Cancelled)
        })
        .await;
    assert_eq!(states(&backend, &id), STATES);
    let last = backend.rides(&id).pop().expect("four");
    assert_eq!(last.rider.expect("operators know").as_str(), "rosa");
    assert_eq!(last.driver.expect("operators know").id.as_str(), "ana");
}

#[tokio::test]
async fn nothing_is_lost_while_the_backend_is_away() {
    let mut backend = Backend::closed();
    let service = Service::start_with(with_backend(&backend));
    let mut driver = driver_at(service.address, "ana", MONTEVIDEO).await;
    let mut rider = Client::open(service.address, "rosa", Role::Rider).await;
    let mut ids = Vec::new();
    for key in ["k1", "k2", "k3"] {
        ids.push(short_ride(&service, &mut rider, &mut driver, key).await);
    }
    // More attempts have failed than an event is given while others pass.
    tokio::time::sleep(Duration::from_secs(1)).await;
    backend.open().await;
    backend
        .until("all is told", |it| it.accepted().len() >= 3 * STATES.len())
        .await;
    for id in &ids {
        assert_eq!(states(&backend, id), STATES);
    }
}

#[tokio::test]
async fn what_is_refused_while_others_pass_is_given_up_and_can_be_sent_again() {
    let mut backend = Backend::closed();
    backend.open().await;
    let service = Service::start_with(with_backend(&backend));
    let mut driver = driver_at(service.address, "ana", MONTEVIDEO).await;
    let mut rider = Client::open(service.address, "rosa", Role::Rider).await;
    let dropoff = offset(MONTEVIDEO, 2000.0, 0.0);
    let bad = rider
        .ride(request("bad", MONTEVIDEO, dropoff))
        .await
        .ride_id;
    backend.refuse(&bad);
    let offer = driver.until_offer(OfferState::Open).await;
    driver.ok(answer("decline_offer", &offer)).await;
    rider.ok(step("cancel_ride", &bad)).await;
    backend.until("it is refused", |it| it.refused() > 0).await;
    let good = short_ride(&service, &mut rider, &mut driver, "good").await;
    backend
        .until("others pass", |it| states(it, &good) == STATES)
        .await;

    let operator = token("olga", Role::Operator);
    let dead = || async {
        let reply = get(service.address, "/v1/webhooks/dead", Some(&operator)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json::<DeadWebhooks>().webhooks
    };
    let deadline = Instant::now() + DEADLINE;
    let mut letters = dead().await;
    while letters.is_empty() {
        assert!(Instant::now() < deadline, "never given up");
        tokio::time::sleep(Duration::from_millis(20)).await;
        letters = dead().await;
    }
    let letter = letters.last().expect("given up");
    assert!(
        letter.attempts >= 4 && letter.reason.contains("500"),
        "{letter:?}"
    );

    let path = format!("/v1/webhooks/dead/{}", letter.id);
    for (who, status) in [
        (None, 401),
        (Some(token("rosa", Role::Rider)), 403),
        (Some(operator.clone()), 503),
    ] {
        let reply = post(service.address, &path, who.as_deref(), "").await;
        assert_eq!(reply.status, status, "{reply:?}");
    }
    backend.refuse_nothing();
    let reply = post(service.address, &path, Some(&operator), "").await;
    assert_eq!(reply.status, 204, "{reply:?}");
    assert!(backend.accepted().iter().any(|it| it.id == letter.id));
    assert!(dead().await.iter().all(|left| left.id != letter.id));
    let reply = post(service.address, &path, Some(&operator), "").await;
    assert_eq!(reply.status, 404, "{reply:?}");
}

#[tokio::test]
async fn after_a_restart_it_goes_on_where_the_backend_was() {
    let kept = tempfile::tempdir().unwrap();
    let store = StoreUrl::Embedded(kept.path().join("store"));
    let mut backend = Backend::closed();
    let start = |backend: &Backend| {
        let change = with_backend(backend);
        Service::start_with(|settings| {
            settings.store = store.clone();
            change(settings);
        })
    };
    let service = start(&backend);
    let mut driver = driver_at(service.address, "ana", MONTEVIDEO).await;
    let mut rider = Client::open(service.address, "rosa", Role::Rider).await;
    let first = short_ride(&service, &mut rider, &mut driver, "k1").await;
    drop(service);

    backend.open().await;
    let service = start(&backend);
    backend
        .until("the first is told", |it| states(it, &first) == STATES)
        .await;
    let mut driver = driver_at(service.address, "ana", MONTEVIDEO).await;
    let mut rider = Client::open(service.address, "rosa", Role::Rider).await;
    let second = short_ride(&service, &mut rider, &mut driver, "k2").await;
    backend
        .until("the second is told", |it| states(it, &second) == STATES)
        .await;
    assert_eq!(states(&backend, &first), STATES, "the first only once");
}
