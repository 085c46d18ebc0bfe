//! The ledger's tables in the embedded store's file, and what a step does to them.

mod inboxes;
mod lists;

use std::time::Duration;

use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, Table, TableDefinition,
    WriteTransaction,
};

use super::answers::{Answer, Answers};
use super::file::Wrote;
use crate::store::{Append, Outcome, Put, Step, Version};

/// By key: version, when it is forgotten (ms since the Unix epoch), value.
pub(super) const RECORDS: TableDefinition<&str, (u64, i64, &[u8])> =
    TableDefinition::new("records");
/// By address: epoch, the oldest kept event's offset, the newest event's, when it is forgotten.
pub(super) const INBOXES: TableDefinition<&str, (&str, u64, u64, i64)> =
    TableDefinition::new("inboxes");
/// By address and offset: when it happened, the event as JSON.
pub(super) const EVENTS: TableDefinition<(&str, u64), (i64, &str)> = TableDefinition::new("events");
/// By list and member: its score.
pub(super) const SCORES: TableDefinition<(&str, &str), i64> = TableDefinition::new("scores");
/// List, score, member: the same in the order of the scores.
pub(super) const RANKS: TableDefinition<(&str, i64, &str), ()> = TableDefinition::new("ranks");
/// By list: how many members.
pub(super) const COUNTS: TableDefinition<&str, u64> = TableDefinition::new("counts");
/// By log: how many items, when it is forgotten.
pub(super) const LOGS: TableDefinition<&str, (u64, i64)> = TableDefinition::new("logs");
/// By log and index: the item.
pub(super) const ITEMS: TableDefinition<(&str, u64), &[u8]> = TableDefinition::new("items");
/// What became of the steps of the last transaction that had any, as JSON.
const LAST_ANSWERS: TableDefinition<(), &[u8]> = TableDefinition::new("last_answers");

/// The name after this one, were there a list of each name.
pub(super) fn after(name: &str) -> String {
    format!("{name}\0")
}

/// Readers need not ask whether a table is there.
pub(super) fn make_tables(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    Book::open(transaction, &Answers::default(), 0)?;
    Ok(())
}

pub(super) fn last_answers(database: &Database) -> Result<Vec<Answer>, redb::Error> {
    let transaction: ReadTransaction = database.begin_read()?;
    let table = match transaction.open_table(LAST_ANSWERS) {
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
        table => table?,
    };
    let answers = table.get(())?;
    Ok(answers
        .and_then(|json| serde_json::from_slice(json.value()).ok())
        .unwrap_or_default())
}

/// The ledger within a write transaction.
pub(super) struct Book<'t> {
    records: Table<'t, &'static str, (u64, i64, &'static [u8])>,
    inboxes: Table<'t, &'static str, (&'static str, u64, u64, i64)>,
    events: Table<'t, (&'static str, u64), (i64, &'static str)>,
    scores: Table<'t, (&'static str, &'static str), i64>,
    ranks: Table<'t, (&'static str, i64, &'static str), ()>,
    counts: Table<'t, &'static str, u64>,
    logs: Table<'t, &'static str, (u64, i64)>,
    items: Table<'t, (&'static str, u64), &'static [u8]>,
    last_answers: Table<'t, (), &'static [u8]>,
    now_ms: i64,
    answered_before: &'t Answers,
    /// The steps of this transaction.
    answered: Vec<Answer>,
    changed: bool,
}

impl<'t> Book<'t> {
    pub(super) fn open(
        transaction: &'t WriteTransaction,
        answered_before: &'t Answers,
        now_ms: i64,
    ) -> Result<Self, redb::Error> {
        Ok(Self {
            records: transaction.open_table(RECORDS)?,
            inboxes: transaction.open_table(INBOXES)?,
            events: transaction.open_table(EVENTS)?,
            scores: transaction.open_table(SCORES)?,
            ranks: transaction.open_table(RANKS)?,
            counts: transaction.open_table(COUNTS)?,
            logs: transaction.open_table(LOGS)?,
            items: transaction.open_table(ITEMS)?,
            last_answers: transaction.open_table(LAST_ANSWERS)?,
            now_ms,
            answered_before,
            answered: Vec::new(),
            changed: false,
        })
    }

