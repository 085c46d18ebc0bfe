//! What the ledger in Redis promises besides the contract.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ridecast::store::{self, Outcome, Put, RedisFault, Step, Store, StoreError, Version};
use tokio::task::JoinSet;

use super::ledger::{append, done, listing, put, puts, read, rider, tell, text};
use super::redis_server::RedisServer;

async fn open(server: &RedisServer) -> Arc<dyn Store> {
    store::open(&server.url().parse().unwrap()).await.unwrap()
}

/// A step with something of everything.
fn of_everything(n: usize) -> Step {
    Step {
        expects: vec![(format!("r{n}"), Version::NONE)],
        puts: vec![
            put(&format!("r{n}"), "x"),
            Put {
                ttl: Some(Duration::from_mins(1)),
                ..put("brief", "x")
            },
        ],
        tells: vec![tell(&rider("olga"), n), tell(&rider("pier"), n)],
        lists: vec![listing("list", &format!("m{n}"), 1)],
        logs: vec![append("log", &n.to_string())],
        ..Step::new()
    }
}

/// Commits it until it is known what became of it, as long as Redis is away and back.
async fn commit_surely(store: &dyn Store, step: &Step) -> Outcome {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match store.commit(step).await {
            Ok(outcome) => return outcome,
            Err(error) => assert!(Instant::now() < deadline, "still: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn everything_carries_one_tag_and_what_is_not_for_ever_has_a_time() {
    let server = RedisServer::start();
    let store = open(&server).await;
    done(&*store, &of_everything(1)).await;
    store.inbox(&rider("asked for")).await.unwrap();
    let keys: BTreeSet<String> = server
        .ask::<Vec<String>>(&["KEYS", "*"])
        .into_iter()
        .collect();
    let mut for_ever = BTreeSet::new();
    for key in &keys {
        assert!(key.starts_with("ridecast:{rides}:"), "{key}");
        if server.ask::<i64>(&["TTL", key]) < 0 {
            for_ever.insert(key.strip_prefix("ridecast:{rides}:").unwrap());
        }
    }
    assert_eq!(keys.len(), 10, "{keys:?}");
    assert_eq!(for_ever, BTreeSet::from(["list:list", "record:r1"]));
    let ttl: i64 = server.ask(&["TTL", "ridecast:{rides}:inbox:rider:asked for"]);
    let week = 7 * 24 * 3_600;
    assert!((week - 10..=week).contains(&ttl), "{ttl}");
}

#[tokio::test]
async fn a_node_of_a_cluster_takes_a_step_as_one() {
    let server = RedisServer::start_with(&["--cluster-enabled", "yes"]);
    let _: String = server.ask(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    let store = open(&server).await;
    let deadline = Instant::now() + Duration::from_secs(10);
    while store.commit(&Step::new()).await.is_err() {
        assert!(Instant::now() < deadline, "the cluster does not come up");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for n in 0..50 {
        done(&*store, &of_everything(n)).await;
    }
    assert_eq!(store.inbox(&rider("olga")).await.unwrap().last, 50);
    assert_eq!(store.events(&rider("pier"), 45, 9).await.unwrap().len(), 5);
    assert_eq!(store.counts(&["list".into()]).await.unwrap(), [50]);
    let keys = [1, 2, 3].map(|n| format!("r{n}"));
    assert!(
        store
            .read(&keys)
            .await
            .unwrap()
            .iter()
            .all(|r| r.value.is_some())
    );
    let page = store.listed("list", Some((1, "m2".into())), 1).await;
    assert_eq!(page.unwrap(), [("m19".to_owned(), 1)]);
    let due = store.due("list", 1, Duration::from_secs(9), 99).await;
    assert_eq!(due.unwrap().len(), 50);

    let slot: i64 = server.ask(&["CLUSTER", "KEYSLOT", "{rides}"]);
    let in_slot: u64 = server.ask(&["CLUSTER", "COUNTKEYSINSLOT", &slot.to_string()]);
    assert_eq!(in_slot, server.ask::<u64>(&["DBSIZE"]));
}

#[tokio::test]
async fn a_redis_that_forgot_the_scripts_is_told_them_again() {
    let server = RedisServer::start();
    let store = open(&server).await;
    for n in 0..3 {
        done(&*store, &of_everything(n)).await;
        let _: String = server.ask(&["SCRIPT", "FLUSH"]);
        assert_eq!(
            store.events(&rider("olga"), 0, 9).await.unwrap().len(),
            n + 1
        );
    }
    // From then on it is called by its hash.
    done(&*store, &of_everything(3)).await;
    done(&*store, &of_everything(4)).await;
    let stats: String = server.ask(&["INFO", "commandstats"]);
    assert!(stats.contains("cmdstat_evalsha:calls="), "{stats}");
    let errors: String = server.ask(&["INFO", "errorstats"]);
    let unknown = errors
        .lines()
        .find_map(|l| l.strip_prefix("errorstat_NOSCRIPT:count="));
    assert_eq!(unknown.map(str::trim), Some("7"), "{errors}");
}

/// Redis is killed while many tasks commit, each of which tries its step until it
/// has an answer: each happens exactly once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_an_append_only_file_no_step_is_lost_or_done_twice() {
    let mut server = RedisServer::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let store = open(&server).await;
    let epoch = store.inbox(&rider("olga")).await.unwrap().epoch;
    let mut tasks = JoinSet::new();
    for task in 0..20 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut offsets = Vec::new();
            for n in 0..100 {
                let step = of_everything(task * 100 + n);
                match commit_surely(&*store, &step).await {
                    Outcome::Done(got) => offsets.push(got[0]),
                    Outcome::Conflict => panic!("step {n} of task {task} was done before"),
                }
            }
            offsets
        });
    }
    let watcher = open(&server).await;
    for kill_at in [300, 800, 1_300] {
        let deadline = Instant::now() + Duration::from_mins(1);
        while watcher
            .inbox(&rider("olga"))
            .await
            .is_ok_and(|i| i.last < kill_at)
        {
            assert!(Instant::now() < deadline, "it does not go on");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        server.kill();
        server.run();
    }
    let mut offsets = tasks.join_all().await.concat();
    offsets.sort_unstable();
    assert!(offsets.into_iter().eq(1..=2_000), "holes or doubles");
    let state = store.inbox(&rider("olga")).await.unwrap();
    assert_eq!((state.epoch, state.last), (epoch, 2_000));
    let log = store.log("log", 0, 9_999).await.unwrap();
    assert_eq!(log.len(), 2_000);
    assert_eq!(log.into_iter().collect::<BTreeSet<_>>().len(), 2_000);
    assert_eq!(store.counts(&["list".into()]).await.unwrap(), [2_000]);
}

#[tokio::test]
async fn a_redis_that_keeps_nothing_is_known_by_another_epoch() {
    let mut server = RedisServer::start();
    let store = open(&server).await;
    let step = of_everything(1);
    done(&*store, &step).await;
    let before = store.inbox(&rider("olga")).await.unwrap();
    server.kill();
    server.run();
    let after = store.inbox(&rider("olga")).await.unwrap();
    assert_ne!(after.epoch, before.epoch);
    assert_eq!((after.first, after.last), (1, 0));
    assert_eq!(text(&*store, "r1").await, None);
}

#[tokio::test]
async fn an_inbox_that_expired_begins_anew() {
    let server = RedisServer::start();
    let store = open(&server).await;
    let olga = rider("olga");
    for n in 0..3 {
        done(&*store, &of_everything(n)).await;
    }
    let before = store.inbox(&olga).await.unwrap();
    // Only half of it, which the service never does: the other half is not taken for the new one's.
    for half in ["inbox", "events"] {
        let _: u64 = server.ask(&["DEL", &format!("ridecast:{{rides}}:{half}:{olga}")]);
        let lost = store.events(&olga, 0, 9).await.unwrap();
        assert!(lost.is_empty(), "{lost:?}");
    }
    let step = Step {
        tells: vec![tell(&olga, 7)],
        ..Step::new()
    };
    assert_eq!(done(&*store, &step).await, [1]);
    let after = store.inbox(&olga).await.unwrap();
    assert_ne!(after.epoch, before.epoch);
    assert_eq!((after.first, after.last), (1, 1));
}

#[tokio::test]
async fn what_somebody_else_put_there_is_an_error() {
    let server = RedisServer::start();
    let store = open(&server).await;
    let key = |rest: &str| format!("ridecast:{{rides}}:{rest}");
    let _: String = server.ask(&["SET", &key("record:r"), "x"]);
    let _: u64 = server.ask(&["HSET", &key("record:s"), "version", "ten"]);
    let _: u64 = server.ask(&["HSET", &key("inbox:rider:olga"), "epoch", "x", "last", "1"]);
    let _: u64 = server.ask(&["RPUSH", &key("events:rider:olga"), "{}"]);
    for error in [
        store.read(&["r".into()]).await.unwrap_err(),
        store.read(&["s".into()]).await.unwrap_err(),
        store.events(&rider("olga"), 0, 9).await.unwrap_err(),
    ] {
        assert!(
            matches!(error, StoreError::Redis(RedisFault::Refused { .. })),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_redis_that_hangs_does_what_it_was_told_once() {
    let server = RedisServer::start();
    let store = open(&server).await;
    let version = puts(&*store, vec![put("a", "1")]).await;
    let step = Step {
        expects: vec![("a".into(), version)],
        puts: vec![put("a", "2")],
        logs: vec![append("log", "x")],
        ..Step::new()
    };
    server.pause();
    let began = Instant::now();
    let error = store.commit(&step).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Redis(RedisFault::Unreachable { .. })),
        "{error}"
    );
    assert!(began.elapsed() < Duration::from_secs(3));
    server.resume();
    // The first may have been carried out by now, or not yet.
    assert_eq!(commit_surely(&*store, &step).await, Outcome::Done(vec![]));
    assert_eq!(read(&*store, "a").await.version, Version(step.id));
    assert_eq!(store.log("log", 0, 9).await.unwrap().len(), 1);
}
