//! Requests about rides: each is sent until it is answered.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use ridecast_protocol::{ClientMessage, ErrorCode};

/// Without an answer, a request is sent again after this.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// After the service said that it may work later.
const AGAIN_AFTER: Duration = Duration::from_millis(700);
/// More than anybody wishes at one time; what comes on top is not asked at all.
const MOST: usize = 32;
/// Ids of these requests begin here, those of all others stay below.
const FIRST_ID: u64 = 1 << 32;

/// One after the other, in order: what is asked first is done first, also when
/// the connection breaks in between. All of them may be repeated.
#[derive(Debug, Default)]
pub(super) struct Errands {
    waiting: VecDeque<ClientMessage>,
    next_id: u64,
    /// The first of those waiting is under way under this id.
    under_way: Option<u64>,
    /// Then the first is sent, again.
    send_at: Option<Instant>,
}

impl Errands {
    /// False: there is too much to do already.
    pub(super) fn add(&mut self, message: ClientMessage, now: Instant) -> bool {
        if self.waiting.len() >= MOST {
            return false;
        }
        self.waiting.push_back(message);
        if self.under_way.is_none() && self.send_at.is_none() {
            self.send_at = Some(now);
        }
        true
    }

    /// A session begins: what was not answered is asked again, but subscriptions ended with the
    /// session before.
    pub(super) fn session(&mut self, now: Instant) {
        self.waiting.retain(|message| {
            !matches!(
                message,
                ClientMessage::Subscribe(_) | ClientMessage::Unsubscribe(_)
            )
        });
        self.under_way = None;
        self.send_at = (!self.waiting.is_empty()).then_some(now);
    }

    pub(super) const fn next(&self) -> Option<Instant> {
        self.send_at
    }

    /// What is to be sent now, under which id.
    pub(super) fn due(&mut self, now: Instant) -> Option<(u64, ClientMessage)> {
        if self.send_at.is_none_or(|at| at > now) {
            return None;
        }
        let message = self.waiting.front()?.clone();
        self.next_id += 1;
        let id = FIRST_ID + self.next_id;
        self.under_way = Some(id);
        self.send_at = Some(now + ANSWER_WITHIN);
        Some((id, message))
    }

    /// Whether an answer under this id is to one of these requests.
    pub(super) const fn is_one(id: u64) -> bool {
        id > FIRST_ID
    }

    /// Carried out. Gives the request; `None`: it has been answered before.
    pub(super) fn done(&mut self, id: u64, now: Instant) -> Option<ClientMessage> {
        if self.under_way != Some(id) {
            return None;
        }
        self.under_way = None;
        let done = self.waiting.pop_front();
        self.send_at = (!self.waiting.is_empty()).then_some(now);
        done
    }

    /// Refused. Gives the request when that is final.
    pub(super) fn refused(
        &mut self,
        id: u64,
        code: ErrorCode,
        now: Instant,
    ) -> Option<ClientMessage> {
        if self.under_way != Some(id) {
            return None;
        }
        if code.retryable() {
            self.under_way = None;
            self.send_at = Some(now + AGAIN_AFTER);
            return None;
        }
        self.done(id, now)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use ridecast_protocol::{RideId, RideStep, SubscriptionName, Unsubscribe};

    use super::*;

    fn step(id: &str) -> ClientMessage {
        ClientMessage::StartRide(RideStep {
            ride_id: RideId::new(id).unwrap(),
        })
    }

    #[test]
    fn one_after_the_other_and_again_until_answered() {
        let now = Instant::now();
        let mut errands = Errands::default();
        assert!(errands.add(step("a"), now) && errands.add(step("b"), now));
        let (first, message) = errands.due(now).unwrap();
        assert_eq!(message, step("a"));
        assert_eq!(errands.due(now), None, "the second waits for the first");
        let later = now + ANSWER_WITHIN;
        let (again, message) = errands.due(later).unwrap();
        assert_eq!(message, step("a"), "no answer came");
        assert_eq!(errands.done(first, later), None, "a late answer");
        let code = ErrorCode::Unavailable;
        assert_eq!(errands.refused(again, code, later), None);
        assert_eq!(errands.due(later), None);
        let (again, _) = errands.due(later + AGAIN_AFTER).unwrap();
        let refused = errands.refused(again, ErrorCode::WrongRideState, later);
        assert_eq!(refused, Some(step("a")));
        assert_eq!(errands.due(later).unwrap().1, step("b"));
    }

    #[test]
    fn a_new_session_repeats_all_but_subscriptions() {
        let now = Instant::now();
        let mut errands = Errands::default();
        let unsubscribe = ClientMessage::Unsubscribe(Unsubscribe {
            subscription: SubscriptionName::new("ride").unwrap(),
        });
        errands.add(step("a"), now);
        errands.add(unsubscribe, now);
        let (lost, _) = errands.due(now).unwrap();
        errands.session(now);
        let (id, message) = errands.due(now).unwrap();
        assert_eq!(message, step("a"));
        assert_eq!(errands.done(lost, now), None);
        assert_eq!(errands.done(id, now), Some(step("a")));
        assert!(errands.is_empty());
        assert_eq!(errands.next(), None);
    }

    #[test]
    fn there_is_an_end_to_what_may_wait() {
        let now = Instant::now();
        let mut errands = Errands::default();
        let taken = (0..100).filter(|_| errands.add(step("a"), now)).count();
        assert_eq!(taken, MOST);
    }
}