    /// Ends the work: whether there is anything to commit, and what to remember when it is.
    pub(super) fn close(mut self) -> Result<(Wrote, Vec<Answer>), redb::Error> {
        if !self.answered.is_empty() {
            let json = serde_json::to_vec(&self.answered).unwrap_or_default();
            self.last_answers.insert((), json.as_slice())?;
        }
        let wrote = if self.changed {
            Wrote::Something
        } else {
            Wrote::Nothing
        };
        Ok((wrote, self.answered))
    }

    /// Carries out a step, or nothing of it.
    pub(super) fn step(&mut self, step: &Step) -> Result<Outcome, redb::Error> {
        let now = self.answered.iter().find(|(id, _)| *id == step.id);
        let offsets = now.map(|(_, offsets)| offsets);
        if let Some(offsets) = offsets.or_else(|| self.answered_before.of(step.id)) {
            return Ok(Outcome::Done(offsets.clone()));
        }
        for (key, version) in &step.expects {
            if self.version(key)? != *version {
                return Ok(Outcome::Conflict);
            }
        }
        self.changed = true;
        for put in &step.puts {
            self.put(put, step.id)?;
        }
        let mut offsets = Vec::with_capacity(step.tells.len());
        for tell in &step.tells {
            offsets.push(self.tell(tell)?);
        }
        for listing in &step.lists {
            self.list(listing)?;
        }
        for append in &step.logs {
            self.append(append)?;
        }
        self.answered.push((step.id, offsets.clone()));
        Ok(Outcome::Done(offsets))
    }

    fn version(&self, key: &str) -> Result<Version, redb::Error> {
        let record = self.records.get(key)?;
        Ok(record.map_or(Version::NONE, |record| {
            let (version, until_ms, _) = record.value();
            if until_ms > self.now_ms {
                Version(version)
            } else {
                Version::NONE
            }
        }))
    }

    fn put(&mut self, put: &Put, version: u64) -> Result<(), redb::Error> {
        let key = put.key.as_str();
        match &put.value {
            Some(value) => {
                let until_ms = put.ttl.map_or(i64::MAX, |ttl| self.in_ms(ttl));
                self.records
                    .insert(key, (version, until_ms, value.as_slice()))?;
            }
            None => drop(self.records.remove(key)?),
        }
        Ok(())
    }

    fn append(&mut self, append: &Append) -> Result<(), redb::Error> {
        let log = append.log.as_str();
        let kept = self.logs.get(log)?.map(|kept| kept.value());
        let next = match kept {
            Some((next, until_ms)) if until_ms > self.now_ms => next,
            _ => {
                self.forget_log(log)?;
                0
            }
        };
        self.items.insert((log, next), append.item.as_slice())?;
        self.logs.insert(log, (next + 1, self.in_ms(append.ttl)))?;
        Ok(())
    }

    /// Removes the record if its time is over.
    pub(super) fn forget_record_if_past(&mut self, key: &str) -> Result<(), redb::Error> {
        let kept = self.records.get(key)?.map(|kept| kept.value().1);
        if kept.is_some_and(|until_ms| until_ms <= self.now_ms) {
            self.changed = true;
            self.records.remove(key)?;
        }
        Ok(())
    }

    /// Removes the log if its time is over.
    pub(super) fn forget_log_if_past(&mut self, log: &str) -> Result<(), redb::Error> {
        let kept = self.logs.get(log)?.map(|kept| kept.value().1);
        if kept.is_some_and(|until_ms| until_ms <= self.now_ms) {
            self.changed = true;
            self.forget_log(log)?;
        }
        Ok(())
    }

    fn forget_log(&mut self, log: &str) -> Result<(), redb::Error> {
        self.logs.remove(log)?;
        let all = (log, 0)..=(log, u64::MAX);
        Ok(self.items.retain_in(all, |_, _| false)?)
    }

    fn in_ms(&self, time: Duration) -> i64 {
        later(self.now_ms, time)
    }
}

fn later(now_ms: i64, time: Duration) -> i64 {
    now_ms.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}
