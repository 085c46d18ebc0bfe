use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use parking_lot::{Mutex, RwLock};
use ridecast_protocol::{ErrorBody, ErrorCode};

use crate::telemetry::{Limit, Metrics};

/// So many of something in a second from each address.
pub(super) struct Rate {
    limit: Limit,
    /// `None`: any number.
    quota: Option<(NonZeroU32, Quota)>,
    addresses: RwLock<Addresses>,
    swept: Mutex<Instant>,
}

type Addresses = Option<DefaultKeyedRateLimiter<IpAddr>>;

/// What was saved up may come at once: after a lost link all of a carrier's phones come back.
const TIMES_AT_ONCE: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// So many addresses are remembered, some 5 MB.
const MOST_ADDRESSES: usize = 50_000;
/// To look through all of them for those that may be forgotten takes milliseconds.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

impl Rate {
    pub(super) fn new(limit: Limit, per_s: u32) -> Self {
        let quota = NonZeroU32::new(per_s).map(|per_s| {
            let at_once = per_s.saturating_mul(TIMES_AT_ONCE);
            (per_s, Quota::per_second(per_s).allow_burst(at_once))
        });
        Self {
            limit,
            quota,
            addresses: RwLock::new(quota.map(|(_, quota)| RateLimiter::keyed(quota))),
            swept: Mutex::new(Instant::now()),
        }
    }

    /// One more from there.
    ///
    /// # Errors
    /// [`ErrorCode::RateLimited`].
    pub(super) fn take(&self, address: IpAddr, metrics: &Metrics) -> Result<(), ErrorBody> {
        let Some((per_s, quota)) = self.quota else {
            return Ok(());
        };
        let taken = self.addresses.read().as_ref().is_none_or(|addresses| {
            let taken = addresses.check_key(&address);
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
            format!("more than {per_s} a second came from your address (`{limit}`)"),
        ))
    }

    /// Forgets addresses that were quiet; when so many are not, all: to whom has that many
    /// addresses, a limit for each is none.
    fn bound(&self, quota: Quota) {
        let count = |addresses: &Addresses| addresses.as_ref().map_or(0, RateLimiter::len);
        if count(&self.addresses.read()) < MOST_ADDRESSES {
            return;
        }
        let mut swept = self.swept.lock();
        if swept.elapsed() >= SWEEP_EVERY {
            *swept = Instant::now();
            if let Some(addresses) = &*self.addresses.read() {
                addresses.retain_recent();
                addresses.shrink_to_fit();
            }
        }
        if count(&self.addresses.read()) >= MOST_ADDRESSES {
            *self.addresses.write() = Some(RateLimiter::keyed(quota));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn each_address_has_its_own_and_no_more() {
        let (rate, metrics) = (Rate::new(Limit::RequestsPerAddress, 2), Metrics::default());
        let ask = |last| rate.take(Ipv4Addr::new(192, 0, 2, last).into(), &metrics);
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
        let (rate, metrics) = (Rate::new(Limit::RequestsPerAddress, 0), Metrics::default());
        for _ in 0..1_000 {
            rate.take(Ipv4Addr::LOCALHOST.into(), &metrics).unwrap();
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (rate, metrics) = (Rate::new(Limit::RequestsPerAddress, 1), Metrics::default());
        for address in 0..120_000_u32 {
            rate.take(Ipv4Addr::from_bits(address).into(), &metrics)
                .unwrap();
            let there = rate.addresses.read().as_ref().unwrap().len();
            assert!(there <= MOST_ADDRESSES, "{there}");
        }
    }
}
