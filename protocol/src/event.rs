use serde::{Deserialize, Serialize};

use crate::{Eta, IdempotencyKey, OfferId, Party, Place, Ride, RideId, Toward, Trip, VehicleClass};

/// What a person is told, once and for good.
///
/// Events are kept in the person's inbox, numbered without holes from 1. Each
/// arrives at least once and in order; who resumes from the last number seen
/// gets each exactly once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// To a driver: a ride to take or leave, and what became of that.
    Offer(Offer),
    /// A ride has changed.
    Ride(Box<Ride>),
    /// Somebody said something.
    Chat(ChatMessage),
    /// What was said has arrived or was read.
    Receipt(Receipt),
    /// The vehicle is near.
    Notice(Notice),
}

/// What has become of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OfferState {
    /// To be answered before `expires_at_ms`.
    Open,
    /// The driver has taken it.
    Accepted,
    /// The driver has declined it.
    Declined,
    /// Its time has passed.
    Expired,
    /// The ride was cancelled, or the operator gave it to somebody else.
    Withdrawn,
}

/// A ride offered to a driver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct Offer {
    /// Which offer; `accept_offer` and `decline_offer` name it.
    pub offer_id: OfferId,
    /// Which ride.
    pub ride_id: RideId,
    /// What has become of it. After a resume an offer whose time has passed is never `open`.
    pub state: OfferState,
    /// Where from.
    pub pickup: Place,
    /// Where to.
    pub dropoff: Place,
    /// What kind of vehicle was asked for. Absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle_class: Option<VehicleClass>,
    /// How far the pickup is.
    pub eta: Eta,
    /// The expected way from pickup to dropoff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trip: Option<Trip>,
    /// When its time is over, ms since the Unix epoch, by the service's clock.
    #[cfg_attr(test, ts(type = "number"))]
    pub expires_at_ms: i64,
}

/// Words that the app can show in its reader's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum QuickReply {
    /// On my way.
    OnMyWay,
    /// I am here.
    Here,
    /// A few minutes late.
    RunningLate,
    /// Please wait for me.
    PleaseWait,
    /// I cannot find you.
    CannotFindYou,
    /// All right.
    AllRight,
    /// Thank you.
    ThankYou,
}

/// One message of a ride's chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct ChatMessage {
    /// In which ride.
    pub ride_id: RideId,
    /// Its number within the chat, from 1, without holes.
    #[cfg_attr(test, ts(type = "number"))]
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub number: u64,
    /// Who said it.
    pub from: Party,
    /// What was said, 1 to 1,000 characters. Absent: `quick` says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(length(min = 1, max = 1_000)))]
    pub text: Option<String>,
    /// What was said, by one of the ready phrases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quick: Option<QuickReply>,
    /// When, ms since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub at_ms: i64,
}

/// How far the other side has got with what was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct Receipt {
    /// In which ride.
    pub ride_id: RideId,
    /// Who has got that far.
    pub by: Party,
    /// The messages up to this number have arrived at one of their devices. 0: none.
    #[cfg_attr(test, ts(type = "number"))]
    pub delivered: u64,
    /// The messages up to this number were read. 0: none.
    #[cfg_attr(test, ts(type = "number"))]
    pub read: u64,
}

/// The vehicle is near the pickup or the dropoff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct Notice {
    /// Of which ride.
    pub ride_id: RideId,
    /// Near which of its ends.
    pub near: Toward,
}

/// Somebody says something in a ride's chat: `text` or `quick`, one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct SendChat {
    /// In which ride.
    pub ride_id: RideId,
    /// 1 to 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(length(min = 1, max = 1_000)))]
    pub text: Option<String>,
    /// One of the ready phrases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quick: Option<QuickReply>,
    /// The client's own name for this message. Sending again with the same key, as long as it is
    /// among the last 100 messages with this driver, is the same message.
    pub idempotency_key: IdempotencyKey,
}

/// The other side's messages were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct ReadChat {
    /// In which ride.
    pub ride_id: RideId,
    /// Up to this number.
    #[cfg_attr(test, ts(type = "number"))]
    pub number: u64,
}

/// The events up to an offset have arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct Ack {
    /// The newest event's; those before are acknowledged with it.
    #[cfg_attr(test, ts(type = "number"))]
    pub offset: u64,
}

/// A place in an inbox: everything up to it has been seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct Resume {
    /// The inbox's, from `welcome`.
    pub epoch: String,
    /// The newest event's that was seen; 0: none yet.
    #[cfg_attr(test, ts(type = "number"))]
    pub offset: u64,
}

impl Resume {
    /// Reads `EPOCH.OFFSET`, as it stands in a URL and in `Last-Event-ID`. What is not that is a
    /// place in no inbox: who resumes from it is told that it is not there.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let read = text.rsplit_once('.').and_then(|(epoch, offset)| {
            Some(Self {
                epoch: epoch.to_owned(),
                offset: offset.parse().ok()?,
            })
        });
        read.unwrap_or_default()
    }
}
