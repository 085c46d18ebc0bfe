//! One change of a ride is one step of the ledger: the ride, who is busy with
//! it, the lists it stands in, and all that is told of it.

use ridecast_protocol::{RideId, RideState, UserId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::RidesError;
use super::telling::tells;
use super::{Rides, names};
use crate::ride::{Command, Refusal, Ride};
use crate::store::{Address, Listing, Outcome, Put, Record, Step, Version};
use crate::telemetry::now_ms;

/// What a driver is busy with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Busy {
    pub(super) ride: RideId,
}

/// What a rider has open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Open {
    pub(super) rides: Vec<RideId>,
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    Done,
    /// Somebody else was first: read anew.
    Conflict,
    /// The driver has, or is offered, another ride.
    DriverBusy,
}

/// So often a change is tried anew when others change the same ride meanwhile.
const ATTEMPTS: u32 = 12;

impl Rides {
    /// The ride with its version.
    pub(super) async fn read(&self, id: &RideId) -> Result<(Ride, Version), RidesError> {
        let [record] = self.records([names::ride(id)]).await?;
        let ride = value(&record)?.ok_or(Refusal::Unknown)?;
        Ok((ride, record.version))
    }

    pub(super) async fn records<const N: usize>(
        &self,
        keys: [String; N],
    ) -> Result<[Record; N], RidesError> {
        let records = self.post.ledger().read(&keys).await?;
        records
            .try_into()
            .map_err(|_| RidesError::Unreadable("as many records as were asked for".to_owned()))
    }

    /// Carries out a command, whatever else happens to the ride at the same time.
    pub(super) async fn command(&self, id: &RideId, command: &Command) -> Result<Ride, RidesError> {
        for attempt in 0..ATTEMPTS {
            let (before, version) = self.read(id).await?;
            let now_ms = now_ms();
            let Some(after) = before.after(command, now_ms, &self.settings.rules)? else {
                return Ok(before);
            };
            let done = self
                .change(Some((&before, version)), &after, Step::new())
                .await?;
            match done {
                Attempt::Done => return Ok(after),
                Attempt::DriverBusy => return Err(RidesError::Contended),
                Attempt::Conflict => pause(attempt).await,
            }
        }
        Err(RidesError::Contended)
    }

    /// Commits a ride as it is after a change, together with what `step` has already.
    pub(super) async fn change(
        &self,
        before: Option<(&Ride, Version)>,
        after: &Ride,
        mut step: Step,
    ) -> Result<Attempt, RidesError> {
        let now_ms = now_ms();
        let (before, version) = before.map_or((None, Version::NONE), |(ride, version)| {
            (Some(ride), version)
        });
        step.expects.push((names::ride(&after.id), version));
        let kept = after.state.is_over().then_some(self.settings.kept_for);
        step.puts
            .push(put(names::ride(&after.id), Some(after), kept));

        let (held, holds) = (before.and_then(Ride::holds), after.holds());
        if held != holds {
            if let Some(driver) = held {
                self.release(&mut step, driver, &after.id).await?;
            }
            if let Some(driver) = holds
                && !self.occupy(&mut step, driver, &after.id).await?
            {
                return Ok(Attempt::DriverBusy);
            }
        }
        if after.state.is_over() {
            self.close(&mut step, after).await?;
        }
        self.list(&mut step, before, after, now_ms);
        step.tells.extend(tells(before, after, now_ms));

        match self.commit(&step).await? {
            Outcome::Done(_) => {
                self.count(before, after);
                Ok(Attempt::Done)
            }
            Outcome::Conflict => Ok(Attempt::Conflict),
        }
    }

    /// Commits, and again if it is not known whether that worked: the same step is done once.
    pub(super) async fn commit(&self, step: &Step) -> Result<Outcome, RidesError> {
        let outcome = match self.post.commit(step).await {
            Err(_) => self.post.commit(step).await?,
            Ok(outcome) => outcome,
        };
        if matches!(outcome, Outcome::Done(_)) {
            for tell in &step.tells {
                self.heed(&tell.to, &tell.event);
            }
        }
        Ok(outcome)
    }

