use ridecast_protocol::{
    Cancelled, Eta, OfferId, Party, Place, RideId, RideState, Setback, Toward, Trip, UserId,
    VehicleClass,
};

use super::{Drive, Pending, Refusal, Ride, Search};

/// How long things may take, and how near is near.
#[derive(Debug, Clone)]
pub struct Rules {
    /// A driver has so long to answer an offer.
    pub offer_for_ms: i64,
    /// A driver is looked for so long.
    pub search_for_ms: i64,
    /// When nobody was found, it is tried again after so long.
    pub retry_after_ms: i64,
    /// A ride that does not get on for so long is given up.
    pub abandoned_after_ms: i64,
    /// `arrive` is believed within so many metres of the pickup.
    pub arrive_within_m: f64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            offer_for_ms: 15_000,
            search_for_ms: 120_000,
            retry_after_ms: 3_000,
            abandoned_after_ms: 12 * 3_600_000,
            arrive_within_m: 250.0,
        }
    }
}

/// What can happen to a ride.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// The service offers it to a driver.
    Offer(Pending),
    /// The service found nobody to offer it to.
    NoVehicle,
    /// A driver takes it.
    Accept {
        /// Who.
        driver: UserId,
        /// The offer.
        offer: OfferId,
    },
    /// A driver does not want it.
    Decline {
        /// Who.
        driver: UserId,
        /// The offer.
        offer: OfferId,
    },
    /// The driver waits at the pickup.
    Arrive {
        /// Who.
        driver: UserId,
        /// How far the vehicle is from the pickup, metres. `None`: not known.
        distance_m: Option<f64>,
        /// Although it is far.
        force: bool,
    },
    /// The rider is on board.
    Start {
        /// Who drives.
        driver: UserId,
        /// To the dropoff.
        eta: Option<Eta>,
        /// When the newest position was taken, by the clock of the driver's device.
        fix_ms: Option<i64>,
    },
    /// The ride is at its end.
    Complete {
        /// Who drives.
        driver: UserId,
        /// Metres with the rider on board.
        distance_m: u32,
    },
    /// The rider gives it up.
    CancelByRider {
        /// Who.
        rider: UserId,
        /// Why.
        reason: Option<String>,
    },
    /// The driver gives it up.
    CancelByDriver {
        /// Who.
        driver: UserId,
        /// Why.
        reason: Option<String>,
    },
    /// The operator, or the service, gives it up.
    CancelBySystem {
        /// Why.
        reason: Option<String>,
    },
    /// The operator takes it from its driver.
    Reassign,
    /// The vehicle has come near an end of the ride.
    Near(Toward),
    /// Time has passed.
    Tick,
}

impl Ride {
    /// A rider asks for a ride.
    #[must_use]
    pub fn request(
        id: RideId,
        rider: UserId,
        (pickup, dropoff): (Place, Place),
        vehicle_class: Option<VehicleClass>,
        trip: Option<Trip>,
        now_ms: i64,
        rules: &Rules,
    ) -> Self {
        Self {
            id,
            rider,
            pickup,
            dropoff,
            vehicle_class,
            trip,
            requested_at_ms: now_ms,
            state: RideState::Requested,
            version: 1,
            search: Search {
                offers: 0,
                setback: None,
                until_ms: now_ms + rules.search_for_ms,
                next_ms: now_ms + rules.retry_after_ms,
                passed: Vec::new(),
                left: Vec::new(),
            },
            offer: None,
            drive: None,
            cancelled: None,
            ended_at_ms: None,
            distance_m: None,
        }
    }

