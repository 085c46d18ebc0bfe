use std::task::{Context, Poll};

use bytes::Bytes;
use ridecast_protocol::{ErrorBody, ServerMessage, Subscribe, SubscriptionName};

use super::{Aim, Full, Hub, Message, Sees};

/// A session's place at the hub of its thread, held by its actor. Dropping it
/// ends the session's subscriptions, and its feed once that is empty.
pub struct Seat {
    hub: Hub,
    id: usize,
}

/// What goes out to a session's client, held by its socket.
pub struct Feed {
    pub(super) hub: Hub,
    pub(super) id: usize,
}

pub(super) fn pair(hub: &Hub, id: usize) -> (Seat, Feed) {
    let (seat, feed) = (hub.clone(), hub.clone());
    (Seat { hub: seat, id }, Feed { hub: feed, id })
}

impl Seat {
    /// Sends a message after those already waiting.
    ///
    /// # Errors
    /// [`Full`]: the client does not take its replies.
    pub fn send(&self, message: &ServerMessage) -> Result<(), Full> {
        // Our own types: no map with other keys than text, no failing field.
        let text = serde_json::to_vec(message).unwrap_or_default();
        self.push(Message::Text(text.into()))
    }

    /// Sends a ping, a pong or a close.
    ///
    /// # Errors
    /// [`Full`].
    pub fn push(&self, message: Message) -> Result<(), Full> {
        self.hub.state.borrow_mut().push(self.id, message)
    }

    /// Whether the client can take an event now: what it has not taken yet is little.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.hub.state.borrow().has_room(self.id)
    }

    /// Nothing more will be sent: when what waits has gone out, so does the service's end of the
    /// connection.
    pub fn hang_up(&self) {
        self.hub.state.borrow_mut().seats[self.id].outbox.end();
    }

    /// Answers a protocol ping.
    ///
    /// # Errors
    /// [`Full`].
    pub fn pong(&self, payload: Bytes) -> Result<(), Full> {
        self.push(Message::Pong(payload))
    }

    /// Starts a subscription: its first frame is a snapshot, the others are changes.
    ///
    /// # Errors
    /// What to tell the client.
    pub fn subscribe(&self, request: &Subscribe) -> Result<(), ErrorBody> {
        let done = self.hub.state.borrow_mut().subscribe(self.id, request);
        self.hub.stir();
        done
    }

    /// Moves a subscription.
    ///
    /// # Errors
    /// What to tell the client.
    pub fn update(&self, request: &Subscribe) -> Result<(), ErrorBody> {
        let done = self.hub.state.borrow_mut().update(self.id, request);
        self.hub.stir();
        done
    }

    /// Ends a subscription.
    ///
    /// # Errors
    /// What to tell the client.
    pub fn unsubscribe(&self, name: &SubscriptionName) -> Result<(), ErrorBody> {
        self.hub.state.borrow_mut().unsubscribe(self.id, name)
    }

    /// Starts a subscription that shows one vehicle, none until [`Seat::aim`] says which:
    /// its first frame is an empty snapshot. It sees what a ride lets its people see: the
    /// vehicle under its own id, engaged or not. `update` does not work on it.
    ///
    /// # Errors
    /// What to tell the client: of its name, of `max_rate_hz`, or that it has too many.
    pub fn follow(
        &self,
        name: &SubscriptionName,
        max_rate_hz: Option<f32>,
    ) -> Result<(), ErrorBody> {
        let mut state = self.hub.state.borrow_mut();
        state.follow(self.id, name, max_rate_hz)
    }

    /// From now on a subscription made by [`Seat::follow`] shows this vehicle, wherever it
    /// goes, or no longer any. Told at once, whatever the rate. Without effect on
    /// subscriptions that are not there or are for an area.
    pub fn aim(&self, name: &SubscriptionName, at: Option<Aim>) {
        self.hub.state.borrow_mut().aim(self.id, name, at);
        self.hub.stir();
    }

    /// Of which vehicles the subscriptions made from now on may tell; at first of
    /// [`Sees::Free`] ones.
    pub fn sees(&self, sees: Sees) {
        self.hub.state.borrow_mut().seats[self.id].sees = sees;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.state.borrow_mut().actor_left(self.id);
    }
}

impl Feed {
    /// The next message; `None` when the session is over.
    ///
    /// Replies first. Vehicles are composed here, at the moment the socket can
    /// take them: what a slow client has not taken yet is not bytes in a queue
    /// but a set of vehicles, and it gets each as it is by then.
    pub fn poll_next(&mut self, cx: &Context<'_>) -> Poll<Option<Message>> {
        self.hub.state.borrow_mut().poll(self.id, cx.waker())
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.hub.state.borrow_mut().socket_left(self.id);
    }
}
