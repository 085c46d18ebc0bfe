//! Somebody who has the link of a shared ride, and watches it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{
    Actor, ActorContext, ActorFutureExt as _, AsyncContext, Context, Handler, StreamHandler,
    WrapFuture as _,
};
use futures_util::Stream;
use ridecast_protocol::{
    CloseCode, Event, Ride, ServerMessage, SessionId, ShareMessage, VehicleUpdate,
};

use crate::driver::Garage;
use crate::hub::{Full, Message, Seat};
use crate::inbox::{PostBox, Word};
use crate::ride::Refusal;
use crate::rides::{RidesError, SharedRide};
use crate::session::{End, FAREWELL, Incoming, Place, Sessions, bye};
use crate::store::{Address, StoredEvent};
use crate::telemetry::now_ms;

/// The actor of one viewer. It hears what the ride's rider is told, and passes on what the link
/// is for: the ride and its progress, and where its vehicle is. Never chat, notices or other rides.
pub struct Viewer {
    id: SessionId,
    garage: Garage,
    token: String,
    shared: SharedRide,
    seat: Seat,
    _place: Place,
    /// Since when the viewer is at the rider's inbox, until dropped.
    at: Option<PostBox>,
    /// The ride as it was shown last.
    ride: Ride,
    vehicle: Option<VehicleUpdate>,
    heard: Instant,
    closing: bool,
}

/// How often it is looked whether the link still lives: one that is withdrawn shows no more after
/// so long, and a change that this node was not told of is seen.
const CHECK_EVERY: Duration = Duration::from_secs(4);
/// How often the vehicle is shown at most.
const VEHICLE_EVERY: Duration = Duration::from_millis(500);
/// As of every session.
const HEARTBEATS_MISSED: u32 = 2;
/// Words of the post office that may wait; of more, the viewer learns at the next check.
const MAILBOX: usize = 64;

impl Viewer {
    /// A viewer of a ride by a link that shows it.
    #[must_use]
    pub fn new(
        garage: Garage,
        (token, shared): (String, SharedRide),
        seat: Seat,
        place: Place,
    ) -> Self {
        Self {
            id: Sessions::name(),
            garage,
            token,
            ride: shared.seen(),
            shared,
            seat,
            _place: place,
            at: None,
            vehicle: None,
            heard: Instant::now(),
            closing: false,
        }
    }

    /// Lives as long as `signs` come, on the thread of its seat.
    pub fn start(self, heartbeat: Duration, signs: impl Stream<Item = Incoming> + 'static) {
        Self::create(|ctx| {
            ctx.add_stream(signs);
            ctx.run_interval(heartbeat, move |viewer, ctx| {
                if viewer.heard.elapsed() > heartbeat * HEARTBEATS_MISSED {
                    viewer.end(&End::because(CloseCode::Silent), ctx);
                } else if viewer.seat.push(Message::Ping).is_err() {
                    viewer.end(&End::because(CloseCode::SlowConsumer), ctx);
                }
            });
            self
        });
    }

    /// Whether the link lives, and what has become of the ride; and so on, for ever.
    fn check(&mut self, ctx: &mut Context<Self>) {
        let (rides, token) = (Arc::clone(&self.garage.rides), self.token.clone());
        let checking = async move {
            let shared = rides.linked(&token).await?;
            // On another node it stays known here by being looked for.
            rides.find_vehicle(&shared.ride).await;
            Ok(shared)
        };
        ctx.spawn(checking.into_actor(self).map(|shared, viewer, ctx| {
            match shared {
                Ok(shared) => viewer.show(shared.seen(), ctx),
                Err(RidesError::Refused(Refusal::Unknown)) => {
                    return viewer.end(&End::because(CloseCode::Over), ctx);
                }
                // The store is away: what is known stays shown, until the link's time is over.
                Err(_) => {}
            }
            ctx.run_later(CHECK_EVERY, Self::check);
        }));
    }

    /// The ride is like this, or was.
    fn show(&mut self, ride: Ride, ctx: &mut Context<Self>) {
        if self.closing || ride.version <= self.ride.version {
            return;
        }
        let before = std::mem::replace(&mut self.ride, ride);
        let is_news = before
            != Ride {
                version: before.version,
                ..self.ride.clone()
            };
        if is_news {
            self.show_ride(ctx);
        }
    }

