//! The contract of every ledger: sorted lists, and what is due.

use std::collections::BTreeSet;
use std::time::Duration;

use ridecast::store::{Listing, Step, Store};

use super::Fixture;
use super::ledger::{done, listing};

contract!(
    a_list_is_in_order_and_paged,
    members_of_one_score_are_paged_by_name,
    a_list_forgets_what_is_past,
    who_is_due_is_given_out_once_and_again_after_the_lease,
    of_two_takers_one_gets_who_is_due,
);

async fn lists(store: &dyn Store, lists: Vec<Listing>) {
    let step = Step {
        lists,
        ..Step::new()
    };
    done(store, &step).await;
}

fn names(members: Vec<(String, i64)>) -> Vec<String> {
    members.into_iter().map(|(member, _)| member).collect()
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
            let due = store.due("due", 1_000, Duration::from_mins(1), 7).await;
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
