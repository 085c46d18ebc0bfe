//! A fleet, its hub and who watches: always the same ones, in one thread, with time told by hand.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use ridecast::fleet::{self, Fleet, Vehicle};
use ridecast::hub::{self, Feed, Format, Hub, Outlet, Seat, Sees};
use ridecast::spatial::LatLon;
use ridecast::telemetry::Metrics;
use ridecast_protocol::{
    Channel, Nearby, Position, SessionId, Subscribe, SubscriptionName, VehicleClass, VehicleId,
    VehicleInfo,
};

/// 2027-01-15. Vehicles tell their times from here on.
const BEGAN_MS: i64 = 1_800_000_000_000;
/// 10 m in it is 36 km/h.
const BETWEEN_FIXES_MS: i64 = 1_000;

/// Vehicles that are online, each at its place.
pub(crate) struct Town {
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) hub: Hub,
    pub(crate) vehicles: Vec<Arc<Vehicle>>,
    session: SessionId,
    now_ms: i64,
}

impl Town {
    /// A vehicle at each of these places.
    pub(crate) fn new(places: &[LatLon]) -> Self {
        let fleet = Fleet::new(fleet::Settings {
            // One alias for as long as a bench lasts, and the same one in each run.
            alias_for: Duration::from_hours(1_000_000),
            alias_key: [7; 32],
            ..fleet::Settings::default()
        });
        let listener = fleet.listen(false).unwrap();
        let (metrics, settings) = (Arc::new(Metrics::default()), hub::Settings::default());
        let session = SessionId::new("session").unwrap();
        let info = VehicleInfo {
            class: VehicleClass::new("car").unwrap(),
            plate: None,
            label: None,
        };
        let online = |n: usize| {
            let id = VehicleId::new(format!("driver-{n}")).unwrap();
            fleet.go_online(&id, info.clone(), &session, BEGAN_MS)
        };
        let vehicles: Vec<_> = (0..places.len()).map(online).collect();
        let mut town = Self {
            hub: Hub::new(Arc::clone(&fleet), listener, metrics, settings),
            fleet,
            vehicles,
            session,
            now_ms: BEGAN_MS,
        };
        town.drive_all(places);
        town
    }

    /// The n-th vehicle is at that place, a moment later than all that was reported before.
    pub(crate) fn drive(&mut self, n: usize, place: LatLon) {
        self.now_ms += BETWEEN_FIXES_MS;
        self.report(n, position(place, self.now_ms));
    }

    /// Each vehicle is at its place.
    pub(crate) fn drive_all(&mut self, places: &[LatLon]) {
        self.now_ms += BETWEEN_FIXES_MS;
        for (n, place) in places.iter().enumerate() {
            self.report(n, position(*place, self.now_ms));
        }
    }

    /// What the service does with a position, at the moment it was taken.
    pub(crate) fn report(&self, n: usize, position: Position) {
        let now_ms = position.timestamp_ms;
        self.fleet
            .report(&self.vehicles[n], &self.session, position, now_ms)
            .unwrap();
    }

    /// Positions at these places, later than any before.
    pub(crate) fn next_positions(&mut self, places: &[LatLon]) -> Vec<Position> {
        self.now_ms += BETWEEN_FIXES_MS;
        let at = |place: &LatLon| position(*place, self.now_ms);
        places.iter().map(at).collect()
    }

    /// A client that has taken its snapshot, and takes all that comes.
    pub(crate) fn watch(&self, format: Format, sees: Sees, channel: Channel) -> Client {
        let (seat, mut feed) = self.hub.join(format);
        seat.sees(sees);
        let subscribe = Subscribe {
            subscription: SubscriptionName::new("near").unwrap(),
            channel,
            max_rate_hz: None,
        };
        seat.subscribe(&subscribe).unwrap();
        let waker = &Context::from_waker(Waker::noop());
        while feed.poll_next(waker).is_ready() {}
        let taken = Rc::new(Taken::default());
        feed.write_to(Rc::<Taken>::clone(&taken));
        Client {
            taken,
            _session: (seat, feed),
        }
    }
}

fn position(place: LatLon, timestamp_ms: i64) -> Position {
    Position {
        latitude: place.latitude(),
        longitude: place.longitude(),
        timestamp_ms,
        accuracy: Some(5.0),
        bearing: Some(211.5),
        speed: Some(10.0),
    }
}

/// The vehicles around a place.
pub(crate) fn circle(center: LatLon, radius_m: f64, limit: Option<u32>) -> Channel {
    Channel::Nearby(Nearby {
        latitude: center.latitude(),
        longitude: center.longitude(),
        radius_m,
        limit,
        vehicle_class: None,
    })
}

/// Who watches, until dropped.
pub(crate) struct Client {
    pub(crate) taken: Rc<Taken>,
    _session: (Seat, Feed),
}

/// A socket that takes everything, and counts it.
#[derive(Default)]
pub(crate) struct Taken {
    pub(crate) bytes: Cell<usize>,
}

/// The head of a WebSocket frame of 126 to 65,535 bytes.
const HEAD: usize = 4;

impl Outlet for Taken {
    fn is_ready(&self) -> bool {
        true
    }

    fn begin(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[0; HEAD]);
    }

    fn end(&self, out: &mut Vec<u8>, begun: usize, format: Format) {
        let opcode = match format {
            Format::Json => 1,
            Format::Binary => 2,
        };
        let payload = u16::try_from(out.len() - begun - HEAD).unwrap_or(u16::MAX);
        let [high, low] = payload.to_be_bytes();
        out[begun..begun + HEAD].copy_from_slice(&[0x80 | opcode, 126, high, low]);
    }

    fn write(&self, bytes: &[u8]) -> bool {
        self.bytes.set(self.bytes.get() + bytes.len());
        true
    }
}
