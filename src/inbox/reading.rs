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
/// the store has lost what it had. The client must come back to learn that it is so.
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
