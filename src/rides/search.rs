//! Finding rides by who drives them, who rides, and by their ids.

use ridecast_protocol::{Ride as WireRide, RideId, Role, UserId, VehicleId};

use super::error::RidesError;
use super::ledger::{Busy, value};
use super::{Rides, names};
use crate::ride::{Reader, Ride};
use crate::store::Address;

/// A ride's id begins with the time it was asked for, in hexadecimal digits.
const DIGITS: usize = 11;
/// Less of it would find rides of many days.
const LEAST: usize = 4;

impl Rides {
    /// The rides that these vehicles drive, in their order, as operators see them.
    ///
    /// # Errors
    /// [`RidesError`].
    pub async fn driven_by(
        &self,
        vehicles: &[VehicleId],
    ) -> Result<Vec<Option<WireRide>>, RidesError> {
        let drivers = vehicles.iter().map(|id| UserId::new(id.as_str()).ok());
        let drivers: Vec<Option<UserId>> = drivers.collect();
        let keys: Vec<_> = drivers.iter().flatten().map(names::driver).collect();
        let mut busy = Vec::new();
        for record in self.post.ledger().read(&keys).await? {
            busy.extend(value::<Busy>(&record)?);
        }
        let keys: Vec<_> = busy.iter().map(|busy| names::ride(&busy.ride)).collect();
        let mut rides = Vec::new();
        for record in self.post.ledger().read(&keys).await? {
            rides.extend(value::<Ride>(&record)?);
        }
        // A driver may be busy with an offer only, or with what has ended just now.
        let driven = drivers.iter().map(|driver| {
            let ride = rides
                .iter()
                .find(|ride| driver.is_some() && ride.driver() == driver.as_ref())?;
            Some(ride.seen_by(Reader::Operator))
        });
        Ok(driven.collect())
    }

    /// The rides whose ids begin so, for which it takes four characters, and those of the rider
    /// of this id; at most so many, the newest first, as operators see them.
    ///
    /// # Errors
    /// [`RidesError`].
    pub async fn named(&self, text: &str, most: usize) -> Result<Vec<WireRide>, RidesError> {
        let ledger = self.post.ledger();
        let mut listed = Vec::new();
        let id = text.trim().to_lowercase();
        if let Some(before) = first_after(&id) {
            let before = Some((before, String::new()));
            listed = ledger.listed(names::ALL, before, most).await?;
            listed.retain(|(ride, _)| ride.starts_with(&id));
        }
        if let Ok(rider) = UserId::new(text.trim()) {
            let list = names::history(&Address::of(Role::Rider, &rider));
            listed.extend(ledger.listed(&list, None, most).await?);
        }
        // An id begins with its time.
        listed.sort_unstable_by(|one, other| other.cmp(one));
        listed.dedup();
        listed.truncate(most);
        let keys: Vec<_> = listed
            .iter()
            .filter_map(|(ride, _)| RideId::new(ride).ok())
            .map(|ride| names::ride(&ride))
            .collect();
        let mut rides = Vec::new();
        for record in ledger.read(&keys).await? {
            let ride = value::<Ride>(&record)?;
            rides.extend(ride.map(|ride| ride.seen_by(Reader::Operator)));
        }
        Ok(rides)
    }
}

/// The first moment, ms since the Unix epoch, whose rides' ids come after all that begin so.
/// `None`: no ride's id does, or of too many.
fn first_after(text: &str) -> Option<i64> {
    if text.len() < LEAST {
        return None;
    }
    let digits = text.get(..text.len().min(DIGITS))?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let first = i64::from_str_radix(digits, 16).ok()?;
    Some((first + 1) << (4 * (DIGITS - digits.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_an_id_is_a_time() {
        assert_eq!(
            first_after("1a205387f1d-3683e78bcad8459d"),
            Some(0x1a2_0538_7f1e)
        );
        assert_eq!(first_after("1a205387f1d"), Some(0x1a2_0538_7f1e));
        assert_eq!(first_after("1a20"), Some(0x1a2_1000_0000));
        assert_eq!(first_after("ffffffffffff"), Some(0x1000_0000_0000));
        for other in ["", "1a2", "ana1", "1a20-", "täxi", "ää"] {
            assert_eq!(first_after(other), None, "{other}");
        }
    }
}
