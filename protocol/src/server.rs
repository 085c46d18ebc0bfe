use serde::{Deserialize, Serialize};

use crate::{
    DensityMessage, ErrorBody, ErrorCode, Eta, Event, RequestId, Ride, RideId, Role, SessionId,
    SubscriptionName, UserId, VehicleId, VehicleUpdate,
};

/// A message from the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(test, ts(optional_fields))]
pub enum ServerMessage {
    /// The session is open: the first message of every session.
    Welcome(Welcome),
    /// Where the inbox stands: when `welcome` could not tell it, as the store was away; and when
    /// the events that come next are not kept any more, with `recovered` false.
    Inbox(InboxPlace),
    /// Something that is never lost.
    Event {
        /// Its number in the person's inbox: the one before, plus one.
        #[cfg_attr(test, ts(type = "number"), schemars(range(min = 1)))]
        offset: u64,
        /// When it happened, ms since the Unix epoch.
        #[cfg_attr(test, ts(type = "number"))]
        at_ms: i64,
        /// What happened.
        event: Event,
    },
    /// How far a driven ride has come. Newest wins; one that is lost is followed by the next.
    Progress(Progress),
    /// Vehicles of one subscription.
    Vehicles(VehiclesMessage),
    /// Counts of one `density` subscription.
    Density(DensityMessage),
    /// A request was carried out. Sent only to requests with an `id`.
    Ok {
        /// The request's.
        id: RequestId,
        /// To `position` and `positions`: how many were accepted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        accepted: Option<u32>,
        /// To `positions`: those not accepted, with their reasons. Absent: none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[cfg_attr(test, ts(as = "Option<Vec<Refused>>", optional))]
        refused: Vec<Refused>,
        /// To what changes a ride: the ride as it is then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ride: Option<Box<Ride>>,
        /// To `send_chat`: the message's number within the chat.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional, type = "number"), schemars(range(min = 1)))]
        number: Option<u64>,
    },
    /// A request was not carried out. The session goes on.
    Error {
        /// The request's, if it had one that could be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<RequestId>,
        /// What was wrong.
        #[serde(flatten)]
        error: ErrorBody,
    },
    /// Answers `ping`.
    Pong {
        /// The ping's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<RequestId>,
        /// Now, ms since the Unix epoch.
        #[cfg_attr(test, ts(type = "number"))]
        server_time_ms: i64,
    },
    /// The session ends soon, as its token does: `hello` with a newer one lets it go on.
    TokenExpiring(TokenExpiring),
    /// The last message before the server closes the socket.
    Bye(Bye),
    /// Of a stream of server-sent events only, in place of a socket's pings.
    Heartbeat(Heartbeat),
}

/// The stream lives: sent every `heartbeat_ms`, whatever else is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct Heartbeat {
    /// How often it comes, ms. Who hears nothing for more than twice that opens the stream anew.
    #[cfg_attr(test, ts(type = "number"))]
    pub heartbeat_ms: u64,
    /// Now, ms since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub server_time_ms: i64,
}

/// The session is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct Welcome {
    /// The name of this session, for logs and support.
    pub session: SessionId,
    /// Whom the token names.
    pub user: UserId,
    /// What the token allows.
    pub role: Role,
    /// The server sends a protocol ping this often; a client that hears
    /// nothing for twice as long should reconnect. Milliseconds.
    #[cfg_attr(test, ts(type = "number"))]
    pub heartbeat_ms: u64,
    /// The server's clock, ms since the Unix epoch: lets a client correct its own.
    #[cfg_attr(test, ts(type = "number"))]
    pub server_time_ms: i64,
    /// As in [`InboxPlace`]. Absent: the store is away; an `inbox` message tells it later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<String>,
    /// As in [`InboxPlace`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub offset: Option<u64>,
    /// As in [`InboxPlace`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered: Option<bool>,
}

impl Welcome {
    /// Where the inbox stands, if it is told.
    #[must_use]
    pub fn inbox(&self) -> Option<InboxPlace> {
        Some(InboxPlace {
            epoch: self.epoch.clone()?,
            offset: self.offset?,
            recovered: self.recovered,
        })
    }
}

/// Where the person's inbox stands when the session begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct InboxPlace {
    /// Offsets of another epoch mean nothing in this one.
    pub epoch: String,
    /// The offset before the first event that this session will get.
    #[cfg_attr(test, ts(type = "number"))]
    pub offset: u64,
    /// To a `resume`. True: all events after it follow. False: they are not all kept any more;
    /// fetch the rides anew and begin here. Absent: no `resume` came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered: Option<bool>,
}

/// How far a driven ride has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct Progress {
    /// Which ride.
    pub ride_id: RideId,
    /// What is left of the way.
    pub eta: Eta,
}

/// Vehicles of one subscription.
///
/// Newest wins: when a client reads slowly, several moves of a vehicle arrive
/// as its last one. What enters and what leaves is never lost.
///
/// Apply `left` before `vehicles`: a vehicle that is gone and back since the
/// last message stands in both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct VehiclesMessage {
    /// Which of the client's subscriptions.
    pub subscription: SubscriptionName,
    /// True: `vehicles` is all there is, forget every other. False: a change.
    pub snapshot: bool,
    /// New or changed vehicles, each whole.
    pub vehicles: Vec<VehicleUpdate>,
    /// Vehicles that left the area or are gone.
    pub left: Vec<VehicleId>,
}

/// The session's token expires soon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct TokenExpiring {
    /// In so many milliseconds the service closes with 4500.
    #[cfg_attr(test, ts(type = "number"))]
    pub expires_in_ms: u64,
}

/// A position that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct Refused {
    /// Its place in the request's list, from 0.
    pub index: u32,
    /// Why.
    pub code: ErrorCode,
}

/// The server is about to close the socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct Bye {
    /// The code of the close frame that follows; see [`crate::CloseCode`].
    #[cfg_attr(test, schemars(range(min = 4000, max = 4999)))]
    pub code: u16,
    /// For people.
    pub reason: String,
    /// Reconnect after this many milliseconds. Absent: do not reconnect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub reconnect_in_ms: Option<u64>,
}
