//! I: everybody comes back.

use std::time::Instant;

use super::Effort;
use crate::city::City;
use crate::crowd::{Crowd, Plan};
use crate::process::{peak_kib, rss_kib};
use crate::report::{Report, latencies};
use crate::ridecast::{Form, Place, Service, rider, seen_driver};

const SESSIONS: usize = 5_000;
const RADIUS_M: f64 = 1_000.0;

/// As when a network that all of them use was away for a moment.
#[expect(clippy::cast_precision_loss, reason = "KiB")]
pub(crate) fn returning(report: &mut Report, effort: &Effort) {
    for _ in 0..effort.rounds {
        for form in effort.forms() {
            let service = Service::start("memory");
            let mut city = City::new(1.0);
            let places: Vec<_> = (0..SESSIONS).map(|_| city.place()).collect();
            let crowd = Crowd::connect(service.address, plans(&places, form));
            crowd.wait(SESSIONS);
            effort.warm_up();
            let rss = rss_kib(service.pid()) as f64;
            drop(crowd);
            let plans = plans(&places, form);
            let began = Instant::now();
            let crowd = Crowd::connect_at_once(service.address, plans);
            crowd.wait(SESSIONS);
            let mut figures = vec![("served_s", began.elapsed().as_secs_f64())];
            figures.extend(latencies(&crowd.take_joined()));
            effort.warm_up();
            figures.push(("rss_mib", rss / 1024.0));
            figures.push(("peak_mib", peak_kib(service.pid()) as f64 / 1024.0));
            report.add("I", form.name(), figures);
            assert_eq!(crowd.closed(), 0, "sessions were closed");
        }
    }
}

/// Half of them drivers with a position, half riders who watch.
fn plans(places: &[Place], form: Form) -> Vec<Plan> {
    let plans = places.iter().enumerate().map(|(n, place)| match n % 2 {
        0 => seen_driver(n, *place),
        _ => rider(n, form, *place, RADIUS_M),
    });
    plans.collect()
}
