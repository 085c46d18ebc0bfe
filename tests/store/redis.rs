//! What the Redis store promises besides the contract.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ridecast::store::{self, RedisFault, Store, StoreError};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::redis_server::RedisServer;
use super::{HELSINKI, MONACO, MONTEVIDEO, cell, load, moved, now_ms, put, record};

async fn open(server: &RedisServer) -> Arc<dyn Store> {
    store::open(&server.url().parse().unwrap()).await.unwrap()
}

/// Asks until it answers; fails when that takes long.
async fn until_it_answers(store: &dyn Store) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while let Err(error) = store.ping().await {
        assert!(Instant::now() < deadline, "still: {error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_keys_of_a_cell_share_a_slot_and_do_not_live_for_ever() {
    let server = RedisServer::start();
    let store = open(&server).await;
    store.write(&[put(&record("a", MONACO))]).await.unwrap();
    let mut keys: Vec<String> = server.ask(&["KEYS", "*"]);
    keys.sort();
    let tagged = format!("ridecast:{{{}}}", cell(MONACO));
    let mut expected = vec!["ridecast:cells".to_owned()];
    expected.extend(["geo", "heard", "vehicles"].map(|kind| format!("{tagged}:{kind}")));
    expected.sort();
    assert_eq!(keys, expected);
    for key in &keys {
        let ttl: i64 = server.ask(&["TTL", key]);
        assert!((3_590..=3_600).contains(&ttl), "{key} lives {ttl} s");
    }
    store
        .put_once("ticket", "x", Duration::from_secs(30))
        .await
        .unwrap();
    let ttl: i64 = server.ask(&["TTL", "ridecast:once:ticket"]);
    assert!((25..=30).contains(&ttl), "{ttl}");
}

#[tokio::test]
async fn other_tools_can_search_the_geo_set() {
    let server = RedisServer::start();
    let store = open(&server).await;
    let geo = |place| format!("ridecast:{{{}}}:geo", cell(place));
    store
        .write(&[put(&record("a", MONACO)), put(&record("b", (86.0, 20.0)))])
        .await
        .unwrap();
    let search = |key: &str| -> Vec<String> {
        server.ask(&[
            "GEOSEARCH",
            key,
            "FROMLONLAT",
            "7.42",
            "43.73",
            "BYRADIUS",
            "10",
            "m",
        ])
    };
    assert_eq!(search(&geo(MONACO)), ["a"]);
    // Redis has no such latitudes: kept, but not in the geo set.
    let exists: bool = server.ask(&["EXISTS", &geo((86.0, 20.0))]);
    assert!(!exists);
    assert_eq!(load(&*store, &[(86.0, 20.0)]).await.len(), 1);

    store
        .write(&[moved(&record("a", HELSINKI), MONACO)])
        .await
        .unwrap();
    assert!(search(&geo(MONACO)).is_empty());
}

#[tokio::test]
async fn stale_vehicles_are_not_found_and_then_swept() {
    let server = RedisServer::start();
    let store = open(&server).await;
    store.write(&[put(&record("fresh", MONACO))]).await.unwrap();
    let mut stale = record("stale", MONACO);
    stale.heard_at_ms = now_ms() - 2 * 3_600 * 1_000;
    store.write(&[put(&stale)]).await.unwrap();
    let ids: Vec<_> = load(&*store, &[MONACO]).await.into_keys().collect();
    assert_eq!(ids, ["fresh"]);

    // Another node, which sweeps a cell when it first writes to it.
    let other = open(&server).await;
    other.write(&[put(&record("other", MONACO))]).await.unwrap();
    let tagged = format!("ridecast:{{{}}}", cell(MONACO));
    let in_hash: u64 = server.ask(&["HLEN", &format!("{tagged}:vehicles")]);
    let in_geo: u64 = server.ask(&["ZCARD", &format!("{tagged}:geo")]);
    let in_heard: u64 = server.ask(&["ZCARD", &format!("{tagged}:heard")]);
    assert_eq!((in_hash, in_geo, in_heard), (2, 2, 2));
}

#[tokio::test]
async fn of_a_vehicle_left_in_two_cells_the_newer_word_is_found() {
    let server = RedisServer::start();
    let (died, lives) = (open(&server).await, open(&server).await);
    let mut old = record("v", MONTEVIDEO);
    old.heard_at_ms -= 5_000;
    died.write(&[put(&old)]).await.unwrap();
    let new = record("v", MONACO);
    lives.write(&[put(&new)]).await.unwrap();
    for order in [[MONTEVIDEO, MONACO], [MONACO, MONTEVIDEO]] {
        assert_eq!(load(&*lives, &order).await["v"], new);
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_left_out() {
    let server = RedisServer::start();
    let store = open(&server).await;
    store.write(&[put(&record("good", MONACO))]).await.unwrap();
    let key = format!("ridecast:{{{}}}:vehicles", cell(MONACO));
    let _: u64 = server.ask(&["HSET", &key, "bad", "{\"id\":"]);
    let ids: Vec<_> = load(&*store, &[MONACO]).await.into_keys().collect();
    assert_eq!(ids, ["good"]);
}

#[tokio::test]
async fn redis_may_come_later() {
    let mut server = RedisServer::not_started();
    let began = Instant::now();
    let store = open(&server).await;
    let error = store.ping().await.unwrap_err();
    assert!(
        matches!(error, StoreError::Redis(RedisFault::Unreachable { .. })),
        "{error}"
    );
    assert!(began.elapsed() < Duration::from_secs(1), "refused at once");
    server.run();
    store.write(&[put(&record("a", MONACO))]).await.unwrap();
    assert_eq!(load(&*store, &[MONACO]).await.len(), 1);
}

#[tokio::test]
async fn a_restart_of_redis_is_not_noticed_afterwards() {
    let mut server = RedisServer::start();
    let store = open(&server).await;
    store.ping().await.unwrap();
    server.kill();
    server.run();
    // The dead connection is found out by this call, and replaced in it.
    store
        .put_once("ticket", "x", Duration::from_secs(30))
        .await
        .unwrap();
    assert_eq!(store.take_once("ticket").await.unwrap(), Some("x".into()));
}

#[tokio::test]
async fn a_redis_that_hangs_holds_nobody_for_long() {
    let server = RedisServer::start();
    let store = open(&server).await;
    store.write(&[put(&record("a", MONACO))]).await.unwrap();
    server.pause();
    let began = Instant::now();
    let large: Vec<_> = (0..5_000)
        .map(|n| put(&record(&format!("v{n}"), MONACO)))
        .collect();
    let (write, load_result, take, ping) = tokio::join!(
        store.write(&large),
        store.load(&[]),
        store.take_once("x"),
        store.ping(),
    );
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
    assert!(load_result.is_ok(), "no cells, no question");
    for error in [write.unwrap_err(), take.unwrap_err(), ping.unwrap_err()] {
        assert!(error.to_string().contains("does not answer"), "{error}");
    }
    // A connection is accepted by the system, and then not answered either.
    let began = Instant::now();
    assert!(store.ping().await.is_err());
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );

    server.resume();
    until_it_answers(&*store).await;
    store.write(&large).await.unwrap();
    assert_eq!(load(&*store, &[MONACO]).await.len(), 5_001);
}

#[tokio::test]
async fn a_wrong_password_is_told_without_the_password() {
    let server = RedisServer::start_with(&["--requirepass", "correct"]);
    let url = |password: &str| server.url().replace("//", &format!("//:{password}@"));
    let wrong = store::open(&url("secret").parse().unwrap()).await.unwrap();
    let error = wrong.ping().await.unwrap_err();
    assert!(
        matches!(error, StoreError::Redis(RedisFault::Refused { .. })),
        "{error}"
    );
    assert!(
        !format!("{error} {error:?}").contains("secret"),
        "{error:?}"
    );
    let right = store::open(&url("correct").parse().unwrap()).await.unwrap();
    right.ping().await.unwrap();
}

#[tokio::test]
async fn the_connection_outlives_the_worker_that_used_it_first() {
    let mut server = RedisServer::not_started();
    let store = open(&server).await;
    server.run();
    let used = Arc::clone(&store);
    let worker = tokio::task::spawn_blocking(move || {
        let worker = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        worker.block_on(used.ping())
    });
    worker.await.unwrap().unwrap();

    let connections = || {
        let stats: String = server.ask(&["INFO", "stats"]);
        let mut lines = stats.lines();
        let made = lines.find_map(|line| line.strip_prefix("total_connections_received:"));
        made.unwrap().parse::<u64>().unwrap()
    };
    let before = connections();
    for _ in 0..10 {
        store.ping().await.unwrap();
    }
    assert_eq!(
        connections(),
        before + 1,
        "one for asking, none for the store"
    );
}

/// Counts what is logged at warn and at info.
#[derive(Clone, Default)]
struct Counter {
    warnings: Arc<AtomicUsize>,
    news: Arc<AtomicUsize>,
}

impl<S: tracing::Subscriber> Layer<S> for Counter {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        match *event.metadata().level() {
            tracing::Level::WARN => self.warnings.fetch_add(1, Ordering::Relaxed),
            tracing::Level::INFO => self.news.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
    }
}

impl Counter {
    /// Of this thread, until the guard is dropped.
    fn start() -> (Self, tracing::subscriber::DefaultGuard) {
        let counter = Self::default();
        let subscriber = tracing_subscriber::registry().with(counter.clone());
        (counter, tracing::subscriber::set_default(subscriber))
    }

    /// Warnings and news so far.
    fn logged(&self) -> (usize, usize) {
        let count = |n: &AtomicUsize| n.load(Ordering::Relaxed);
        (count(&self.warnings), count(&self.news))
    }
}

#[tokio::test]
async fn a_redis_that_is_full_is_logged_and_not_for_every_write() {
    let (counter, _logs) = Counter::start();
    let server = RedisServer::start_with(&["--maxmemory", "1"]);
    let store = open(&server).await;
    for _ in 0..5 {
        let error = store.write(&[put(&record("a", MONACO))]).await.unwrap_err();
        assert!(
            matches!(error, StoreError::Redis(RedisFault::Refused { .. })),
            "{error}"
        );
        store.ping().await.unwrap();
    }
    assert_eq!(counter.logged(), (1, 0));
}

#[tokio::test]
async fn an_outage_is_logged_once_and_its_end_too() {
    let (counter, _logs) = Counter::start();
    let mut server = RedisServer::start();
    let store = open(&server).await;
    assert_eq!(counter.logged(), (0, 0));
    for outage in 1..=2 {
        server.kill();
        for _ in 0..5 {
            assert!(store.write(&[put(&record("a", MONACO))]).await.is_err());
        }
        assert_eq!(counter.logged(), (outage, outage - 1));
        server.run();
        until_it_answers(&*store).await;
        store.ping().await.unwrap();
        assert_eq!(counter.logged(), (outage, outage));
    }
}

#[tokio::test]
async fn all_cells_that_have_had_a_vehicle_lately_are_known() {
    let server = RedisServer::start();
    let store = open(&server).await;
    assert!(store.shared_cells().await.unwrap().is_empty());
    let changes = [put(&record("a", MONACO)), put(&record("b", HELSINKI))];
    store.write(&changes).await.unwrap();
    let other = open(&server).await;
    let mut cells = other.shared_cells().await.unwrap();
    cells.sort_by_key(ToString::to_string);
    let mut both = [cell(MONACO), cell(HELSINKI)];
    both.sort_by_key(ToString::to_string);
    assert_eq!(cells, both);
    // One that nobody has written to for an hour.
    let past = (now_ms() - 3_601_000).to_string();
    let _: i64 = server.ask(&["ZADD", "ridecast:cells", &past, &both[0].to_string()]);
    assert_eq!(store.shared_cells().await.unwrap(), [both[1]]);
    let left: i64 = server.ask(&["ZCARD", "ridecast:cells"]);
    assert_eq!(left, 1);
}

#[tokio::test]
async fn history_goes_by_itself() {
    let server = RedisServer::start();
    let store = open(&server).await;
    let hour = Duration::from_hours(1);
    store.append_history(now_ms(), b"x", hour).await.unwrap();
    store.append_history(now_ms(), b"y", hour).await.unwrap();
    let mut keys: Vec<String> = server.ask(&["KEYS", "ridecast:history:*"]);
    keys.sort();
    assert!((2..=3).contains(&keys.len()), "{keys:?}");
    for key in &keys {
        let ttl: i64 = server.ask(&["TTL", key]);
        assert!((3_590..=3_660).contains(&ttl), "{key} lives {ttl} s");
    }
}
