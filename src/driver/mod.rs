//! The driver's part of a session: the vehicle and its positions.

use std::num::NonZeroU32;
use std::sync::Arc;

use actix::Recipient;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use ridecast_protocol::{
    ClientMessage, ErrorBody, ErrorCode, Position, Positions, Refused, SessionId, UserId,
    VehicleInfo,
};

use crate::broker::{Claim, NodeId};
use crate::fleet::{Fleet, Peers, Refusal, Vehicle};
use crate::rides::Rides;
use crate::session::{Doing, Done, End, Part, Session, SessionActor, Sessions, doing};
use crate::telemetry::{Limit, Metrics, now_ms};

/// The actor of a connected driver.
pub type DriverActor = SessionActor<Driver>;

/// What a driver's session needs of the house.
#[derive(Clone)]
pub struct Garage {
    /// Where the vehicle goes.
    pub fleet: Arc<Fleet>,
    /// Who is told that the driver is here now.
    pub peers: Arc<Peers>,
    /// The driver's other session on this node.
    pub sessions: Arc<Sessions>,
    /// This node.
    pub node: NodeId,
    /// The rides they drive.
    pub rides: Arc<Rides>,
    /// Counts.
    pub metrics: Arc<Metrics>,
}

/// A connected driver.
pub struct Driver {
    garage: Garage,
    vehicle: Option<Arc<Vehicle>>,
    positions: DefaultDirectRateLimiter,
}

const LONGEST_TEXT_BYTES: usize = 64;

impl Driver {
    /// A driver who is not online yet.
    #[must_use]
    pub fn new(garage: Garage) -> Self {
        let settings = garage.sessions.settings();
        let quota = Quota::per_second(settings.positions_per_s);
        let quota = quota.allow_burst(settings.positions_at_once());
        Self {
            garage,
            vehicle: None,
            positions: RateLimiter::direct(quota),
        }
    }

    fn report(
        &mut self,
        (driver, session): (&UserId, &SessionId),
        position: Position,
    ) -> Result<(), Refusal> {
        let fleet = &self.garage.fleet;
        let vehicle = self.vehicle.as_mut().ok_or(Refusal::NotOnline)?;
        let now_ms = now_ms();
        let reported = match fleet.report(vehicle, session, position, now_ms) {
            Err(Refusal::NotOnline) if fleet.get(vehicle.id()).is_none() => {
                // So quiet for so long that it was taken for gone; but its driver
                // never went offline, and is back.
                *vehicle = fleet.go_online(vehicle.id(), vehicle.info(), session, now_ms);
                fleet.report(vehicle, session, position, now_ms)
            }
            result => result,
        };
        let fix = reported?;
        self.garage.rides.moved(driver, &fix);
        Ok(())
    }

    fn within_limit(&self, count: usize) -> Result<(), ErrorBody> {
        let count = u32::try_from(count).ok().and_then(NonZeroU32::new);
        if let Some(Ok(Ok(()))) = count.map(|count| self.positions.check_n(count)) {
            return Ok(());
        }
        self.garage.metrics.limited(Limit::Positions);
        let most = self.garage.sessions.settings().positions_per_s;
        Err(ErrorBody::new(
            ErrorCode::RateLimited,
            format!(
                "a driver may send {most} positions a second (`positions`); these were not taken"
            ),
        ))
    }
}

/// Checks what a driver says of the vehicle.
///
/// # Errors
/// [`ErrorCode::InvalidMessage`].
pub fn check_vehicle(info: &VehicleInfo) -> Result<(), ErrorBody> {
    let too_long = |text: &Option<String>| {
        text.as_ref()
            .is_some_and(|text| text.len() > LONGEST_TEXT_BYTES)
    };
    if too_long(&info.plate) || too_long(&info.label) {
        return Err(ErrorBody::new(
            ErrorCode::InvalidMessage,
            format!("`plate` and `label` may have at most {LONGEST_TEXT_BYTES} bytes"),
        ));
    }
    Ok(())
}

/// Checks how many positions a list has.
///
/// # Errors
/// [`ErrorCode::InvalidMessage`]: none, or too many.
pub fn check_count(positions: &[Position]) -> Result<(), ErrorBody> {
    if (1..=Positions::MAX).contains(&positions.len()) {
        return Ok(());
    }
    Err(ErrorBody::new(
        ErrorCode::InvalidMessage,
        format!("`positions` must have 1 to {} entries", Positions::MAX),
    ))
}

