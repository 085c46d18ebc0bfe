use ridecast_protocol::{
    ChatMessage, ClientMessage, IdempotencyKey, Party, QuickReply, ReadChat, RideId, SendChat,
};

/// One says no more than this in one ride: two polite programs would never end.
const MOST_LINES: u32 = 4;

/// What there is to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Quick(QuickReply),
    Text(&'static str),
}

/// One side of a chat.
#[derive(Debug)]
pub(super) struct Talk {
    me: Party,
    keys: Keys,
    said: u32,
}

/// Names for wishes that nobody has wished before.
#[derive(Debug)]
pub(super) struct Keys {
    prefix: String,
    count: u64,
}

impl Keys {
    /// `prefix` differs between runs, because the service remembers keys for a day.
    pub(super) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            count: 0,
        }
    }

    /// `None`: the prefix makes no name.
    pub(super) fn next(&mut self) -> Option<IdempotencyKey> {
        self.count += 1;
        IdempotencyKey::new(format!("{}-{}", self.prefix, self.count)).ok()
    }
}

impl Talk {
    pub(super) fn new(me: Party, prefix: &str) -> Self {
        Self {
            me,
            keys: Keys::new(&format!("{prefix}-c")),
            said: 0,
        }
    }

    /// A new ride, a new chat.
    pub(super) fn begin(&mut self) {
        self.said = 0;
    }

    /// Whether somebody else said it.
    pub(super) fn hears(&self, message: &ChatMessage) -> bool {
        message.from != self.me
    }

    pub(super) fn say(&mut self, ride: &RideId, line: Line) -> Option<ClientMessage> {
        if self.said >= MOST_LINES {
            return None;
        }
        self.said += 1;
        let (text, quick) = match line {
            Line::Quick(quick) => (None, Some(quick)),
            Line::Text(text) => (Some(text.to_owned()), None),
        };
        Some(ClientMessage::SendChat(SendChat {
            ride_id: ride.clone(),
            text,
            quick,
            idempotency_key: self.keys.next()?,
        }))
    }

    pub(super) fn read(ride: &RideId, number: u64) -> ClientMessage {
        ClientMessage::ReadChat(ReadChat {
            ride_id: ride.clone(),
            number,
        })
    }
}
