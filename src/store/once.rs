use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::StoreError;
use parking_lot::Mutex;

/// Values to be taken once, for the stores of a single process.
///
/// They live for seconds, so they need not survive a restart.
#[derive(Default)]
pub(super) struct Once {
    values: Mutex<HashMap<String, (String, Instant)>>,
}

impl Once {
    /// So many may wait at once; putting one more is refused.
    pub(super) const LIMIT: usize = 100_000;

    pub(super) fn put(&self, key: &str, value: &str, ttl: Duration) -> Result<(), StoreError> {
        let now = Instant::now();
        let mut values = self.values.lock();
        if values.len() >= Self::LIMIT {
            values.retain(|_, (_, until)| *until > now);
            if values.len() >= Self::LIMIT {
                return Err(StoreError::Full { limit: Self::LIMIT });
            }
        }
        values.insert(key.to_owned(), (value.to_owned(), now + ttl));
        Ok(())
    }

    pub(super) fn take(&self, key: &str) -> Option<String> {
        let taken = self.values.lock().remove(key);
        taken.and_then(|(value, until)| (until > Instant::now()).then_some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_bounded_and_what_is_stale_makes_room() {
        let once = Once::default();
        for n in 0..Once::LIMIT {
            once.put(&n.to_string(), "", Duration::ZERO).unwrap();
        }
        once.put("fresh", "", Duration::from_hours(1)).unwrap();
        for n in 1..Once::LIMIT {
            once.put(&n.to_string(), "", Duration::from_hours(1))
                .unwrap();
        }
        assert!(matches!(
            once.put("too many", "", Duration::from_hours(1)),
            Err(StoreError::Full { .. })
        ));
        assert!(once.take("fresh").is_some());
    }
}
