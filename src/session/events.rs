use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ridecast_protocol::{ChatMessage, Event, Party, RideId, Role};

use crate::inbox::{PostBox, Reading};

/// A session's side of its inbox.
pub(super) struct Events {
    pub(super) at: PostBox,
    pub(super) reading: Reading,
    /// The epoch, once it is known.
    pub(super) epoch: Option<String>,
    /// The chat messages of the other side that went out and were not acknowledged: by offset.
    unread: BTreeMap<u64, (RideId, u64)>,
    /// Since when the client has taken nothing although there are events for it.
    stuck: Option<Instant>,
}

/// So many events are read from the store at once.
pub(super) const PAGE: usize = 64;
/// A client that takes no event for so long is closed.
const PATIENCE: Duration = Duration::from_secs(30);
/// So many chat messages may wait for their acknowledgement; of more, the oldest get no receipt.
const MOST_UNREAD: usize = 1_000;

impl Events {
    pub(super) fn new(at: PostBox) -> Self {
        Self {
            at,
            reading: Reading::default(),
            epoch: None,
            unread: BTreeMap::new(),
            stuck: None,
        }
    }

    /// Everything begins anew: in another epoch, or after a hole.
    pub(super) fn forget(&mut self) {
        self.at.forget();
        self.reading = Reading::default();
        self.epoch = None;
        self.unread.clear();
        self.stuck = None;
    }

    /// This event goes out.
    pub(super) fn sent(&mut self, offset: u64, event: &Event, role: Role) {
        self.stuck = None;
        let Event::Chat(ChatMessage {
            ride_id,
            number,
            from,
            ..
        }) = event
        else {
            return;
        };
        let is_own = matches!(
            (from, role),
            (Party::Rider, Role::Rider) | (Party::Driver, Role::Driver)
        );
        if !is_own {
            self.unread.insert(offset, (ride_id.clone(), *number));
            if self.unread.len() > MOST_UNREAD {
                self.unread.pop_first();
            }
        }
    }

    /// The client has everything up to this offset. Gives the newest message of each chat among
    /// it. `None`: it cannot have that.
    pub(super) fn acked(&mut self, offset: u64) -> Option<Vec<(RideId, u64)>> {
        if offset > self.reading.place()? {
            return None;
        }
        let later = self.unread.split_off(&(offset + 1));
        let got = std::mem::replace(&mut self.unread, later);
        let mut newest: BTreeMap<RideId, u64> = BTreeMap::new();
        for (ride, number) in got.into_values() {
            let known = newest.entry(ride).or_default();
            *known = number.max(*known);
        }
        Some(newest.into_iter().collect())
    }

    /// There are events, and the client takes none: whether it has had enough time.
    pub(super) fn is_stuck(&mut self) -> bool {
        let since = *self.stuck.get_or_insert_with(Instant::now);
        since.elapsed() > PATIENCE
    }
}
