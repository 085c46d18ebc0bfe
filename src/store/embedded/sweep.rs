use redb::{ReadTransaction, TableDefinition, Value};

use super::StoreError;
use super::book::{Book, INBOXES, LOGS, RECORDS};
use super::file::{StoreFile, Wrote};
use super::history;

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
    pub(super) fn sweep(
        &mut self,
        file: &mut StoreFile,
        now_ms: i64,
        most: usize,
    ) -> Result<(), StoreError> {
        history::sweep(file, now_ms, most)?;
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
            let mut book = Book::open(transaction, answers, now_ms)?;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use redb::ReadableTableMetadata;
    use ridecast_protocol::UserId;

    use super::super::book::{EVENTS, ITEMS};
    use super::*;
    use crate::store::{Address, Append, InboxState, Put, Step, Tell};

    fn change<T>(
        file: &mut StoreFile,
        now_ms: i64,
        work: impl FnOnce(&mut Book<'_>) -> Result<T, redb::Error>,
    ) -> T {
        let done = file.write(|transaction, answers| {
            let mut book = Book::open(transaction, answers, now_ms)?;
            let done = work(&mut book)?;
            book.close()?;
            Ok((Wrote::Something, done))
        });
        done.unwrap()
    }

    fn person(n: u32) -> Address {
        Address::rider(&UserId::new(n.to_string()).unwrap())
    }

    fn step(n: u32) -> Step {
        let name = n.to_string();
        let day = Duration::from_hours(24);
        let put = |key, ttl| Put {
            key,
            value: Some(vec![1]),
            ttl,
        };
        Step {
            puts: vec![
                put(format!("brief {n}"), Some(day)),
                put(format!("for ever {n}"), None),
            ],
            tells: vec![Tell {
                to: person(n),
                at_ms: 0,
                event: "{}".to_owned(),
            }],
            logs: vec![Append {
                log: name,
                item: vec![1],
                ttl: day,
            }],
            ..Step::new()
        }
    }

    /// Records, inboxes, events, logs, items.
    fn counts(file: &mut StoreFile) -> [u64; 5] {
        let counts = file.read(|transaction| {
            Ok([
                transaction.open_table(RECORDS)?.len()?,
                transaction.open_table(INBOXES)?.len()?,
                transaction.open_table(EVENTS)?.len()?,
                transaction.open_table(LOGS)?.len()?,
                transaction.open_table(ITEMS)?.len()?,
            ])
        });
        counts.unwrap()
    }

    const HOUR_MS: i64 = 3_600 * 1_000;
    const DAY_MS: i64 = 24 * HOUR_MS;

    #[test]
    fn what_is_past_goes_a_little_at_a_time_and_the_rest_stays() {
        let mut file = StoreFile::open(None).unwrap();
        for n in 0..10 {
            change(&mut file, i64::from(n), |book| book.step(&step(n)));
        }
        assert_eq!(counts(&mut file), [20, 10, 10, 10, 10]);
        let mut sweep = Sweep::default();
        for _ in 0..20 {
            sweep.sweep(&mut file, DAY_MS - 1, 7).unwrap();
        }
        assert_eq!(counts(&mut file), [20, 10, 10, 10, 10]);
        // The first five are past; it takes several rounds to see all.
        sweep.sweep(&mut file, DAY_MS + 4, 7).unwrap();
        assert_ne!(counts(&mut file), [15, 10, 10, 5, 5]);
        for _ in 0..20 {
            sweep.sweep(&mut file, DAY_MS + 4, 7).unwrap();
        }
        assert_eq!(counts(&mut file), [15, 10, 10, 5, 5]);
        sweep.sweep(&mut file, 8 * DAY_MS, usize::MAX).unwrap();
        sweep.sweep(&mut file, 8 * DAY_MS, usize::MAX).unwrap();
        assert_eq!(counts(&mut file), [10, 0, 0, 0, 0]);
    }

    #[test]
    fn an_inbox_that_nobody_used_begins_anew_and_one_asked_after_does_not() {
        let mut file = StoreFile::open(None).unwrap();
        for n in 0..2 {
            change(&mut file, 0, |book| book.step(&step(n)));
        }
        let mut ask =
            |n, now_ms| -> InboxState { change(&mut file, now_ms, |book| book.inbox(&person(n))) };
        let first = ask(0, HOUR_MS);
        assert_eq!((first.first, first.last), (1, 1));
        // Seven days after the question, not after the event.
        assert_eq!(ask(0, 7 * DAY_MS), first);
        assert_eq!(ask(0, 13 * DAY_MS), first);
        let other = ask(1, 7 * DAY_MS);
        assert_eq!((other.first, other.last), (1, 0), "it was past");
        change(&mut file, 7 * DAY_MS + 1, |book| book.step(&step(1)));
        let told = change(&mut file, 14 * DAY_MS, |book| book.inbox(&person(1)));
        assert_eq!((told.first, told.last), (1, 1));
        assert_eq!(told.epoch, other.epoch);
        assert_eq!(counts(&mut file)[2], 2, "the old event is gone");
    }
}
