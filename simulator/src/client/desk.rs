//! What driver and rider do alike about rides: read the inbox, acknowledge,
//! bring requests to their end, and let the play know.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ridecast_protocol::{Ack, ClientMessage, Event, InboxPlace, RequestId, Resume, ServerMessage};

use super::Context;
use super::errands::Errands;
use super::inbox::{Broken, Inbox};
use crate::Order;
use crate::play::{Act, Play};

/// Events are acknowledged together, after this at the latest.
const ACK_AFTER: Duration = Duration::from_millis(500);

pub(super) struct Desk<P> {
    context: Arc<Context>,
    inbox: Inbox,
    errands: Errands,
    /// `None`: takes no part in rides, but follows the inbox all the same.
    play: Option<P>,
    ack_at: Option<Instant>,
    is_busy: bool,
    orders: Vec<Order>,
}

impl<P: Play> Desk<P> {
    pub(super) fn new(context: Arc<Context>, play: Option<P>) -> Self {
        Self {
            context,
            inbox: Inbox::default(),
            errands: Errands::default(),
            play,
            ack_at: None,
            is_busy: false,
            orders: Vec::new(),
        }
    }

    pub(super) const fn resume(&self) -> Option<&Resume> {
        self.inbox.resume()
    }

    pub(super) const fn play(&self) -> Option<&P> {
        self.play.as_ref()
    }

    /// A session begins.
    pub(super) fn session(&mut self, place: Option<InboxPlace>, now: Instant) {
        if let Some(place) = place {
            self.stands(place);
        }
        // What was acknowledged may not have arrived; it is cumulative.
        self.errands.session(now);
        self.with_play(now, Play::session);
    }

    /// When there is something to do although nothing comes.
    pub(super) fn next(&self) -> Option<Instant> {
        let play = self.play.as_ref().and_then(Play::next);
        [play, self.errands.next(), self.ack_at]
            .into_iter()
            .flatten()
            .min()
    }

    /// Lets the play act.
    pub(super) fn with_play(&mut self, now: Instant, act: impl FnOnce(&mut P)) {
        if let Some(play) = &mut self.play {
            act(play);
            for act in play.acts() {
                match act {
                    Act::Ask(message) => {
                        if !self.errands.add(message, now) {
                            self.context.tally.error("too_many_errands");
                        }
                    }
                    Act::Drive(order) => self.orders.push(order),
                    Act::Tell(fact) => self.context.rides.fact(&fact),
                }
            }
        }
        self.mark_busy();
    }

    /// Where the vehicle is to go since this was asked last; the last counts.
    pub(super) fn order(&mut self) -> Option<Order> {
        self.orders.drain(..).next_back()
    }

    /// What is to be sent now.
    pub(super) fn due(&mut self, now: Instant) -> Vec<(Option<u64>, ClientMessage)> {
        self.with_play(now, |play| play.pass(now));
        let mut due = Vec::new();
        if self.ack_at.is_some_and(|at| at <= now) {
            due.extend(self.ack());
        }
        while let Some((id, message)) = self.errands.due(now) {
            due.push((Some(id), message));
        }
        due
    }

    /// The last words of a session.
    pub(super) fn ack(&mut self) -> Option<(Option<u64>, ClientMessage)> {
        self.ack_at = None;
        let offset = self.inbox.ack()?;
        Some((None, ClientMessage::Ack(Ack { offset })))
    }

    /// Takes a message that is its business; gives back all others.
    pub(super) fn take(&mut self, message: ServerMessage, now: Instant) -> Option<ServerMessage> {
        match message {
            ServerMessage::Inbox(place) => self.stands(place),
            ServerMessage::Event { offset, event, .. } => self.event(offset, &event, now),
            ServerMessage::Progress(_) => self.context.rides.progress(),
            ServerMessage::Ok { id, ride, .. } if is_errand(&id) => {
                if let Some(asked) = number(&id).and_then(|id| self.errands.done(id, now)) {
                    self.with_play(now, |play| play.done(&asked, ride.as_deref(), now));
                }
                self.mark_busy();
            }
            ServerMessage::Error {
                id: Some(id),
                error,
            } if is_errand(&id) => {
                self.context.rides.refused(error.code.as_str());
                let asked = number(&id).and_then(|id| self.errands.refused(id, error.code, now));
                if let Some(asked) = asked {
                    self.with_play(now, |play| play.refused(&asked, error.code, now));
                }
                self.mark_busy();
            }
            other => return Some(other),
        }
        None
    }

    fn stands(&mut self, place: InboxPlace) {
        let broken = self.inbox.stands(place);
        self.count(broken);
    }

    fn event(&mut self, offset: u64, event: &Event, now: Instant) {
        match self.inbox.event(offset) {
            Ok(broken) => {
                self.context.rides.event();
                self.count(broken);
                self.with_play(now, |play| play.event(event, now));
            }
            Err(broken) => self.count(broken),
        }
        if self.inbox.is_unacked() && self.ack_at.is_none() {
            self.ack_at = Some(now + ACK_AFTER);
        }
    }

    fn count(&self, broken: Broken) {
        self.context.rides.broken(broken.missed, broken.doubled);
    }

    fn mark_busy(&mut self) {
        let plays = self.play.as_ref().is_some_and(Play::is_busy);
        let is_busy = plays || !self.errands.is_empty();
        if is_busy != self.is_busy {
            self.is_busy = is_busy;
            self.context.rides.busy(is_busy);
        }
    }
}

fn number(id: &RequestId) -> Option<u64> {
    match id {
        RequestId::Number(id) => Some(*id),
        RequestId::Text(_) => None,
    }
}

fn is_errand(id: &RequestId) -> bool {
    number(id).is_some_and(Errands::is_one)
}
