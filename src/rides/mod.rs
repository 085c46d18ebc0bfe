//! The life of rides: asking, offering, driving, talking, sharing.
//!
//! Every change is one step of the ledger, decided by the pure machine of
//! [`crate::ride`] on what was read, and done only if that is still so. So any
//! node may do anything, and two that do the same at once do it once.

mod chat;
mod clock;
mod dispatch;
mod error;
mod estimate;
mod finding;
mod journey;
mod ledger;
mod names;
mod pages;
mod request;
mod route;
mod search;
mod share;
mod telling;
mod track;
mod whereabouts;

use std::sync::Arc;
use std::time::Duration;

use ridecast_protocol::{
    AnswerOffer, Arrive, CancelRide, ErrorBody, ErrorCode, Eta, Event, Place, Ride as WireRide,
    RideId, Role, Toward, Trip, UserId, VehicleId,
};

pub use error::RidesError;
pub use pages::{Before, Page};
pub use share::SharedRide;
pub use track::{Mark, Track};

use crate::auth::Person;
use crate::fleet::{Fleet, Peers, Vehicle};
use crate::hub::Aim;
use crate::inbox::Post;
use crate::ride::{Command, Reader, Refusal, Ride, Rules};
use crate::routing::{Router, Way};
use crate::spatial::LatLon;
use crate::store::Address;
use crate::telemetry::{Metrics, now_ms};
use journey::Journeys;

/// How rides are treated.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Times and distances of the ride itself.
    pub rules: Rules,
    /// Drivers are looked for so far around the pickup, metres.
    pub search_radius_m: f64,
    /// So near to an end of the ride, a notice is raised, metres.
    pub near_m: f64,
    /// After the end of a ride, its chat stays open for so long.
    pub chat_grace: Duration,
    /// After its end, a ride is kept for so long.
    pub kept_for: Duration,
    /// A rider may have so many open rides.
    pub max_open_rides: usize,
    /// A link to a ride works for so long at most.
    pub share_for: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            search_radius_m: 5_000.0,
            near_m: 150.0,
            chat_grace: Duration::from_mins(10),
            kept_for: Duration::from_hours(30 * 24),
            max_open_rides: 1,
            share_for: Duration::from_hours(12),
        }
    }
}

/// All rides.
pub struct Rides {
    post: Arc<Post>,
    fleet: Arc<Fleet>,
    peers: Arc<Peers>,
    router: Arc<dyn Router>,
    metrics: Arc<Metrics>,
    settings: Settings,
    journeys: Journeys,
}

/// Longest texts, bytes.
const MOST_ADDRESS_BYTES: usize = 200;
const MOST_REASON_BYTES: usize = 200;

impl Rides {
    /// Rides on these floors. [`Rides::run`] makes deadlines pass.
    #[must_use]
    pub fn new(
        post: Arc<Post>,
        fleet: Arc<Fleet>,
        peers: Arc<Peers>,
        router: Arc<dyn Router>,
        metrics: Arc<Metrics>,
        settings: Settings,
    ) -> Arc<Self> {
        Arc::new(Self {
            post,
            fleet,
            peers,
            router,
            metrics,
            settings,
            journeys: Journeys::default(),
        })
    }

    /// Where its events go out.
    #[must_use]
    pub const fn post(&self) -> &Arc<Post> {
        &self.post
    }

    /// A ride as this person may see it.
    ///
    /// # Errors
    /// [`RidesError`]; [`Refusal::Unknown`] also when it is somebody else's.
    pub async fn see(&self, person: &Person, id: &RideId) -> Result<WireRide, RidesError> {
        let (ride, _) = self.read(id).await?;
        let reader = reader(person, &ride)?;
        Ok(ride.seen_by(reader))
    }

    /// A driver takes the ride.
    ///
    /// # Errors
    /// [`RidesError`].
    pub async fn accept(
        self: Arc<Self>,
        driver: UserId,
        answer: AnswerOffer,
    ) -> Result<WireRide, RidesError> {
        let id = ride_of(&answer)?;
        let command = Command::Accept {
            driver: driver.clone(),
            offer: answer.offer_id,
        };
        let ride = self.command(&id, &command).await.map_err(over)?;
        Ok(ride.seen_by(Reader::Driver(&driver)))
    }

