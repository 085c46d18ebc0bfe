//! The contract of every store, and what each of them promises besides.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "support/records.rs"]
mod records;
#[path = "support/redis.rs"]
mod redis_server;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use history::{a_block_does_not_outlive_its_time, blocks_are_found_in_the_minute_they_were_made};
use records::{HELSINKI, MONACO, MONTEVIDEO, cell, now_ms, record};
use redis_server::RedisServer;
use ridecast::store::{self, Change, Store, StoreUrl, VehicleRecord};
use ridecast_protocol::VehicleId;
use tempfile::TempDir;

/// A store and what it stands on.
struct Fixture {
    store: Arc<dyn Store>,
    _on: Box<dyn std::any::Any + Send>,
}

impl Fixture {
    async fn memory() -> Self {
        let store = store::open(&StoreUrl::Memory).await.unwrap();
        Self {
            store,
            _on: Box::new(()),
        }
    }

    async fn embedded() -> Self {
        let directory = TempDir::new().unwrap();
        let url = StoreUrl::Embedded(directory.path().join("data"));
        let store = store::open(&url).await.unwrap();
        Self {
            store,
            _on: Box::new(directory),
        }
    }

    async fn redis() -> Self {
        let server = RedisServer::start();
        let store = store::open(&server.url().parse().unwrap()).await.unwrap();
        Self {
            store,
            _on: Box::new(server),
        }
    }
}

/// Each case for each store.
macro_rules! contract {
    ($($case:ident),+ $(,)?) => { $(
        mod $case {
            #[tokio::test]
            async fn memory() {
                super::$case(&*super::Fixture::memory().await.store).await;
            }
            #[tokio::test]
            async fn embedded() {
                super::$case(&*super::Fixture::embedded().await.store).await;
            }
            #[tokio::test]
            async fn redis() {
                super::$case(&*super::Fixture::redis().await.store).await;
            }
        }
    )+ };
}

contract!(
    what_is_written_is_found_in_its_cell,
    the_newest_word_replaces_the_older,
    a_vehicle_that_moved_leaves_its_old_cell,
    a_vehicle_that_is_gone_is_forgotten,
    writing_again_is_harmless,
    a_large_batch_is_kept_whole,
    the_poles_and_the_antimeridian_are_on_earth,
    any_name_is_kept,
    a_batch_with_a_position_off_the_earth_keeps_the_others,
    nothing_to_do_is_done,
    a_value_is_taken_once,
    of_many_takers_one_gets_it,
    a_value_does_not_outlive_its_time,
    blocks_are_found_in_the_minute_they_were_made,
    a_block_does_not_outlive_its_time,
);

/// It is new.
fn put(record: &VehicleRecord) -> Change {
    Change {
        id: record.id.clone(),
        was_in: None,
        now: Some(record.clone()),
    }
}

/// It was in the cell of that place.
fn moved(record: &VehicleRecord, from: (f64, f64)) -> Change {
    Change {
        was_in: Some(cell(from)),
        ..put(record)
    }
}

/// It is no more in the cell of that place, nor anywhere.
fn gone(id: &str, from: (f64, f64)) -> Change {
    Change {
        id: VehicleId::new(id).unwrap(),
        was_in: Some(cell(from)),
        now: None,
    }
}

/// By id, as the order is not promised.
async fn load(store: &dyn Store, places: &[(f64, f64)]) -> BTreeMap<String, VehicleRecord> {
    let cells: Vec<_> = places.iter().map(|place| cell(*place)).collect();
    let records = store.load(&cells).await.unwrap();
    let count = records.len();
    let by_id: BTreeMap<_, _> = records
        .into_iter()
        .map(|record| (record.id.to_string(), record))
        .collect();
    assert_eq!(by_id.len(), count, "a vehicle was found twice");
    by_id
}