    /// The ride after a command. `None`: it changes nothing, above all because it was carried out
    /// before: every command may be given twice.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn after(
        &self,
        command: &Command,
        now_ms: i64,
        rules: &Rules,
    ) -> Result<Option<Self>, Refusal> {
        let mut ride = self.clone();
        let changed = ride.apply(command, now_ms, rules)?;
        ride.version += 1;
        Ok(changed.then_some(ride))
    }

    fn apply(&mut self, command: &Command, now_ms: i64, rules: &Rules) -> Result<bool, Refusal> {
        match command {
            Command::Offer(pending) => self.offer(pending),
            Command::NoVehicle => self.no_vehicle(now_ms, rules),
            Command::Accept { driver, offer } => self.accept(driver, offer, now_ms),
            Command::Decline { driver, offer } => self.decline(driver, offer, now_ms),
            Command::Arrive {
                driver,
                distance_m,
                force,
            } => self.arrive(driver, *distance_m, *force, now_ms, rules),
            Command::Start {
                driver,
                eta,
                fix_ms,
            } => self.start(driver, *eta, *fix_ms, now_ms),
            Command::Complete { driver, distance_m } => self.complete(driver, *distance_m, now_ms),
            Command::CancelByRider { rider, reason } => {
                if *rider != self.rider {
                    return Err(Refusal::Unknown);
                }
                self.cancel(Party::Rider, reason.as_ref(), now_ms)
            }
            Command::CancelByDriver { driver, reason } => {
                self.cancel_by_driver(driver, reason.as_ref(), now_ms, rules)
            }
            Command::CancelBySystem { reason } => {
                self.cancel(Party::System, reason.as_ref(), now_ms)
            }
            Command::Reassign => self.reassign(now_ms, rules),
            Command::Near(end) => self.near(*end),
            Command::Tick => Ok(self.tick(now_ms, rules)),
        }
    }

    fn offer(&mut self, pending: &Pending) -> Result<bool, Refusal> {
        self.must_be(RideState::Requested)?;
        self.state = RideState::Offered;
        self.search.offers += 1;
        self.offer = Some(pending.clone());
        Ok(true)
    }

    fn no_vehicle(&mut self, now_ms: i64, rules: &Rules) -> Result<bool, Refusal> {
        self.must_be(RideState::Requested)?;
        self.search.setback = Some(Setback::NoVehicle);
        self.search.next_ms = now_ms + rules.retry_after_ms;
        Ok(true)
    }

    fn accept(&mut self, driver: &UserId, offer: &OfferId, now_ms: i64) -> Result<bool, Refusal> {
        if let Some(drive) = &self.drive
            && drive.driver == *driver
            && drive.offer == *offer
        {
            return Ok(false);
        }
        let pending = self.pending(driver, offer)?;
        if now_ms >= pending.expires_at_ms {
            return Err(Refusal::OfferOver);
        }
        self.offer = None;
        self.state = RideState::Accepted;
        self.search.setback = None;
        self.drive = Some(Drive {
            offer: pending.id,
            driver: pending.driver,
            vehicle: pending.vehicle,
            at: pending.at,
            eta: Some(pending.eta),
            accepted_at_ms: now_ms,
            arrived_at_ms: None,
            started_at_ms: None,
            started_fix_ms: None,
            noticed: Vec::new(),
        });
        Ok(true)
    }

    fn decline(&mut self, driver: &UserId, offer: &OfferId, now_ms: i64) -> Result<bool, Refusal> {
        match self.pending(driver, offer) {
            Ok(_) => {
                self.search_on(Setback::Declined, now_ms);
                Ok(true)
            }
            Err(_) if self.search.passed.contains(driver) => Ok(false),
            Err(refusal) => Err(refusal),
        }
    }

    fn pending(&self, driver: &UserId, offer: &OfferId) -> Result<Pending, Refusal> {
        let pending = self.offer.as_ref();
        let pending = pending.filter(|pending| pending.driver == *driver && pending.id == *offer);
        pending.cloned().ok_or(Refusal::OfferOver)
    }

    fn arrive(
        &mut self,
        driver: &UserId,
        distance_m: Option<f64>,
        force: bool,
        now_ms: i64,
        rules: &Rules,
    ) -> Result<bool, Refusal> {
        self.must_be_of(driver)?;
        let arrived = self.drive.as_ref().and_then(|drive| drive.arrived_at_ms);
        if arrived.is_some() {
            return Ok(false);
        }
        self.must_be(RideState::Accepted)?;
        match distance_m {
            _ if force => {}
            None => return Err(Refusal::Nowhere),
            Some(distance_m) if distance_m > rules.arrive_within_m => {
                return Err(Refusal::TooFar {
                    distance_m,
                    most_m: rules.arrive_within_m,
                });
            }
            Some(_) => {}
        }
        self.state = RideState::Arrived;
        if let Some(drive) = &mut self.drive {
            drive.arrived_at_ms = Some(now_ms);
            drive.eta = None;
        }
        Ok(true)
    }

    fn start(
        &mut self,
        driver: &UserId,
        eta: Option<Eta>,
        fix_ms: Option<i64>,
        now_ms: i64,
    ) -> Result<bool, Refusal> {
        self.must_be_of(driver)?;
        let started = self.drive.as_ref().and_then(|drive| drive.started_at_ms);
        if started.is_some() {
            return Ok(false);
        }
        self.must_be(RideState::Arrived)?;
        self.state = RideState::InProgress;
        if let Some(drive) = &mut self.drive {
            drive.started_at_ms = Some(now_ms);
            drive.started_fix_ms = fix_ms;
            drive.eta = eta;
        }
        Ok(true)
    }

    fn complete(&mut self, driver: &UserId, distance_m: u32, now_ms: i64) -> Result<bool, Refusal> {
        self.must_be_of(driver)?;
        if self.state == RideState::Completed {
            return Ok(false);
        }
        self.must_be(RideState::InProgress)?;
        self.distance_m = Some(distance_m);
        self.end(RideState::Completed, now_ms);
        Ok(true)
    }

    fn cancel(&mut self, by: Party, reason: Option<&String>, now_ms: i64) -> Result<bool, Refusal> {
        if self.cancelled.as_ref().is_some_and(|it| it.by == by) {
            return Ok(false);
        }
        if self.state.is_over() {
            return Err(Refusal::WrongState(self.state));
        }
        self.cancelled = Some(Cancelled {
            by,
            stage: self.state,
            reason: reason.cloned(),
        });
        self.end(RideState::Cancelled, now_ms);
        Ok(true)
    }

    /// Before the pickup another driver is looked for; at the pickup and after, it is the end.
    fn cancel_by_driver(
        &mut self,
        driver: &UserId,
        reason: Option<&String>,
        now_ms: i64,
        rules: &Rules,
    ) -> Result<bool, Refusal> {
        if self.drive.is_none() && !self.state.is_over() && self.search.left.contains(driver) {
            return Ok(false);
        }
        self.must_be_of(driver)?;
        if self.state == RideState::Accepted {
            self.search.left.push(driver.clone());
            self.search.until_ms = now_ms + rules.search_for_ms;
            self.search_on(Setback::DriverCancelled, now_ms);
            return Ok(true);
        }
        self.cancel(Party::Driver, reason, now_ms)
    }

    fn reassign(&mut self, now_ms: i64, rules: &Rules) -> Result<bool, Refusal> {
        match self.state {
            RideState::Requested => Ok(false),
            RideState::Offered | RideState::Accepted | RideState::Arrived => {
                self.search.until_ms = now_ms + rules.search_for_ms;
                self.search_on(Setback::Reassigned, now_ms);
                Ok(true)
            }
            state => Err(Refusal::WrongState(state)),
        }
    }

    fn near(&mut self, end: Toward) -> Result<bool, Refusal> {
        let wanted = match end {
            Toward::Pickup => RideState::Accepted,
            Toward::Dropoff => RideState::InProgress,
        };
        self.must_be(wanted)?;
        let Some(drive) = &mut self.drive else {
            return Err(Refusal::WrongState(self.state));
        };
        if drive.noticed.contains(&end) {
            return Ok(false);
        }
        drive.noticed.push(end);
        Ok(true)
    }

    fn tick(&mut self, now_ms: i64, rules: &Rules) -> bool {
        let due = self.deadline_ms(rules).is_some_and(|at| at <= now_ms);
        match self.state {
            RideState::Offered if due => {
                self.search_on(Setback::Silent, now_ms);
                true
            }
            RideState::Requested if self.search.until_ms <= now_ms => {
                self.end(RideState::Expired, now_ms);
                true
            }
            state if state.is_driven() && due => {
                let reason = Some("nothing was heard of it for too long".to_owned());
                self.cancelled = Some(Cancelled {
                    by: Party::System,
                    stage: state,
                    reason,
                });
                self.end(RideState::Cancelled, now_ms);
                true
            }
            _ => false,
        }
    }

    /// Who held it has had their chance; another is looked for at once.
    fn search_on(&mut self, setback: Setback, now_ms: i64) {
        self.search.passed.extend(self.holds().cloned());
        self.search.setback = Some(setback);
        self.search.next_ms = now_ms;
        self.offer = None;
        self.drive = None;
        self.state = RideState::Requested;
    }

    fn end(&mut self, state: RideState, now_ms: i64) {
        self.state = state;
        self.offer = None;
        self.ended_at_ms = Some(now_ms);
    }

    fn must_be(&self, state: RideState) -> Result<(), Refusal> {
        if self.state == state {
            Ok(())
        } else {
            Err(Refusal::WrongState(self.state))
        }
    }

    fn must_be_of(&self, driver: &UserId) -> Result<(), Refusal> {
        if self.was_driven_by(driver) {
            Ok(())
        } else {
            Err(Refusal::Unknown)
        }
    }
}
