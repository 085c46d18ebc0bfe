//! Keys at a URL: cached, fetched by the clock and when a new name comes, kept when it fails.

use std::time::Duration;

use ridecast::auth::{self, KeySource};
use ridecast_protocol::ErrorCode;
use serde_json::json;
use tokio::time::Instant;

use crate::client::{Client, DEADLINE, How};
use crate::http::get;
use crate::issuer::Issuer;
use crate::keys::{ASK, bearer, is_let_in, service};
use crate::service::Service;
use crate::signer::{Signer, claims, jwks};

/// Never by the clock, unless a test says so.
fn by_url(issuer: &Issuer) -> auth::Settings {
    auth::Settings {
        sources: vec![KeySource::jwks(&issuer.url()).unwrap()],
        fetch_every: Duration::from_hours(1),
        learn_every: Duration::from_hours(1),
        ..auth::Settings::default()
    }
}

/// Waits until who brings this token is answered so.
pub(crate) async fn until_status(service: &Service, token: &str, status: u16) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let reply = get(service.address, ASK, Some(token)).await;
        if reply.status == status {
            return;
        }
        assert!(Instant::now() < deadline, "never {status}: {reply:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) async fn until_metric(service: &Service, name: &str, like: impl Fn(u64) -> bool) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let metrics = get(service.address, "/metrics", None).await.body;
        let value = metrics
            .lines()
            .find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        if value.is_some_and(&like) {
            return;
        }
        assert!(Instant::now() < deadline, "{name} is {value:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_for_a_name_that_is_not_known() {
    let (first, second) = (Signer::ec().named("1"), Signer::ec().named("2"));
    let issuer = Issuer::start(Some(jwks(&[&first])));
    let service = service(by_url(&issuer));
    for _ in 0..5 {
        assert!(is_let_in(&service, &first.sign(&claims("rosa"))).await);
    }
    assert_eq!(issuer.asked(), 1, "cached");

    issuer.publish(Some(jwks(&[&first, &second])));
    assert!(is_let_in(&service, &second.sign(&claims("rosa"))).await);
    assert!(is_let_in(&service, &first.sign(&claims("rosa"))).await);
    assert_eq!(issuer.asked(), 2);

    // Whoever makes names up does not make the service ask.
    for nth in 0..20 {
        let made_up = Signer::ec().named(&format!("made up {nth}"));
        assert!(!is_let_in(&service, &made_up.sign(&claims("rosa"))).await);
    }
    assert_eq!(issuer.asked(), 2, "limited");
}

#[tokio::test]
async fn many_with_a_new_name_are_one_fetch() {
    let (first, second) = (Signer::ed().named("1"), Signer::ed().named("2"));
    let issuer = Issuer::start(Some(jwks(&[&first])));
    let service = service(by_url(&issuer));
    issuer.publish(Some(jwks(&[&second])));
    let asking = (0..20).map(|nth| {
        let token = second.sign(&claims(&format!("r{nth}")));
        async move { get(service.address, ASK, Some(&token)).await.status }
    });
    let statuses = futures_util::future::join_all(asking).await;
    assert_eq!(statuses, [200; 20]);
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn who_goes_away_while_a_key_is_fetched_does_not_stop_that() {
    let (first, second) = (Signer::ed().named("1"), Signer::ed().named("2"));
    let issuer = Issuer::start(Some(jwks(&[&first])));
    let service = service(by_url(&issuer));
    issuer.publish(Some(jwks(&[&first, &second])));
    issuer.slow_down(Duration::from_secs(1));
    let good = first.sign(&claims("rosa"));
    let made_up = Signer::ed().named("made up").sign(&claims("rosa"));
    for _ in 0..5 {
        let mut client = Client::connect(service.address, &bearer(&good)).await;
        client.welcome().await;
        let hello = json!({"type": "hello", "token": made_up});
        client.send(&hello).await;
        client.settle().await;
        client.vanish();
        until_metric(&service, "ridecast_sessions{role=\"rider\"}", |n| n == 0).await;
    }
    assert!(is_let_in(&service, &second.sign(&claims("rosa"))).await);
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn a_key_that_takes_long_to_come_is_waited_for() {
    let (first, second) = (Signer::ed().named("1"), Signer::ed().named("2"));
    let issuer = Issuer::start(Some(jwks(&[&first])));
    let service = Service::start_with(|settings| {
        settings.auth = by_url(&issuer);
        settings.ws.hello_within = Duration::from_millis(300);
    });
    issuer.publish(Some(jwks(&[&first, &second])));
    issuer.slow_down(Duration::from_secs(1));
    let mut client = Client::connect(service.address, &How::default()).await;
    let hello = json!({"type": "hello", "token": second.sign(&claims("rosa"))});
    client.send(&hello).await;
    client.welcome().await;
}

#[tokio::test]
async fn a_key_that_is_taken_away_counts_no_more() {
    let (first, second) = (Signer::ec().named("1"), Signer::ec().named("2"));
    let issuer = Issuer::start(Some(jwks(&[&first, &second])));
    let service = service(auth::Settings {
        fetch_every: Duration::from_millis(50),
        ..by_url(&issuer)
    });
    let (old, kept) = (first.sign(&claims("rosa")), second.sign(&claims("rosa")));
    assert!(is_let_in(&service, &old).await);
    assert!(is_let_in(&service, &kept).await);

    // It fails, and answers with what is no set of keys: what it said last is kept.
    issuer.publish(None);
    until_metric(&service, "ridecast_auth_key_refreshes_failed_total", |n| {
        n >= 1
    })
    .await;
    assert!(is_let_in(&service, &old).await);
    issuer.publish(Some("<html>".to_owned()));
    let asked = issuer.asked();
    until_metric(&service, "ridecast_auth_key_refreshes_failed_total", |n| {
        n >= 3
    })
    .await;
    assert!(issuer.asked() > asked);
    assert!(is_let_in(&service, &old).await);

    issuer.publish(Some(jwks(&[&second])));
    until_status(&service, &old, 401).await;
    assert!(!is_let_in(&service, &old).await, "it was remembered");
    assert!(is_let_in(&service, &kept).await);
}

#[tokio::test]
async fn while_no_key_could_be_had_everybody_is_told_to_come_back() {
    let signer = Signer::ed().named("1");
    let issuer = Issuer::start(None);
    let service = service(by_url(&issuer));
    let token = signer.sign(&claims("rosa"));
    let ready = get(service.address, "/readyz", None).await;
    assert_eq!(ready.status, 503, "{ready:?}");
    let reply = get(service.address, ASK, Some(&token)).await;
    assert_eq!(reply.error(), (503, "unavailable".to_owned()));
    let mut client = Client::connect(service.address, &bearer(&token)).await;
    let farewell = client.farewell().await;
    assert_eq!(farewell.errors, [ErrorCode::Unavailable]);
    assert_eq!((farewell.bye, farewell.close), (Some(4004), Some(4004)));
    assert!(farewell.reconnect_in_ms.is_some());

    issuer.publish(Some(jwks(&[&signer])));
    until_status(&service, &token, 200).await;
    assert_eq!(get(service.address, "/readyz", None).await.status, 200);
    assert!(is_let_in(&service, &token).await);

    // Of a name that is not known, nothing can be known while nobody answers.
    issuer.publish(None);
    let unknown = Signer::ed().named("2").sign(&claims("rosa"));
    let reply = get(service.address, ASK, Some(&unknown)).await;
    assert_eq!(reply.error(), (503, "unavailable".to_owned()));
    assert!(is_let_in(&service, &token).await);
}
