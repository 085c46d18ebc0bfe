use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use tokio::time::Instant;

/// Whether a connection has a request under way, and since when it has not.
///
/// actix-http limits the time of the first head of a connection only: a second one may come byte
/// by byte for ever, and so may the rest of a body that nobody waits for any more.
#[derive(Debug)]
pub struct Watch {
    busy: Cell<usize>,
    since: Cell<Instant>,
    /// How long the client may take to its next request. `None`: it is nobody's business any
    /// more, the socket was taken over.
    patience: Cell<Option<Duration>>,
    /// Who reads, and must be told when the patience begins.
    reader: RefCell<Option<Waker>>,
}

impl Watch {
    pub(super) fn new(patience: Duration) -> Rc<Self> {
        Rc::new(Self {
            busy: Cell::new(0),
            since: Cell::new(Instant::now()),
            patience: Cell::new(Some(patience)),
            reader: RefCell::default(),
        })
    }

    /// A request has come whole; its answer ends when what is returned is dropped.
    pub(super) fn begin(self: &Rc<Self>) -> Busy {
        self.busy.set(self.busy.get() + 1);
        Busy(Rc::clone(self))
    }

    /// The socket has been taken over.
    pub(super) fn release(&self) {
        self.patience.set(None);
    }

    pub(super) const fn is_released(&self) -> bool {
        self.patience.get().is_none()
    }

    /// By when the next request must be here, for who waits to read.
    pub(super) fn deadline(&self, cx: &Context<'_>) -> Option<Instant> {
        let patience = self.patience.get()?;
        if self.busy.get() == 0 {
            return Some(self.since.get() + patience);
        }
        let mut reader = self.reader.borrow_mut();
        if !reader.as_ref().is_some_and(|it| it.will_wake(cx.waker())) {
            *reader = Some(cx.waker().clone());
        }
        None
    }

    /// The client is still taking the last answer.
    pub(super) fn again(&self) {
        self.since.set(Instant::now());
    }

    /// Whether the client has had all the time it may have.
    pub(super) fn is_over(&self, longest: Duration) -> bool {
        !self.is_released() && self.busy.get() == 0 && self.since.get().elapsed() >= longest
    }
}

/// A request under way.
pub(super) struct Busy(Rc<Watch>);

impl Drop for Busy {
    fn drop(&mut self) {
        let watch = &self.0;
        watch.busy.set(watch.busy.get() - 1);
        watch.since.set(Instant::now());
        if watch.busy.get() == 0
            && let Some(reader) = watch.reader.take()
        {
            reader.wake();
        }
    }
}

/// The body of an answer, until whose end its request is under way.
pub struct Attended {
    body: BoxBody,
    _busy: Option<Busy>,
}

impl Attended {
    pub(super) const fn new(body: BoxBody, busy: Option<Busy>) -> Self {
        Self { body, _busy: busy }
    }
}

impl MessageBody for Attended {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}
