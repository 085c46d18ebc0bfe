//! The contract of every ledger: steps, records, logs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ridecast::store::{Address, Append, Listing, Outcome, Put, Record, Step, Store, Tell, Version};
use ridecast_protocol::UserId;
use tokio::task::JoinSet;

use super::Fixture;

contract!(
    a_step_does_all_it_says,
    a_step_that_expects_something_else_does_nothing,
    a_removed_record_is_as_one_that_never_was,
    a_version_never_comes_back,
    the_same_step_again_changes_nothing,
    of_racing_steps_none_is_lost,
    a_log_keeps_order,
    what_has_a_time_is_gone_after_it,
    a_write_sets_the_time_anew,
    any_text_is_a_name,
    names_that_begin_alike_are_kept_apart,
    large_steps_are_kept_whole,
    nothing_is_found_where_nothing_is,
);

pub(crate) fn rider(name: &str) -> Address {
    Address::rider(&UserId::new(name).unwrap())
}

pub(crate) fn put(key: &str, value: &str) -> Put {
    Put {
        key: key.to_owned(),
        value: Some(value.as_bytes().to_vec()),
        ttl: None,
    }
}

fn remove(key: &str) -> Put {
    Put {
        key: key.to_owned(),
        value: None,
        ttl: None,
    }
}

pub(crate) fn tell(to: &Address, n: usize) -> Tell {
    Tell {
        to: to.clone(),
        at_ms: i64::try_from(n).unwrap(),
        event: format!("{{\"n\":{n}}}"),
    }
}

pub(crate) fn listing(list: &str, member: &str, score: i64) -> Listing {
    Listing {
        list: list.to_owned(),
        member: member.to_owned(),
        score: Some(score),
        forget_below: None,
    }
}

pub(crate) fn append(log: &str, item: &str) -> Append {
    Append {
        log: log.to_owned(),
        item: item.as_bytes().to_vec(),
        ttl: Duration::from_mins(1),
    }
}

/// Carries out a step that must succeed. The offsets of its events.
pub(crate) async fn done(store: &dyn Store, step: &Step) -> Vec<u64> {
    match store.commit(step).await.unwrap() {
        Outcome::Done(offsets) => offsets,
        Outcome::Conflict => panic!("a conflict"),
    }
}

pub(crate) async fn puts(store: &dyn Store, puts: Vec<Put>) -> Version {
    let step = Step {
        puts,
        ..Step::new()
    };
    done(store, &step).await;
    Version(step.id)
}

pub(crate) async fn read(store: &dyn Store, key: &str) -> Record {
    store.read(&[key.to_owned()]).await.unwrap().remove(0)
}

pub(crate) async fn text(store: &dyn Store, key: &str) -> Option<String> {
    let value = read(store, key).await.value?;
    Some(String::from_utf8(value).unwrap())
}

/// Waits until it is so, ten seconds at most.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !is_so().await {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn a_step_does_all_it_says(store: &dyn Store) {
    let (olga, pier) = (
        rider("olga"),
        Address::driver(&UserId::new("pier").unwrap()),
    );
    let step = Step {
        expects: vec![("ride".into(), Version::NONE)],
        puts: vec![put("ride", "offered"), put("offer", "1")],
        tells: vec![tell(&olga, 1), tell(&pier, 2)],
        lists: vec![listing("open", "ride", 5), listing("due", "offer", 15)],
        logs: vec![append("chat", "hello"), append("chat", "there")],
        ..Step::new()
    };
    assert_eq!(done(store, &step).await, [1, 1]);

    let keys = ["ride", "nothing", "offer"].map(str::to_owned);
    let record = |value: Option<&str>| Record {
        version: value.map_or(Version::NONE, |_| Version(step.id)),
        value: value.map(|value| value.as_bytes().to_vec()),
    };
    let expected = [record(Some("offered")), record(None), record(Some("1"))];
    assert_eq!(store.read(&keys).await.unwrap(), expected);
    for (whose, n) in [(&olga, 1), (&pier, 2)] {
        let events = store.events(whose, 0, 10).await.unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].offset, events[0].at_ms), (1, n));
        assert_eq!(events[0].event, format!("{{\"n\":{n}}}"));
    }
    let open = store.listed("open", None, 10).await.unwrap();
    assert_eq!(open, [("ride".to_owned(), 5)]);
    let counts = ["due", "none", "open"].map(str::to_owned);
    assert_eq!(store.counts(&counts).await.unwrap(), [1, 0, 1]);
    assert_eq!(
        store.log("chat", 0, 10).await.unwrap(),
        [b"hello", b"there"]
    );
}