/// Judges a list of positions, each by itself.
///
/// # Errors
/// [`ErrorCode::InvalidMessage`]: the list is empty or too long.
pub fn report_all(
    positions: Vec<Position>,
    metrics: &Metrics,
    mut report: impl FnMut(Position) -> Result<(), Refusal>,
) -> Result<(u32, Vec<Refused>), ErrorBody> {
    check_count(&positions)?;
    let mut accepted = 0;
    let mut refused = Vec::new();
    for (index, position) in (0..).zip(positions) {
        match report(position) {
            Ok(()) => accepted += 1,
            Err(refusal) => {
                metrics.refused(refusal.code());
                refused.push(Refused {
                    index,
                    code: refusal.code(),
                });
            }
        }
    }
    metrics.positions_accepted.inc_by(accepted.into());
    Ok((accepted, refused))
}

impl Part for Driver {
    fn began(&mut self, session: &Session, end: Recipient<End>) {
        let driver = session.person.user.clone();
        self.garage.sessions.drives(&driver, &session.id, end);
        let claim = Claim {
            node: self.garage.node.clone(),
            driver,
            session: session.id.clone(),
        };
        let peers = Arc::clone(&self.garage.peers);
        actix::spawn(async move { peers.claim(claim).await });
    }

    fn handle(&mut self, session: &Session, message: ClientMessage) -> Result<Done, ErrorBody> {
        match message {
            ClientMessage::Position(position) => {
                self.within_limit(1)?;
                self.report((&session.person.user, &session.id), position)?;
                self.garage.metrics.positions_accepted.inc();
                Ok(Done::positions(1, Vec::new()))
            }
            ClientMessage::Positions(Positions { positions }) => {
                // More than a list may have is refused as such below, not as too many for now.
                self.within_limit(positions.len().clamp(1, Positions::MAX))?;
                let metrics = Arc::clone(&self.garage.metrics);
                let who = (&session.person.user, &session.id);
                let report = |position| self.report(who, position);
                let (accepted, refused) = report_all(positions, &metrics, report)?;
                Ok(Done::positions(accepted, refused))
            }
            ClientMessage::GoOnline(request) => {
                check_vehicle(&request.vehicle)?;
                let id = session.person.user.clone().into();
                let fleet = &self.garage.fleet;
                self.vehicle = Some(fleet.go_online(&id, request.vehicle, &session.id, now_ms()));
                self.garage.rides.driver_came(session.person.user.clone());
                Ok(Done::default())
            }
            ClientMessage::GoOffline => {
                // Who has just reconnected may stop what an earlier session began.
                let id = session.person.user.clone().into();
                let fleet = &self.garage.fleet;
                if let Some(vehicle) = self.vehicle.take().or_else(|| fleet.get(&id)) {
                    fleet.go_offline(&vehicle, &session.id);
                }
                Ok(Done::default())
            }
            // Of the channel of a ride.
            ClientMessage::Unsubscribe(_) => session.watch(&message),
            _ => Err(session.forbidden()),
        }
    }

    fn act(&mut self, session: &Session, message: ClientMessage) -> Doing {
        let rides = Arc::clone(&session.rides);
        let driver = session.person.user.clone();
        match message {
            ClientMessage::AcceptOffer(answer) => doing(rides.accept(driver, answer), Done::ride),
            ClientMessage::DeclineOffer(answer) => {
                doing(rides.decline(driver, answer), |()| Done::default())
            }
            ClientMessage::Arrive(arrive) => doing(rides.arrive(driver, arrive), Done::ride),
            ClientMessage::StartRide(step) => doing(rides.start(driver, step.ride_id), Done::ride),
            ClientMessage::CompleteRide(step) => {
                doing(rides.complete(driver, step.ride_id), Done::ride)
            }
            message => session.act(message),
        }
    }

    /// The vehicle stays: on a train with bad reception the driver is soon back.
    /// It goes silent, and then is gone, by its own time.
    fn ended(&mut self, session: &Session) {
        self.garage
            .sessions
            .drives_no_more(&session.person.user, &session.id);
    }
}
