use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use ridecast_protocol::VehicleId;
use sha2::Sha256;

/// What riders know a vehicle by, for a while.
///
/// It keeps them from recognising a vehicle that they meet again later. Who
/// sees a vehicle all the time sees that the new one is where the old one was.
#[derive(Debug, PartialEq, Eq)]
pub struct Alias {
    /// 16 hex digits; all nodes give a vehicle the same at the same time.
    pub id: VehicleId,
    /// Its number in this process, which nothing else gets: a number that
    /// stayed would tie two aliases of one vehicle together.
    pub handle: u32,
    period: i64,
}

/// Makes aliases out of a secret, so that nobody has to store or tell them.
#[derive(Debug)]
pub(super) struct Aliases {
    key: Hmac<Sha256>,
    period_ms: i64,
}

impl Aliases {
    pub(super) fn new(key: &[u8; 32], alias_for: Duration) -> Self {
        let period_ms = i64::try_from(alias_for.as_millis()).unwrap_or(i64::MAX);
        Self {
            key: Hmac::new_from_slice(key).expect("HMAC takes keys of any length"),
            period_ms: period_ms.max(1),
        }
    }

    /// By how much the vehicle's periods begin earlier than those of others. If all
    /// names changed in one moment, whoever waits for it could match old and new.
    pub(super) fn stagger_ms(&self, id: &VehicleId) -> i64 {
        let first = self.bits(id, None);
        // Half of the numbers is enough, and keeps the sign away.
        (first >> 1).cast_signed() % self.period_ms
    }

    /// The alias at that moment, by the clock of the node that heard the vehicle:
    /// then all nodes agree. The one it has, if that still holds.
    pub(super) fn renewed(
        &self,
        alias: Option<&Arc<Alias>>,
        id: &VehicleId,
        stagger_ms: i64,
        at_ms: i64,
        handle: impl FnOnce() -> u32,
    ) -> Arc<Alias> {
        let period = at_ms.saturating_add(stagger_ms).div_euclid(self.period_ms);
        match alias {
            Some(alias) if alias.period == period => Arc::clone(alias),
            _ => Arc::new(Alias {
                id: VehicleId::new(format!("{:016x}", self.bits(id, Some(period))))
                    .expect("hex digits are a name"),
                handle: handle(),
                period,
            }),
        }
    }

    /// HMAC-SHA256 (RFC 2104) of the id and the period's number, its first 64 bits. Ids
    /// have no control characters and these numbers begin with some: no two are confused.
    fn bits(&self, id: &VehicleId, period: Option<i64>) -> u64 {
        let mut mac = self.key.clone();
        mac.update(id.as_str().as_bytes());
        if let Some(period) = period {
            mac.update(&period.to_be_bytes());
        }
        let bytes = mac.finalize().into_bytes();
        bytes
            .iter()
            .take(8)
            .fold(0, |bits, &byte| bits << 8 | u64::from(byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);
    const NOW: i64 = 1_800_000_000_000;

    fn id(n: u32) -> VehicleId {
        VehicleId::new(format!("driver-{n}")).unwrap()
    }

    fn alias(aliases: &Aliases, id: &VehicleId, at_ms: i64) -> String {
        let stagger_ms = aliases.stagger_ms(id);
        let alias = aliases.renewed(None, id, stagger_ms, at_ms, || 1);
        alias.id.to_string()
    }

    #[test]
    fn who_has_the_key_gives_the_same_name_and_nobody_else() {
        let (one, other) = (
            Aliases::new(&[1; 32], MINUTE),
            Aliases::new(&[1; 32], MINUTE),
        );
        let stranger = Aliases::new(&[2; 32], MINUTE);
        let name = alias(&one, &id(1), NOW);
        assert_eq!(name.len(), 16);
        assert_eq!(name, alias(&other, &id(1), NOW));
        assert_ne!(name, alias(&stranger, &id(1), NOW));
        assert_ne!(name, alias(&one, &id(2), NOW));
    }

    #[test]
    fn a_name_lasts_one_period_and_they_do_not_all_end_together() {
        let aliases = Aliases::new(&[1; 32], MINUTE);
        let mut ends = Vec::new();
        for n in 0..1_000 {
            let names: Vec<_> = (0..=120)
                .map(|second| alias(&aliases, &id(n), NOW + second * 1000))
                .collect();
            let changes: Vec<_> = (1..names.len())
                .filter(|&at| names[at] != names[at - 1])
                .collect();
            assert_eq!(changes.len(), 2, "{changes:?}");
            assert_eq!(changes[1] - changes[0], 60);
            ends.push(changes[0]);
        }
        for second in 1..=60 {
            let together = ends.iter().filter(|&&end| end == second).count();
            assert!(together < 50, "{together} change in one second");
        }
    }

    #[test]
    fn a_name_that_holds_is_kept_with_its_number() {
        let aliases = Aliases::new(&[1; 32], MINUTE);
        let first = aliases.renewed(None, &id(1), 0, NOW, || 7);
        let same = aliases.renewed(Some(&first), &id(1), 0, NOW + 1, || 8);
        assert!(Arc::ptr_eq(&first, &same));
        let next = aliases.renewed(Some(&first), &id(1), 0, NOW + 60_000, || 8);
        assert_eq!(next.handle, 8);
        assert_ne!(next.id, first.id);
    }
}
