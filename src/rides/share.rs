//! Links that show one ride to whoever has them.

use std::collections::VecDeque;

use ridecast_protocol::{self as wire, RideId, Role, ShareLink, UserId};
use serde::{Deserialize, Serialize};

use super::error::RidesError;
use super::ledger::{pause, put, value};
use super::{Rides, names, reader};
use crate::auth::Person;
use crate::ride::{Reader, Refusal, Ride};
use crate::store::{Outcome, Step};
use crate::telemetry::now_ms;

/// So many links of a ride work at a time; one more, and the oldest does not.
const MOST_LINKS: usize = 20;
/// So often it is tried anew when others share the same ride meanwhile.
const ATTEMPTS: u32 = 10;

/// What a link shows.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Shared {
    ride: RideId,
    until_ms: i64,
}

/// A ride as its link shows it.
pub struct SharedRide {
    /// The ride.
    pub ride: Ride,
    /// The link's end, ms since the Unix epoch.
    pub until_ms: i64,
}

impl SharedRide {
    /// Whose ride it is: their inbox has what the link's viewers are told.
    #[must_use]
    pub const fn rider(&self) -> &UserId {
        &self.ride.rider
    }

    /// The ride as the link's viewers see it.
    #[must_use]
    pub fn seen(&self) -> wire::Ride {
        self.ride.seen_by(Reader::Rider)
    }
}

impl Rides {
    /// Makes a link to a ride that is not over; its rider and operators may. Of more than
    /// 20 links to one ride the oldest is withdrawn.
    ///
    /// # Errors
    /// [`RidesError`].
    pub async fn share(&self, person: &Person, id: &RideId) -> Result<ShareLink, RidesError> {
        let (ride, _) = self.read(id).await?;
        may_share(person, &ride)?;
        if ride.state.is_over() {
            return Err(Refusal::WrongState(ride.state).into());
        }
        let token = format!("{:032x}", rand::random::<u128>());
        let share_for = self.settings.share_for;
        let expires_at_ms =
            now_ms().saturating_add(i64::try_from(share_for.as_millis()).unwrap_or(i64::MAX));
        let shared = Shared {
            ride: id.clone(),
            until_ms: expires_at_ms,
        };
        let list = names::shares(id);
        for attempt in 0..ATTEMPTS {
            let [record] = self.records([list.clone()]).await?;
            let mut links: VecDeque<String> = value(&record)?.unwrap_or_default();
            links.push_back(token.clone());
            let mut step = Step::new();
            if links.len() > MOST_LINKS
                && let Some(oldest) = links.pop_front()
            {
                step.puts
                    .push(put::<Shared>(names::share(&oldest), None, None));
            }
            step.expects.push((list.clone(), record.version));
            step.puts
                .push(put(list.clone(), Some(&links), Some(share_for)));
            step.puts
                .push(put(names::share(&token), Some(&shared), Some(share_for)));
            if matches!(self.commit(&step).await?, Outcome::Done(_)) {
                return Ok(ShareLink {
                    token,
                    expires_at_ms,
                });
            }
            pause(attempt).await;
        }
        Err(RidesError::Contended)
    }

    /// Makes a link worthless.
    ///
    /// # Errors
    /// [`RidesError`].
    pub async fn unshare(
        &self,
        person: &Person,
        id: &RideId,
        token: &str,
    ) -> Result<(), RidesError> {
        let (ride, _) = self.read(id).await?;
        may_share(person, &ride)?;
        let [record] = self.records([names::share(token)]).await?;
        match value::<Shared>(&record)? {
            Some(shared) if shared.ride == *id => {}
            _ => return Err(Refusal::Unknown.into()),
        }
        let mut step = Step::new();
        step.puts
            .push(put::<Shared>(names::share(token), None, None));
        self.commit(&step).await.map(drop)
    }

    /// The ride of a link, as long as both live.
    ///
    /// # Errors
    /// [`RidesError`]; [`Refusal::Unknown`]: there is no such link any more.
    pub async fn shared(&self, token: &str) -> Result<SharedRide, RidesError> {
        let shared = self.linked(token).await?;
        if shared.ride.state.is_over() {
            return Err(Refusal::Unknown.into());
        }
        Ok(shared)
    }

    /// The ride of a link that lives, over or not: for who watches it to its end.
    ///
    /// # Errors
    /// [`RidesError`]; [`Refusal::Unknown`]: there is no such link any more.
    pub async fn linked(&self, token: &str) -> Result<SharedRide, RidesError> {
        let [record] = self.records([names::share(token)]).await?;
        let shared: Shared = value(&record)?.ok_or(Refusal::Unknown)?;
        let (ride, _) = self.read(&shared.ride).await?;
        if shared.until_ms <= now_ms() {
            return Err(Refusal::Unknown.into());
        }
        Ok(SharedRide {
            ride,
            until_ms: shared.until_ms,
        })
    }

    /// What who has the link sees at this moment.
    pub async fn show(&self, shared: &SharedRide) -> wire::SharedRide {
        let vehicle = self.find_vehicle(&shared.ride).await;
        let vehicle = vehicle.and_then(|it| Some(it.seen()?.update(it.id())));
        wire::SharedRide {
            ride: shared.seen(),
            eta: self.eta_from(vehicle.as_ref(), &shared.ride).await,
            vehicle,
            server_time_ms: now_ms(),
        }
    }
}

fn may_share(person: &Person, ride: &Ride) -> Result<(), Refusal> {
    reader(person, ride)?;
    if person.role == Role::Driver {
        return Err(Refusal::Unknown);
    }
    Ok(())
}
