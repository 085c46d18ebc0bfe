//! C and G: a city.

use std::time::Duration;

use super::Effort;
use crate::city::{City, MIDDLE};
use crate::crowd::Crowd;
use crate::driver::Driver;
use crate::pace::Traffic;
use crate::posting::Posting;
use crate::report::Report;
use crate::ridecast::{Form, Service, operator, patient_rider, rider};
use crate::window::Window;

const DRIVERS: usize = 10_000;
const RIDERS: usize = 2_000;
const OPERATORS: usize = 20;
const RADIUS_M: f64 = 1_000.0;
/// Half of the operators watch the whole city, half a part of this width.
const DISTRICT_M: f64 = 6_000.0;
/// Positions a second of each driver; the first is the scenario, the others its limits.
const RATES_HZ: [f64; 5] = [1.0, 2.0, 3.0, 4.0, 6.0];

/// C: in both forms, and then at higher rates until it is full.
pub(crate) fn city(report: &mut Report, effort: &Effort) {
    for _ in 0..effort.rounds {
        for form in effort.forms() {
            let service = Service::start("memory");
            let mut city = City::new(1.0);
            let mut plans: Vec<_> = (0..RIDERS)
                .map(|n| rider(n, form, city.place(), RADIUS_M))
                .collect();
            plans.extend((0..OPERATORS).map(|n| match n % 2 {
                0 => operator(n, form, MIDDLE, city.side_m()),
                _ => operator(n, form, city.crowded(n / 2), DISTRICT_M),
            }));
            let mut drivers: Vec<_> = (0..DRIVERS)
                .map(|n| Driver::connect(service.address, n, city.place()))
                .collect();
            let crowd = Crowd::connect(service.address, plans);
            crowd.wait(RIDERS + OPERATORS);
            let rates = if effort.quick {
                &RATES_HZ[..1]
            } else {
                &RATES_HZ
            };
            for &rate_hz in rates {
                let traffic = Traffic::start(drivers, rate_hz);
                effort.warm_up();
                let accepted = service.accepted();
                let window = Window::open(&crowd, service.pid());
                effort.window();
                let measured = window.close();
                let accepted = service.accepted() - accepted;
                let mut figures = measured.figures();
                figures.push(("accepted_per_s", accepted / measured.took_s));
                let scenario = if rate_hz > 1.0 {
                    format!("C×{rate_hz}")
                } else {
                    "C".into()
                };
                report.add(&scenario, form.name(), figures);
                drivers = traffic.stop();
                let errors: usize = drivers.iter_mut().map(Driver::drain).sum();
                assert_eq!(errors, 0, "positions were refused");
            }
            assert_eq!(crowd.closed(), 0, "sessions were closed");
        }
    }
}

/// How large the city is in relation to the one of C, and how many riders watch.
const SIZES: [(&str, f64); 3] = [("G 1k", 0.1), ("G 10k", 1.0), ("G 100k", 10.0)];
/// In a city of 1.
const PATIENT_RIDERS: usize = 1_000;
const PATIENT_HZ: f64 = 1.0;
const PERIOD: Duration = Duration::from_secs(10);

/// G: does a delivery cost more where there are more of all?
///
/// One client has neither the ports nor the files for 100,000 drivers with sockets, so at every
/// size they post; and not every second, which would be all that two cores can do. Riders are
/// told once a second, so that frames are alike: as soon as the service can is more often in a
/// small city, with less in each. Latencies have that second in them.
pub(crate) fn growth(report: &mut Report, effort: &Effort) {
    let form = Form::Binary;
    if !effort.measures(form.name()) {
        return;
    }
    let sizes = if effort.quick { &SIZES[..2] } else { &SIZES };
    for _ in 0..effort.rounds {
        for &(scenario, scale) in sizes {
            let service = Service::start("memory");
            let mut city = City::even(scale);
            let places: Vec<_> = (0..times(DRIVERS, scale)).map(|_| city.place()).collect();
            let drivers = Posting::begin(service.address, &places);
            let riders = times(PATIENT_RIDERS, scale);
            let plans =
                (0..riders).map(|n| patient_rider(n, form, city.place(), RADIUS_M, PATIENT_HZ));
            let _going_on = drivers.go_on(PERIOD);
            let crowd = Crowd::connect(service.address, plans.collect());
            crowd.wait(riders);
            effort.warm_up();
            let accepted = service.accepted();
            let window = Window::open(&crowd, service.pid());
            effort.window();
            let measured = window.close();
            let accepted = service.accepted() - accepted;
            let mut figures = measured.figures();
            let both = accepted + measured.updates;
            figures.push(("cpu_s_per_million_in_and_out", measured.cpu_s / both * 1e6));
            figures.push(("accepted_per_s", accepted / measured.took_s));
            report.add(scenario, form.name(), figures);
            assert_eq!(crowd.closed(), 0, "sessions were closed");
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "at most some 100,000"
)]
fn times(count: usize, scale: f64) -> usize {
    (count as f64 * scale) as usize
}
