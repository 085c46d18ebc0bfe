use std::sync::Arc;
use std::time::{Duration, Instant};

use dashmap::DashMap;
use ridecast_protocol::VehicleId;
use rustc_hash::{FxHashMap, FxHashSet};
use tokio::sync::{Notify, mpsc, watch};
use tracing::warn;

use super::changes::ChangeLog;
use super::{Fleet, Teller, TooManyListeners};
use crate::broker::{Batch, Broker, Claim, Heard, NodeId};
use crate::spatial::{Area, CoarseCell, WatchCell};
use crate::store::{Change, Store};
use crate::telemetry::now_ms;

/// How long changes are gathered before the other nodes are told.
const PUBLISH_EVERY: Duration = Duration::from_millis(20);
/// How long changes of what is watched are gathered.
const ATTACH_AFTER: Duration = Duration::from_millis(10);
const TIDY_EVERY: Duration = Duration::from_secs(1);
/// Moves are told before they are stored: who loads in between finds neither. So what is
/// loaded is loaded again, when the other nodes have written, and when they have after an
/// attempt that failed.
const LOAD_AGAIN_AFTER: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(6)];
/// What was heard so lately may not be stored yet.
const STORED_WITHIN_MS: i64 = 3_000;
/// How long a cell that only a query asked for is listened to.
const QUERIED_FOR: Duration = Duration::from_secs(30);
/// How long a query waits for the vehicles of other nodes.
const QUERY_WAITS: Duration = Duration::from_secs(1);

/// The vehicles of the other nodes: tells them ours, and keeps theirs for the
/// cells that somebody here watches or has lately asked for.
pub struct Peers {
    fleet: Arc<Fleet>,
    store: Arc<dyn Store>,
    broker: Arc<dyn Broker>,
    node: NodeId,
    queried: DashMap<CoarseCell, Instant>,
    query_came: Notify,
    /// The cells whose vehicles are complete.
    attached: watch::Sender<FxHashSet<CoarseCell>>,
}

/// The vehicles of other nodes cannot be had right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the vehicles of other nodes cannot be had right now")]
pub struct PeersAway;

impl Peers {
    /// Starts telling and listening, on the runtime this is called in. `others`
    /// gets what is heard and does not concern the fleet alone.
    ///
    /// # Errors
    /// [`TooManyListeners`].
    pub fn start(
        fleet: Arc<Fleet>,
        store: Arc<dyn Store>,
        broker: Arc<dyn Broker>,
        node: NodeId,
        others: mpsc::Sender<Heard>,
    ) -> Result<Arc<Self>, TooManyListeners> {
        let peers = Arc::new(Self {
            fleet,
            store,
            broker,
            node,
            queried: DashMap::new(),
            query_came: Notify::new(),
            attached: watch::Sender::new(FxHashSet::default()),
        });
        if peers.broker.has_peers() {
            let log = peers.fleet.change_log(Duration::ZERO)?;
            tokio::spawn(Arc::clone(&peers).publish(log));
            tokio::spawn(Arc::clone(&peers).hear(others));
            tokio::spawn(Arc::clone(&peers).attach());
        }
        Ok(peers)
    }

    /// Tells the other nodes that a driver's session is here now.
    pub async fn claim(&self, claim: Claim) {
        if let Err(error) = self.broker.claim(&claim).await {
            // The other session ends by its heartbeat, or with the next claim.
            warn!(%error, "other nodes could not be told of a driver's new session");
        }
    }

