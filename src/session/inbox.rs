//! How a session reads its inbox out to its client, and acts on rides.

use std::sync::Arc;
use std::time::Duration;

use actix::{ActorFutureExt as _, AsyncContext, Context, Handler, WrapFuture as _};
use ridecast_protocol::{
    ClientMessage, CloseCode, ErrorBody, ErrorCode, Event, InboxPlace, RequestId, Resume, Role,
    ServerMessage, Welcome,
};

use super::actor::{End, SessionActor};
use super::events::{Events, PAGE};
use super::{Done, Part};
use crate::auth::Person;
use crate::hub::Message;
use crate::inbox::{Next, Word, as_of};
use crate::store::{Address, StoredEvent};
use crate::telemetry::{Limit, now_ms};

/// After the store did not answer.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// While the client has not taken what it was sent.
const LOOK_FOR_ROOM_AFTER: Duration = Duration::from_millis(50);
/// Requests about rides that may wait for the one before.
const MOST_WAITING: usize = 32;

impl<P: Part> SessionActor<P> {
    /// Finds out where the inbox stands, and says `welcome`.
    pub(super) fn greet(&mut self, ctx: &mut Context<Self>) {
        let session = &self.session;
        let address = Address::of(session.person.role, &session.person.user);
        let (id, tell) = (session.id.clone(), ctx.address().recipient());
        // First the box, then the look: what comes in between is told and seen.
        let at = session.post.rent(address.clone(), id, tell);
        self.events = Some(Events::new(at));
        let (post, resume) = (Arc::clone(&session.post), session.resume.clone());
        let opening = async move { post.open(&address, resume.as_ref()).await };
        // Nothing else is looked at meanwhile: `welcome` is the first message of every session.
        ctx.wait(opening.into_actor(self).map(|place, actor, ctx| {
            if actor.closing {
                return;
            }
            let opened = place.ok();
            let place = opened.as_ref().map(|(place, _)| place);
            let session = &actor.session;
            let welcome = ServerMessage::Welcome(Welcome {
                session: session.id.clone(),
                user: session.person.user.clone(),
                role: session.person.role,
                heartbeat_ms: u64::try_from(actor.heartbeat.as_millis()).unwrap_or(u64::MAX),
                server_time_ms: now_ms(),
                epoch: place.map(|place| place.epoch.clone()),
                offset: place.map(|place| place.offset),
                recovered: place.and_then(|place| place.recovered),
            });
            // The first message always fits.
            let _ = session.send(&welcome);
            actor.part.began(session, ctx.address().recipient());
            match opened {
                Some((place, newest)) => actor.begin(place, newest, ctx),
                None => Self::open_later(ctx),
            }
        }));
    }

    /// The store was away when the session began.
    fn open_later(ctx: &mut Context<Self>) {
        ctx.run_later(TRY_AGAIN_AFTER, Self::open);
    }

    /// Finds out where the inbox stands while the session is under way, and says so.
    fn open(&mut self, ctx: &mut Context<Self>) {
        let session = &self.session;
        let address = Address::of(session.person.role, &session.person.user);
        let (post, resume) = (Arc::clone(&session.post), session.resume.clone());
        let opening = async move { post.open(&address, resume.as_ref()).await };
        ctx.spawn(opening.into_actor(self).map(|place, actor, ctx| {
            let Ok((place, newest)) = place else {
                return Self::open_later(ctx);
            };
            let told = actor.session.send(&ServerMessage::Inbox(place.clone()));
            if told.is_err() {
                return actor.end(&End::because(CloseCode::SlowConsumer), ctx);
            }
            actor.begin(place, newest, ctx);
        }));
    }

    /// What comes next is not kept any more: the client is told so, and where it goes on.
    fn begin_anew(&mut self, ctx: &mut Context<Self>) {
        if let Some(events) = &mut self.events {
            events.forget();
        }
        // A place in no inbox, so that the answer is that it is not there.
        self.session.resume = Some(Resume::default());
        self.open(ctx);
    }

    fn begin(&mut self, place: InboxPlace, newest: u64, ctx: &mut Context<Self>) {
        if let Some(events) = &mut self.events {
            events.reading.begin(place.offset);
            events.reading.exists(newest);
            events.epoch = Some(place.epoch);
        }
        self.catch_up(ctx);
    }

    /// Asks the store whether there are events that this session was not told of.
    pub(super) fn look(&mut self, ctx: &mut Context<Self>) {
        let Some(events) = self.events.as_ref().filter(|events| events.epoch.is_some()) else {
            return;
        };
        let (post, address) = (Arc::clone(&self.session.post), events.at.address().clone());
        let asking = async move { post.newest(&address).await };
        ctx.spawn(asking.into_actor(self).map(|newest, actor, ctx| {
            let (Ok((epoch, newest)), Some(events)) = (newest, &mut actor.events) else {
                return;
            };
            if events.epoch.as_ref() != Some(&epoch) {
                // The store has lost what it had.
                return actor.begin_anew(ctx);
            }
            events.reading.exists(newest);
            actor.catch_up(ctx);
        }));
    }

    /// Reads on, if there is something to read and the client can take it.
    pub(super) fn catch_up(&mut self, ctx: &mut Context<Self>) {
        let room = self.session.seat.has_room();
        let Some(events) = self.events.as_mut().filter(|_| !self.closing) else {
            return;
        };
        let newest = events.at.newest();
        match events.reading.next(newest, room) {
            Next::Read(after) => self.read(after, ctx),
            Next::Wait => {
                if events.is_stuck() {
                    return self.end(&End::because(CloseCode::SlowConsumer), ctx);
                }
                ctx.run_later(LOOK_FOR_ROOM_AFTER, |actor, ctx| {
                    if let Some(events) = &mut actor.events {
                        events.reading.waited();
                    }
                    actor.catch_up(ctx);
                });
            }
            Next::Rest => {}
        }
    }

