//! The contract of every ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ridecast::store::{Address, Append, Listing, Outcome, Put, Record, Step, Store, Tell, Version};
use ridecast_protocol::{Role, UserId};
use tokio::task::JoinSet;

use super::Fixture;

contract!(
    a_step_does_all_it_says,
    a_step_that_expects_something_else_does_nothing,
    a_removed_record_is_as_one_that_never_was,
    a_version_never_comes_back,
    the_same_step_again_changes_nothing,
    of_racing_steps_none_is_lost,
    offsets_have_no_holes_whoever_appends,
    one_step_may_tell_one_inbox_several_times,
    an_inbox_is_made_once_and_by_whoever_comes_first,
    an_inbox_keeps_the_newest_and_no_more,
    events_are_paged,
    a_list_is_in_order_and_paged,
    members_of_one_score_are_paged_by_name,
    a_list_forgets_what_is_past,
    who_is_due_is_given_out_once_and_again_after_the_lease,
    of_two_takers_one_gets_who_is_due,
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
        ttl: Duration::from_secs(60),
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

async fn lists(store: &dyn Store, lists: Vec<Listing>) {
    let step = Step {
        lists,
        ..Step::new()
    };
    done(store, &step).await;
}

pub(crate) async fn read(store: &dyn Store, key: &str) -> Record {
    store.read(&[key.to_owned()]).await.unwrap().remove(0)
}

pub(crate) async fn text(store: &dyn Store, key: &str) -> Option<String> {
    let value = read(store, key).await.value?;
    Some(String::from_utf8(value).unwrap())
}

fn names(members: Vec<(String, i64)>) -> Vec<String> {
    members.into_iter().map(|(member, _)| member).collect()
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

async fn offsets_have_no_holes_whoever_appends(store: &dyn Store) {
    let (olga, pier) = (rider("olga"), rider("pier"));
    let tellers = (0..200).map(|n| {
        let (olga, pier) = (&olga, &pier);
        async move {
            let step = Step {
                // Some fail and leave no hole.
                expects: vec![("a".into(), Version(n % 5 / 4))],
                tells: vec![tell(olga, 1), tell(pier, 1)],
                ..Step::new()
            };
            match store.commit(&step).await.unwrap() {
                Outcome::Done(offsets) => offsets,
                Outcome::Conflict => vec![],
            }
        }
    });
    let told = futures_util::future::join_all(tellers).await;
    for whose in [0, 1] {
        let mut offsets: Vec<_> = told.iter().filter_map(|told| told.get(whose)).collect();
        offsets.sort();
        assert!(offsets.into_iter().copied().eq(1..=160));
    }
    let events = store.events(&olga, 0, 1_000).await.unwrap();
    assert!(events.iter().map(|event| event.offset).eq(1..=160));
}

async fn one_step_may_tell_one_inbox_several_times(store: &dyn Store) {
    let olga = rider("olga");
    let step = Step {
        tells: (0..20).map(|n| tell(&olga, n)).collect(),
        ..Step::new()
    };
    assert!(done(store, &step).await.into_iter().eq(1..=20));
    let events = store.events(&olga, 0, 100).await.unwrap();
    assert!(events.into_iter().map(|event| event.at_ms).eq(0..20));
}

async fn an_inbox_is_made_once_and_by_whoever_comes_first(store: &dyn Store) {
    let olga = rider("olga");
    let asks = (0..20).map(|_| store.inbox(&olga));
    let states = futures_util::future::join_all(asks).await;
    let epochs: BTreeSet<_> = states.into_iter().map(|s| s.unwrap().epoch).collect();
    assert_eq!(epochs.len(), 1, "{epochs:?}");
    let state = store.inbox(&olga).await.unwrap();
    assert_eq!((state.first, state.last), (1, 0));

    let step = Step {
        tells: vec![tell(&olga, 1), tell(&rider("told first"), 1)],
        ..Step::new()
    };
    done(store, &step).await;
    let after = store.inbox(&olga).await.unwrap();
    assert_eq!(after.epoch, state.epoch);
    assert_eq!((after.first, after.last), (1, 1));
    let other = store.inbox(&rider("told first")).await.unwrap();
    assert_ne!(other.epoch, state.epoch);
    assert!(!other.epoch.is_empty());
    assert_eq!((other.first, other.last), (1, 1));
    // One name, two persons.
    let driver = Address::of(Role::Driver, &UserId::new("olga").unwrap());
    assert_ne!(store.inbox(&driver).await.unwrap().epoch, state.epoch);
}

async fn an_inbox_keeps_the_newest_and_no_more(store: &dyn Store) {
    let olga = rider("olga");
    let most = Address::KEEPS.most;
    assert_eq!(most, 1_000);
    for batch in 0..60 {
        let step = Step {
            tells: (0..20).map(|n| tell(&olga, batch * 20 + n)).collect(),
            ..Step::new()
        };
        done(store, &step).await;
        let told = u64::try_from((batch + 1) * 20).unwrap();
        let state = store.inbox(&olga).await.unwrap();
        assert_eq!(state.last, told);
        assert_eq!(state.first, told.saturating_sub(most) + 1);
    }
    let events = store.events(&olga, 0, 2_000).await.unwrap();
    assert!(events.iter().map(|event| event.offset).eq(201..=1_200));
    assert!(events.iter().map(|event| event.at_ms).eq(200..1_200));
}

async fn events_are_paged(store: &dyn Store) {
    let olga = rider("olga");
    let step = Step {
        tells: (1..=10).map(|n| tell(&olga, n)).collect(),
        ..Step::new()
    };
    done(store, &step).await;
    for (after, most, expected) in [
        (0, 4, 1..=4),
        (4, 4, 5..=8),
        (8, 4, 9..=10),
        (9, 1, 10..=10),
    ] {
        let events = store.events(&olga, after, most).await.unwrap();
        assert!(
            events.iter().map(|event| event.offset).eq(expected),
            "{after} {most}: {events:?}"
        );
    }
    for (after, most) in [(10, 4), (11, 4), (u64::MAX, 4), (0, 0)] {
        let events = store.events(&olga, after, most).await.unwrap();
        assert!(events.is_empty(), "{after} {most}: {events:?}");
    }
}

async fn a_list_is_in_order_and_paged(store: &dyn Store) {
    let scores = [5, -3, 0, 1_790_000_000_123, 7, -(1 << 53), 1 << 53];
    let members = scores.map(|score| listing("list", &format!("m{score}"), score));
    lists(store, members.to_vec()).await;
    lists(store, vec![listing("other", "m5", 1)]).await;

    let mut sorted = scores;
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    let mut before = None;
    let mut paged = Vec::new();
    loop {
        let page = store.listed("list", before, 3).await.unwrap();
        before = page.last().map(|(member, score)| (*score, member.clone()));
        paged.extend(page);
        if before.is_none() {
            break;
        }
    }
    let expected = sorted.map(|score| (format!("m{score}"), score));
    assert_eq!(paged, expected);

    // Who moves is at one place only, and one that is gone still tells where to go on.
    let mut out = listing("list", "m7", 0);
    out.score = None;
    lists(store, vec![listing("list", "m5", 6), out]).await;
    let from_7 = store.listed("list", Some((7, "m7".into())), 2).await;
    assert_eq!(from_7.unwrap(), [("m5".into(), 6), ("m0".into(), 0)]);
    let count = store.counts(&["list".into(), "other".into()]).await;
    assert_eq!(count.unwrap(), [6, 1]);
    assert!(store.listed("list", None, 0).await.unwrap().is_empty());
}

async fn members_of_one_score_are_paged_by_name(store: &dyn Store) {
    // By their bytes, in no language's order.
    let members = ["Z", "a", "ä", "B", "", "zz", "z", "Ω", "a!", "🚕", "_"];
    let all = members.map(|member| listing("list", member, 42)).to_vec();
    lists(store, all).await;
    lists(
        store,
        vec![listing("list", "m", 41), listing("list", "m2", 43)],
    )
    .await;
    let mut sorted = members.map(str::to_owned);
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    let listed = store.listed("list", None, 100).await.unwrap();
    assert_eq!(names(listed)[1..12], sorted);
    for (at, member) in sorted.iter().enumerate() {
        let rest = store.listed("list", Some((42, member.clone())), 100);
        let rest = names(rest.await.unwrap());
        assert_eq!(rest[..rest.len() - 1], sorted[at + 1..], "after {member:?}");
    }
    // After one that is not there.
    let rest = store.listed("list", Some((42, "aa".into())), 3);
    assert_eq!(names(rest.await.unwrap()), ["a!", "a", "_"]);
}

async fn a_list_forgets_what_is_past(store: &dyn Store) {
    let members = (0..10).map(|n| listing("list", &format!("m{n}"), n));
    lists(store, members.collect()).await;
    let mut new = listing("list", "new", 20);
    new.forget_below = Some(4);
    lists(store, vec![new]).await;
    let listed = names(store.listed("list", None, 100).await.unwrap());
    assert_eq!(listed, ["new", "m9", "m8", "m7", "m6", "m5", "m4"]);
    assert_eq!(store.counts(&["list".into()]).await.unwrap(), [7]);
    let mut past = listing("list", "past", 1);
    past.forget_below = Some(100);
    lists(store, vec![past]).await;
    assert_eq!(store.counts(&["list".into()]).await.unwrap(), [0]);
}

async fn who_is_due_is_given_out_once_and_again_after_the_lease(store: &dyn Store) {
    let members = [("c", 30), ("a", 10), ("d", 31), ("b", 20)];
    let members = members.map(|(member, score)| listing("due", member, score));
    lists(store, members.to_vec()).await;
    let lease = Duration::from_millis(100);
    let due = async |now_ms, most| store.due("due", now_ms, lease, most).await.unwrap();
    assert!(due(9, 10).await.is_empty());
    assert_eq!(due(30, 2).await, ["a", "b"]);
    assert_eq!(due(30, 10).await, ["c"]);
    assert!(due(30, 10).await.is_empty());
    assert_eq!(due(31, 10).await, ["d"]);
    assert_eq!(due(130, 10).await, ["a", "b", "c"]);
    assert!(due(130, 0).await.is_empty());
    // Who did it takes it out.
    let mut out = listing("due", "a", 0);
    out.score = None;
    lists(store, vec![out]).await;
    assert_eq!(due(1_000, 10).await, ["d", "b", "c"]);
    assert!(
        store
            .due("none", 1_000, lease, 10)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn of_two_takers_one_gets_who_is_due(store: &dyn Store) {
    for batch in 0..5 {
        let members = (0..20).map(|n| listing("due", &format!("{}", batch * 20 + n), n));
        lists(store, members.collect()).await;
    }
    let takers = (0..10).map(|_| async {
        let mut taken = Vec::new();
        loop {
            let due = store.due("due", 1_000, Duration::from_secs(60), 7).await;
            let due = due.unwrap();
            if due.is_empty() {
                return taken;
            }
            taken.extend(due);
        }
    });
    let taken = futures_util::future::join_all(takers).await.concat();
    assert_eq!(taken.len(), 100);
    assert_eq!(taken.into_iter().collect::<BTreeSet<_>>().len(), 100);
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
