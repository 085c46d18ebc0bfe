use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use ridecast_protocol::ErrorCode;

/// A limit that something can be refused by. Its name is in the metric and in the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Sessions in all.
    Sessions,
    /// Sessions of one address.
    SessionsPerAddress,
    /// Sessions of one person.
    SessionsPerUser,
    /// TCP connections of one address.
    ConnectionsPerAddress,
    /// WebSocket handshakes in a second from one address.
    HandshakesPerAddress,
    /// Other requests in a second from one address.
    RequestsPerAddress,
    /// Bytes of a request's body.
    BodyBytes,
    /// How long the head of a request may take.
    HeadTimeout,
    /// How long a request may take from its head to its answer.
    RequestTimeout,
    /// How long a handshake of TLS may take.
    TlsHandshakeTimeout,
    /// Bytes of a message.
    MessageBytes,
    /// Messages of a session in a second.
    Messages,
    /// Bytes of a session in a second.
    Bytes,
    /// Positions of a driver's session in a second.
    Positions,
    /// Requests about rides of a session in a second.
    RideRequests,
    /// Estimates and routes in a second for one person, or for all who have links to one ride.
    Routes,
    /// Malformed messages of a session in a second.
    Malformed,
    /// Subscriptions of a session.
    Subscriptions,
    /// Radius of a circle, surface of a viewport.
    Area,
}

impl Limit {
    /// All there are.
    pub const ALL: [Self; 19] = [
        Self::Sessions,
        Self::SessionsPerAddress,
        Self::SessionsPerUser,
        Self::ConnectionsPerAddress,
        Self::HandshakesPerAddress,
        Self::RequestsPerAddress,
        Self::BodyBytes,
        Self::HeadTimeout,
        Self::RequestTimeout,
        Self::TlsHandshakeTimeout,
        Self::MessageBytes,
        Self::Messages,
        Self::Bytes,
        Self::Positions,
        Self::RideRequests,
        Self::Routes,
        Self::Malformed,
        Self::Subscriptions,
        Self::Area,
    ];

    /// The word in metrics and errors.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::SessionsPerAddress => "sessions_per_address",
            Self::SessionsPerUser => "sessions_per_user",
            Self::ConnectionsPerAddress => "connections_per_address",
            Self::HandshakesPerAddress => "handshakes_per_address",
            Self::RequestsPerAddress => "requests_per_address",
            Self::BodyBytes => "body_bytes",
            Self::HeadTimeout => "head_timeout",
            Self::RequestTimeout => "request_timeout",
            Self::TlsHandshakeTimeout => "tls_handshake_timeout",
            Self::MessageBytes => "message_bytes",
            Self::Messages => "messages",
            Self::Bytes => "bytes",
            Self::Positions => "positions",
            Self::RideRequests => "ride_requests",
            Self::Routes => "routes",
            Self::Malformed => "malformed",
            Self::Subscriptions => "subscriptions",
            Self::Area => "area",
        }
    }

    /// Of codes that say by themselves which limit it was.
    pub(super) const fn of(code: ErrorCode) -> Option<Self> {
        match code {
            ErrorCode::MessageTooLarge => Some(Self::BodyBytes),
            ErrorCode::TooManySubscriptions => Some(Self::Subscriptions),
            ErrorCode::AreaTooLarge => Some(Self::Area),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct LimitLabel {
    pub(super) limit: Limit,
}

impl EncodeLabelValue for Limit {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.as_str().encode(encoder)
    }
}
