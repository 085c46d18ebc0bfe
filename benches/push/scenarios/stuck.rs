//! H: subscribers who never read, and what becomes of those who do.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use ridecast_protocol::CloseCode;

use super::Effort;
use crate::crowd::{Crowd, Plan};
use crate::driver::Driver;
use crate::frame;
use crate::pace::Traffic;
use crate::process::rss_kib;
use crate::report::Report;
use crate::ridecast::{Form, Place, Service, rider};
use crate::window::Window;

const STUCK: [usize; 3] = [0, 1, 100];
const READERS: usize = 100;
const VEHICLES: usize = 200;
/// The most that the service takes of one driver.
const RATE_HZ: f64 = 50.0;
const LASTS: Duration = Duration::from_secs(20);
const LASTS_QUICK: Duration = Duration::from_secs(6);
/// By then the service has closed whoever takes nothing, or has not answered two pings.
const CLOSED_BY: Duration = Duration::from_secs(40);
const PLACE: Place = (-34.9, -56.16);
const RADIUS_M: f64 = 2_000.0;

pub(crate) fn stuck(report: &mut Report, effort: &Effort) {
    if !effort.measures(Form::Binary.name()) {
        return;
    }
    for _ in 0..effort.rounds {
        let mut without = 0.0;
        for count in STUCK {
            measure(report, effort, count, &mut without);
        }
    }
}

/// `without`: memory in use when nobody was stuck, KiB.
#[expect(clippy::cast_precision_loss, reason = "KiB, and few sessions")]
fn measure(report: &mut Report, effort: &Effort, count: usize, without: &mut f64) {
    let service = Service::start("memory");
    let riders = (0..READERS).map(|n| rider(n, Form::Binary, PLACE, RADIUS_M));
    let crowd = Crowd::connect(service.address, riders.collect());
    crowd.wait(READERS);
    let drivers = (0..VEHICLES).map(|n| Driver::connect(service.address, n, PLACE));
    let traffic = Traffic::start(drivers.collect(), RATE_HZ);
    let stuck = (READERS..READERS + count).map(|n| rider(n, Form::Binary, PLACE, RADIUS_M));
    let stuck: Vec<_> = stuck
        .map(|plan| never_read(service.address, &plan))
        .collect();

    let began = Instant::now();
    let window = Window::open(&crowd, service.pid());
    std::thread::sleep(if effort.quick { LASTS_QUICK } else { LASTS });
    let rss = rss_kib(service.pid()) as f64;
    let mut figures = window.close().figures();
    match count {
        0 => *without = rss,
        // Lost in what differs between any two runs.
        1 => {}
        _ => figures.push(("kib_per_stuck", (rss - *without) / count as f64)),
    }
    figures.push(("rss_mib", rss / 1024.0));
    if count > 0 && !effort.quick {
        std::thread::sleep(CLOSED_BY.saturating_sub(began.elapsed()));
    }
    // Some are gone without a code: the kernel gave them up in the same moment.
    let open = service.metric("ridecast_sessions{role=\"rider\"}");
    figures.push(("stuck_open", open - READERS as f64));
    figures.push(("closed_4001", service.closes(CloseCode::SlowConsumer)));
    figures.push(("closed_4003", service.closes(CloseCode::Silent)));
    report.add(
        "H",
        &format!("{} {count} stuck", Form::Binary.name()),
        figures,
    );
    assert_eq!(crowd.closed(), 0, "who reads was closed");
    drop((traffic, stuck));
}

/// Subscribes, and reads no more from then on, nor answers pings.
fn never_read(address: SocketAddr, plan: &Plan) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(&plan.request).expect("it reads");
    frame::wait_for(&mut stream, b"\r\n\r\n");
    stream.write_all(&plan.after).expect("it reads");
    stream
}
