use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use parking_lot::{Mutex, RwLock};
use ridecast_protocol::{ErrorBody, ErrorCode};

use crate::telemetry::{Limit, Metrics};

/// So many of something in a second from each: an address, a person.
pub struct Rate<K: Hash + Eq + Clone> {
    limit: Limit,
    /// `None`: any number.
    quota: Option<(NonZeroU32, Quota)>,
    each: RwLock<Option<DefaultKeyedRateLimiter<K>>>,
    swept: Mutex<Instant>,
}

/// What was saved up may come at once: after a lost link all of a carrier's phones come back.
const TIMES_AT_ONCE: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// So many are remembered; of addresses some 5 MB.
const MOST_REMEMBERED: usize = 50_000;
/// To look through all of them for those that may be forgotten takes milliseconds.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

impl<K: Hash + Eq + Clone> Rate<K> {
    /// `per_s` of each, ten times as many at once; 0: any number.
    #[must_use]
    pub fn new(limit: Limit, per_s: u32) -> Self {
        let quota = NonZeroU32::new(per_s).map(|per_s| {
            let at_once = per_s.saturating_mul(TIMES_AT_ONCE);
            (per_s, Quota::per_second(per_s).allow_burst(at_once))
        });
        Self {
            limit,
            quota,
            each: RwLock::new(quota.map(|(_, quota)| RateLimiter::keyed(quota))),
            swept: Mutex::new(Instant::now()),
        }
    }

    /// One more of this one, whom the error calls `whom`.
    ///
    /// # Errors
    /// [`ErrorCode::RateLimited`].
    pub fn take(&self, one: &K, whom: &str, metrics: &Metrics) -> Result<(), ErrorBody> {
        let Some((per_s, quota)) = self.quota else {
            return Ok(());
        };
        let taken = self.each.read().as_ref().is_none_or(|each| {
            let taken = each.check_key(one);
            taken.is_ok()
        });
        self.bound(quota);
        if taken {
            return Ok(());
        }
        metrics.limited(self.limit);
        let limit = self.limit.as_str();
        Err(ErrorBody::new(
            ErrorCode::RateLimited,
            format!("more than {per_s} a second came from {whom} (`{limit}`)"),
        ))
    }

    /// Forgets those that were quiet; when so many are not, all: to whom has that many addresses,
    /// a limit for each is none.
    fn bound(&self, quota: Quota) {
        let count = || self.each.read().as_ref().map_or(0, RateLimiter::len);
        if count() < MOST_REMEMBERED {
            return;
        }
        let mut swept = self.swept.lock();
        if swept.elapsed() >= SWEEP_EVERY {
            *swept = Instant::now();
            if let Some(each) = &*self.each.read() {
                each.retain_recent();
                each.shrink_to_fit();
            }
        }
        if count() >= MOST_REMEMBERED {
            *self.each.write() = Some(RateLimiter::keyed(quota));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn rate(per_s: u32) -> Rate<IpAddr> {
        Rate::new(Limit::RequestsPerAddress, per_s)
    }

    #[test]
    fn each_address_has_its_own_and_no_more() {
        let (rate, metrics) = (rate(2), Metrics::default());
        let ask = |last| {
            rate.take(
                &Ipv4Addr::new(192, 0, 2, last).into(),
                "your address",
                &metrics,
            )
        };
        for _ in 0..20 {
            ask(1).unwrap();
        }
        let error = ask(1).unwrap_err();
        assert!(error.message.contains("requests_per_address"), "{error}");
        ask(2).unwrap();
        let text = metrics.text();
        assert!(text.contains(r#"ridecast_limited_total{limit="requests_per_address"} 1"#));
    }

    #[test]
    fn none_is_no_limit() {
        let (rate, metrics) = (rate(0), Metrics::default());
        for _ in 0..1_000 {
            rate.take(&Ipv4Addr::LOCALHOST.into(), "your address", &metrics)
                .unwrap();
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (rate, metrics) = (rate(1), Metrics::default());
        for address in 0..120_000_u32 {
            rate.take(
                &Ipv4Addr::from_bits(address).into(),
                "your address",
                &metrics,
            )
            .unwrap();
            let there = rate.each.read().as_ref().unwrap().len();
            assert!(there <= MOST_REMEMBERED, "{there}");
        }
    }
}
