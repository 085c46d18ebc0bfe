//! A rider's app: watches the vehicles nearby, walks, watches again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use ridecast_protocol::binary::Frame;
use ridecast_protocol::{
    Channel, ClientMessage, Nearby, Role, ServerMessage, Subscribe, SubscriptionName, UserId,
    VehicleId, VehiclesMessage,
};

use super::connection::{Connection, Incoming};
use super::ending::Ending;
use super::view::{Entry, View};
use super::{Client, Context, Places};
use crate::fix::Fix;
use crate::world::moved;
use crate::{Fleet, Subprotocol};

/// On foot, m/s.
const WALK_MPS: f64 = 1.4;
/// One in so many times a rider appears elsewhere instead of walking on.
const ELSEWHERE: u32 = 12;

pub(crate) struct Rider {
    context: Arc<Context>,
    user: UserId,
    subscription: SubscriptionName,
    subprotocol: Subprotocol,
    radius_m: f64,
    look_around: Duration,
    places: Places,
    place: ridecast_roads::LatLon,
    chance: ChaCha8Rng,
    by_id: View<VehicleId>,
    by_handle: View<u32>,
    latencies: Vec<u64>,
    /// Which of the tally's histograms it writes to.
    index: usize,
}

impl Rider {
    pub(crate) fn new(
        context: Arc<Context>,
        fleet: &Fleet,
        index: usize,
        places: Places,
        mut chance: ChaCha8Rng,
    ) -> Result<Self, ridecast_protocol::InvalidName> {
        Ok(Self {
            context,
            user: UserId::new(format!("{}-r{index:05}", fleet.name))?,
            subscription: SubscriptionName::new("nearby")?,
            subprotocol: fleet.subprotocol,
            radius_m: fleet.radius_m,
            look_around: fleet.look_around,
            place: places.pick(&mut chance),
            places,
            chance,
            by_id: View::new(),
            by_handle: View::new(),
            latencies: Vec::new(),
            index,
        })
    }

    fn nearby(&self) -> Subscribe {
        Subscribe {
            subscription: self.subscription.clone(),
            channel: Channel::Nearby(Nearby {
                latitude: self.place.latitude,
                longitude: self.place.longitude,
                radius_m: self.radius_m,
                limit: None,
                vehicle_class: None,
            }),
            max_rate_hz: None,
        }
    }

    fn walk(&mut self, time: Duration) {
        if self.chance.random_ratio(1, ELSEWHERE) {
            self.place = self.places.pick(&mut self.chance);
        } else {
            let way = WALK_MPS * time.as_secs_f64();
            let (north, east) = self
                .chance
                .random_range(0.0..std::f64::consts::TAU)
                .sin_cos();
            self.place = moved(self.place, north * way, east * way);
        }
    }

    fn take(&mut self, incoming: Incoming) {
        let now = Instant::now();
        let tally = &self.context.tally;
        match incoming {
            Incoming::Frame(bytes) => match Frame::decode(&bytes) {
                Ok(frame) => self.take_frame(&frame, now),
                Err(_) => tally.error("unreadable_frame"),
            },
            Incoming::Message(ServerMessage::Vehicles(message)) => self.take_json(&message, now),
            Incoming::Message(ServerMessage::Error { error, .. }) => {
                tally.error(error.code.as_str());
            }
            Incoming::Message(ServerMessage::Ok { .. }) | Incoming::Ended(_) => {}
            Incoming::Message(_) => tally.error("unexpected_message"),
            Incoming::Unreadable => tally.error("unreadable_message"),
        }
    }

    fn take_frame(&mut self, frame: &Frame, now: Instant) {
        let entries = frame.vehicles.iter().map(|(record, introduced)| Entry {
            key: record.handle,
            id: introduced.as_ref().map(|(_, id)| id),
            fix: Fix::new(record.latitude, record.longitude, record.timestamp_ms),
            state: record.state,
        });
        let tally = &self.context.tally;
        // Before the changes: a handle that left may be another's in the same frame.
        for handle in &frame.left {
            self.by_handle.leave(handle);
        }
        if frame.snapshot {
            self.by_handle.snapshot(entries, tally);
        } else {
            self.by_handle
                .change(entries, now, &mut self.latencies, tally);
        }
        tally.latencies(self.index, &mut self.latencies);
    }

    fn take_json(&mut self, message: &VehiclesMessage, now: Instant) {
        let entries = message.vehicles.iter().map(|vehicle| Entry {
            key: vehicle.id.clone(),
            id: Some(&vehicle.id),
            fix: Fix::new(vehicle.latitude, vehicle.longitude, vehicle.timestamp_ms),
            state: vehicle.state,
        });
        let tally = &self.context.tally;
        for id in &message.left {
            self.by_id.leave(id);
        }
        if message.snapshot {
            self.by_id.snapshot(entries, tally);
        } else {
            self.by_id.change(entries, now, &mut self.latencies, tally);
        }
        tally.latencies(self.index, &mut self.latencies);
    }
}

impl Client for Rider {
    fn role(&self) -> Role {
        Role::Rider
    }

    fn user(&self) -> &UserId {
        &self.user
    }

    fn subprotocol(&self) -> Subprotocol {
        self.subprotocol
    }

    fn chance(&mut self) -> &mut ChaCha8Rng {
        &mut self.chance
    }

    async fn session(&mut self, mut connection: Connection, _first: bool) -> Ending {
        self.by_id = View::new();
        self.by_handle = View::new();
        let stop = self.context.stop_riders.clone();
        let subscribe = ClientMessage::Subscribe(self.nearby());
        if let Err(ending) = connection.send(Some(1), subscribe).await {
            return ending;
        }
        // Riders that came together must not all move together.
        let mut pause = self.look_around.mul_f64(self.chance.random_range(0.5..1.5));
        let mut look = tokio::time::Instant::now() + pause;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                incoming = connection.next() => {
                    if let Incoming::Ended(ending) = incoming {
                        return ending;
                    }
                    self.take(incoming);
                }
                () = tokio::time::sleep_until(look) => {
                    self.walk(pause);
                    let update = ClientMessage::Update(self.nearby());
                    if let Err(ending) = connection.send(None, update).await {
                        return ending;
                    }
                    pause = self.look_around.mul_f64(self.chance.random_range(0.5..1.5));
                    look = tokio::time::Instant::now() + pause;
                }
            }
        }
        connection.close().await;
        Ending::Stopped
    }
}
