mod density;
mod engaged;
mod fold;
mod follow;
mod joined;
mod rest;
mod turns;

use std::collections::BTreeMap;
use std::task::{Context, Poll, Waker};

use ridecast_protocol::binary::Frame;
use ridecast_protocol::{
    Channel, Nearby, Position, SessionId, Subscribe, SubscriptionName, VehicleClass, VehicleId,
    VehicleInfo, VehiclesMessage,
};

use super::*;
use crate::fleet;

/// A fleet and the hub of one thread, whose time is told by hand.
struct Bench {
    fleet: Arc<Fleet>,
    hub: Hub,
    now_ms: i64,
}

impl Bench {
    fn new() -> Self {
        let fleet = Fleet::new(fleet::Settings {
            alias_for: Duration::from_secs(1),
            // Tests drive across the Earth within a moment.
            limits: fleet::Limits {
                jitter_m: 1e9,
                ..fleet::Limits::default()
            },
            ..fleet::Settings::default()
        });
        let listener = fleet.listen(false).unwrap();
        let metrics = Arc::new(Metrics::default());
        Self {
            hub: Hub::new(Arc::clone(&fleet), listener, metrics, Settings::default()),
            fleet,
            // Near the clock's own: by that binary frames tell their times.
            now_ms: crate::telemetry::now_ms(),
        }
    }

    /// A session, and what its client knows.
    fn watcher(&self, format: Format, sees: Sees) -> Watcher {
        let (seat, feed) = self.hub.join(format);
        seat.sees(sees);
        Watcher {
            seat,
            feed,
            views: BTreeMap::new(),
            frames: 0,
        }
    }

    fn online(&mut self, id: &VehicleId) {
        self.now_ms += 1;
        let info = VehicleInfo {
            class: VehicleClass::new("car").unwrap(),
            plate: None,
            label: None,
        };
        self.fleet.go_online(id, info, &session(), self.now_ms);
    }

    /// A vehicle tells where it is; it goes online if it was not.
    fn drive(&mut self, id: &VehicleId, (latitude, longitude): (f64, f64)) {
        if self.fleet.get(id).is_none() {
            self.online(id);
        }
        self.now_ms += 1;
        let position = Position {
            latitude,
            longitude,
            timestamp_ms: self.now_ms,
            accuracy: None,
            bearing: None,
            speed: None,
        };
        let vehicle = self.fleet.get(id).unwrap();
        self.fleet
            .report(&vehicle, &session(), position, self.now_ms)
            .unwrap();
    }

    fn offline(&self, id: &VehicleId) {
        if let Some(vehicle) = self.fleet.get(id) {
            self.fleet.go_offline(&vehicle, &session());
        }
    }

    fn pass(&self) {
        self.hub.state.borrow_mut().pass();
    }

    fn look_again(&self) {
        self.hub.state.borrow_mut().look_again();
    }

    /// How many cells this thread hears of.
    fn watched(&self) -> usize {
        self.hub.state.borrow().watchers.len()
    }

    /// The alias that riders know a vehicle by now.
    fn alias(&self, id: &VehicleId) -> String {
        let seen = self.fleet.get(id).unwrap().seen().unwrap();
        seen.alias.id.to_string()
    }
}

/// A client that folds what it takes: for each subscription the vehicles by
/// name, with their place and time.
struct Watcher {
    seat: Seat,
    feed: Feed,
    views: BTreeMap<String, BTreeMap<String, Shown>>,
    frames: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Shown {
    place: (f64, f64),
    timestamp_ms: i64,
    /// In binary frames.
    handle: Option<u32>,
}

impl Watcher {
    /// Takes all that there is to tell.
    fn take(&mut self) {
        while self.take_one() {}
    }

    /// Takes the next message, if there is one.
    fn take_one(&mut self) -> bool {
        match self.feed.poll_next(&Context::from_waker(Waker::noop())) {
            Poll::Pending => return false,
            Poll::Ready(Some(Message::Text(text))) => self.fold(&text),
            Poll::Ready(Some(Message::Binary(bytes))) => self.fold_frame(&bytes),
            Poll::Ready(other) => panic!("{other:?}"),
        }
        self.frames += 1;
        true
    }

    fn fold(&mut self, text: &[u8]) {
        let message: VehiclesMessage = serde_json::from_slice(text).unwrap();
        let view = self.view_of(&message.subscription, message.snapshot);
        for id in &message.left {
            assert!(view.remove(id.as_str()).is_some(), "{id} was not there");
        }
        for it in message.vehicles {
            let shown = Shown {
                place: (it.latitude, it.longitude),
                timestamp_ms: it.timestamp_ms,
                handle: None,
            };
            view.insert(it.id.to_string(), shown);
        }
    }

    fn fold_frame(&mut self, bytes: &[u8]) {
        let frame = Frame::decode(bytes).unwrap();
        let view = self.view_of(&frame.subscription, frame.snapshot);
        for handle in frame.left {
            let before = view.len();
            view.retain(|_, shown| shown.handle != Some(handle));
            assert_eq!(before, view.len() + 1, "{handle} was not there");
        }
        for (record, introduced) in frame.vehicles {
            let handle = Some(record.handle);
            let known = view.iter().find(|(_, shown)| shown.handle == handle);
            let name = match introduced {
                Some((_, id)) => id.to_string(),
                None => known.expect("introduced before").0.clone(),
            };
            let shown = Shown {
                place: (record.latitude, record.longitude),
                timestamp_ms: record.timestamp_ms,
                handle,
            };
            view.insert(name, shown);
        }
    }

    fn view_of(&mut self, name: &SubscriptionName, snapshot: bool) -> &mut BTreeMap<String, Shown> {
        let name = name.to_string();
        assert!(snapshot || self.views.contains_key(&name), "no snapshot");
        let view = self.views.entry(name).or_default();
        if snapshot {
            view.clear();
        }
        view
    }

    /// The names in a view.
    fn names(&self, name: &str) -> Vec<&str> {
        self.views[name].keys().map(String::as_str).collect()
    }

    fn aim(&self, name: &str, vehicle: Option<&VehicleId>, near: Option<(f64, f64)>) {
        let aim = vehicle.map(|vehicle| Aim {
            vehicle: vehicle.clone(),
            near: near.map(|(latitude, longitude)| {
                crate::spatial::LatLon::new(latitude, longitude).unwrap()
            }),
        });
        self.seat.aim(&named(name), aim);
    }
}

fn session() -> SessionId {
    SessionId::new("s").unwrap()
}

fn id(text: &str) -> VehicleId {
    VehicleId::new(text).unwrap()
}

fn named(text: &str) -> SubscriptionName {
    SubscriptionName::new(text).unwrap()
}

/// A circle of a kilometre.
fn nearby(name: &str, (latitude, longitude): (f64, f64)) -> Subscribe {
    Subscribe {
        subscription: named(name),
        channel: Channel::Nearby(Nearby {
            latitude,
            longitude,
            radius_m: 1_000.0,
            limit: None,
            vehicle_class: None,
        }),
        max_rate_hz: None,
    }
}
