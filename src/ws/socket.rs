use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_codec::{AsyncRead, AsyncWrite, ReadBuf};
use actix_web::web::BytesMut;

/// A connection, shared by who reads from it and who writes to it, both on its thread.
#[derive(Debug)]
pub(super) struct Socket<T>(Rc<RefCell<T>>);

impl<T> Clone for Socket<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

/// Read at once. It lies on the stack: a buffer for each of many idle sockets would be the
/// largest part of what they cost.
const READ_BYTES: usize = 4 * 1024;

impl<T: AsyncRead + AsyncWrite + Unpin> Socket<T> {
    pub(super) fn new(io: T) -> Self {
        Self(Rc::new(RefCell::new(io)))
    }

    /// Appends what has arrived to `unread`. `false`: the other side has ended.
    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        unread: &mut BytesMut,
    ) -> Poll<io::Result<bool>> {
        let mut bytes = [std::mem::MaybeUninit::uninit(); READ_BYTES];
        let mut buffer = ReadBuf::uninit(&mut bytes);
        ready!(Pin::new(&mut *self.0.borrow_mut()).poll_read(cx, &mut buffer))?;
        unread.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(!buffer.filled().is_empty()))
    }

    /// Writes all of `bytes` from `at` on, as far as it is possible now.
    pub(super) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        at: &mut usize,
    ) -> Poll<io::Result<()>> {
        let mut io = self.0.borrow_mut();
        while *at < bytes.len() {
            match ready!(Pin::new(&mut *io).poll_write(cx, &bytes[*at..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => *at += written,
            }
        }
        Pin::new(&mut *io).poll_flush(cx)
    }

    pub(super) fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_shutdown(cx)
    }
}