    async fn release(
        &self,
        step: &mut Step,
        driver: &UserId,
        id: &RideId,
    ) -> Result<(), RidesError> {
        let key = names::driver(driver);
        let [record] = self.records([key.clone()]).await?;
        if value::<Busy>(&record)?.is_some_and(|busy| busy.ride == *id) {
            step.expects.push((key.clone(), record.version));
            step.puts.push(put::<Busy>(key, None, None));
        }
        Ok(())
    }

    async fn occupy(
        &self,
        step: &mut Step,
        driver: &UserId,
        id: &RideId,
    ) -> Result<bool, RidesError> {
        let key = names::driver(driver);
        let [record] = self.records([key.clone()]).await?;
        if record.value.is_some() {
            return Ok(false);
        }
        step.expects.push((key.clone(), record.version));
        step.puts
            .push(put(key, Some(&Busy { ride: id.clone() }), None));
        Ok(true)
    }

    /// The rider may have another one now.
    async fn close(&self, step: &mut Step, ride: &Ride) -> Result<(), RidesError> {
        let key = names::rider(&ride.rider);
        let [record] = self.records([key.clone()]).await?;
        let mut open: Open = value(&record)?.unwrap_or_default();
        open.rides.retain(|id| *id != ride.id);
        let left = (!open.rides.is_empty()).then_some(&open);
        step.expects.push((key.clone(), record.version));
        step.puts.push(put(key, left, None));
        Ok(())
    }

    fn list(&self, step: &mut Step, before: Option<&Ride>, after: &Ride, now_ms: i64) {
        let kept_ms = i64::try_from(self.settings.kept_for.as_millis()).unwrap_or(i64::MAX);
        let past = now_ms.saturating_sub(kept_ms);
        let mut list = |list: String, score: Option<i64>, forget_below: Option<i64>| {
            step.lists.push(Listing {
                list,
                member: after.id.to_string(),
                score,
                forget_below,
            });
        };
        let at = Some(after.requested_at_ms);
        if before.is_none() {
            list(names::ALL.to_owned(), at, Some(past));
            let history = names::history(&Address::rider(&after.rider));
            list(history, at, Some(past));
        }
        if let Some(driver) = after.driver()
            && before.and_then(Ride::driver) != Some(driver)
        {
            list(names::history(&Address::driver(driver)), at, Some(past));
        }
        let was = before.map(|before| before.state);
        if was != Some(after.state) {
            if let Some(was) = was {
                list(names::state(was), None, None);
            }
            let past = after.state.is_over().then_some(past);
            list(names::state(after.state), at, past);
        }
        // Also when it is the same: who looked at it has moved it by the lease.
        let deadline = after.deadline_ms(&self.settings.rules);
        list(names::DEADLINES.to_owned(), deadline, None);
    }

    fn count(&self, before: Option<&Ride>, after: &Ride) {
        let was = before.map(|before| before.state);
        if was != Some(after.state) {
            self.metrics.ride_became(after.state);
        }
        if was == Some(RideState::Offered) && after.state == RideState::Requested {
            self.metrics.offers_refused.inc();
        }
    }
}

/// What a record says; `None`: there is none.
pub(super) fn value<T: DeserializeOwned>(record: &Record) -> Result<Option<T>, RidesError> {
    let value = record.value.as_deref().map(serde_json::from_slice);
    value
        .transpose()
        .map_err(|error| RidesError::Unreadable(error.to_string()))
}

/// Writes a record as JSON, or removes it.
pub(super) fn put<T: Serialize>(
    key: String,
    value: Option<&T>,
    ttl: Option<std::time::Duration>,
) -> Put {
    Put {
        key,
        value: value.map(|value| serde_json::to_vec(value).unwrap_or_default()),
        ttl,
    }
}

/// Lets the others go first: a little at random, more with each attempt.
pub(super) async fn pause(attempt: u32) {
    let most_ms = 5_u64 << attempt.min(6);
    tokio::time::sleep(std::time::Duration::from_millis(rand::random_range(
        1..=most_ms,
    )))
    .await;
}
