//! The reader of frames without a network, for `fuzz/` alone.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_codec::{AsyncRead, AsyncWrite, ReadBuf};
use actix_web::web::BytesMut;
use futures_util::StreamExt as _;
use futures_util::task::noop_waker_ref;

use super::frames::{Frames, MOST_BYTES};
use super::socket::Socket;
use crate::session::Incoming;

/// What a client says with these bytes, which arrive so many at a time, and then ends.
/// `deflate`: its messages may be compressed.
#[must_use]
pub fn read(bytes: &[u8], at_a_time: usize, deflate: bool) -> Vec<Incoming> {
    let wire = Wire {
        left: bytes.to_vec(),
        at_a_time: at_a_time.max(1),
    };
    let mut frames = Frames::new(Socket::new(wire), BytesMut::new(), MOST_BYTES, deflate);
    let mut said = Vec::new();
    let cx = &mut Context::from_waker(noop_waker_ref());
    // The wire always has something, or has ended.
    while let Poll::Ready(Some(incoming)) = frames.poll_next_unpin(cx) {
        said.push(incoming);
    }
    said
}

struct Wire {
    left: Vec<u8>,
    at_a_time: usize,
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let count = self.left.len().min(self.at_a_time).min(buffer.remaining());
        buffer.put_slice(&self.left[..count]);
        self.left.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
