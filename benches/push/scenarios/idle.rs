//! E: sessions that do nothing.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::Effort;
use crate::city::City;
use crate::crowd::{Crowd, Plan};
use crate::peers::Peer;
use crate::process::{cpu_s, rss_kib};
use crate::report::{Figures, Report};
use crate::ridecast::{Form, Service, rider, waiting_driver};

const SESSIONS: usize = 15_000;
const SESSIONS_QUICK: usize = 3_000;
/// These come and go first, so that what a server allocates once is not counted.
const FIRST: usize = 200;
const RADIUS_M: f64 = 1_000.0;
/// ridecast pings every session once in this time.
const IDLE_FOR: Duration = Duration::from_secs(15);

/// ridecast with half drivers and half riders, peers with subscribers of one channel.
pub(crate) fn idle(report: &mut Report, effort: &Effort) {
    let sessions = if effort.quick {
        SESSIONS_QUICK
    } else {
        SESSIONS
    };
    for _ in 0..effort.rounds {
        if effort.measures(Form::Json.name()) {
            let service = Service::start("memory");
            let mut city = City::new(1.0);
            let plan = |n| match n % 2 {
                0 => waiting_driver(n),
                _ => rider(n, Form::Json, city.place(), RADIUS_M),
            };
            let figures = measure(effort, service.address, service.pid(), sessions, plan);
            report.add("E", Form::Json.name(), figures);
        }
        for peer in effort.peers(&Peer::ALL) {
            if matches!(peer, Peer::Yardstick(_)) {
                continue;
            }
            let running = peer.start();
            let plan = |n| peer.subscriber(n);
            let figures = measure(effort, running.address, running.pid(), sessions, plan);
            report.add("E", peer.name(), figures);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "some thousand sessions")]
fn measure(
    effort: &Effort,
    address: SocketAddr,
    pid: u32,
    sessions: usize,
    mut plan: impl FnMut(usize) -> Plan,
) -> Figures {
    let crowd = Crowd::connect(address, (0..FIRST).map(&mut plan).collect());
    crowd.wait(FIRST);
    drop(crowd);
    effort.warm_up();
    let rss = rss_kib(pid);
    let crowd = Crowd::connect(address, (0..sessions).map(plan).collect());
    crowd.wait(sessions);
    effort.warm_up();
    let added = rss_kib(pid).saturating_sub(rss) as f64;
    let (began, cpu) = (Instant::now(), cpu_s(pid));
    std::thread::sleep(IDLE_FOR);
    let cores = (cpu_s(pid) - cpu) / began.elapsed().as_secs_f64();
    assert_eq!(crowd.closed(), 0, "sessions were closed");
    vec![
        ("kib_per_session", added / sessions as f64),
        ("cpu_percent", cores * 100.0),
        ("sessions", sessions as f64),
    ]
}
