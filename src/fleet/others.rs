use std::sync::Arc;

use ridecast_protocol::{SessionId, VehicleId, VehicleInfo, VehicleState};

use super::judge::Fix;
use super::vehicle::Now;
use super::{Fleet, quiet};
use crate::spatial::{Cell, CoarseCell};
use crate::store::VehicleRecord;

/// Who tells of a vehicle that this node does not hear itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Teller {
    /// The node that hears it.
    Node,
    /// The store that all nodes share; it may be a moment behind.
    SharedStore,
    /// The store that nobody else has: this node answers for the vehicle, also when it was not
    /// heard for so long that the next [`Fleet::sweep`] will find it gone.
    OwnStore,
}

/// What a node is told of vehicles that it does not hear itself.
impl Fleet {
    /// Takes in what another node or the store knows of a vehicle.
    ///
    /// `heard_at_ms` is by this node's clock.
    pub fn hear(&self, record: VehicleRecord, heard_at_ms: i64, now_ms: i64, from: Teller) {
        let ours = from == Teller::OwnStore;
        let quiet = quiet(heard_at_ms, now_ms);
        if quiet >= self.settings.gone_after && !ours {
            return;
        }
        let Some(fix) = Fix::known(record.position) else {
            return;
        };
        let info = Arc::new(record.info);
        let first = || Now::new(&info, &record.session, heard_at_ms, ours);
        let vehicle = self.get_or_new(&record.id, first);
        let mut now = vehicle.now.lock();
        if now.gone {
            return;
        }
        if let Some(newest) = now.judge.newest().map(|fix| fix.position.timestamp_ms)
            && newest >= fix.position.timestamp_ms
        {
            // Nothing new, but that a vehicle which stands is taken or free. The store may be
            // behind: by its word a vehicle is hidden too long at worst, never shown too early.
            let engaged = record.engaged || (now.engaged && from != Teller::Node);
            if newest == fix.position.timestamp_ms
                && !now.ours
                && record.session >= now.session
                && now.engaged != engaged
            {
                now.engaged = engaged;
                self.changed(&vehicle, &now);
            }
            return;
        }
        if !now.ours && now.info.class != info.class {
            // Another vehicle of the same driver, as in `go_online`.
            self.remove(&vehicle, &mut now);
            drop(now);
            let info = VehicleInfo::clone(&info);
            return self.hear(VehicleRecord { info, ..record }, heard_at_ms, now_ms, from);
        }
        if now.ours && !ours {
            if record.session <= now.session {
                return;
            }
            // The claim was lost on its way: the driver is on another node.
            now.ours = false;
            self.engaged.remove(&record.id);
        }
        now.info = info;
        now.session = record.session;
        now.judge.resume_from(fix);
        now.heard_at_ms = heard_at_ms;
        now.state = if quiet >= self.settings.silent_after {
            VehicleState::Silent
        } else {
            VehicleState::Online
        };
        now.engaged = record.engaged;
        if ours && record.engaged {
            self.engaged.insert(record.id);
        }
        self.moved(&vehicle, &mut now, &fix, record.heard_at_ms);
    }

    /// Another node hears this driver now, by a newer session: what becomes of
    /// the vehicle is its business.
    pub fn give_away(&self, id: &VehicleId, to: &SessionId) {
        let Some(vehicle) = self.get(id) else {
            self.engaged.remove(id);
            return;
        };
        let mut now = vehicle.now.lock();
        if now.session < *to {
            now.ours = false;
            self.engaged.remove(id);
            drop(now);
            self.list(&vehicle, [None; 2]);
        }
    }

    /// Another node says the vehicle is gone. Of a vehicle of ours it cannot know.
    pub fn forget(&self, id: &VehicleId) {
        if let Some(vehicle) = self.get(id) {
            let mut now = vehicle.now.lock();
            if !now.ours {
                self.remove(&vehicle, &mut now);
            }
        }
    }

    /// Forgets the vehicles of other nodes for which `stays`, told where and when
    /// (`heard_at_ms`) they were last heard, is false.
    pub fn forget_others(&self, stays: impl Fn(&VehicleId, CoarseCell, i64) -> bool) {
        for vehicle in self.snapshot() {
            let mut now = vehicle.now.lock();
            let cell = now.cell().map(Cell::coarse);
            if !now.ours && cell.is_some_and(|cell| !stays(vehicle.id(), cell, now.heard_at_ms)) {
                self.remove(&vehicle, &mut now);
            }
        }
    }
}
