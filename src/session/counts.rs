use std::hash::Hash;
use std::sync::Arc;

use dashmap::DashMap;

/// How many there are of each key, of which there may be only so many.
#[derive(Debug)]
pub struct Counts<K: Eq + Hash> {
    most: usize,
    there: DashMap<K, usize>,
}

/// One of them, until dropped.
#[derive(Debug)]
pub struct Counted<K: Eq + Hash> {
    counts: Arc<Counts<K>>,
    key: K,
}

impl<K: Clone + Eq + Hash> Counts<K> {
    /// At most so many of each; 0: any number.
    #[must_use]
    pub fn new(most: usize) -> Arc<Self> {
        let there = DashMap::new();
        Arc::new(Self { most, there })
    }

    /// How many of each there may be.
    #[must_use]
    pub const fn most(&self) -> usize {
        self.most
    }

    /// One more of that key, unless there are too many.
    pub fn take(self: &Arc<Self>, key: K) -> Option<Counted<K>> {
        let mut there = self.there.entry(key.clone()).or_default();
        // An entry made just now is never refused, so none is left behind at zero.
        if self.most > 0 && *there >= self.most {
            return None;
        }
        *there += 1;
        drop(there);
        let counts = Arc::clone(self);
        Some(Counted { counts, key })
    }
}

impl<K: Eq + Hash> Drop for Counted<K> {
    fn drop(&mut self) {
        // Nothing is kept of a key that is not there any more.
        self.counts.there.remove_if_mut(&self.key, |_, there| {
            *there -= 1;
            *there == 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leaves_makes_room_and_leaves_nothing_behind() {
        let counts = Counts::new(2);
        let (one, two) = (counts.take("a"), counts.take("a"));
        assert!(one.is_some() && two.is_some());
        assert!(counts.take("a").is_none(), "a third");
        let other = counts.take("b");
        assert!(other.is_some());
        drop(one);
        let again = counts.take("a");
        assert!(again.is_some());
        drop((two, again, other));
        assert!(counts.there.is_empty());
    }

    #[test]
    fn none_is_no_limit() {
        let counts = Counts::new(0);
        let all: Vec<_> = (0..100).map(|_| counts.take("a")).collect();
        assert!(all.iter().all(Option::is_some));
    }
}