    fn show_ride(&mut self, ctx: &mut Context<Self>) {
        let ride = Box::new(self.ride.clone());
        if self.send(&ShareMessage::Ride(ride)).is_err() {
            self.end(&End::because(CloseCode::SlowConsumer), ctx);
        } else if self.ride.state.is_over() {
            self.end(&End::because(CloseCode::Over), ctx);
        }
    }

    /// Newest wins: what the client has no room for now, it gets as it is then.
    fn show_vehicle(&mut self) {
        if self.closing || !self.seat.has_room() {
            return;
        }
        let card = self.ride.driver.as_ref();
        let vehicle = card.and_then(|card| self.garage.fleet.get(&card.id));
        let vehicle = vehicle.and_then(|it| Some(it.seen()?.update(it.id())));
        if let Some(vehicle) = vehicle
            && self.vehicle.as_ref() != Some(&vehicle)
        {
            let _ = self.send(&ShareMessage::Vehicle(vehicle.clone()));
            self.vehicle = Some(vehicle);
        }
    }

    /// What the rider is told of an event, the viewer is not, unless it is this ride.
    fn hear(&mut self, stored: &StoredEvent, ctx: &mut Context<Self>) {
        if let Ok(Event::Ride(ride)) = serde_json::from_str(&stored.event)
            && ride.ride_id == self.ride.ride_id
        {
            self.show(*ride, ctx);
        }
    }

    fn pass_on(&self, message: &str) {
        if let Ok(ServerMessage::Progress(progress)) = serde_json::from_str(message)
            && progress.ride_id == self.ride.ride_id
            && self.seat.has_room()
        {
            let _ = self.send(&ShareMessage::Progress(progress));
        }
    }

    fn send(&self, message: &ShareMessage) -> Result<(), Full> {
        // Our own types: no map with other keys than text, no failing field.
        let text = serde_json::to_vec(message).unwrap_or_default();
        self.seat.push(Message::Text(text.into()))
    }

    fn end(&mut self, end: &End, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.closing, true) {
            return;
        }
        self.garage.metrics.closed(end.code.number());
        // A client that takes nothing will not take this either.
        let _ = self.seat.send(&bye(end.code, end.reconnect_in));
        let _ = self.seat.push(Message::Close {
            code: Some(end.code.number()),
            reason: end.code.reason(),
        });
        ctx.run_later(FAREWELL, |_, ctx| ctx.stop());
    }
}

impl Actor for Viewer {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        let (sessions, metrics) = (&self.garage.sessions, &self.garage.metrics);
        sessions.opened(self.id.clone(), None, ctx.address().recipient());
        metrics.viewers().inc();
        // First the box, then the look: what comes in between is told and seen.
        let whose = Address::rider(self.shared.rider());
        let tell = ctx.address().recipient();
        let post = self.garage.rides.post();
        self.at = Some(post.rent(whose, self.id.clone(), tell));
        self.show_ride(ctx);
        // How often they come is known from the beginning. The first of all finds room.
        let _ = self.seat.push(Message::Ping);
        self.check(ctx);
        ctx.run_interval(VEHICLE_EVERY, |viewer, _| viewer.show_vehicle());
        let left_ms = self.shared.until_ms.saturating_sub(now_ms());
        let left = Duration::from_millis(u64::try_from(left_ms).unwrap_or(0));
        ctx.run_later(left, |viewer, ctx| {
            viewer.end(&End::because(CloseCode::Over), ctx);
        });
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.garage.sessions.closed(&self.id);
        self.garage.metrics.viewers().dec();
    }
}

impl StreamHandler<Incoming> for Viewer {
    fn handle(&mut self, _: Incoming, _: &mut Self::Context) {
        self.heard = Instant::now();
    }
}

impl Handler<Word> for Viewer {
    type Result = ();

    fn handle(&mut self, word: Word, ctx: &mut Self::Context) {
        if self.closing {
            return;
        }
        match word {
            Word::Event(event) => self.hear(&event, ctx),
            Word::Whisper(message) => self.pass_on(&message),
            // The next check does.
            Word::Look => {}
        }
    }
}

impl Handler<End> for Viewer {
    type Result = ();

    fn handle(&mut self, end: End, ctx: &mut Self::Context) {
        self.end(&end, ctx);
    }
}
