/// Why the server closes a socket: the code in the close frame and in `bye`.
///
/// After 4000 to 4499 the client may reconnect as it is, after 4500 to 4999
/// something must be mended first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// The node is stopping; another will serve.
    GoingAway = 4000,
    /// The client did not take what was sent to it.
    SlowConsumer = 4001,
    /// The same driver connected anew.
    Replaced = 4002,
    /// Nothing was heard for longer than the heartbeat allows.
    Silent = 4003,
    /// Something behind the service cannot be reached right now, so that it cannot know who comes.
    Unavailable = 4004,
    /// The person has as many sessions as one may have.
    TooManySessions = 4005,
    /// No valid token came, or none in time.
    BadToken = 4500,
    /// The token is good, but not for this.
    Forbidden = 4501,
    /// The client goes on breaking the protocol.
    ProtocolError = 4502,
    /// The client goes on exceeding its limits.
    RateLimited = 4503,
    /// There is nothing more to watch: the shared ride, or its link, is over.
    Over = 4504,
}

impl CloseCode {
    /// The number in the close frame.
    #[must_use]
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// Whether the client should connect again by itself.
    ///
    /// Not one that was replaced, although its code is of the class that may:
    /// two devices of one driver would throw each other out for ever.
    #[must_use]
    pub const fn reconnect(self) -> bool {
        self.number() < 4500 && !matches!(self, Self::Replaced)
    }

    /// The reason for people, in the close frame and in `bye`.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::GoingAway => "the service is stopping",
            Self::SlowConsumer => "messages were not taken in time",
            Self::Replaced => "replaced by a newer session of the same driver",
            Self::Silent => "nothing was heard within the heartbeat",
            Self::Unavailable => "the service cannot look you up right now",
            Self::TooManySessions => "you have as many sessions as you may have",
            Self::BadToken => "no valid token",
            Self::Forbidden => "not allowed",
            Self::ProtocolError => "too many malformed messages",
            Self::RateLimited => "too many messages",
            Self::Over => "the ride or its link is over",
        }
    }
}
