//! What a client knows of counts: the fold of all it was sent.

use std::collections::BTreeMap;

use ridecast_protocol::DensityMessage;
use tokio::time::Instant;

use crate::client::{Client, DEADLINE};
use crate::view::View;

/// How many vehicles are in a cell, silent, and busy.
pub(crate) type Tally = (u32, u32, u32);

/// What a client knows of one subscription.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    pub(crate) tallies: BTreeMap<String, Tally>,
    pub(crate) outlines: BTreeMap<String, Vec<[f64; 2]>>,
    pub(crate) resolution: u8,
    pub(crate) vehicles: u32,
    pub(crate) snapshots: usize,
    pub(crate) changes: usize,
}

impl Cells {
    pub(crate) fn fold(&mut self, message: DensityMessage) {
        if message.snapshot {
            self.snapshots += 1;
            self.tallies.clear();
            self.outlines.clear();
        } else {
            self.changes += 1;
            assert!(self.snapshots > 0, "a change came before any snapshot");
            let news = message.cells.len() + message.left.len();
            assert!(news > 0, "a change says that nothing has changed");
        }
        for cell in &message.left {
            assert!(self.tallies.remove(cell).is_some(), "{cell} left twice");
            self.outlines.remove(cell);
        }
        for it in message.cells {
            let tally = (it.vehicles, it.silent, it.busy);
            let before = self.tallies.insert(it.cell.clone(), tally);
            assert_ne!(before, Some(tally), "{} has not changed", it.cell);
            assert_eq!(before.is_none(), it.outline.is_some(), "{}", it.cell);
            if let Some(outline) = it.outline {
                self.outlines.insert(it.cell, outline);
            }
        }
        (self.resolution, self.vehicles) = (message.resolution, message.vehicles);
        let sum: u32 = self.tallies.values().map(|(vehicles, ..)| vehicles).sum();
        assert_eq!(self.vehicles, sum);
    }
}

/// What a client knows of all its subscriptions.
pub(crate) type All = BTreeMap<String, Cells>;

pub(crate) fn take(client: &mut Client, all: &mut All) {
    for message in client.densities.drain(..) {
        let cells = all.entry(message.subscription.to_string()).or_default();
        cells.fold(message);
    }
}

/// Folds until it is like this.
pub(crate) async fn until(
    client: &mut Client,
    all: &mut All,
    what: &str,
    like: impl Fn(&All, &View) -> bool,
) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        take(client, all);
        if like(all, client.view("map")) {
            return;
        }
        let next = tokio::time::timeout_at(deadline, client.next()).await;
        assert!(next.is_ok(), "never came to be so: {what}; it is {all:?}");
    }
}