async fn a_step_that_expects_something_else_does_nothing(store: &dyn Store) {
    let version = puts(store, vec![put("a", "1"), put("b", "1")]).await;
    let olga = rider("olga");
    let before = store.inbox(&olga).await.unwrap();
    for expects in [
        // The last of several, one that is not there, one that is.
        vec![("a".into(), version), ("b".into(), Version(7))],
        vec![("c".into(), version)],
        vec![("a".into(), version), ("b".into(), Version::NONE)],
    ] {
        let step = Step {
            expects,
            puts: vec![put("a", "2"), put("c", "2"), remove("b")],
            tells: vec![tell(&olga, 1)],
            lists: vec![listing("list", "m", 1)],
            logs: vec![append("log", "x")],
            ..Step::new()
        };
        assert_eq!(store.commit(&step).await.unwrap(), Outcome::Conflict);
        // And again: it is not taken for done.
        assert_eq!(store.commit(&step).await.unwrap(), Outcome::Conflict);
    }
    assert_eq!(text(store, "a").await.as_deref(), Some("1"));
    assert_eq!(text(store, "b").await.as_deref(), Some("1"));
    assert_eq!(text(store, "c").await, None);
    assert_eq!(store.inbox(&olga).await.unwrap(), before);
    assert!(store.listed("list", None, 9).await.unwrap().is_empty());
    assert!(store.log("log", 0, 9).await.unwrap().is_empty());
}

async fn a_removed_record_is_as_one_that_never_was(store: &dyn Store) {
    puts(store, vec![put("a", "1")]).await;
    puts(store, vec![remove("a"), remove("never was")]).await;
    assert_eq!(read(store, "a").await.version, Version::NONE);
    let step = Step {
        expects: vec![("a".into(), Version::NONE)],
        puts: vec![put("a", "2")],
        ..Step::new()
    };
    done(store, &step).await;
    assert_eq!(text(store, "a").await.as_deref(), Some("2"));
}

async fn a_version_never_comes_back(store: &dyn Store) {
    let first = puts(store, vec![put("a", "same")]).await;
    puts(store, vec![remove("a")]).await;
    let second = puts(store, vec![put("a", "same")]).await;
    assert_ne!(first, second);
    let step = Step {
        expects: vec![("a".into(), first)],
        ..Step::new()
    };
    assert_eq!(store.commit(&step).await.unwrap(), Outcome::Conflict);
}

async fn the_same_step_again_changes_nothing(store: &dyn Store) {
    let olga = rider("olga");
    // The largest: no number of a script has so many digits.
    for id in [u64::MAX, 1, (1 << 53) + 1] {
        let key = format!("record {id}");
        let step = Step {
            id,
            expects: vec![(key.clone(), Version::NONE)],
            puts: vec![put(&key, "x")],
            tells: vec![tell(&olga, 1), tell(&rider("pier"), 1), tell(&olga, 2)],
            lists: vec![listing("list", &key, 1)],
            logs: vec![append("log", &key)],
        };
        let offsets = done(store, &step).await;
        for _ in 0..3 {
            assert_eq!(done(store, &step).await, offsets);
        }
        assert_eq!(read(store, &key).await.version, Version(id));
    }
    let empty = Step::new();
    assert_eq!(done(store, &empty).await, [0; 0]);
    assert_eq!(done(store, &empty).await, [0; 0]);
    assert_eq!(store.inbox(&olga).await.unwrap().last, 6);
    assert_eq!(store.inbox(&rider("pier")).await.unwrap().last, 3);
    assert_eq!(store.log("log", 0, 9).await.unwrap().len(), 3);
}

/// Adds one to a number, as often as it takes.
async fn increment(store: &dyn Store, key: &str) {
    loop {
        let record = read(store, key).await;
        let number = record.value.map_or(0, |value| {
            String::from_utf8(value).unwrap().parse::<u64>().unwrap()
        });
        let step = Step {
            expects: vec![(key.to_owned(), record.version)],
            puts: vec![put(key, &(number + 1).to_string())],
            logs: vec![append("increments", &number.to_string())],
            ..Step::new()
        };
        if matches!(store.commit(&step).await.unwrap(), Outcome::Done(_)) {
            return;
        }
    }
}