async fn what_is_written_is_found_in_its_cell(store: &dyn Store) {
    let full = record("full", MONTEVIDEO);
    let mut bare = record("bare", MONTEVIDEO);
    bare.info.plate = None;
    bare.info.label = None;
    bare.position.accuracy = None;
    bare.position.bearing = None;
    bare.position.speed = None;
    let elsewhere = record("elsewhere", HELSINKI);
    store
        .write(&[put(&full), put(&bare), put(&elsewhere)])
        .await
        .unwrap();

    let found = load(store, &[MONTEVIDEO]).await;
    assert_eq!(found.len(), 2);
    assert_eq!(found["full"], full);
    assert_eq!(found["bare"], bare);
    assert_eq!(load(store, &[MONTEVIDEO, HELSINKI, MONACO]).await.len(), 3);
    assert!(load(store, &[MONACO]).await.is_empty());
}

async fn the_newest_word_replaces_the_older(store: &dyn Store) {
    let mut vehicle = record("v", MONTEVIDEO);
    store.write(&[put(&vehicle)]).await.unwrap();
    vehicle.position.latitude += 0.000_1;
    vehicle.position.speed = None;
    vehicle.heard_at_ms += 1_000;
    store.write(&[moved(&vehicle, MONTEVIDEO)]).await.unwrap();
    assert_eq!(load(store, &[MONTEVIDEO]).await["v"], vehicle);
}

async fn a_vehicle_that_moved_leaves_its_old_cell(store: &dyn Store) {
    let stays = record("stays", MONTEVIDEO);
    let goes = record("goes", MONTEVIDEO);
    store.write(&[put(&stays), put(&goes)]).await.unwrap();
    let there = record("goes", MONACO);
    store.write(&[moved(&there, MONTEVIDEO)]).await.unwrap();

    let here: Vec<_> = load(store, &[MONTEVIDEO]).await.into_keys().collect();
    assert_eq!(here, ["stays"]);
    assert_eq!(load(store, &[MONACO]).await["goes"], there);
}

async fn a_vehicle_that_is_gone_is_forgotten(store: &dyn Store) {
    let stays = record("stays", MONTEVIDEO);
    let goes = record("goes", MONTEVIDEO);
    store.write(&[put(&stays), put(&goes)]).await.unwrap();
    store
        .write(&[gone("goes", MONTEVIDEO), gone("never was", MONTEVIDEO)])
        .await
        .unwrap();
    let here: Vec<_> = load(store, &[MONTEVIDEO]).await.into_keys().collect();
    assert_eq!(here, ["stays"]);
}

async fn writing_again_is_harmless(store: &dyn Store) {
    store
        .write(&[put(&record("a", MONTEVIDEO)), put(&record("b", MONACO))])
        .await
        .unwrap();
    let there = record("a", HELSINKI);
    let batch = [moved(&there, MONTEVIDEO), gone("b", MONACO)];
    store.write(&batch).await.unwrap();
    store.write(&batch).await.unwrap();
    let found = load(store, &[MONTEVIDEO, MONACO, HELSINKI]).await;
    assert_eq!(found.into_values().collect::<Vec<_>>(), [there]);
}

async fn a_large_batch_is_kept_whole(store: &dyn Store) {
    let places = [MONTEVIDEO, MONACO, HELSINKI];
    let changes: Vec<_> = (0..5_000)
        .map(|n| put(&record(&format!("v{n}"), places[n % 3])))
        .collect();
    store.write(&changes).await.unwrap();
    assert_eq!(load(store, &places).await.len(), 5_000);
}

async fn the_poles_and_the_antimeridian_are_on_earth(store: &dyn Store) {
    let places = [
        (90.0, 0.0),
        (-90.0, 12.5),
        (86.3, -40.0),
        (-16.8, 180.0),
        (-16.8, -180.0),
        (0.0, 0.0),
    ];
    let records: Vec<_> = (0..)
        .zip(places)
        .map(|(n, p)| record(&format!("v{n}"), p))
        .collect();
    let changes: Vec<_> = records.iter().map(put).collect();
    store.write(&changes).await.unwrap();
    let found = load(store, &places).await;
    assert_eq!(found.into_values().collect::<Vec<_>>(), records);
}

