//! Looking back: rides by person and by state, page by page.

use ridecast_protocol::{RideCount, RideCounts, RideId, RideState, RidesPage, Role};

use super::error::RidesError;
use super::ledger::value;
use super::track::Track;
use super::{Rides, names, reader};
use crate::auth::Person;
use crate::ride::Ride;
use crate::store::Address;

/// Where a page begins: after this ride, in the order of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    requested_at_ms: i64,
    ride: String,
}

/// What to look for.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Only rides in this state; only operators may ask for it.
    pub state: Option<RideState>,
    /// Where the page begins; `None`: at the newest.
    pub before: Option<Before>,
    /// How many rides at most.
    pub most: usize,
}

impl Before {
    /// As the page before said it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (at, ride) = text.split_once('_')?;
        Some(Self {
            requested_at_ms: at.parse().ok()?,
            ride: RideId::new(ride).ok()?.to_string(),
        })
    }
}

impl Rides {
    /// The rides of a person, or for operators all; the newest first.
    ///
    /// # Errors
    /// [`RidesError`].
    pub async fn page(&self, person: &Person, page: Page) -> Result<RidesPage, RidesError> {
        let list = match (person.role, page.state) {
            (Role::Operator, Some(state)) => names::state(state),
            (Role::Operator, None) => names::ALL.to_owned(),
            (role, _) => names::history(&Address::of(role, &person.user)),
        };
        let before = page.before.map(|it| (it.requested_at_ms, it.ride));
        let listed = self.post.ledger().listed(&list, before, page.most).await?;
        let is_full = listed.len() == page.most;
        let next = listed.last().filter(|_| is_full);
        let next = next.map(|(ride, at)| format!("{at}_{ride}"));
        let keys: Vec<_> = listed
            .iter()
            .filter_map(|(ride, _)| RideId::new(ride).ok())
            .map(|id| names::ride(&id))
            .collect();
        let mut rides = Vec::new();
        for record in self.post.ledger().read(&keys).await? {
            let ride: Option<Ride> = value(&record)?;
            // One that was theirs for a while, and is another driver's now, is not listed.
            if let Some(ride) = ride
                && let Ok(reader) = reader(person, &ride)
            {
                rides.push(ride.seen_by(reader));
            }
        }
        Ok(RidesPage {
            rides,
            before: next,
        })
    }

    /// How many rides are in each state.
    ///
    /// # Errors
    /// [`RidesError`].
    pub async fn counts(&self) -> Result<RideCounts, RidesError> {
        let lists = RideState::ALL.map(names::state);
        let counts = self.post.ledger().counts(&lists).await?;
        Ok(RideCounts {
            counts: RideState::ALL
                .into_iter()
                .zip(counts)
                .map(|(state, rides)| RideCount { state, rides })
                .collect(),
        })
    }

    /// The track as this person may see it: riders what they were driven, not how the driver
    /// came to them; its driver from acceptance on, operators all.
    ///
    /// # Errors
    /// [`RidesError`].
    pub async fn track(&self, person: &Person, id: &RideId) -> Result<Track, RidesError> {
        let (ride, _) = self.read(id).await?;
        reader(person, &ride)?;
        if person.role == Role::Operator {
            return self.whole_track(&ride).await;
        }
        let Some(drive) = &ride.drive else {
            return Ok(Track::default());
        };
        let track = self.track_of(id, &drive.driver).await?;
        Ok(if person.role == Role::Rider {
            track.on_board(&ride)
        } else {
            track
        })
    }
}