async fn of_racing_steps_none_is_lost(store: &dyn Store) {
    let racers = (0..20).map(|_| async {
        for _ in 0..5 {
            increment(store, "number").await;
        }
    });
    futures_util::future::join_all(racers).await;
    assert_eq!(text(store, "number").await.as_deref(), Some("100"));
    let log = store.log("increments", 0, 1_000).await.unwrap();
    let seen: Vec<_> = log
        .into_iter()
        .map(|n| String::from_utf8(n).unwrap())
        .collect();
    let expected: Vec<_> = (0..100).map(|n| n.to_string()).collect();
    assert_eq!(seen, expected);
}

async fn a_log_keeps_order(store: &dyn Store) {
    for batch in 0..5 {
        let step = Step {
            logs: (0..10)
                .map(|n| append("log", &(batch * 10 + n).to_string()))
                .collect(),
            ..Step::new()
        };
        done(store, &step).await;
    }
    for (from, most, expected) in [(0, 100, 0..50), (10, 5, 10..15), (48, 5, 48..50)] {
        let items = store.log("log", from, most).await.unwrap();
        let expected: Vec<_> = expected.map(|n| n.to_string().into_bytes()).collect();
        assert_eq!(items, expected, "{from} {most}");
    }
    for (from, most) in [(50, 5), (u64::MAX, 5), (0, 0)] {
        let items = store.log("log", from, most).await.unwrap();
        assert!(items.is_empty(), "{from} {most}");
    }
}

async fn what_has_a_time_is_gone_after_it(store: &dyn Store) {
    let ttl = Some(Duration::from_millis(400));
    let mut item = append("log", "old");
    item.ttl = Duration::from_millis(400);
    let step = Step {
        puts: vec![
            Put {
                ttl,
                ..put("brief", "x")
            },
            put("for ever", "x"),
        ],
        logs: vec![item],
        ..Step::new()
    };
    let began = Instant::now();
    done(store, &step).await;
    let there = text(store, "brief").await;
    if began.elapsed() < Duration::from_millis(400) {
        assert_eq!(there.as_deref(), Some("x"));
    }
    until("the record is gone", || async {
        text(store, "brief").await.is_none()
    })
    .await;
    until("the log is gone", || async {
        store.log("log", 0, 9).await.unwrap().is_empty()
    })
    .await;
    assert!(began.elapsed() >= Duration::from_millis(400));
    assert_eq!(read(store, "brief").await.version, Version::NONE);
    assert_eq!(text(store, "for ever").await.as_deref(), Some("x"));
    // A new one with that name begins anew.
    let step = Step {
        expects: vec![("brief".into(), Version::NONE)],
        puts: vec![put("brief", "y")],
        logs: vec![append("log", "new")],
        ..Step::new()
    };
    done(store, &step).await;
    assert_eq!(store.log("log", 0, 9).await.unwrap(), [b"new"]);
}

async fn a_write_sets_the_time_anew(store: &dyn Store) {
    let brief = |key: &str| Put {
        ttl: Some(Duration::from_millis(300)),
        ..put(key, "x")
    };
    puts(store, vec![brief("kept"), brief("gone")]).await;
    puts(store, vec![put("kept", "y")]).await;
    until("the other is gone", || async {
        text(store, "gone").await.is_none()
    })
    .await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(text(store, "kept").await.as_deref(), Some("y"));
}

