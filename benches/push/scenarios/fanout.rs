//! A and B: the same to everybody.

use std::time::{Duration, Instant};

use super::Effort;
use crate::crowd::Crowd;
use crate::driver::Driver;
use crate::peers::{Peer, Publisher};
use crate::report::Report;
use crate::ridecast::{Place, Service, rider};
use crate::window::Window;

const RIDERS: usize = 1_000;
const RATE_HZ: f64 = 20.0;
const IN_FLIGHT: u64 = 16;
const PLACE: Place = (-34.9, -56.16);

/// Whoever publishes.
enum Source {
    /// Vehicles that take turns.
    Drivers(Vec<Driver>, usize),
    Publisher(Publisher),
}

impl Source {
    fn publish(&mut self) {
        match self {
            Self::Drivers(drivers, next) => {
                drivers[*next].send();
                *next = (*next + 1) % drivers.len();
            }
            Self::Publisher(publisher) => publisher.publish(),
        }
    }
}

/// A: at a steady pace, one at a time.
pub(crate) fn paced(report: &mut Report, effort: &Effort) {
    run(report, effort, "A", 1, |source, _, until| {
        let mut due = Instant::now();
        while due < until {
            source.publish();
            due += Duration::from_secs_f64(1.0 / RATE_HZ);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    });
}

/// B: the next as soon as one has arrived everywhere, 16 under way. With ridecast each is of
/// another vehicle, as two of one would become one.
pub(crate) fn closed_loop(report: &mut Report, effort: &Effort) {
    run(report, effort, "B", 16, |source, crowd, until| {
        let begin = crowd.counts().updates;
        let (mut sent, mut moved) = (0, (Instant::now(), begin));
        while Instant::now() < until {
            let updates = crowd.counts().updates;
            if updates != moved.1 {
                moved = (Instant::now(), updates);
            }
            if sent < (updates - begin) / RIDERS as u64 + IN_FLIGHT {
                source.publish();
                sent += 1;
            } else if moved.0.elapsed() > Duration::from_millis(500) {
                // Some were joined on the way and will never come.
                sent = (updates - begin) / RIDERS as u64;
            } else {
                std::thread::sleep(Duration::from_micros(50));
            }
        }
    });
}

/// Publishes until then.
type Publish = fn(&mut Source, &Crowd, Instant);

fn run(report: &mut Report, effort: &Effort, scenario: &str, vehicles: usize, publish: Publish) {
    let mut measure = |name: &str, crowd: &Crowd, pid: u32, mut source: Source| {
        publish(&mut source, crowd, Instant::now() + effort.warm_up);
        let window = Window::open(crowd, pid);
        publish(&mut source, crowd, Instant::now() + effort.window);
        report.add(scenario, name, window.close().figures());
    };
    for _ in 0..effort.rounds {
        for form in effort.forms() {
            let service = Service::start("memory");
            let riders = (0..RIDERS).map(|n| rider(n, form, PLACE, 1_000.0));
            let crowd = Crowd::connect(service.address, riders.collect());
            crowd.wait(RIDERS);
            let drivers = (0..vehicles).map(|n| Driver::connect(service.address, n, PLACE));
            let source = Source::Drivers(drivers.collect(), 0);
            measure(form.name(), &crowd, service.pid(), source);
        }
        for peer in effort.peers(&Peer::ALL) {
            let running = peer.start();
            let plans = (0..RIDERS).map(|n| peer.subscriber(n));
            let crowd = Crowd::connect(running.address, plans.collect());
            crowd.wait(RIDERS);
            let source = Source::Publisher(peer.publisher(running.address));
            measure(peer.name(), &crowd, running.pid(), source);
        }
    }
}
