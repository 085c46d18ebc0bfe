use redb::ReadableTable;

use super::Book;
use crate::store::{Address, InboxState, Tell};

/// An inbox as it is kept.
struct Inbox {
    epoch: String,
    first: u64,
    last: u64,
    until_ms: i64,
}

impl Book<'_> {
    /// The offset that the event got.
    pub(super) fn tell(&mut self, tell: &Tell) -> Result<u64, redb::Error> {
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
    pub(in crate::store::embedded) fn inbox(
        &mut self,
        whose: &Address,
    ) -> Result<InboxState, redb::Error> {
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

    /// Removes the inbox if its time is over.
    pub(in crate::store::embedded) fn forget_inbox_if_past(
        &mut self,
        address: &str,
    ) -> Result<(), redb::Error> {
        let kept = self.inboxes.get(address)?.map(|kept| kept.value().3);
        if kept.is_some_and(|until_ms| until_ms <= self.now_ms) {
            self.changed = true;
            self.forget_inbox(address)?;
        }
        Ok(())
    }

    fn forget_inbox(&mut self, address: &str) -> Result<(), redb::Error> {
        self.inboxes.remove(address)?;
        let all = (address, 0)..=(address, u64::MAX);
        Ok(self.events.retain_in(all, |_, _| false)?)
    }
}
