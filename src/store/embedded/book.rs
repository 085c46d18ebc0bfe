//! The ledger's tables in the embedded store's file, and what a step does to them.

use std::time::Duration;

use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, Table, TableDefinition,
    WriteTransaction,
};

use super::answers::Answers;
use crate::store::now_ms;
use crate::store::{Address, Append, InboxState, Listing, Outcome, Put, Step, Tell, Version};

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
    Book::open(transaction, &Answers::default())?;
    Ok(())
}

pub(super) fn last_answers(database: &Database) -> Result<Vec<(u64, Vec<u64>)>, redb::Error> {
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
    /// The steps of this transaction and the offsets that their events got.
    answered: Vec<(u64, Vec<u64>)>,
    changed: bool,
}

/// An inbox as it is kept.
struct Inbox {
    epoch: String,
    first: u64,
    last: u64,
    until_ms: i64,
}

impl<'t> Book<'t> {
    pub(super) fn open(
        transaction: &'t WriteTransaction,
        answered_before: &'t Answers,
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
            now_ms: now_ms(),
            answered_before,
            answered: Vec::new(),
            changed: false,
        })
    }

    /// Ends the work: whether there is anything to commit, and what to remember when it is.
    pub(super) fn close(mut self) -> Result<(bool, Vec<(u64, Vec<u64>)>), redb::Error> {
        if !self.answered.is_empty() {
            let json = serde_json::to_vec(&self.answered).unwrap_or_default();
            self.last_answers.insert((), json.as_slice())?;
        }
        Ok((self.changed, self.answered))
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

    /// The offset that the event got.
    fn tell(&mut self, tell: &Tell) -> Result<u64, redb::Error> {
        let keeps = tell.to.keeps();
        let mut inbox = self.inbox_or_new(&tell.to)?;
        inbox.last += 1;
        inbox.until_ms = self.in_ms(keeps.unused_for);
        let address = tell.to.as_str();
        let event = (tell.at_ms, tell.event.as_str());
        self.events.insert((address, inbox.last), event)?;
        while inbox.last - inbox.first >= keeps.most {
            self.events.remove((address, inbox.first))?;
            inbox.first += 1;
        }
        self.keep_inbox(&tell.to, &inbox)?;
        Ok(inbox.last)
    }

    /// Where an inbox stands. To ask is to use it: it is kept for another while.
    pub(super) fn inbox(&mut self, whose: &Address) -> Result<InboxState, redb::Error> {
        let mut inbox = self.inbox_or_new(whose)?;
        let until_ms = self.in_ms(whose.keeps().unused_for);
        // Not with every question: it is a write, and waits for the disk.
        if until_ms - inbox.until_ms >= Self::RENEW_AFTER_MS {
            inbox.until_ms = until_ms;
            self.changed = true;
            self.keep_inbox(whose, &inbox)?;
        }
        Ok(InboxState {
            epoch: inbox.epoch,
            last: inbox.last,
            first: inbox.first,
        })
    }

    /// An inbox that is asked for is renewed when it has aged an hour.
    const RENEW_AFTER_MS: i64 = 3_600 * 1_000;

    fn inbox_or_new(&mut self, whose: &Address) -> Result<Inbox, redb::Error> {
        let address = whose.as_str();
        if let Some(kept) = self.inboxes.get(address)? {
            let (epoch, first, last, until_ms) = kept.value();
            if until_ms > self.now_ms {
                return Ok(Inbox {
                    epoch: epoch.to_owned(),
                    first,
                    last,
                    until_ms,
                });
            }
        }
        self.forget_inbox(address)?;
        Ok(Inbox {
            epoch: format!("{:016x}", rand::random::<u64>()),
            first: 1,
            last: 0,
            until_ms: i64::MIN / 2,
        })
    }

    fn keep_inbox(&mut self, whose: &Address, inbox: &Inbox) -> Result<(), redb::Error> {
        let kept = (
            inbox.epoch.as_str(),
            inbox.first,
            inbox.last,
            inbox.until_ms,
        );
        self.inboxes.insert(whose.as_str(), kept)?;
        Ok(())
    }

    fn list(&mut self, listing: &Listing) -> Result<(), redb::Error> {
        let (list, member) = (listing.list.as_str(), listing.member.as_str());
        match listing.score {
            Some(score) => self.place(list, member, score)?,
            None => self.take_out(list, member)?,
        }
        if let Some(below) = listing.forget_below {
            let past = self.from_lowest(list, below, usize::MAX)?;
            for member in past {
                self.take_out(list, &member)?;
            }
        }
        Ok(())
    }

    fn place(&mut self, list: &str, member: &str, score: i64) -> Result<(), redb::Error> {
        let was = self.scores.insert((list, member), score)?;
        let was = was.map(|score| score.value());
        match was {
            Some(was) => drop(self.ranks.remove((list, was, member))?),
            None => self.count(list, 1)?,
        }
        self.ranks.insert((list, score, member), ())?;
        Ok(())
    }

    fn take_out(&mut self, list: &str, member: &str) -> Result<(), redb::Error> {
        let was = self.scores.remove((list, member))?;
        let Some(was) = was.map(|score| score.value()) else {
            return Ok(());
        };
        self.ranks.remove((list, was, member))?;
        self.count(list, -1)
    }

    fn count(&mut self, list: &str, change: i64) -> Result<(), redb::Error> {
        let count = self.counts.get(list)?.map_or(0, |count| count.value());
        match count.saturating_add_signed(change) {
            0 => drop(self.counts.remove(list)?),
            count => drop(self.counts.insert(list, count)?),
        }
        Ok(())
    }

    /// Members whose score is below this, the lowest first.
    fn from_lowest(&self, list: &str, below: i64, most: usize) -> Result<Vec<String>, redb::Error> {
        let range = self.ranks.range((list, i64::MIN, "")..(list, below, ""))?;
        let members = range.take(most).map(|entry| {
            let (key, _) = entry?;
            Ok(key.value().2.to_owned())
        });
        members.collect()
    }

    /// Who is due, each put off by the lease.
    pub(super) fn due(
        &mut self,
        list: &str,
        now_ms: i64,
        lease: Duration,
        most: usize,
    ) -> Result<Vec<String>, redb::Error> {
        let due = self.from_lowest(list, now_ms.saturating_add(1), most)?;
        let again_ms = later(now_ms, lease);
        for member in &due {
            self.changed = true;
            self.place(list, member, again_ms)?;
        }
        Ok(due)
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

    /// Removes the inbox if its time is over.
    pub(super) fn forget_inbox_if_past(&mut self, address: &str) -> Result<(), redb::Error> {
        let kept = self.inboxes.get(address)?.map(|kept| kept.value().3);
        if kept.is_some_and(|until_ms| until_ms <= self.now_ms) {
            self.changed = true;
            self.forget_inbox(address)?;
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

    fn forget_inbox(&mut self, address: &str) -> Result<(), redb::Error> {
        self.inboxes.remove(address)?;
        let all = (address, 0)..=(address, u64::MAX);
        Ok(self.events.retain_in(all, |_, _| false)?)
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