    fn read(&mut self, after: u64, ctx: &mut Context<Self>) {
        let Some(events) = &self.events else { return };
        let (post, address) = (Arc::clone(&self.session.post), events.at.address().clone());
        let reading = async move { post.events(&address, after, PAGE).await };
        ctx.spawn(reading.into_actor(self).map(|page, actor, ctx| {
            let Some(events) = &mut actor.events else {
                return;
            };
            let failed = page.is_err();
            let Ok(page) = events.reading.read(page.ok()) else {
                return actor.begin_anew(ctx);
            };
            for event in page {
                if !actor.session.seat.has_room() {
                    if let Some(events) = &mut actor.events {
                        events.reading.back_to(event.offset - 1);
                    }
                    break;
                }
                if !actor.send_event(&event, ctx) {
                    return;
                }
            }
            if failed {
                ctx.run_later(TRY_AGAIN_AFTER, Self::catch_up);
            } else {
                actor.catch_up(ctx);
            }
        }));
    }

    /// False: the client does not take it, and the session ends.
    fn send_event(&mut self, stored: &StoredEvent, ctx: &mut Context<Self>) -> bool {
        let Some(events) = &mut self.events else {
            return false;
        };
        let event = serde_json::from_str::<Event>(&stored.event);
        let text = match event {
            Ok(event) => {
                let event = as_of(event, now_ms());
                events.sent(stored.offset, &event, self.session.person.role);
                if let Event::Ride(ride) = &event {
                    self.aim(ride, ctx);
                    let Person { role, user, .. } = &self.session.person;
                    if *role == Role::Driver {
                        self.session.rides.driver_heard(user, ride);
                    }
                }
                serde_json::to_string(&event).unwrap_or_default()
            }
            // A newer version of the service wrote it, for clients that know it.
            Err(_) => stored.event.clone(),
        };
        let (offset, at_ms) = (stored.offset, stored.at_ms);
        let text =
            format!(r#"{{"type":"event","offset":{offset},"at_ms":{at_ms},"event":{text}}}"#);
        let epoch = self.events.as_ref().and_then(|it| it.epoch.as_deref());
        let place = format!("{}.{offset}", epoch.unwrap_or_default());
        let text = text.into();
        let sent = self.session.seat.push(Message::Event { place, text });
        if sent.is_err() {
            self.end(&End::because(CloseCode::SlowConsumer), ctx);
        }
        sent.is_ok()
    }

    pub(super) fn acked(&mut self, offset: u64) -> Result<Done, ErrorBody> {
        let got = self.events.as_mut().and_then(|it| it.acked(offset));
        let got = got.ok_or_else(|| {
            ErrorBody::new(
                ErrorCode::InvalidMessage,
                "`offset` is beyond what this session was sent",
            )
        })?;
        for (ride, number) in got {
            let (rides, person) = (Arc::clone(&self.session.rides), self.session.person.clone());
            actix::spawn(async move {
                // A receipt that is lost is made up for by the next, or by `read_chat`.
                let _ = rides.delivered(person, ride, number).await;
            });
        }
        Ok(Done::default())
    }

    /// Puts a request about rides behind those that came before.
    pub(super) fn take_up(
        &mut self,
        id: Option<RequestId>,
        message: ClientMessage,
        ctx: &mut Context<Self>,
    ) -> Result<(), CloseCode> {
        if self.waiting.len() >= MOST_WAITING || !self.throttle.ride() {
            self.session.metrics.limited(Limit::RideRequests);
            let error = ErrorBody::new(
                ErrorCode::RateLimited,
                "too many requests about rides (`ride_requests`); this one was not carried out",
            );
            return self.session.answer(id, Err(error));
        }
        self.waiting.push_back((id, message));
        self.act(ctx);
        Ok(())
    }

    fn act(&mut self, ctx: &mut Context<Self>) {
        if self.is_acting || self.closing {
            return;
        }
        let Some((id, message)) = self.waiting.pop_front() else {
            return;
        };
        self.is_acting = true;
        let doing = self.part.act(&self.session, message);
        ctx.spawn(doing.into_actor(self).map(|result, actor, ctx| {
            actor.is_acting = false;
            let result = result.and_then(|done| actor.follow(done, ctx));
            if let Err(code) = actor.session.answer(id, result) {
                return actor.end(&End::because(code), ctx);
            }
            actor.act(ctx);
        }));
    }
}

impl<P: Part> Handler<Word> for SessionActor<P> {
    type Result = ();

    fn handle(&mut self, word: Word, ctx: &mut Self::Context) {
        if self.closing {
            return;
        }
        match word {
            Word::Event(event) => {
                let room = self.session.seat.has_room();
                let reading = self.events.as_mut().map(|events| &mut events.reading);
                if reading.is_some_and(|reading| reading.told(event.offset, room)) {
                    self.send_event(&event, ctx);
                } else {
                    self.catch_up(ctx);
                }
            }
            Word::Whisper(message) => {
                if self.session.seat.has_room() {
                    let text = message.as_bytes().to_vec().into();
                    // Newest wins: the next one comes in a moment.
                    let _ = self.session.seat.push(Message::Text(text));
                }
            }
            Word::Look => self.look(ctx),
        }
    }
}