    /// A driver does not want the ride.
    ///
    /// # Errors
    /// [`RidesError`].
    pub async fn decline(
        self: Arc<Self>,
        driver: UserId,
        answer: AnswerOffer,
    ) -> Result<(), RidesError> {
        let id = ride_of(&answer)?;
        let offer = answer.offer_id;
        let command = Command::Decline { driver, offer };
        self.command(&id, &command).await.map_err(over)?;
        self.look_for_driver(id);
        Ok(())
    }

    /// The driver waits at the pickup.
    ///
    /// # Errors
    /// [`RidesError`].
    pub async fn arrive(
        self: Arc<Self>,
        driver: UserId,
        arrive: Arrive,
    ) -> Result<WireRide, RidesError> {
        let (ride, _) = self.read(&arrive.ride_id).await?;
        let at = self.place_of(&driver);
        let distance_m = at.zip(point(&ride.pickup)).map(|(a, b)| a.distance_m(b));
        let command = Command::Arrive {
            driver: driver.clone(),
            distance_m,
            force: arrive.force.unwrap_or(false),
        };
        let ride = self.command(&arrive.ride_id, &command).await?;
        Ok(ride.seen_by(Reader::Driver(&driver)))
    }

    /// The rider is on board.
    ///
    /// # Errors
    /// [`RidesError`].
    pub async fn start(
        self: Arc<Self>,
        driver: UserId,
        id: RideId,
    ) -> Result<WireRide, RidesError> {
        let (ride, _) = self.read(&id).await?;
        // So that there is a mark where the rider gets in.
        self.keep_track(&driver).await?;
        let from = self.place_of(&driver).or_else(|| point(&ride.pickup));
        let eta = match from.zip(point(&ride.dropoff)) {
            Some((from, to)) if ride.driver() == Some(&driver) => {
                let way = self.router.way(from, to).await;
                Some(eta(Toward::Dropoff, way, now_ms()))
            }
            _ => None,
        };
        let command = Command::Start {
            driver: driver.clone(),
            eta,
            fix_ms: self.last_fix_ms(&driver),
        };
        let ride = self.command(&id, &command).await?;
        Ok(ride.seen_by(Reader::Driver(&driver)))
    }

    /// The ride is at its end.
    ///
    /// # Errors
    /// [`RidesError`].
    pub async fn complete(
        self: Arc<Self>,
        driver: UserId,
        id: RideId,
    ) -> Result<WireRide, RidesError> {
        let (ride, _) = self.read(&id).await?;
        let distance_m = if ride.driver() == Some(&driver) {
            self.keep_track(&driver).await?;
            self.track_of(&id, &driver).await?.driven_m(&ride)
        } else {
            0.0
        };
        let command = Command::Complete {
            driver: driver.clone(),
            distance_m: whole(distance_m),
        };
        let ride = self.command(&id, &command).await?;
        Ok(ride.seen_by(Reader::Driver(&driver)))
    }

    /// Rider, driver or operator gives the ride up.
    ///
    /// # Errors
    /// [`RidesError`].
    pub async fn cancel(
        self: Arc<Self>,
        person: Person,
        cancel: CancelRide,
    ) -> Result<WireRide, RidesError> {
        let CancelRide { ride_id, reason } = cancel;
        short(reason.as_deref(), "reason", MOST_REASON_BYTES)?;
        let user = person.user.clone();
        let command = match person.role {
            Role::Rider => Command::CancelByRider {
                rider: user,
                reason,
            },
            Role::Driver => Command::CancelByDriver {
                driver: user,
                reason,
            },
            Role::Operator => Command::CancelBySystem { reason },
            Role::Admin => return Err(Refusal::Unknown.into()),
        };
        if person.role == Role::Driver {
            self.keep_track(&person.user).await?;
        }
        let ride = self.command(&ride_id, &command).await?;
        self.look_for_driver(ride_id);
        let reader = match person.role {
            Role::Rider => Reader::Rider,
            Role::Driver => Reader::Driver(&person.user),
            Role::Operator | Role::Admin => Reader::Operator,
        };
        Ok(ride.seen_by(reader))
    }

