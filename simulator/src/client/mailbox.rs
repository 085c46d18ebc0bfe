//! What waits to be sent by a driver.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use ridecast_protocol::Position;
use tokio::sync::Notify;

/// So many positions are kept while a driver is offline; older ones make room.
const TRAIL: usize = 30;

/// Newest wins: the world puts positions in and never waits.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    waiting: Mutex<VecDeque<Position>>,
    some: Notify,
}

impl Mailbox {
    pub(crate) fn put(&self, position: Position) {
        let mut waiting = self.lock();
        if waiting.len() == TRAIL {
            waiting.pop_front();
        }
        waiting.push_back(position);
        self.some.notify_one();
    }

    pub(crate) async fn ready(&self) {
        while self.lock().is_empty() {
            self.some.notified().await;
        }
    }

    pub(crate) fn take(&self, max: usize) -> Vec<Position> {
        let mut waiting = self.lock();
        let count = waiting.len().min(max);
        waiting.drain(..count).collect()
    }

    pub(crate) fn put_back(&self, positions: Vec<Position>) {
        let mut waiting = self.lock();
        for position in positions.into_iter().rev() {
            if waiting.len() < TRAIL {
                waiting.push_front(position);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Position>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(timestamp_ms: i64) -> Position {
        Position {
            latitude: 0.0,
            longitude: 0.0,
            timestamp_ms,
            accuracy: None,
            bearing: None,
            speed: None,
        }
    }

    fn times(positions: &[Position]) -> Vec<i64> {
        positions.iter().map(|p| p.timestamp_ms).collect()
    }

    #[test]
    fn the_newest_are_kept_in_order() {
        let mailbox = Mailbox::default();
        for time in 0..100 {
            mailbox.put(position(time));
        }
        let first = mailbox.take(10);
        assert_eq!(times(&first), (70..80).collect::<Vec<_>>());
        mailbox.put(position(100));
        mailbox.put_back(first);
        let all: Vec<_> = times(&mailbox.take(1_000));
        // Only nine found room again, and it is the oldest that did not.
        assert_eq!(all, (71..=100).collect::<Vec<_>>());
    }
}
