//! The table of history.

use redb::{ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};

use super::file::{StoreFile, Wrote};
use crate::store::{MINUTE_MS, StoreError, now_ms};

/// By when it was made, ms since the Unix epoch, and how many were made before in that
/// millisecond: when it is forgotten, the block.
const HISTORY: TableDefinition<(i64, u32), (i64, &[u8])> = TableDefinition::new("history");

/// Readers need not ask whether the table is there.
pub(super) fn make_table(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    transaction.open_table(HISTORY)?;
    Ok(())
}

pub(super) fn append(
    transaction: &WriteTransaction,
    at_ms: i64,
    until_ms: i64,
    block: &[u8],
) -> Result<(), redb::Error> {
    let mut history = transaction.open_table(HISTORY)?;
    let same = history.range((at_ms, 0)..=(at_ms, u32::MAX))?.next_back();
    let before = same.transpose()?.map(|(key, _)| key.value().1);
    let nth = before.map_or(0, |nth| nth.saturating_add(1));
    history.insert((at_ms, nth), (until_ms, block))?;
    Ok(())
}

pub(super) fn of_minute(
    transaction: &ReadTransaction,
    minute: i64,
) -> Result<Vec<Vec<u8>>, redb::Error> {
    let now_ms = now_ms();
    let begins_ms = minute.saturating_mul(MINUTE_MS);
    let ends_ms = begins_ms.saturating_add(MINUTE_MS);
    let mut blocks = Vec::new();
    for entry in transaction
        .open_table(HISTORY)?
        .range((begins_ms, 0)..(ends_ms, 0))?
    {
        let entry = entry?;
        let (until_ms, block) = entry.1.value();
        if until_ms > now_ms {
            blocks.push(block.to_vec());
        }
    }
    Ok(blocks)
}

pub(super) fn since(transaction: &ReadTransaction) -> Result<Option<i64>, redb::Error> {
    let now_ms = now_ms();
    for entry in transaction.open_table(HISTORY)?.iter()? {
        let (key, value) = entry?;
        if value.value().0 > now_ms {
            return Ok(Some(key.value().0));
        }
    }
    Ok(None)
}

/// Removes the oldest blocks whose time is over, at most so many.
pub(super) fn sweep(file: &mut StoreFile, now_ms: i64, most: usize) -> Result<(), StoreError> {
    let past = file.read(|transaction| {
        let mut past = Vec::new();
        for entry in transaction.open_table(HISTORY)?.iter()?.take(most) {
            let (key, value) = entry?;
            if value.value().0 > now_ms {
                break;
            }
            past.push(key.value());
        }
        Ok(past)
    })?;
    if past.is_empty() {
        return Ok(());
    }
    file.write(|transaction, _| {
        let mut history = transaction.open_table(HISTORY)?;
        for key in past {
            history.remove(key)?;
        }
        Ok((Wrote::Something, ()))
    })
}