    /// The operator takes the ride from its driver; others are asked.
    ///
    /// # Errors
    /// [`RidesError`].
    pub async fn reassign(self: Arc<Self>, id: RideId) -> Result<WireRide, RidesError> {
        let ride = self.command(&id, &Command::Reassign).await?;
        self.look_for_driver(id);
        Ok(ride.seen_by(Reader::Operator))
    }

    /// What the `ride` channel of this person shows now: the vehicle, while the ride has one.
    ///
    /// # Errors
    /// [`RidesError`]; [`Refusal::Unknown`] also when it is somebody else's.
    pub async fn aim(&self, person: &Person, id: &RideId) -> Result<Option<Aim>, RidesError> {
        let (ride, _) = self.read(id).await?;
        reader(person, &ride)?;
        Ok(self.aim_at(&ride).await)
    }

    /// A driver's vehicle, if this node knows of it.
    fn vehicle_of(&self, driver: &UserId) -> Option<Arc<Vehicle>> {
        self.fleet.get(&VehicleId::from(driver.clone()))
    }

    /// When the newest position of a driver was taken, by the clock of the driver's device.
    fn last_fix_ms(&self, driver: &UserId) -> Option<i64> {
        Some(self.vehicle_of(driver)?.seen()?.fix.position.timestamp_ms)
    }

    fn place_of(&self, driver: &UserId) -> Option<LatLon> {
        Some(self.vehicle_of(driver)?.seen()?.fix.point)
    }

    /// Something was told to somebody: drivers of this node begin and end their journeys by it.
    pub fn heed(&self, to: &Address, event: &str) {
        let Some(driver) = to.is_drivers() else {
            return;
        };
        if let Ok(Event::Ride(ride)) = serde_json::from_str::<Event>(event) {
            self.journey_is(&driver, &ride);
        }
    }
}

/// How this person looks at the ride.
fn reader<'a>(person: &'a Person, ride: &Ride) -> Result<Reader<'a>, Refusal> {
    let user = &person.user;
    match person.role {
        Role::Operator => Ok(Reader::Operator),
        Role::Rider if ride.rider == *user => Ok(Reader::Rider),
        Role::Driver if ride.was_driven_by(user) => Ok(Reader::Driver(user)),
        Role::Rider | Role::Driver | Role::Admin => Err(Refusal::Unknown),
    }
}

/// An offer is named by its ride and its number.
fn ride_of(answer: &AnswerOffer) -> Result<RideId, RidesError> {
    let named = answer.offer_id.as_str().rsplit_once('.');
    let id = named.and_then(|(ride, _)| RideId::new(ride).ok());
    id.ok_or(RidesError::Refused(Refusal::OfferOver))
}

/// Who has no such offer learns nothing of the ride.
fn over(error: RidesError) -> RidesError {
    match error {
        RidesError::Refused(_) => RidesError::Refused(Refusal::OfferOver),
        error => error,
    }
}

fn point(place: &Place) -> Option<LatLon> {
    LatLon::new(place.latitude, place.longitude).ok()
}

fn short(text: Option<&str>, what: &str, most: usize) -> Result<(), RidesError> {
    if text.is_some_and(|text| text.len() > most) {
        return Err(RidesError::Invalid(ErrorBody::new(
            ErrorCode::InvalidMessage,
            format!("`{what}` may have at most {most} bytes"),
        )));
    }
    Ok(())
}

fn eta(toward: Toward, way: Way, now_ms: i64) -> Eta {
    Eta {
        toward,
        seconds: whole(way.duration_s),
        distance_m: whole(way.distance_m),
        at_ms: now_ms,
    }
}

fn trip(way: Way) -> Trip {
    Trip {
        duration_s: whole(way.duration_s),
        distance_m: whole(way.distance_m),
    }
}

/// Rounded; what is no number, or beyond all, is the nearest that is one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast from float saturates, which is what is wanted"
)]
fn whole(value: f64) -> u32 {
    value.round() as u32
}