    /// Waits until the vehicles that other nodes have in the area are known here.
    ///
    /// # Errors
    /// [`PeersAway`].
    pub async fn know(&self, area: &Area) -> Result<(), PeersAway> {
        if !self.broker.has_peers() {
            return Ok(());
        }
        let cells: FxHashSet<CoarseCell> = area
            .cover()
            .into_iter()
            .flat_map(WatchCell::coarse)
            .collect();
        for cell in &cells {
            self.queried.insert(*cell, Instant::now());
        }
        let mut attached = self.attached.subscribe();
        if cells.is_subset(&attached.borrow()) {
            return Ok(());
        }
        self.query_came.notify_one();
        let known = attached.wait_for(|attached| cells.is_subset(attached));
        match tokio::time::timeout(QUERY_WAITS, known).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(PeersAway),
        }
    }

    async fn publish(self: Arc<Self>, mut log: ChangeLog) {
        let mut changes = FxHashMap::default();
        loop {
            log.changed().await;
            tokio::time::sleep(PUBLISH_EVERY).await;
            log.take_into(&mut changes);
            let batches = self.by_cell(&changes);
            changes.clear();
            if let Err(error) = self.broker.publish(&batches).await {
                // Newest wins: the next move mends it, and on their `Gap` the others load anew.
                tracing::debug!(%error, "other nodes could not be told of moves");
            }
        }
    }

    /// A vehicle that crosses is told in both cells, so that who watches only the first sees it leave.
    fn by_cell(&self, changes: &FxHashMap<VehicleId, Change>) -> Vec<(CoarseCell, Batch)> {
        let mut batches: FxHashMap<CoarseCell, Batch> = FxHashMap::default();
        let mut batch = |cell, tell: &dyn Fn(&mut Batch)| {
            tell(batches.entry(cell).or_insert_with(|| Batch {
                node: self.node.clone(),
                moved: Vec::new(),
                gone: Vec::new(),
            }));
        };
        for change in changes.values() {
            match &change.now {
                Some(record) => {
                    let cell = record.cell();
                    for cell in cell
                        .into_iter()
                        .chain(change.was_in.filter(|&was| Some(was) != cell))
                    {
                        batch(cell, &|batch| batch.moved.push(record.clone()));
                    }
                }
                None => {
                    if let Some(cell) = change.was_in {
                        batch(cell, &|batch| batch.gone.push(change.id.clone()));
                    }
                }
            }
        }
        batches.into_iter().collect()
    }

    async fn hear(self: Arc<Self>, others: mpsc::Sender<Heard>) {
        while let Some(heard) = self.broker.heard().await {
            match heard {
                Heard::Batch(_, batch) => {
                    let now_ms = now_ms();
                    for record in batch.moved {
                        self.fleet.hear(record, now_ms, now_ms, Teller::Node);
                    }
                    for id in &batch.gone {
                        self.fleet.forget(id);
                    }
                }
                Heard::Claim(claim) => {
                    self.fleet
                        .give_away(&claim.driver.clone().into(), &claim.session);
                    if others.send(Heard::Claim(claim)).await.is_err() {
                        return;
                    }
                }
                Heard::Gap => {
                    self.attached.send_replace(FxHashSet::default());
                    self.query_came.notify_one();
                    if others.send(Heard::Gap).await.is_err() {
                        return;
                    }
                }
                heard @ (Heard::Told(_) | Heard::Whisper(_)) => {
                    if others.send(heard).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Keeps what is listened to and loaded equal to what is watched or was asked for.
    async fn attach(self: Arc<Self>) {
        let mut listened = FxHashSet::default();
        let mut tidied = Instant::now();
        let mut again: Vec<(Instant, CoarseCell)> = Vec::new();
        loop {
            tokio::select! {
                () = self.fleet.watches_changed.notified() => {}
                () = self.query_came.notified() => {}
                () = tokio::time::sleep(TIDY_EVERY) => {}
            }
            // A thousand riders who come at once are one change.
            tokio::time::sleep(ATTACH_AFTER).await;
            self.queried
                .retain(|_, asked| asked.elapsed() < QUERIED_FOR);
            let mut wanted = self.fleet.watched_cells();
            wanted.extend(self.queried.iter().map(|entry| *entry.key()));

            if wanted != listened {
                let cells: Vec<_> = wanted.iter().copied().collect();
                if self.broker.listen(&cells).await.is_err() {
                    continue; // `Gap` tells when the broker is back; it remembers the cells.
                }
                listened.clone_from(&wanted);
                self.attached
                    .send_modify(|attached| attached.retain(|cell| wanted.contains(cell)));
                self.fleet
                    .forget_others(|_, cell, _| wanted.contains(&cell));
            }
            let now = Instant::now();
            let due: FxHashSet<_> = again
                .extract_if(.., |(at, _)| *at <= now)
                .map(|(_, cell)| cell)
                .filter(|cell| wanted.contains(cell))
                .collect();
            let new: Vec<_> = wanted
                .difference(&self.attached.borrow())
                .copied()
                .collect();
            let load: Vec<_> = due.iter().chain(&new).copied().collect();
            if !load.is_empty() {
                if self.load(&load).await {
                    for after in LOAD_AGAIN_AFTER {
                        again.extend(new.iter().map(|&cell| (now + after, cell)));
                    }
                    self.attached.send_modify(|attached| attached.extend(new));
                } else {
                    again.extend(due.iter().map(|&cell| (now + TIDY_EVERY, cell)));
                }
            }
            if tidied.elapsed() >= TIDY_EVERY {
                // What moved out of the cells listened to would stand still here.
                self.fleet
                    .forget_others(|_, cell, _| wanted.contains(&cell));
                tidied = Instant::now();
            }
        }
    }

    async fn load(&self, cells: &[CoarseCell]) -> bool {
        let records = match self.store.load(cells).await {
            Ok(records) => records,
            Err(error) => {
                tracing::debug!(%error, "vehicles of other nodes could not be loaded");
                return false;
            }
        };
        let known: FxHashSet<VehicleId> = records.iter().map(|record| record.id.clone()).collect();
        let now_ms = now_ms();
        self.fleet.forget_others(|id, cell, heard_at_ms| {
            known.contains(id) || !cells.contains(&cell) || heard_at_ms > now_ms - STORED_WITHIN_MS
        });
        for record in records {
            let heard_at_ms = record.heard_at_ms.min(now_ms);
            self.fleet
                .hear(record, heard_at_ms, now_ms, Teller::SharedStore);
        }
        true
    }
}
