use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64};

use parking_lot::Mutex;
use ridecast_protocol::{
    Position, SessionId, VehicleClass, VehicleId, VehicleInfo, VehicleState, VehicleUpdate,
};

use super::alias::Alias;
use super::judge::{Fix, Judge};
use crate::spatial::{Cell, LatLon, Spot, Tile};
use crate::store::VehicleRecord;

/// One vehicle of the fleet, shared by the threads that report, watch and store it.
#[derive(Debug)]
pub struct Vehicle {
    id: VehicleId,
    handle: u32,
    pub(super) stagger_ms: i64,
    /// A bit for each listener in whose list of changes the vehicle stands.
    pub(super) listed: AtomicU64,
    /// Where in its tile's list it stands, written under the lock of its block.
    pub(super) stands_at: AtomicU32,
    pub(super) now: Mutex<Now>,
}

/// What is known of a vehicle.
#[derive(Debug)]
pub(super) struct Now {
    pub(super) info: Arc<VehicleInfo>,
    pub(super) session: SessionId,
    pub(super) judge: Judge,
    /// `None` until its first position.
    pub(super) alias: Option<Arc<Alias>>,
    /// A ride has taken it.
    pub(super) engaged: bool,
    /// Where the index has it; `None` until its first position, and when it is gone.
    pub(super) place: Option<Place>,
    pub(super) state: VehicleState,
    pub(super) heard_at_ms: i64,
    /// Whether this node hears the driver, and so answers for the vehicle to store and peers.
    pub(super) ours: bool,
    pub(super) gone: bool,
}

/// Where a vehicle is, as the index has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) spot: Spot,
    pub(super) tile: Tile,
    pub(super) cell: Cell,
}

/// A vehicle as it is at one moment.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Where, how fast, when.
    pub fix: Fix,
    /// The same point as the index has it.
    pub spot: Spot,
    /// The cell it is in.
    pub cell: Cell,
    /// What it is.
    pub info: Arc<VehicleInfo>,
    /// Whether it is still heard.
    pub state: VehicleState,
    /// What riders know it by.
    pub alias: Arc<Alias>,
    /// Whether a ride has taken it.
    pub engaged: bool,
    /// When it was last heard, ms since the Unix epoch.
    pub heard_at_ms: i64,
    /// Whether this node answers for it.
    pub ours: bool,
}

impl Now {
    /// Before its first position.
    pub(super) fn new(
        info: &Arc<VehicleInfo>,
        session: &SessionId,
        heard_at_ms: i64,
        ours: bool,
    ) -> Self {
        Self {
            info: Arc::clone(info),
            session: session.clone(),
            judge: Judge::default(),
            alias: None,
            engaged: false,
            place: None,
            state: VehicleState::Online,
            heard_at_ms,
            ours,
            gone: false,
        }
    }
}

impl Now {
    /// Whose watchers are told of it.
    pub(super) fn cell(&self) -> Option<Cell> {
        self.place.map(|place| place.cell)
    }
}

impl From<LatLon> for Place {
    fn from(point: LatLon) -> Self {
        Self {
            spot: point.into(),
            tile: Tile::of(point),
            cell: Cell::of(point),
        }
    }
}

impl Vehicle {
    pub(super) fn new(id: VehicleId, handle: u32, stagger_ms: i64, now: Now) -> Self {
        Self {
            id,
            handle,
            stagger_ms,
            listed: AtomicU64::new(0),
            stands_at: AtomicU32::new(0),
            now: Mutex::new(now),
        }
    }

    /// Whose vehicle it is.
    #[must_use]
    pub const fn id(&self) -> &VehicleId {
        &self.id
    }

    /// Its number in this process, which no other vehicle gets. A vehicle that
    /// is gone and comes back has another.
    #[must_use]
    pub const fn handle(&self) -> u32 {
        self.handle
    }

    /// Whether this node answers for the vehicle to store and peers.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.now.lock().ours
    }

    /// What its driver said of it.
    #[must_use]
    pub fn info(&self) -> VehicleInfo {
        VehicleInfo::clone(&self.now.lock().info)
    }

    /// The session that drives it.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.now.lock().session.clone()
    }

    /// Where it was last, also when it is gone.
    #[must_use]
    pub fn last_cell(&self) -> Option<Cell> {
        let now = self.now.lock();
        Some(Cell::of(now.judge.newest()?.point))
    }

    /// Where it is now; `None` before its first position and when it is gone.
    #[must_use]
    pub fn seen(&self) -> Option<Seen> {
        self.now.lock().seen()
    }

    /// The same, and the session that drives it.
    pub(super) fn seen_with_session(&self) -> Option<(Seen, SessionId)> {
        let now = self.now.lock();
        Some((now.seen()?, now.session.clone()))
    }
}

impl Now {
    fn seen(&self) -> Option<Seen> {
        let place = self.place?;
        Some(Seen {
            fix: *self.judge.newest()?,
            spot: place.spot,
            cell: place.cell,
            info: Arc::clone(&self.info),
            state: self.state,
            alias: Arc::clone(self.alias.as_ref()?),
            engaged: self.engaged,
            heard_at_ms: self.heard_at_ms,
            ours: self.ours,
        })
    }
}

impl Seen {
    /// As store and peers take it.
    pub(super) fn record(&self, id: &VehicleId, session: SessionId) -> VehicleRecord {
        VehicleRecord {
            id: id.clone(),
            info: VehicleInfo::clone(&self.info),
            position: self.fix.position,
            heard_at_ms: self.heard_at_ms,
            session,
            engaged: self.engaged,
        }
    }

    /// As subscribers get it, under its own id or its alias.
    #[must_use]
    pub fn update(&self, id: &VehicleId) -> VehicleUpdate {
        update(id, &self.fix.position, &self.info.class, self.state)
    }
}

/// A vehicle at a position, as subscribers get it.
pub(super) fn update(
    id: &VehicleId,
    position: &Position,
    class: &VehicleClass,
    state: VehicleState,
) -> VehicleUpdate {
    VehicleUpdate {
        id: id.clone(),
        latitude: decimals(position.latitude, 1e7),
        longitude: decimals(position.longitude, 1e7),
        bearing: position.bearing.map(tenths),
        speed: position.speed.map(tenths),
        timestamp_ms: position.timestamp_ms,
        class: class.clone(),
        state,
    }
}

/// Rounded, so that JSON does not spend 17 digits on noise.
fn decimals(value: f64, scale: f64) -> f64 {
    (value * scale).round() / scale
}

fn tenths(value: f32) -> f32 {
    (value * 10.0).round() / 10.0
}
