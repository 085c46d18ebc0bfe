//! What a client knows of one subscription: the fold of all it was sent.

use std::collections::{BTreeMap, HashMap};

use ridecast_protocol::binary::Frame;
use ridecast_protocol::{VehicleState, VehiclesMessage};

/// A vehicle as a client knows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shown {
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    pub(crate) timestamp_ms: i64,
    pub(crate) class: String,
    pub(crate) state: VehicleState,
}

/// The vehicles of one subscription, by id.
///
/// Folding checks what must hold of every message: what left was there, what is
/// known never gets older, a handle stands for one vehicle.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) vehicles: BTreeMap<String, Shown>,
    pub(crate) snapshots: usize,
    pub(crate) changes: usize,
    /// How many times any vehicle was told of.
    pub(crate) told: usize,
    handles: HashMap<u32, String>,
}

impl View {
    pub(crate) fn ids(&self) -> Vec<&str> {
        self.vehicles.keys().map(String::as_str).collect()
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.vehicles.contains_key(id)
    }

    pub(crate) fn fold(&mut self, message: &VehiclesMessage) {
        self.begin(
            message.snapshot,
            message.vehicles.len() + message.left.len(),
        );
        for id in &message.left {
            let left = self.vehicles.remove(id.as_str());
            assert!(left.is_some(), "{id} left and was not there: {message:?}");
        }
        for vehicle in &message.vehicles {
            let shown = Shown {
                latitude: vehicle.latitude,
                longitude: vehicle.longitude,
                timestamp_ms: vehicle.timestamp_ms,
                class: vehicle.class.as_str().to_owned(),
                state: vehicle.state,
            };
            self.put(vehicle.id.as_str().to_owned(), shown);
        }
    }

    pub(crate) fn fold_frame(&mut self, frame: &Frame) {
        self.begin(frame.snapshot, frame.vehicles.len() + frame.left.len());
        for handle in &frame.left {
            let id = self.handles.remove(handle);
            let id = id.unwrap_or_else(|| panic!("handle {handle} left and was not there"));
            assert!(self.vehicles.remove(&id).is_some(), "{id} left twice");
        }
        for (record, introduced) in &frame.vehicles {
            let (id, class) = if let Some((class, id)) = introduced {
                let id = id.as_str().to_owned();
                let before = self.handles.insert(record.handle, id.clone());
                assert!(
                    before.as_ref().is_none_or(|before| *before == id),
                    "handle {} stood for {before:?} and now for {id}",
                    record.handle
                );
                (id, class.as_str().to_owned())
            } else {
                let id = self.handles.get(&record.handle).cloned();
                let id =
                    id.unwrap_or_else(|| panic!("handle {} was never introduced", record.handle));
                let class = self.vehicles[&id].class.clone();
                (id, class)
            };
            let shown = Shown {
                latitude: record.latitude,
                longitude: record.longitude,
                timestamp_ms: record.timestamp_ms,
                class,
                state: record.state,
            };
            self.put(id, shown);
        }
    }

    fn begin(&mut self, snapshot: bool, count: usize) {
        if snapshot {
            self.snapshots += 1;
            self.vehicles.clear();
            self.handles.clear();
        } else {
            self.changes += 1;
            assert!(self.snapshots > 0, "a change came before any snapshot");
            assert!(count > 0, "a change says that nothing has changed");
        }
    }

    fn put(&mut self, id: String, shown: Shown) {
        self.told += 1;
        if let Some(before) = self.vehicles.get(&id) {
            assert!(
                before.timestamp_ms <= shown.timestamp_ms,
                "{id} went back in time: {before:?}, then {shown:?}"
            );
        }
        self.vehicles.insert(id, shown);
    }
}
