//! The contract of every ledger: inboxes.

use std::collections::BTreeSet;

use ridecast::store::{Address, Outcome, Step, Store, Version};
use ridecast_protocol::{Role, UserId};

use super::Fixture;
use super::ledger::{done, rider, tell};

contract!(
    offsets_have_no_holes_whoever_appends,
    one_step_may_tell_one_inbox_several_times,
    an_inbox_is_made_once_and_by_whoever_comes_first,
    an_inbox_keeps_the_newest_and_no_more,
    events_are_paged,
);

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
