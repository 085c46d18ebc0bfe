use serde::{Deserialize, Serialize};

use crate::{
    Bye, ChatMessage, Eta, Event, Heartbeat, Position, Progress, Receipt, Refused, Ride, RideState,
    TokenId, UserId, VehicleInfo, VehicleUpdate,
};

/// Answer of `GET /v1/vehicles`: nearest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct NearbyVehicles {
    /// The vehicles within the circle, nearest first, at most `limit`.
    pub vehicles: Vec<VehicleUpdate>,
    /// When the answer was made, ms since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub server_time_ms: i64,
}

/// Body of `POST /v1/positions`: for drivers who cannot hold a socket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct PostPositions {
    /// Goes online with this vehicle. Absent: the driver is online already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle: Option<VehicleInfo>,
    /// Oldest first, at most as many as a `positions` message may carry.
    #[cfg_attr(test, schemars(length(min = 1, max = crate::Positions::MAX)))]
    pub positions: Vec<Position>,
}

/// Answer of `POST /v1/positions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct PositionsJudged {
    /// How many positions were accepted.
    pub accepted: u32,
    /// The others, each with its reason, in the order of the request.
    pub refused: Vec<Refused>,
}

/// Answer of `POST /v1/tickets`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct Ticket {
    /// Opens one session as `GET /v1/ws?ticket=…`, once.
    pub ticket: String,
    /// For how long from now it does, milliseconds.
    #[cfg_attr(test, ts(type = "number"))]
    pub expires_in_ms: u64,
}

/// Answer of `GET /v1/rides`: newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct RidesPage {
    /// The rides, the newest request first, each as the caller may see it.
    pub rides: Vec<Ride>,
    /// The next page is `?before=` this. Absent: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

/// How many rides are in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct RideCount {
    /// The state.
    pub state: RideState,
    /// How many; of rides that are over, those that are still kept.
    #[cfg_attr(test, ts(type = "number"))]
    pub rides: u64,
}

/// Answer of `GET /v1/rides/counts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct RideCounts {
    /// Every state, in the order of a ride's life.
    pub counts: Vec<RideCount>,
}

/// Answer of `GET /v1/rides/{ride_id}/chat`: oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct ChatPage {
    /// The messages of this page.
    pub messages: Vec<ChatMessage>,
    /// How far rider and driver have got with each other's messages.
    pub receipts: Vec<Receipt>,
    /// The page before is `?before=` this number. Absent: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub before: Option<u64>,
}

/// Answer of `POST /v1/rides/{ride_id}/share`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct ShareLink {
    /// Shows the ride to whoever has it: `GET /v1/share/{token}`.
    pub token: String,
    /// Until then, or until the ride is over, ms since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub expires_at_ms: i64,
}

/// Answer of `GET /v1/share/{token}`: one ride for who has its link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct SharedRide {
    /// The ride, as its rider sees it.
    pub ride: Ride,
    /// Where its vehicle is. Absent: it has none, or it is not heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle: Option<VehicleUpdate>,
    /// What is left of the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta: Option<Eta>,
    /// The service's clock, ms since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub server_time_ms: i64,
}

/// One event of `GET /v1/share/{token}/events`; its `type` is the event's name, too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ShareMessage {
    /// The ride, as its rider sees it, at first and after every change. Whole: it replaces the
    /// one before. One that is over is the last.
    Ride(Box<Ride>),
    /// Where its vehicle is, while it is driven: at most twice a second. Newest wins.
    Vehicle(VehicleUpdate),
    /// What is left of the way. Newest wins.
    Progress(Progress),
    /// The stream lives. After the first `ride`, and then every so often.
    Heartbeat(Heartbeat),
    /// Nothing follows.
    Bye(Bye),
}

/// The body of a webhook: one change of a ride, as operators see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct Webhook {
    /// Names the event for good: whoever gets it twice knows it by this.
    pub id: String,
    /// When it happened, ms since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub at_ms: i64,
    /// What happened, with kind `ride`.
    pub event: Event,
}

/// A webhook that the backend refused again and again, while it took others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct DeadWebhook {
    /// The webhook's.
    pub id: String,
    /// When it happened, ms since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub at_ms: i64,
    /// When it was given up, ms since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub given_up_at_ms: i64,
    /// How often it was sent.
    pub attempts: u32,
    /// What came back last, for people.
    pub reason: String,
    /// What it told.
    pub event: Event,
}

/// Answer of `GET /v1/webhooks/dead`: newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct DeadWebhooks {
    /// The webhooks that were given up.
    pub webhooks: Vec<DeadWebhook>,
}

/// Body of `POST /v1/admin/revocations`: give `user` or `jti`, one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct Revoke {
    /// All tokens of this person that were issued until now, whatever their roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The one token of this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<TokenId>,
    /// Until then, ms since the Unix epoch: not before the last of these tokens expires. Absent:
    /// for as long as the service is set up to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub until_ms: Option<i64>,
}

/// Tokens that count no more. Answer of `POST /v1/admin/revocations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct Revocation {
    /// Whose. Absent: it is about one token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// Which. Absent: it is about all of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<TokenId>,
    /// When. Tokens of this person that say to have been issued later are good.
    #[cfg_attr(test, ts(type = "number"))]
    pub revoked_at_ms: i64,
    /// It is forgotten then, ms since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub until_ms: i64,
}

/// Answer of `GET /v1/admin/revocations`: newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct Revocations {
    /// Those in force.
    pub revocations: Vec<Revocation>,
}
