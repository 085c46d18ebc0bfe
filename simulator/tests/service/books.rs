//! The simulator's books against those of a service.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ridecast_protocol::{CloseCode, ErrorCode};
use ridecast_simulator::{Fleet, LoadSettings, Report, Rides, RunSettings, Subprotocol, load, run};
use tokio_util::sync::CancellationToken;

use crate::HELSINKI;
use crate::fake::{End, Service, Whims};

const RUN: Duration = Duration::from_millis(1_500);

fn settings(service: &Service, subprotocol: Subprotocol) -> RunSettings {
    RunSettings {
        fleet: Fleet {
            drivers: 10,
            riders: 3,
            subprotocol,
            look_around: Duration::from_millis(200),
            ..Fleet::default()
        },
        rate_hz: 20.0,
        rides: Rides::none(),
        duration: Some(RUN),
        ..RunSettings::new(service.endpoint())
    }
}

async fn run_with(settings: RunSettings) -> Report {
    let city = Arc::clone(&HELSINKI);
    run(city, settings, CancellationToken::new(), &mut |_| {})
        .await
        .unwrap()
}

fn refused(report: &Report) -> u64 {
    report.refused.values().sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_accepted_and_refused_is_exact() {
    for subprotocol in [Subprotocol::Bin, Subprotocol::Json] {
        let service = Service::start(Whims {
            refuse_every: Some(5),
            delay: Duration::from_millis(1),
            ..Whims::default()
        })
        .await;
        let report = run_with(settings(&service, subprotocol)).await;
        let books = service.books();
        assert!(report.updates_sent > 100, "{report}");
        assert_eq!(report.updates_sent, books.received());
        assert_eq!(report.updates_accepted, books.accepted);
        assert_eq!(report.updates_unconfirmed, 0);
        let jumps = books.refused[&ErrorCode::PositionJump];
        assert_eq!(report.refused["position_jump"], jumps);
        assert_eq!(report.refused.len(), 1);
        assert_eq!(report.problems(), Vec::<String>::new());
        assert_eq!((report.vehicles, report.riders), (10, 3));
        assert_eq!((report.sessions_opened, report.reconnects), (13, 0));
        assert!(report.vehicle_updates_delivered <= books.passed_on);
        assert!(report.vehicle_updates_delivered > 100, "{report}");
        assert!(report.updates_seen <= report.updates_accepted);
        assert!(!report.cut_short);
        assert_eq!(books.offline, 10, "every driver took leave");
        assert!(books.updates > 3, "riders look around");
        let first = &books.vehicles["sim-d00000"];
        assert!(first.plate.is_some() && first.label.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn latency_is_from_the_sending_to_the_receipt() {
    let service = Service::start(Whims {
        delay: Duration::from_millis(60),
        ..Whims::default()
    })
    .await;
    let mut settings = settings(&service, Subprotocol::Bin);
    // One vehicle's positions, each passed on 60 ms later: no queue builds up.
    settings.fleet.drivers = 1;
    settings.rate_hz = 5.0;
    let report = run_with(settings).await;
    let latency = report.latency_ms;
    assert!(latency.samples >= 3, "{report}");
    assert!((60.0..500.0).contains(&latency.p50.unwrap()), "{report}");
    assert!(latency.p50 <= latency.p90 && latency.p90 <= latency.p99);
    assert!(latency.p99 <= latency.max);
    assert_eq!((report.latency_unmatched, report.went_back), (0, 0));
    assert_eq!(report.connect_ms.samples, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_break_the_trail_is_sent_and_the_doubt_is_told() {
    let service = Service::start(Whims {
        end_first_after: Some((10, End::Break)),
        ..Whims::default()
    })
    .await;
    let report = run_with(settings(&service, Subprotocol::Bin)).await;
    let books = service.books();
    assert_eq!(report.reconnects, 10);
    assert_eq!(report.disconnects["connection_broken"], 10);
    let unconfirmed = report.updates_unconfirmed;
    assert!((100..=320).contains(&unconfirmed), "{report}");
    assert_eq!(
        report.updates_sent,
        report.updates_accepted + refused(&report) + unconfirmed
    );
    // Each driver's first ten came through before the break.
    assert_eq!(report.updates_accepted + 100, books.accepted);
    assert!(books.batches > 0, "no trail was sent");
    for (driver, positions) in &books.received {
        assert!(
            positions.is_sorted_by_key(|position| position.timestamp_ms),
            "{driver}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bye_says_when_to_come_back() {
    let service = Service::start(Whims {
        end_first_after: Some((5, End::Bye(400))),
        ..Whims::default()
    })
    .await;
    let report = run_with(settings(&service, Subprotocol::Bin)).await;
    assert_eq!(report.disconnects["closed_4000"], 10, "{report}");
    assert_eq!(report.reconnects, 10);
    let books = service.books();
    for (driver, sessions) in &books.sessions {
        if let [first, second] = sessions[..] {
            let wait = second - first;
            assert!(wait >= Duration::from_millis(400), "{driver}: {wait:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_sent_away_stays_away() {
    for (whims, word) in [
        (
            Whims {
                send_away: Some(CloseCode::BadToken),
                ..Whims::default()
            },
            "closed_4500",
        ),
        (
            Whims {
                unauthorized: true,
                ..Whims::default()
            },
            "bad_token",
        ),
    ] {
        let service = Service::start(whims).await;
        let mut settings = settings(&service, Subprotocol::Bin);
        settings.duration = None;
        // It ends by itself, because nobody is left.
        let report = run_with(settings).await;
        assert_eq!(report.gave_up, 13, "{report}");
        assert_eq!(report.errors[word], 13);
        assert_eq!(report.reconnects, 0);
        assert!(report.cut_short);
        assert!(!report.problems().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_within_two_seconds_even_when_no_answer_comes() {
    let service = Service::start(Whims {
        silent: true,
        ..Whims::default()
    })
    .await;
    let mut settings = settings(&service, Subprotocol::Bin);
    settings.duration = None;
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    let city = Arc::clone(&HELSINKI);
    let running = tokio::spawn(async move { run(city, settings, stop, &mut |_| {}).await });
    let deadline = Instant::now() + Duration::from_secs(10);
    while service.books().received() < 50 {
        assert!(Instant::now() < deadline, "nothing was sent");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let stopped = Instant::now();
    stopping.cancel();
    let report = running.await.unwrap().unwrap();
    let took = stopped.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(report.updates_accepted, 0);
    assert_eq!(report.updates_unconfirmed, report.updates_sent);
    assert!(!report.problems().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_missing_or_comes_twice_is_a_failure() {
    for (offsets, missed, doubled) in [
        (vec![1, 2, 3], 0, 0),
        (vec![1, 4], 2, 0),
        (vec![1, 2, 2, 3], 0, 1),
    ] {
        let (told, last) = (offsets.len() as u64, *offsets.last().unwrap());
        let service = Service::start(Whims {
            offsets,
            ..Whims::default()
        })
        .await;
        let report = run_with(settings(&service, Subprotocol::Bin)).await;
        // Each of three riders.
        assert_eq!(report.events_received, 3 * (told - doubled), "{report}");
        assert_eq!(report.events_missed, 3 * missed);
        assert_eq!(report.events_doubled, 3 * doubled);
        assert_eq!(report.problems().is_empty(), missed + doubled == 0);
        assert_eq!(service.books().acks, [last; 3], "all are acknowledged");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_the_inbox_has_missed_something() {
    let service = Service::start(Whims {
        end_first_after: Some((10, End::Break)),
        ..Whims::default()
    })
    .await;
    let report = run_with(settings(&service, Subprotocol::Bin)).await;
    // Each of the ten drivers asked to resume, and was not told that it was done.
    assert_eq!((report.reconnects, report.events_missed), (10, 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_test_ramps_holds_and_measures() {
    let service = Service::start(Whims::default()).await;
    let settings = LoadSettings {
        fleet: Fleet {
            drivers: 20,
            riders: 4,
            ..Fleet::default()
        },
        rate_hz: 5.0,
        ramp: Duration::from_millis(500),
        hold: Duration::from_secs(1),
        ..LoadSettings::new(service.endpoint())
    };
    let mut told = Vec::new();
    let stop = CancellationToken::new();
    let city = Arc::clone(&HELSINKI);
    let report = load(city, settings, stop, &mut |progress| told.push(progress))
        .await
        .unwrap();
    let figures = report.load.as_ref().unwrap();
    assert!(figures.held_s >= 1.0);
    assert!(figures.drivers_connected >= 15, "{report}");
    assert!((50.0..130.0).contains(&figures.updates_per_s), "{report}");
    assert!(figures.deliveries_per_s > 100.0, "{report}");
    assert_eq!(report.updates_sent, service.books().received());
    assert!(!told.is_empty());
    assert!(told.is_sorted_by_key(|progress| progress.updates_sent));

    let sessions = &service.books().sessions;
    let begins: Vec<Instant> = sessions.values().map(|begins| begins[0]).collect();
    let ramp = *begins.iter().max().unwrap() - *begins.iter().min().unwrap();
    assert!(ramp >= Duration::from_millis(350), "{ramp:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_names_in_the_json_report_are_those_that_scripts_read() {
    let service = Service::start(Whims {
        refuse_every: Some(5),
        ..Whims::default()
    })
    .await;
    let report = run_with(settings(&service, Subprotocol::Bin)).await;
    let json = serde_json::to_value(&report).unwrap();
    for count in [
        "vehicles",
        "updates_sent",
        "updates_accepted",
        "vehicle_updates_delivered",
    ] {
        assert!(json[count].as_u64().unwrap() > 0, "{count}");
    }
    assert!(json["refused"]["position_jump"].as_u64().unwrap() > 0);
    for name in ["p50", "p90", "p99", "max"] {
        assert!(json["latency_ms"][name].as_f64().unwrap() > 0.0, "{name}");
    }
    assert!(json["replay"].is_null() && json["load"].is_null());
}
