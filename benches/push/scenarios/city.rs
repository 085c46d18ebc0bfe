//! C and G: a city.

use super::Effort;
use crate::city::City;
use crate::crowd::Crowd;
use crate::pace::Traffic;
use crate::report::Report;
use crate::ridecast::{Driver, Form, Service, operator, rider};
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
pub(crate) fn city(report: &mut Report, effort: Effort) {
    for _ in 0..effort.rounds {
        for form in Form::BOTH {
            let service = Service::start("memory");
            let mut city = City::new(1.0);
            let mut plans: Vec<_> = (0..RIDERS)
                .map(|n| rider(n, form, city.place(), RADIUS_M))
                .collect();
            plans.extend((0..OPERATORS).map(|n| match n % 2 {
                0 => operator(n, form, city.middle(), city.side_m()),
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
                let accepted = service.metric("ridecast_positions_accepted_total");
                let window = Window::open(&crowd, service.pid());
                effort.window();
                let measured = window.close();
                let accepted = service.metric("ridecast_positions_accepted_total") - accepted;
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

/// G.
pub(crate) fn growth(_: &mut Report, _: Effort) {}
