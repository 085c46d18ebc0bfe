//! A ride: a pure state machine. It is told the time and touches nothing.
//!
//! ```text
//! requested ⇄ offered → accepted → arrived → in_progress → completed
//!     ↑                    │           │          │
//!     └── driver cancels ──┘           │          │
//!     ├── operator reassigns ──────────┘          │
//!     └→ expired            from all but the ends: cancelled
//! ```

mod commands;
#[cfg(test)]
mod tests;
mod view;

use ridecast_protocol::{
    Cancelled, ErrorBody, ErrorCode, Eta, OfferId, Place, RideId, RideState, Setback, Toward, Trip,
    UserId, VehicleClass, VehicleInfo,
};
use serde::{Deserialize, Serialize};

pub use commands::{Command, Rules};
pub use view::Reader;

/// A ride with all that is known of it, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ride {
    /// Its name.
    pub id: RideId,
    /// Who asked for it.
    pub rider: UserId,
    /// Where from.
    pub pickup: Place,
    /// Where to.
    pub dropoff: Place,
    /// What kind of vehicle was asked for.
    pub vehicle_class: Option<VehicleClass>,
    /// The expected way from pickup to dropoff.
    pub trip: Option<Trip>,
    /// When it was asked for, ms since the Unix epoch.
    pub requested_at_ms: i64,
    /// How far it has come.
    pub state: RideState,
    /// Counts its changes, from 1.
    pub version: u64,
    /// How the search for a driver goes.
    pub search: Search,
    /// In `offered`, and only there.
    pub offer: Option<Pending>,
    /// From `accepted` on; also of one that was cancelled later.
    pub drive: Option<Drive>,
    /// In `cancelled`, and only there.
    pub cancelled: Option<Cancelled>,
    /// In the three states that are the end, and only there.
    pub ended_at_ms: Option<i64>,
    /// In `completed`: metres with the rider on board.
    pub distance_m: Option<u32>,
}

/// How the search for a driver goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    /// How many offers were made.
    pub offers: u32,
    /// What went wrong last.
    pub setback: Option<Setback>,
    /// When it is given up.
    pub until_ms: i64,
    /// When to look again, if nobody does before.
    pub next_ms: i64,
    /// Drivers who had their chance.
    pub passed: Vec<UserId>,
    /// Those of them who had accepted, and cancelled: they may say it twice, and nobody else may.
    #[serde(default)]
    pub left: Vec<UserId>,
}

/// An offer that a driver has not answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// Its name.
    pub id: OfferId,
    /// To whom.
    pub driver: UserId,
    /// What they drive.
    pub vehicle: VehicleInfo,
    /// Where the vehicle is: latitude, longitude.
    pub at: (f64, f64),
    /// How far the pickup is.
    pub eta: Eta,
    /// When it is over.
    pub expires_at_ms: i64,
}

/// A driver's part in the ride.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drive {
    /// The offer by which they came to it.
    pub offer: OfferId,
    /// Who drives.
    pub driver: UserId,
    /// What they drive.
    pub vehicle: VehicleInfo,
    /// Where the vehicle was when it was offered the ride: latitude, longitude.
    pub at: (f64, f64),
    /// The newest estimate that was told with a change.
    pub eta: Option<Eta>,
    /// When they accepted.
    pub accepted_at_ms: i64,
    /// When they arrived at the pickup.
    pub arrived_at_ms: Option<i64>,
    /// When the rider got in.
    pub started_at_ms: Option<i64>,
    /// When the newest position before that was taken, by the clock of the driver's device.
    pub started_fix_ms: Option<i64>,
    /// Which ends the vehicle was near already: each is told once.
    pub noticed: Vec<Toward>,
}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// There is no such ride, or it is none of the caller's business.
    #[error("there is no such ride among yours")]
    Unknown,
    /// The ride has come too far for that, or not far enough.
    #[error("the ride is {}", .0.as_str())]
    WrongState(RideState),
    /// The offer was answered, has expired or was withdrawn.
    #[error("the offer is over")]
    OfferOver,
    /// The vehicle is not at the pickup.
    #[error(
        "the vehicle is {distance_m:.0} m from the pickup and may be {most_m:.0} m; `force` says that it has arrived"
    )]
    TooFar {
        /// How far.
        distance_m: f64,
        /// How far it may be.
        most_m: f64,
    },
    /// Nobody knows where the vehicle is.
    #[error("it is not known where the vehicle is; `force` says that it has arrived")]
    Nowhere,
}

impl From<Refusal> for ErrorBody {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::Unknown => ErrorCode::UnknownRide,
            Refusal::WrongState(_) => ErrorCode::WrongRideState,
            Refusal::OfferOver => ErrorCode::OfferOver,
            Refusal::TooFar { .. } | Refusal::Nowhere => ErrorCode::TooFar,
        };
        Self::new(code, refusal.to_string())
    }
}

impl Ride {
    /// The driver who cannot take another ride because of this one.
    #[must_use]
    pub fn holds(&self) -> Option<&UserId> {
        match self.state {
            RideState::Offered => self.offer.as_ref().map(|offer| &offer.driver),
            state if state.is_driven() => self.drive.as_ref().map(|drive| &drive.driver),
            _ => None,
        }
    }

    /// Who drives it now.
    #[must_use]
    pub fn driver(&self) -> Option<&UserId> {
        let drive = self.drive.as_ref().filter(|_| self.state.is_driven())?;
        Some(&drive.driver)
    }

    /// Who drives or has driven it.
    #[must_use]
    pub fn was_driven_by(&self, user: &UserId) -> bool {
        self.drive
            .as_ref()
            .is_some_and(|drive| drive.driver == *user)
    }

    /// When something must happen even if nobody asks for it, ms since the Unix epoch.
    #[must_use]
    pub fn deadline_ms(&self, rules: &Rules) -> Option<i64> {
        match self.state {
            RideState::Requested => Some(self.search.next_ms.min(self.search.until_ms)),
            RideState::Offered => self.offer.as_ref().map(|offer| offer.expires_at_ms),
            _ => {
                let drive = self.drive.as_ref().filter(|_| self.state.is_driven())?;
                let since = drive.started_at_ms.or(drive.arrived_at_ms);
                Some(since.unwrap_or(drive.accepted_at_ms) + rules.abandoned_after_ms)
            }
        }
    }
}
