//! Drivers who post their positions by HTTP: of them there can be more than sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{JoinHandle, ScopedJoinHandle};
use std::time::{Duration, Instant};

use memchr::memmem;
use ridecast_protocol::Role;

use crate::driver::Vehicle;
use crate::exchange::Exchange;
use crate::ridecast::{Place, authorization};

/// They share so many connections, each with a thread.
const CONNECTIONS: usize = 16;
/// So many requests are under way at once on a connection.
const AT_ONCE: usize = 16;
/// So long a thread sleeps at least: to wake up for each position would cost more than to send it.
const STEP: Duration = Duration::from_millis(5);

struct Driver {
    authorization: String,
    vehicle: Vehicle,
    online: bool,
}

impl Driver {
    fn new(n: usize, place: Place) -> Self {
        Self {
            authorization: authorization(&format!("driver-{n}"), Role::Driver),
            vehicle: Vehicle::at(place),
            online: false,
        }
    }

    fn request(&mut self) -> String {
        let vehicle = if std::mem::replace(&mut self.online, true) {
            ""
        } else {
            r#","vehicle":{"class":"car"}"#
        };
        let body = format!(
            r#"{{"positions":[{{{}}}]{vehicle}}}"#,
            self.vehicle.position()
        );
        format!(
            "POST /v1/positions HTTP/1.1\r\nHost: bench\r\n{}Content-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.authorization,
            body.len()
        )
    }
}

/// Those of one connection. They take turns.
struct Turns {
    connection: Exchange,
    drivers: Vec<Driver>,
    next: usize,
}

impl Turns {
    fn post(&mut self, count: usize) {
        let mut requests = String::new();
        for _ in 0..count {
            requests += &self.drivers[self.next].request();
            self.next = (self.next + 1) % self.drivers.len();
        }
        self.connection.ask(requests.as_bytes(), count, |reply| {
            let accepted = memmem::find(reply, br#""accepted":1"#).is_some();
            assert!(accepted, "{}", String::from_utf8_lossy(reply));
        });
    }

    fn post_all(&mut self) {
        for begin in (0..self.drivers.len()).step_by(AT_ONCE) {
            self.post(AT_ONCE.min(self.drivers.len() - begin));
        }
    }

    /// Each once in a period, evenly spread over it.
    fn keep_posting(&mut self, period: Duration, stop: &AtomicBool) {
        #[expect(clippy::cast_precision_loss, reason = "some thousand drivers")]
        let gap = period.div_f64(self.drivers.len() as f64);
        let mut due = Instant::now();
        while !stop.load(Relaxed) {
            std::thread::sleep(due.saturating_duration_since(Instant::now()).max(STEP));
            let mut count = 0;
            while count < AT_ONCE && due <= Instant::now() {
                due += gap;
                count += 1;
            }
            self.post(count);
        }
    }
}

/// Drivers who are online, and have posted one position each.
pub(crate) struct Posting {
    turns: Vec<Turns>,
}

impl Posting {
    /// One driver at each of these places.
    pub(crate) fn begin(address: SocketAddr, places: &[Place]) -> Self {
        let begin = |connection: usize| {
            let places = places.iter().enumerate().skip(connection);
            let drivers = places.step_by(CONNECTIONS);
            let mut turns = Turns {
                connection: Exchange::http(address),
                drivers: drivers.map(|(n, place)| Driver::new(n, *place)).collect(),
                next: 0,
            };
            turns.post_all();
            turns
        };
        let turns = std::thread::scope(|scope| {
            let threads = (0..CONNECTIONS).map(|n| scope.spawn(move || begin(n)));
            let threads: Vec<_> = threads.collect();
            let turns = threads.into_iter().map(ScopedJoinHandle::join);
            turns
                .map(|turns| turns.expect("all are accepted"))
                .collect()
        });
        Self { turns }
    }

    /// They go on to post, each once in a period.
    pub(crate) fn go_on(self, period: Duration) -> GoingOn {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = self.turns.into_iter().map(|mut turns| {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || turns.keep_posting(period, &stop))
        });
        GoingOn {
            threads: threads.collect(),
            stop,
        }
    }
}

/// Drivers who post until this is dropped.
pub(crate) struct GoingOn {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Drop for GoingOn {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        for thread in self.threads.drain(..) {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "it panicked");
        }
    }
}
