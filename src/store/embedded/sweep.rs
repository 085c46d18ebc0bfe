use redb::{ReadTransaction, TableDefinition, Value};

use super::StoreError;
use super::book::{Book, INBOXES, LOGS, RECORDS};
use super::file::{StoreFile, Wrote};
use crate::store::now_ms;

/// Removes what is past its time. Nobody sees that any more; it takes room.
///
/// Goes round the tables a little at a time, so that it costs the same however
/// much there is: a million records are seen through in an hour.
#[derive(Default)]
pub(super) struct Sweep {
    /// Up to where it has come in each table.
    records: Option<String>,
    inboxes: Option<String>,
    logs: Option<String>,
}

impl Sweep {
    /// Looks at the next so many of each kind.
    pub(super) fn sweep(&mut self, file: &mut StoreFile, most: usize) -> Result<(), StoreError> {
        let now_ms = now_ms();
        let (records, inboxes, logs) = file.read(|transaction| {
            Ok((
                past(transaction, RECORDS, &mut self.records, most, |record| {
                    record.1 <= now_ms
                })?,
                past(transaction, INBOXES, &mut self.inboxes, most, |inbox| {
                    inbox.3 <= now_ms
                })?,
                past(transaction, LOGS, &mut self.logs, most, |log| {
                    log.1 <= now_ms
                })?,
            ))
        })?;
        if records.is_empty() && inboxes.is_empty() && logs.is_empty() {
            return Ok(());
        }
        file.write(|transaction, answers| {
            let mut book = Book::open(transaction, answers)?;
            for key in &records {
                book.forget_record_if_past(key)?;
            }
            for address in &inboxes {
                book.forget_inbox_if_past(address)?;
            }
            for log in &logs {
                book.forget_log_if_past(log)?;
            }
            book.close()?;
            Ok((Wrote::Something, ()))
        })
    }
}

/// The names in a table, from `at` on, whose entries are past; `at` goes on, and round.
fn past<V: Value>(
    transaction: &ReadTransaction,
    table: TableDefinition<'_, &'static str, V>,
    at: &mut Option<String>,
    most: usize,
    is_past: impl for<'v> Fn(V::SelfType<'v>) -> bool,
) -> Result<Vec<String>, redb::Error> {
    let table = transaction.open_table(table)?;
    let mut past = Vec::new();
    let mut last = None;
    let from = at.take().unwrap_or_default();
    for (seen, entry) in (1..).zip(table.range(from.as_str()..)?) {
        let (name, value) = entry?;
        if is_past(value.value()) {
            past.push(name.value().to_owned());
        }
        if seen >= most {
            last = Some(format!("{}\0", name.value()));
            break;
        }
    }
    *at = last;
    Ok(past)
}
