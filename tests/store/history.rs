//! Blocks of history: what every store does with them.

use std::time::Duration;

use ridecast::store::{MINUTE_MS, Store};

use super::now_ms;

const HOUR: Duration = Duration::from_hours(1);

/// In no order, as none is promised.
async fn blocks(store: &dyn Store, minute: i64) -> Vec<Vec<u8>> {
    let mut blocks = store.history(minute).await.unwrap();
    blocks.sort();
    blocks
}

pub(super) async fn blocks_are_found_in_the_minute_they_were_made(store: &dyn Store) {
    assert_eq!(store.history_since().await.unwrap(), None);
    let minute = now_ms() / MINUTE_MS;
    assert!(blocks(store, minute).await.is_empty());
    let begins = minute * MINUTE_MS;
    let large: Vec<u8> = (0..300_000_u32).map(|n| (n * 7 % 251) as u8).collect();
    for (at_ms, block) in [
        (begins - MINUTE_MS, &b"before"[..]),
        (begins, b"\0\xff first"),
        // Of two nodes.
        (begins + 5_000, b"a"),
        (begins + 5_000, b"b"),
        (begins + 59_999, &large),
        (begins + 60_000, b"after"),
    ] {
        store.append_history(at_ms, block, HOUR).await.unwrap();
    }
    assert_eq!(
        blocks(store, minute).await,
        [&large[..], b"\0\xff first", b"a", b"b"]
    );
    assert_eq!(blocks(store, minute - 1).await, [b"before"]);
    assert_eq!(blocks(store, minute + 1).await, [b"after"]);
    assert!(blocks(store, minute - 2).await.is_empty());
    assert_eq!(
        store.history_since().await.unwrap(),
        Some(begins - MINUTE_MS)
    );
    // Nothing else is touched by it.
    assert!(store.load_own().await.unwrap().is_empty());
    assert!(store.shared_cells().await.unwrap().is_empty());
}

pub(super) async fn a_block_does_not_outlive_its_time(store: &dyn Store) {
    let at_ms = now_ms() - 5 * MINUTE_MS;
    let minute = at_ms / MINUTE_MS;
    store
        .append_history(at_ms, b"kept", Duration::from_mins(10))
        .await
        .unwrap();
    store
        .append_history(at_ms - MINUTE_MS, b"past", Duration::from_mins(1))
        .await
        .unwrap();
    assert_eq!(blocks(store, minute).await, [b"kept"]);
    assert!(blocks(store, minute - 1).await.is_empty());
}
