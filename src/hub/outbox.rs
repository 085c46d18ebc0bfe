use std::collections::VecDeque;
use std::task::Waker;

use bytes::Bytes;

/// One message on its way to a client. How it is framed is the socket's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// UTF-8 text.
    Text(Bytes),
    /// A frame of `ridecast_protocol::binary`.
    Binary(Bytes),
    /// An event as UTF-8 text.
    Event {
        /// Epoch and offset, joined by a point: where to resume after it.
        place: String,
        /// The message.
        text: Bytes,
    },
    /// A protocol ping.
    Ping,
    /// Answers a protocol ping with its payload.
    Pong(Bytes),
    /// The end: nothing follows.
    Close {
        /// The close code. `None`: an empty close frame.
        code: Option<u16>,
        /// For people.
        reason: &'static str,
    },
}

impl Message {
    /// Bytes of its payload.
    fn len(&self) -> usize {
        match self {
            Self::Text(bytes)
            | Self::Binary(bytes)
            | Self::Pong(bytes)
            | Self::Event { text: bytes, .. } => bytes.len(),
            Self::Ping | Self::Close { .. } => 0,
        }
    }
}

/// More than this many replies or bytes a client may not leave untaken.
const MOST_REPLIES: usize = 1_024;
const MOST_BYTES: usize = 256 * 1024;

/// The client does not take what is sent to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client does not take its replies")]
pub struct Full;

/// The replies waiting for one client, in order. Vehicles do not wait here:
/// they are composed when the socket can take them.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    queue: VecDeque<Message>,
    bytes: usize,
    /// A close has been queued: whatever comes after it is dropped.
    closing: bool,
    /// The session is over: the feed ends when the queue is empty.
    ended: bool,
    waker: Option<Waker>,
}

impl Outbox {
    pub(super) fn push(&mut self, message: Message) -> Result<(), Full> {
        if self.closing {
            return Ok(());
        }
        self.closing = matches!(message, Message::Close { .. });
        let bytes = message.len();
        let no_room = self.queue.len() >= MOST_REPLIES || self.bytes + bytes > MOST_BYTES;
        // One alone always fits, however large.
        if !self.closing && no_room && !self.queue.is_empty() {
            return Err(Full);
        }
        self.bytes += bytes;
        self.queue.push_back(message);
        self.wake();
        Ok(())
    }

    pub(super) fn pop(&mut self) -> Option<Message> {
        let message = self.queue.pop_front()?;
        self.bytes -= message.len();
        Some(message)
    }

    /// Whether an event may be added: replies need room too, and events can wait in the store.
    pub(super) fn has_room(&self) -> bool {
        !self.closing && self.queue.len() < MOST_REPLIES / 4 && self.bytes < MOST_BYTES / 4
    }

    /// The session is over.
    pub(super) fn end(&mut self) {
        self.ended = true;
        self.wake();
    }

    pub(super) const fn ended(&self) -> bool {
        self.ended
    }

    /// Whether nothing waits, and more may come.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty() && !self.closing && !self.ended
    }

    pub(super) const fn closing(&self) -> bool {
        self.closing
    }

    pub(super) fn wake_with(&mut self, waker: &Waker) {
        match &mut self.waker {
            Some(known) => known.clone_from(waker),
            None => self.waker = Some(waker.clone()),
        }
    }

    pub(super) fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}
