//! The simulator against the service: rides from the asking to the end, while connections drop.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../support/http.rs"]
#[expect(dead_code, reason = "the tests of REST use the rest")]
mod http;
#[path = "../support/redis.rs"]
#[expect(dead_code, reason = "the contracts of store and broker use the rest")]
mod redis_server;
#[path = "../support/service.rs"]
#[expect(dead_code, reason = "the tests of stopping use the rest")]
mod service;

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use ridecast::app::Settings;
use ridecast::store::StoreUrl;
use ridecast_protocol::{RideCounts, Role};
use ridecast_roads::Router;
use ridecast_simulator::{
    Endpoint, Fleet, Report, Rides, RunSettings, TokenSource, load_city, run,
};
use tokio_util::sync::CancellationToken;

use crate::http::get;
use crate::redis_server::RedisServer;
use crate::service::{SECRET, Service, token};

static HELSINKI: LazyLock<Arc<Router>> = LazyLock::new(|| {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    load_city(&data.join("helsinki-centre-2019-04.osm.pbf"), &mut |_| {}).unwrap()
});

/// People and vehicles are faster than in life: so are the offers, and what is believed.
fn hasty(settings: &mut Settings) {
    settings.rides.rules.offer_for_ms = 3_000;
    settings.fleet.limits.max_speed_mps = 1_000.0;
    settings.roads = Some(Arc::clone(&HELSINKI));
}

/// Many short rides, faster than in life, between people whose connections drop
/// twice a minute or more often.
async fn simulate(nodes: &[&Service]) -> Report {
    let urls: Vec<String> = nodes
        .iter()
        .map(|node| format!("ws://{}", node.address))
        .collect();
    let urls = urls.iter().map(String::as_str);
    let endpoint = Endpoint::several(urls, TokenSource::secret(SECRET)).unwrap();
    let settings = RunSettings {
        fleet: Fleet {
            drivers: 40,
            riders: 20,
            flaky: 0.05,
            ..Fleet::default()
        },
        rides: Rides {
            per_minute: 120.0,
            accept: 0.8,
            decline: 0.1,
            cancel: 0.15,
            trip_m: 200.0..600.0,
        },
        haste: 10.0,
        duration: Some(Duration::from_secs(40)),
        ..RunSettings::new(endpoint)
    };
    let city = Arc::clone(&HELSINKI);
    run(city, settings, CancellationToken::new(), &mut |_| {})
        .await
        .unwrap()
}

/// What the simulator says, and what the service itself says.
async fn check(report: &Report, node: &Service) {
    println!("{report}");
    assert_eq!(report.problems(), Vec::<String>::new());
    assert_eq!((report.events_missed, report.events_doubled), (0, 0));
    assert!(report.events_received > 200, "{report}");
    assert!(report.reconnects > 30, "{report}");
    assert_eq!(
        report.disconnects.keys().collect::<Vec<_>>(),
        ["dropped_on_purpose"]
    );

    let rides = report.rides.as_ref().unwrap();
    let of = |word: &str| rides.outcomes.get(word).copied().unwrap_or_default();
    assert!(rides.asked >= 20 && of("completed") >= 5, "{report}");
    assert_eq!(rides.asked, rides.outcomes.values().sum::<u64>());
    for word in ["accepted", "declined", "ignored"] {
        assert!(rides.offers[word] > 0, "{report}");
    }
    assert!(rides.time_to_accept_s.samples >= of("completed"));
    assert!(rides.pickup_eta_error_s.samples >= of("completed"));
    assert!(rides.chat_messages > 0 && rides.progress_messages > 0);

    let operator = token("olga", Role::Operator);
    let counts: RideCounts = get(node.address, "/v1/rides/counts", Some(&operator))
        .await
        .json();
    let count = |over: bool| {
        let of_these = counts.counts.iter();
        let of_these = of_these.filter(|count| count.state.is_over() == over);
        of_these.map(|count| count.rides).sum::<u64>()
    };
    assert_eq!((count(false), count(true)), (0, rides.asked), "{counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_ride_ends_and_no_event_is_missed_though_connections_drop() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start_with(|settings| {
        hasty(settings);
        settings.store = StoreUrl::Embedded(folder.path().join("store"));
    });
    let report = simulate(&[&service]).await;
    check(&report, &service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_when_everybody_comes_back_to_another_node() {
    let redis = RedisServer::start();
    let node = || {
        Service::start_with(|settings| {
            hasty(settings);
            settings.store = redis.url().parse().unwrap();
        })
    };
    let (one, two) = (node(), node());
    let report = simulate(&[&one, &two]).await;
    check(&report, &two).await;
}
