//! What must happen when nobody does anything.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use ridecast_protocol::{RideId, RideState};

use super::error::RidesError;
use super::{Rides, names};
use crate::ride::{Command, Refusal};
use crate::store::{Listing, Step};
use crate::telemetry::now_ms;

/// How often deadlines are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// After a failure of the store.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Who takes a ride up and dies over it leaves it to the others after so long.
const LEASE: Duration = Duration::from_secs(5);
/// So many are taken at once.
const MOST: usize = 64;
/// So many of these are carried out side by side.
const SIDE_BY_SIDE: usize = 16;

impl Rides {
    /// Carries out deadlines, for ever. Every node does; the store gives each to one of them.
    pub async fn run(self: Arc<Self>) {
        loop {
            let pause = match self.look().await {
                Ok(MOST) => Duration::ZERO,
                Ok(_) => LOOK_EVERY,
                Err(_) => LOOK_AGAIN_AFTER,
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn look(self: &Arc<Self>) -> Result<usize, RidesError> {
        let ledger = self.post.ledger();
        let due = ledger.due(names::DEADLINES, now_ms(), LEASE, MOST).await?;
        let count = due.len();
        stream::iter(due)
            .for_each_concurrent(SIDE_BY_SIDE, |member| async move {
                if let Err(error) = self.tick(&member).await {
                    tracing::debug!(ride = member, %error, "its time has come, and will again");
                }
            })
            .await;
        Ok(count)
    }

    async fn tick(self: &Arc<Self>, member: &str) -> Result<(), RidesError> {
        let Ok(id) = RideId::new(member) else {
            return self.no_deadline(member).await;
        };
        match self.command(&id, &Command::Tick).await {
            Ok(ride) if ride.state == RideState::Requested => self.dispatch(&id).await,
            Ok(ride) if ride.deadline_ms(&self.settings.rules).is_none() => {
                self.no_deadline(member).await
            }
            Ok(_) => Ok(()),
            Err(RidesError::Refused(Refusal::Unknown)) => self.no_deadline(member).await,
            Err(error) => Err(error),
        }
    }

    /// Of a ride that is not kept any more.
    async fn no_deadline(&self, member: &str) -> Result<(), RidesError> {
        let mut step = Step::new();
        step.lists.push(Listing {
            list: names::DEADLINES.to_owned(),
            member: member.to_owned(),
            score: None,
            forget_below: None,
        });
        self.commit(&step).await.map(drop)
    }
}
