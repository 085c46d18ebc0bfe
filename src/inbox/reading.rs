use ridecast_protocol::{Event, Offer, OfferState};

use crate::store::StoredEvent;

/// Where one session is in its inbox: pure, and therefore easy to be sure of.
///
/// Every event goes out once, in order, without a hole. Those told at once are
/// sent at once if they are the next; anything else is read from the store.
#[derive(Debug, Default)]
pub struct Reading {
    /// The last that went out. `None`: it is not known yet where to begin.
    sent: Option<u64>,
    /// The newest known to exist.
    newest: u64,
    /// A page is being read, or room waited for; nothing else may go out before it.
    is_busy: bool,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing.
    Rest,
    /// Read a page of events after this offset.
    Read(u64),
    /// There are events, and no room for them.
    Wait,
}

impl Reading {
    /// Begins after this offset.
    pub fn begin(&mut self, after: u64) {
        self.sent = Some(after);
    }

    /// The last that went out.
    #[must_use]
    pub const fn place(&self) -> Option<u64> {
        self.sent
    }

    /// There are events up to this offset.
    pub fn exists(&mut self, offset: u64) {
        self.newest = self.newest.max(offset);
    }

    /// An event is told. `room`: whether the client can take it now. True: send it.
    pub fn told(&mut self, offset: u64, room: bool) -> bool {
        self.exists(offset);
        let is_next = self.sent.is_some_and(|sent| offset == sent + 1);
        let send = is_next && room && !self.is_busy;
        if send {
            self.sent = Some(offset);
        }
        send
    }

    /// What to do, if there are events up to `newest`.
    pub fn next(&mut self, newest: u64, room: bool) -> Next {
        self.exists(newest);
        match self.sent {
            Some(sent) if sent < self.newest && !self.is_busy => {
                self.is_busy = true;
                if room { Next::Read(sent) } else { Next::Wait }
            }
            _ => Next::Rest,
        }
    }

    /// Room has been waited for.
    pub fn waited(&mut self) {
        self.is_busy = false;
    }

    /// The events after this one did not go out.
    pub fn back_to(&mut self, offset: u64) {
        self.sent = Some(offset);
    }

    /// A page has been read, or could not be (`None`: it is tried again with the next word).
    /// Gives the events to send.
    ///
    /// # Errors
    /// [`Hole`].
    pub fn read(&mut self, page: Option<Vec<StoredEvent>>) -> Result<Vec<StoredEvent>, Hole> {
        self.is_busy = false;
        let (Some(page), Some(sent)) = (page, self.sent) else {
            return Ok(Vec::new());
        };
        let offsets = page.iter().map(|event| event.offset);
        if page.is_empty() || !offsets.eq(sent + 1..=sent + page.len() as u64) {
            return Err(Hole);
        }
        self.sent = Some(sent + page.len() as u64);
        Ok(page)
    }
}

/// What comes next is not kept any more: the client has taken nothing for a thousand events, or
/// the store has lost what it had. The client must be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the events that come next are not kept any more")]
pub struct Hole;

/// The event as it goes out at this moment: an offer whose time has passed is never shown as open.
#[must_use]
pub fn as_of(event: Event, now_ms: i64) -> Event {
    match event {
        Event::Offer(offer) if offer.state == OfferState::Open && offer.expires_at_ms <= now_ms => {
            Event::Offer(Offer {
                state: OfferState::Expired,
                ..offer
            })
        }
        event => event,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(offset: u64) -> StoredEvent {
        StoredEvent {
            offset,
            at_ms: 0,
            event: String::new(),
        }
    }

    /// What can happen to a session, in any order.
    #[derive(Debug, Clone)]
    enum Happens {
        /// An event is put into the inbox, and the session is told, or is not.
        Event { told: bool, room: bool },
        /// An old event is told again, by the other nodes' channel.
        Again { back: u64, room: bool },
        /// The session looks whether there is more.
        Look { room: bool },
        /// The page that is being read comes, or the store does not answer.
        Page { comes: bool },
        /// Room was waited for.
        Waited,
    }

    fn happens() -> impl Strategy<Value = Happens> {
        let flag = any::<bool>;
        prop_oneof![
            (flag(), flag()).prop_map(|(told, room)| Happens::Event { told, room }),
            (0..5_u64, flag()).prop_map(|(back, room)| Happens::Again { back, room }),
            flag().prop_map(|room| Happens::Look { room }),
            flag().prop_map(|comes| Happens::Page { comes }),
            Just(Happens::Waited),
        ]
    }

    /// A session and the inbox it reads.
    #[derive(Default)]
    struct World {
        reading: Reading,
        last: u64,
        sent: Vec<u64>,
        under_way: Option<u64>,
        waits: bool,
    }

    impl World {
        fn next(&mut self, newest: u64, room: bool) {
            match self.reading.next(newest, room) {
                Next::Rest => {}
                Next::Wait => self.waits = true,
                Next::Read(after) => {
                    assert_eq!(self.under_way.replace(after), None, "one page at a time");
                }
            }
        }

        fn told(&mut self, offset: u64, room: bool) {
            if self.reading.told(offset, room) {
                self.sent.push(offset);
            } else {
                self.next(0, room);
            }
        }

        fn page(&mut self, comes: bool) {
            let Some(after) = self.under_way.take() else {
                return;
            };
            let page = (after + 1..=self.last).take(3).map(event).collect();
            let page = self.reading.read(comes.then_some(page)).unwrap();
            self.sent.extend(page.iter().map(|event| event.offset));
        }

        fn wait(&mut self) {
            if std::mem::take(&mut self.waits) {
                self.reading.waited();
            }
        }

        fn happen(&mut self, it: &Happens) {
            match *it {
                Happens::Event { told, room } => {
                    self.last += 1;
                    if told {
                        self.told(self.last, room);
                    }
                }
                Happens::Again { back, room } => self.told(self.last.saturating_sub(back), room),
                Happens::Look { room } => self.next(self.last, room),
                Happens::Page { comes } => self.page(comes),
                Happens::Waited => self.wait(),
            }
        }
    }

    proptest! {
        #[test]
        fn every_event_goes_out_once_and_in_order(
            began in 0..4_u64,
            before in prop::collection::vec(happens(), 0..5),
            after in prop::collection::vec(happens(), 0..60),
        ) {
            let mut world = World { last: began, ..World::default() };
            for it in &before {
                world.happen(it);
            }
            prop_assert!(world.sent.is_empty(), "not before it is known where to begin");
            world.reading.begin(began);
            for it in &after {
                world.happen(it);
            }
            // In the end the store answers and the client reads.
            while world.reading.place() != Some(world.last) {
                world.wait();
                world.page(true);
                world.next(world.last, true);
            }
            prop_assert_eq!(world.sent, (began + 1..=world.last).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_not_kept_any_more_is_a_hole() {
        for page in [vec![], vec![event(4)], vec![event(3), event(5)]] {
            let mut reading = Reading::default();
            reading.begin(2);
            assert_eq!(reading.next(5, true), Next::Read(2));
            assert_eq!(reading.read(Some(page)), Err(Hole));
        }
    }
}
