//! A rider's app: watches the vehicles nearby, walks, watches again, and asks
//! for rides.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use ridecast_protocol::binary::Frame;
use ridecast_protocol::{
    Channel, ClientMessage, Nearby, Resume, Role, ServerMessage, Subscribe, SubscriptionName,
    UserId, VehicleId, VehiclesMessage,
};

use super::connection::{Connection, Incoming};
use super::desk::Desk;
use super::driver::at;
use super::ending::Ending;
use super::view::{Entry, View};
use super::{Client, Context, Places};
use crate::fix::Fix;
use crate::play::{Manners, RiderPlay};
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
    desk: Desk<RiderPlay>,
    /// How long trips are, metres as the crow flies.
    trip_m: std::ops::Range<f64>,
    /// Where the ride leads that was asked for.
    dropoff: Option<ridecast_roads::LatLon>,
    /// Of each subscription its own: a handle stands for a vehicle within one.
    by_id: HashMap<SubscriptionName, View<VehicleId>>,
    by_handle: HashMap<SubscriptionName, View<u32>>,
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
            desk: Desk::new(Arc::clone(&context), None),
            context,
            user: UserId::new(format!("{}-r{index:05}", fleet.name))?,
            subscription: SubscriptionName::new("nearby")?,
            subprotocol: fleet.subprotocol,
            radius_m: fleet.radius_m,
            look_around: fleet.look_around,
            place: places.pick(&mut chance),
            places,
            chance,
            trip_m: 0.0..0.0,
            dropoff: None,
            by_id: HashMap::new(),
            by_handle: HashMap::new(),
            latencies: Vec::new(),
            index,
        })
    }

    /// Asks for rides, over `trip_m` metres as the crow flies.
    pub(crate) fn asking_for_rides(
        mut self,
        manners: Manners,
        trip_m: std::ops::Range<f64>,
        keys: &str,
        chance: ChaCha8Rng,
    ) -> Result<Self, ridecast_protocol::InvalidName> {
        let channel = SubscriptionName::new("ride")?;
        let play = RiderPlay::new(manners, keys, channel, chance);
        self.desk = Desk::new(Arc::clone(&self.context), Some(play));
        self.trip_m = trip_m;
        Ok(self)
    }

    fn is_free(&self) -> bool {
        self.desk.play().is_some_and(RiderPlay::is_free)
    }

    fn wish(&mut self) {
        let (from, now) = (self.place, Instant::now());
        let to = self.places.trip(from, &self.trip_m, &mut self.chance);
        self.dropoff = Some(to);
        self.desk.with_play(now, |play| play.wish(from, to, now));
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

    /// Who waits for a ride stays; who has had one is where it led.
    fn walk(&mut self, time: Duration) {
        if self.desk.play().is_some_and(|play| !play.is_free()) {
            return;
        }
        if let Some(dropoff) = self.dropoff.take() {
            self.place = dropoff;
        } else if self.chance.random_ratio(1, ELSEWHERE) {
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
            Incoming::Message(message) => {
                if let Some(message) = self.desk.take(message, now) {
                    self.take_message(&message, now);
                }
            }
            Incoming::Ended(_) => {}
            Incoming::Unreadable => tally.error("unreadable_message"),
        }
    }

    fn take_message(&mut self, message: &ServerMessage, now: Instant) {
        let tally = &self.context.tally;
        match message {
            ServerMessage::Vehicles(message) => self.take_json(message, now),
            ServerMessage::Error { error, .. } => {
                tally.error(error.code.as_str());
            }
            ServerMessage::Ok { .. } => {}
            _ => tally.error("unexpected_message"),
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
        let view = self
            .by_handle
            .entry(frame.subscription.clone())
            .or_insert_with(View::new);
        // Before the changes: a handle that left may be another's in the same frame.
        for handle in &frame.left {
            view.leave(handle);
        }
        if frame.snapshot {
            view.snapshot(entries, tally);
        } else {
            view.change(entries, now, &mut self.latencies, tally);
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
        let view = self
            .by_id
            .entry(message.subscription.clone())
            .or_insert_with(View::new);
        for id in &message.left {
            view.leave(id);
        }
        if message.snapshot {
            view.snapshot(entries, tally);
        } else {
            view.change(entries, now, &mut self.latencies, tally);
        }
        tally.latencies(self.index, &mut self.latencies);
    }
}

impl Client for Rider {
    fn number(&self) -> usize {
        self.index
    }

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

    fn resume(&self) -> Option<&Resume> {
        self.desk.resume()
    }

    async fn session(&mut self, mut connection: Connection, _first: bool) -> Ending {
        self.by_id.clear();
        self.by_handle.clear();
        self.desk.session(connection.inbox(), Instant::now());
        let context = Arc::clone(&self.context);
        let stop = context.stop_riders.clone();
        let subscribe = ClientMessage::Subscribe(self.nearby());
        if let Err(ending) = connection.send(Some(1), subscribe).await {
            return ending;
        }
        // Riders that came together must not all move together.
        let mut pause = self.look_around.mul_f64(self.chance.random_range(0.5..1.5));
        let mut look = tokio::time::Instant::now() + pause;
        let mut wound_up = false;
        loop {
            for (id, message) in self.desk.due(Instant::now()) {
                if let Err(ending) = connection.send(id, message).await {
                    return ending;
                }
            }
            let wake = self.desk.next();
            tokio::select! {
                () = stop.cancelled() => break,
                Ok(wish) = context.demand.acquire(), if self.is_free() => {
                    wish.forget();
                    self.wish();
                }
                () = context.wind_up.cancelled(), if !wound_up => {
                    wound_up = true;
                    self.desk.with_play(Instant::now(), RiderPlay::wind_up);
                }
                () = at(wake) => {}
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
        if let Some((id, ack)) = self.desk.ack() {
            // Whoever leaves without it is told these events again, and knows them.
            let _ = connection.send(id, ack).await;
        }
        connection.close().await;
        Ending::Stopped
    }
}
