//! Recorded fixes, each sent by its own driver.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ridecast_simulator::{Fleet, ReplaySettings, Report, Trace, replay};
use tokio_util::sync::CancellationToken;

use crate::fake::{End, Service, Whims};

fn cabs() -> Arc<Trace> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cabs.csv");
    Arc::new(Trace::read(&path).unwrap())
}

async fn replay_cabs(service: &Service, speed: f64, duration: Option<Duration>) -> Report {
    let settings = ReplaySettings {
        fleet: Fleet {
            riders: 2,
            ..Fleet::default()
        },
        speed,
        duration,
        ..ReplaySettings::new(service.endpoint())
    };
    replay(cabs(), settings, CancellationToken::new(), &mut |_| {})
        .await
        .unwrap()
}

fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(now.unwrap().as_millis()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_sends_every_fix_at_its_time_with_its_spacing() {
    let service = Service::start(Whims::default()).await;
    let before = now_ms();
    let report = replay_cabs(&service, 5.0, None).await;
    let books = service.books();
    assert_eq!(report.updates_sent, 8, "{report}");
    assert_eq!(report.updates_accepted, 7);
    assert_eq!(report.refused["position_out_of_order"], 1, "the duplicate");
    let figures = report.replay.as_ref().unwrap();
    assert_eq!(
        (
            figures.fixes_in_file,
            figures.fixes_due,
            figures.fixes_unsent
        ),
        (8, 8, 0)
    );
    assert!(!report.cut_short);
    // Four seconds at five times the speed.
    assert!((0.8..4.0).contains(&report.duration_s), "{report}");
    let times = |cab: &str| -> Vec<i64> {
        let positions = &books.received[cab];
        positions.iter().map(|p| p.timestamp_ms).collect()
    };
    let (abnab, okdor) = (times("sim-abnab"), times("sim-okdor"));
    let spacing = |times: &[i64]| -> Vec<i64> { times.windows(2).map(|t| t[1] - t[0]).collect() };
    assert_eq!(spacing(&abnab), [1_000, 1_000, 0, 1_000]);
    assert_eq!(spacing(&okdor), [2_000, 2_000]);
    assert_eq!(okdor[0], abnab[0]);
    let last = okdor[2];
    assert!((before..=now_ms()).contains(&last), "the last fix is now");
    assert_eq!(books.vehicles["sim-abnab"].class.as_str(), "car");
    assert_eq!(report.problems(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_loses_no_fix_to_a_broken_connection() {
    let service = Service::start(Whims {
        end_first_after: Some((2, End::Bye(300))),
        ..Whims::default()
    })
    .await;
    let report = replay_cabs(&service, 20.0, None).await;
    assert_eq!(report.updates_sent, 8, "{report}");
    assert_eq!(report.replay.as_ref().unwrap().fixes_unsent, 0);
    assert_eq!(
        8,
        report.updates_accepted + report.refused.values().sum::<u64>() + report.updates_unconfirmed
    );
    assert_eq!(report.reconnects, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_is_cut_says_so() {
    let service = Service::start(Whims::default()).await;
    let report = replay_cabs(&service, 2.0, Some(Duration::from_millis(1_250))).await;
    assert!(report.cut_short);
    // 2.5 of the 4 seconds: six of the eight fixes.
    assert_eq!(report.updates_sent, 6, "{report}");
    let figures = report.replay.as_ref().unwrap();
    assert_eq!((figures.fixes_in_file, figures.fixes_due), (8, 6));
    assert_eq!(service.books().received(), 6);
}
