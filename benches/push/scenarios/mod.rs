//! What is measured.

mod city;
mod fanout;
mod idle;
mod ingest;
mod queries;
mod returning;
mod stuck;

use std::time::Duration;

use crate::peers::Peer;
use crate::report::Report;
use crate::ridecast::Form;

/// How long and how often.
#[derive(Debug, Clone)]
pub(crate) struct Effort {
    /// A window of measurement.
    pub(crate) window: Duration,
    /// Before it.
    pub(crate) warm_up: Duration,
    pub(crate) rounds: usize,
    /// Under five minutes in all: fewer sessions where many are set up, and only the nearest peers.
    pub(crate) quick: bool,
    /// Only these; empty: all.
    pub(crate) contenders: Vec<String>,
}

impl Effort {
    pub(crate) const QUICK: Self = Self {
        window: Duration::from_secs(3),
        warm_up: Duration::from_secs(1),
        rounds: 1,
        quick: true,
        contenders: Vec::new(),
    };
    pub(crate) const FULL: Self = Self {
        window: Duration::from_secs(5),
        warm_up: Duration::from_secs(2),
        rounds: 3,
        quick: false,
        contenders: Vec::new(),
    };

    /// Whether this one is measured.
    fn measures(&self, contender: &str) -> bool {
        self.contenders.is_empty() || self.contenders.iter().any(|only| only == contender)
    }

    /// Those of them that are measured: installed, and when it must be quick only the nearest.
    fn peers<'a>(&'a self, of: &'a [Peer]) -> impl Iterator<Item = Peer> + 'a {
        of.iter().copied().filter(move |peer| {
            self.measures(peer.name())
                && peer.is_installed()
                && (!self.quick || matches!(peer, Peer::Yardstick(_) | Peer::UWebSockets))
        })
    }

    /// The forms in which ridecast is measured.
    fn forms(&self) -> impl Iterator<Item = Form> + '_ {
        Form::BOTH
            .into_iter()
            .filter(|form| self.measures(form.name()))
    }

    /// Time for the window, after the warm-up; the window is opened in between.
    pub(crate) fn warm_up(&self) {
        std::thread::sleep(self.warm_up);
    }

    pub(crate) fn window(&self) {
        std::thread::sleep(self.window);
    }
}

type Run = fn(&mut Report, &Effort);

/// All scenarios by their letters.
pub(crate) const ALL: [(&str, &str, Run); 9] = [
    (
        "A",
        "one driver, 1,000 riders, 20 updates a second",
        fanout::paced,
    ),
    (
        "B",
        "16 vehicles, 1,000 riders, closed loop with 16 updates in flight",
        fanout::closed_loop,
    ),
    (
        "C",
        "the city: 10,000 drivers at 1 Hz, 2,000 riders, 20 operators",
        city::city,
    ),
    (
        "D",
        "10,000 drivers at 1 Hz, nobody watches",
        ingest::ingest,
    ),
    (
        "E",
        "15,000 idle sessions, half drivers, half riders who watch",
        idle::idle,
    ),
    (
        "F",
        "the nearest 10 of a circle of 1 km by REST",
        queries::queries,
    ),
    (
        "G",
        "the city at 1,000, 10,000 and 100,000 drivers, as dense each time",
        city::growth,
    ),
    ("H", "subscribers that never read", stuck::stuck),
    (
        "I",
        "5,000 sessions come back at once",
        returning::returning,
    ),
];
