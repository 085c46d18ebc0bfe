use std::time::Duration;

use async_trait::async_trait;
use redis::pipe;

use super::script::{Call, Script};
use super::{RedisStore, steps};
use crate::store::{
    Address, InboxState, Ledger, Outcome, Record, RedisFault, Step, StoreError, StoredEvent,
    Version, keys,
};

/// What the ledger does in Redis in one step each.
pub(super) struct Scripts {
    commit: Script,
    inbox: Script,
    events: Script,
    listed: Script,
    due: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            commit: Script::new(include_str!("commit.lua")),
            inbox: Script::new(include_str!("inbox.lua")),
            events: Script::new(include_str!("events.lua")),
            listed: Script::new(include_str!("listed.lua")),
            due: Script::new(include_str!("due.lua")),
        }
    }
}

impl RedisStore {
    /// What lies in Redis is not what this service puts there.
    fn unreadable(&self, what: &str) -> StoreError {
        StoreError::Redis(RedisFault::Refused {
            address: self.link.address(),
            reason: format!("what it has for {what} cannot be read"),
        })
    }
}

#[async_trait]
impl Ledger for RedisStore {
    async fn read(&self, keys: &[String]) -> Result<Vec<Record>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = pipe();
        // Of one moment.
        pipe.atomic();
        for key in keys {
            let fields = ["version", "value"];
            pipe.cmd("HMGET").arg(keys::record(key)).arg(&fields);
        }
        let found: Vec<(Option<u64>, Option<Vec<u8>>)> = self.link.ask(&pipe).await?;
        let record = |(version, value): (Option<u64>, _)| Record {
            version: version.map_or(Version::NONE, Version),
            value,
        };
        Ok(found.into_iter().map(record).collect())
    }

    async fn commit(&self, step: &Step) -> Result<Outcome, StoreError> {
        let call = steps::call(step);
        let answer: String = self.link.run(&self.scripts.commit, &call).await?;
        steps::outcome(&answer).ok_or_else(|| self.unreadable("a step's answer"))
    }

    async fn inbox(&self, whose: &Address) -> Result<InboxState, StoreError> {
        let mut call = Call::default();
        call.key(keys::inbox(whose)).key(keys::events(whose));
        call.arg(steps::new_epoch());
        call.number(steps::millis(whose.keeps().unused_for));
        let (epoch, last, kept): (String, u64, u64) =
            self.link.run(&self.scripts.inbox, &call).await?;
        Ok(InboxState {
            epoch,
            last,
            first: (last + 1).saturating_sub(kept),
        })
    }

    async fn events(
        &self,
        whose: &Address,
        after: u64,
        most: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let mut call = Call::default();
        call.key(keys::inbox(whose)).key(keys::events(whose));
        call.number(after).number(most);
        let (from, events): (u64, Vec<String>) = self.link.run(&self.scripts.events, &call).await?;
        let event = |(offset, kept): (u64, String)| {
            let (at_ms, event) = kept.split_once(' ')?;
            Some(StoredEvent {
                offset,
                at_ms: at_ms.parse().ok()?,
                event: event.to_owned(),
            })
        };
        let events: Option<_> = (from..).zip(events).map(event).collect();
        events.ok_or_else(|| self.unreadable("an event"))
    }

    async fn listed(
        &self,
        list: &str,
        before: Option<(i64, String)>,
        most: usize,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let mut call = Call::default();
        call.key(keys::list(list)).number(most);
        if let Some((score, member)) = before {
            call.number(score).arg(member);
        }
        let members: Vec<(String, f64)> = self.link.run(&self.scripts.listed, &call).await?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "scores are whole numbers up to 2^53, as the contract says"
        )]
        let whole = |(member, score)| (member, score as i64);
        Ok(members.into_iter().map(whole).collect())
    }

    async fn counts(&self, lists: &[String]) -> Result<Vec<u64>, StoreError> {
        if lists.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = pipe();
        pipe.atomic();
        for list in lists {
            pipe.cmd("ZCARD").arg(keys::list(list));
        }
        Ok(self.link.ask(&pipe).await?)
    }

    async fn due(
        &self,
        list: &str,
        now_ms: i64,
        lease: Duration,
        most: usize,
    ) -> Result<Vec<String>, StoreError> {
        let again_ms = now_ms.saturating_add(steps::millis(lease));
        let mut call = Call::default();
        call.key(keys::list(list));
        call.number(now_ms).number(again_ms).number(most);
        Ok(self.link.run(&self.scripts.due, &call).await?)
    }

    async fn log(&self, log: &str, from: u64, most: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let from = i64::try_from(from).unwrap_or(i64::MAX);
        let last = from.saturating_add_unsigned(most as u64 - 1);
        let mut pipe = pipe();
        pipe.cmd("LRANGE").arg(keys::log(log)).arg(from).arg(last);
        let (items,) = self.link.ask(&pipe).await?;
        Ok(items)
    }
}
