use serde::{Deserialize, Serialize};

use crate::{IdempotencyKey, OfferId, RideId, UserId, VehicleClass, VehicleId, VehicleInfo};

/// Where somebody wants to be picked up or dropped off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct Place {
    /// Degrees north, WGS 84, −90 to 90.
    #[cfg_attr(test, schemars(range(min = -90, max = 90)))]
    pub latitude: f64,
    /// Degrees east, WGS 84, −180 to 180.
    #[cfg_attr(test, schemars(range(min = -180, max = 180)))]
    pub longitude: f64,
    /// For people ("Rambla 1234, at the gate"), at most 200 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(length(max = 200)))]
    pub address: Option<String>,
}

/// How far a ride has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RideState {
    /// A driver is being looked for.
    Requested,
    /// A driver has been offered it and has not answered yet.
    Offered,
    /// A driver has taken it and is on the way to the pickup.
    Accepted,
    /// The driver waits at the pickup.
    Arrived,
    /// The rider is on board.
    InProgress,
    /// At its end as it should be.
    Completed,
    /// Given up; see [`Cancelled`].
    Cancelled,
    /// Nobody took it.
    Expired,
}

impl RideState {
    /// All of them, in the order of a ride's life.
    pub const ALL: [Self; 8] = [
        Self::Requested,
        Self::Offered,
        Self::Accepted,
        Self::Arrived,
        Self::InProgress,
        Self::Completed,
        Self::Cancelled,
        Self::Expired,
    ];

    /// The word on the wire and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Offered => "offered",
            Self::Accepted => "accepted",
            Self::Arrived => "arrived",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// Whether nothing can happen to the ride any more.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled | Self::Expired)
    }

    /// Whether a driver has it: from acceptance to the end.
    #[must_use]
    pub const fn is_driven(self) -> bool {
        matches!(self, Self::Accepted | Self::Arrived | Self::InProgress)
    }
}

/// Which side did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// Who asked for the ride.
    Rider,
    /// Who drives it.
    Driver,
    /// The operator, or the service itself.
    System,
}

/// The end before the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct Cancelled {
    /// Who gave it up.
    pub by: Party,
    /// How far the ride had come: what it costs follows from that.
    pub stage: RideState,
    /// In the words of who cancelled, at most 200 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(length(max = 200)))]
    pub reason: Option<String>,
}

/// Why the last driver did not get the ride, or has it no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Setback {
    /// No free vehicle of the class is near right now.
    NoVehicle,
    /// The driver declined the offer.
    Declined,
    /// The driver let the offer's time pass.
    Silent,
    /// The driver had accepted, and cancelled before arriving.
    DriverCancelled,
    /// The operator took the ride from its driver.
    Reassigned,
}

/// How the search for a driver goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct Search {
    /// How many drivers have been offered the ride so far.
    pub offers: u32,
    /// What happened last. Absent: nothing has gone wrong yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setback: Option<Setback>,
    /// While `offered`: when this driver's time is over, ms since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub offer_until_ms: Option<i64>,
    /// When the search is given up, ms since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub until_ms: i64,
}

/// Where the way leads that is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Toward {
    /// Where the rider waits.
    Pickup,
    /// Where the rider goes.
    Dropoff,
}

/// An estimated time of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct Eta {
    /// To where.
    pub toward: Toward,
    /// Seconds of driving left.
    pub seconds: u32,
    /// Metres of driving left.
    pub distance_m: u32,
    /// When it was estimated, ms since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub at_ms: i64,
}

/// Who drives, as far as the reader may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct DriverCard {
    /// The driver's vehicle, as it stands in the `ride` channel.
    pub id: VehicleId,
    /// Class, plate and label, as the driver gave them.
    pub vehicle: VehicleInfo,
}

/// A ride as its reader may see it. Each is whole: it replaces the one before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct Ride {
    /// Which ride.
    pub ride_id: RideId,
    /// How far it has come.
    pub state: RideState,
    /// Counts its changes, from 1: of two copies, the one with the greater is the newer.
    #[cfg_attr(test, ts(type = "number"))]
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub version: u64,
    /// Where from.
    pub pickup: Place,
    /// Where to.
    pub dropoff: Place,
    /// What kind of vehicle was asked for. Absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle_class: Option<VehicleClass>,
    /// Who asked for it. Only operators are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rider: Option<UserId>,
    /// Who drives. Riders are told while the driver has the ride; operators always; the
    /// driver, to whom it says nothing new, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<DriverCard>,
    /// While a driver is being looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Search>,
    /// To the pickup while `accepted`, to the dropoff while `in_progress`: as of this change;
    /// `progress` messages bring newer ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta: Option<Eta>,
    /// The expected way from pickup to dropoff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trip: Option<Trip>,
    /// When it was cancelled, by whom and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<Cancelled>,
    /// When it was asked for, ms since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub requested_at_ms: i64,
    /// When its driver accepted, ms since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub accepted_at_ms: Option<i64>,
    /// When its driver arrived, ms since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub arrived_at_ms: Option<i64>,
    /// When the rider got in, ms since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub started_at_ms: Option<i64>,
    /// When it was over, ms since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub ended_at_ms: Option<i64>,
    /// Metres driven with the rider on board. Known at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance_m: Option<u32>,
    /// Seconds with the rider on board. Known at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<u32>,
}

/// A way from one place to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct Trip {
    /// Seconds of driving.
    pub duration_s: u32,
    /// Metres of driving.
    pub distance_m: u32,
}

/// A rider asks for a ride.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct RequestRide {
    /// Where from.
    pub pickup: Place,
    /// Where to.
    pub dropoff: Place,
    /// Only vehicles of this class. Absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle_class: Option<VehicleClass>,
    /// The client's own name for this wish. Asking again with the same key, for 24 hours, asks for
    /// the same ride, however often.
    pub idempotency_key: IdempotencyKey,
}

/// A rider, driver or operator gives a ride up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct CancelRide {
    /// Which.
    pub ride_id: RideId,
    /// For the others, at most 200 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(length(max = 200)))]
    pub reason: Option<String>,
}

/// A driver's answer to an offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct AnswerOffer {
    /// Which offer.
    pub offer_id: OfferId,
}

/// The driver waits at the pickup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct Arrive {
    /// Which ride.
    pub ride_id: RideId,
    /// True: although the service thinks that the vehicle is elsewhere. Absent: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force: Option<bool>,
}

/// A step of a ride that needs no more words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct RideStep {
    /// Which ride.
    pub ride_id: RideId,
}
