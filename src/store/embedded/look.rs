//! Looking into the ledger as it was last committed.

use redb::ReadTransaction;

use super::book::{COUNTS, EVENTS, INBOXES, ITEMS, LOGS, RANKS, RECORDS, after};
use crate::store::{Address, Record, StoredEvent, Version, now_ms};

pub(super) fn records(
    transaction: &ReadTransaction,
    keys: &[String],
) -> Result<Vec<Record>, redb::Error> {
    let now_ms = now_ms();
    let records = transaction.open_table(RECORDS)?;
    let read = |key: &String| {
        let kept = records.get(key.as_str())?;
        let kept = kept.as_ref().map(redb::AccessGuard::value);
        let kept = kept.filter(|(_, until_ms, _)| *until_ms > now_ms);
        Ok(Record {
            version: kept.map_or(Version::NONE, |(version, ..)| Version(version)),
            value: kept.map(|(.., value)| value.to_vec()),
        })
    };
    keys.iter().map(read).collect()
}

pub(super) fn events(
    transaction: &ReadTransaction,
    whose: &Address,
    after: u64,
    most: usize,
) -> Result<Vec<StoredEvent>, redb::Error> {
    let address = whose.as_str();
    let inboxes = transaction.open_table(INBOXES)?;
    let kept = inboxes.get(address)?.map(|kept| kept.value().3);
    if kept.is_none_or(|until_ms| until_ms <= now_ms()) {
        return Ok(Vec::new());
    }
    let events = transaction.open_table(EVENTS)?;
    let newer = events.range((address, after.saturating_add(1))..=(address, u64::MAX))?;
    let newer = newer.take(most).map(|entry| {
        let (key, event) = entry?;
        let (at_ms, event) = event.value();
        Ok(StoredEvent {
            offset: key.value().1,
            at_ms,
            event: event.to_owned(),
        })
    });
    newer.collect()
}

pub(super) fn listed(
    transaction: &ReadTransaction,
    list: &str,
    before: Option<&(i64, String)>,
    most: usize,
) -> Result<Vec<(String, i64)>, redb::Error> {
    let ranks = transaction.open_table(RANKS)?;
    let next_list = after(list);
    let end = before.map_or((next_list.as_str(), i64::MIN, ""), |(score, member)| {
        (list, *score, member.as_str())
    });
    let members = ranks.range((list, i64::MIN, "")..end)?;
    let members = members.rev().take(most).map(|entry| {
        let (key, ()) = entry.map(|(key, _)| (key, ()))?;
        let (_, score, member) = key.value();
        Ok((member.to_owned(), score))
    });
    members.collect()
}

pub(super) fn counts(
    transaction: &ReadTransaction,
    lists: &[String],
) -> Result<Vec<u64>, redb::Error> {
    let counts = transaction.open_table(COUNTS)?;
    let count = |list: &String| Ok(counts.get(list.as_str())?.map_or(0, |count| count.value()));
    lists.iter().map(count).collect()
}

pub(super) fn log(
    transaction: &ReadTransaction,
    log: &str,
    from: u64,
    most: usize,
) -> Result<Vec<Vec<u8>>, redb::Error> {
    let logs = transaction.open_table(LOGS)?;
    let kept = logs.get(log)?.map(|kept| kept.value().1);
    if kept.is_none_or(|until_ms| until_ms <= now_ms()) {
        return Ok(Vec::new());
    }
    let items = transaction.open_table(ITEMS)?;
    let items = items.range((log, from)..=(log, u64::MAX))?;
    let items = items.take(most);
    items.map(|entry| Ok(entry?.1.value().to_vec())).collect()
}
