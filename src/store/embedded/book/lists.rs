use std::time::Duration;

use redb::ReadableTable;

use super::{Book, later};
use crate::store::Listing;

impl Book<'_> {
    pub(super) fn list(&mut self, listing: &Listing) -> Result<(), redb::Error> {
        let (list, member) = (listing.list.as_str(), listing.member.as_str());
        match listing.score {
            Some(score) => self.place(list, member, score)?,
            None => self.take_out(list, member)?,
        }
        if let Some(below) = listing.forget_below {
            let past = self.lowest(list, below, usize::MAX)?;
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
    fn lowest(&self, list: &str, below: i64, most: usize) -> Result<Vec<String>, redb::Error> {
        let range = self.ranks.range((list, i64::MIN, "")..(list, below, ""))?;
        let members = range.take(most).map(|entry| {
            let (key, _) = entry?;
            Ok(key.value().2.to_owned())
        });
        members.collect()
    }

    /// Who is due, each put off by the lease.
    pub(in crate::store::embedded) fn due(
        &mut self,
        list: &str,
        now_ms: i64,
        lease: Duration,
        most: usize,
    ) -> Result<Vec<String>, redb::Error> {
        let due = self.lowest(list, now_ms.saturating_add(1), most)?;
        let again_ms = later(now_ms, lease);
        for member in &due {
            self.changed = true;
            self.place(list, member, again_ms)?;
        }
        Ok(due)
    }
}