async fn any_text_is_a_name(store: &dyn Store) {
    let long = "x".repeat(500);
    let odd = ["", " ", "{x}", "a}b{", "ü 🚕\n", "*?[a]", "'\"\\", &long];
    for (n, name) in odd.into_iter().enumerate() {
        let value = format!("{name}\r\n{n}");
        let short: String = name.trim().chars().take(128).collect();
        let to = rider(if short.is_empty() { "x" } else { &short });
        let event = serde_json::json!({ "text": value }).to_string();
        let step = Step {
            puts: vec![put(name, &value)],
            tells: vec![Tell {
                to: to.clone(),
                at_ms: -5,
                event: event.clone(),
            }],
            lists: vec![listing(name, name, 1)],
            logs: vec![append(name, &value)],
            ..Step::new()
        };
        let offset = done(store, &step).await[0];
        assert_eq!(text(store, name).await, Some(value.clone()));
        let events = store.events(&to, offset - 1, 1).await.unwrap();
        assert_eq!((events[0].at_ms, &events[0].event), (-5, &event));
        let listed = store.listed(name, None, 9).await.unwrap();
        assert_eq!(listed, [(name.to_owned(), 1)]);
        assert_eq!(store.log(name, 0, 9).await.unwrap(), [value.as_bytes()]);
    }
    let bytes: Vec<u8> = (0..=255).collect();
    let mut binary = put("binary", "");
    binary.value = Some(bytes.clone());
    puts(store, vec![binary, put("empty", "")]).await;
    assert_eq!(read(store, "binary").await.value, Some(bytes));
    assert_eq!(text(store, "empty").await.as_deref(), Some(""));
}

async fn names_that_begin_alike_are_kept_apart(store: &dyn Store) {
    let all = ["a", "ab", "a ", "b", ""];
    let mut expected = BTreeMap::new();
    for (n, name) in all.into_iter().enumerate() {
        let n = i64::try_from(n).unwrap();
        let step = Step {
            lists: vec![listing(name, "m", n), listing(name, name, n + 10)],
            logs: vec![append(name, name)],
            ..Step::new()
        };
        done(store, &step).await;
        expected.insert(name, n);
    }
    for (name, n) in expected {
        let listed = store.listed(name, None, 9).await.unwrap();
        assert_eq!(listed, [(name.to_owned(), n + 10), ("m".to_owned(), n)]);
        assert_eq!(store.log(name, 0, 9).await.unwrap(), [name.as_bytes()]);
    }
    let due = store.due("a", 100, Duration::from_secs(1), 9).await;
    assert_eq!(due.unwrap(), ["m", "a"]);
}

async fn large_steps_are_kept_whole(store: &dyn Store) {
    let large = "ä".repeat(50_000);
    let step = Step {
        puts: (0..20).map(|n| put(&format!("r{n}"), &large)).collect(),
        tells: (0..20)
            .map(|n| Tell {
                event: format!("\"{}\"", "e".repeat(4_000)),
                ..tell(&rider(&format!("u{n}")), n)
            })
            .collect(),
        lists: (0..20).map(|n| listing(&format!("l{n}"), "m", n)).collect(),
        logs: (0..20).map(|_| append("log", &large)).collect(),
        ..Step::new()
    };
    assert_eq!(done(store, &step).await, [1; 20]);
    let keys: Vec<_> = (0..20).map(|n| format!("r{n}")).collect();
    let records = store.read(&keys).await.unwrap();
    assert!(
        records
            .iter()
            .all(|r| r.value.as_deref() == Some(large.as_bytes()))
    );
    assert_eq!(store.log("log", 0, 99).await.unwrap().len(), 20);
    let events = store.events(&rider("u19"), 0, 9).await.unwrap();
    assert_eq!(events[0].event.len(), 4_002);
}

async fn nothing_is_found_where_nothing_is(store: &dyn Store) {
    assert_eq!(store.read(&[]).await.unwrap(), []);
    assert_eq!(store.counts(&[]).await.unwrap(), [0; 0]);
    assert!(store.events(&rider("x"), 0, 9).await.unwrap().is_empty());
    assert!(store.listed("x", None, 9).await.unwrap().is_empty());
    assert!(store.log("x", 0, 9).await.unwrap().is_empty());
    assert_eq!(store.counts(&["x".into()]).await.unwrap(), [0]);
}

/// Commits and reads by many tasks at once, each on its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_threads_use_one_embedded_store() {
    let fixture = Fixture::embedded().await;
    let store: Arc<dyn Store> = Arc::clone(&fixture.store);
    let mut tasks = JoinSet::new();
    for n in 0..1_500 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let key = format!("r{n}");
            puts(&*store, vec![put(&key, "x")]).await;
            text(&*store, &key).await
        });
    }
    while let Some(found) = tasks.join_next().await {
        assert_eq!(found.unwrap().as_deref(), Some("x"));
    }
}