async fn any_name_is_kept(store: &dyn Store) {
    let names = [
        "{curly}",
        "täxi 7 🚕",
        "a:b/c\\d\"e'",
        &"x".repeat(128),
        "*",
    ];
    let changes: Vec<_> = names.iter().map(|n| put(&record(n, MONACO))).collect();
    store.write(&changes).await.unwrap();
    let found = load(store, &[MONACO]).await;
    for name in names {
        assert!(found.contains_key(name), "{name}");
    }
    let all_gone: Vec<_> = names.iter().map(|name| gone(name, MONACO)).collect();
    store.write(&all_gone).await.unwrap();
    assert!(load(store, &[MONACO]).await.is_empty());

    for key in names {
        store
            .put_once(key, key, Duration::from_secs(30))
            .await
            .unwrap();
        assert_eq!(store.take_once(key).await.unwrap().as_deref(), Some(key));
    }
}

async fn a_batch_with_a_position_off_the_earth_keeps_the_others(store: &dyn Store) {
    let mut nowhere = record("nowhere", MONACO);
    nowhere.position.latitude = 91.0;
    let here = record("here", MONACO);
    store.write(&[put(&nowhere), put(&here)]).await.unwrap();
    let found = load(store, &[MONACO]).await;
    assert_eq!(found.into_values().collect::<Vec<_>>(), [here]);
}

async fn nothing_to_do_is_done(store: &dyn Store) {
    store.ping().await.unwrap();
    store.flush().await.unwrap();
    store.write(&[]).await.unwrap();
    assert!(store.load(&[]).await.unwrap().is_empty());
    assert!(store.load(&[cell(MONACO)]).await.unwrap().is_empty());
    assert!(store.load_own().await.unwrap().is_empty());
    assert_eq!(store.take_once("nothing").await.unwrap(), None);
}

async fn a_value_is_taken_once(store: &dyn Store) {
    let ttl = Duration::from_secs(30);
    store.put_once("ticket", "old", ttl).await.unwrap();
    store.put_once("ticket", "new", ttl).await.unwrap();
    store.put_once("another", "", ttl).await.unwrap();
    assert_eq!(store.take_once("ticket").await.unwrap(), Some("new".into()));
    assert_eq!(store.take_once("ticket").await.unwrap(), None);
    assert_eq!(
        store.take_once("another").await.unwrap(),
        Some(String::new())
    );
}

async fn of_many_takers_one_gets_it(store: &dyn Store) {
    let ttl = Duration::from_secs(30);
    store.put_once("ticket", "mine", ttl).await.unwrap();
    let takers = (0..20).map(|_| store.take_once("ticket"));
    let taken = futures_util::future::join_all(takers).await;
    let winners = taken.into_iter().filter_map(Result::unwrap).count();
    assert_eq!(winners, 1);
}

async fn a_value_does_not_outlive_its_time(store: &dyn Store) {
    let ttl = Duration::from_millis(20);
    store.put_once("brief", "x", ttl).await.unwrap();
    tokio::time::sleep(ttl * 3).await;
    assert_eq!(store.take_once("brief").await.unwrap(), None);
}

#[path = "store/embedded.rs"]
mod embedded;
#[path = "store/embedded_ledger.rs"]
mod embedded_ledger;
#[path = "store/history.rs"]
mod history;
#[path = "store/ledger.rs"]
mod ledger;
#[path = "store/ledger_inboxes.rs"]
mod ledger_inboxes;
#[path = "store/ledger_lists.rs"]
mod ledger_lists;
#[path = "store/redis_ledger.rs"]
mod redis_ledger;
#[path = "store/redis.rs"]
mod redis_only;
