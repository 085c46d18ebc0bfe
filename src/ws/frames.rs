use std::pin::Pin;
use std::task::{Context, Poll};

use actix_codec::{AsyncRead, AsyncWrite};
use actix_http::ws::{Codec, Frame};
use actix_web::web::{Bytes, BytesMut};
use actix_ws::{Item, ProtocolError};
use bytestring::ByteString;
use futures_util::Stream;
use tokio_util::codec::Decoder;

use super::socket::Socket;
use crate::session::Incoming;

/// Reads the messages of one socket.
///
/// Our own loop instead of `actix_ws::MessageStream`, which throws away valid
/// messages that arrived just before a bad frame.
pub(super) struct Frames<T> {
    socket: Socket<T>,
    codec: Codec,
    unread: BytesMut,
    /// The fragments of a message that has begun: its bytes, and whether it is text.
    begun: Option<(BytesMut, bool)>,
    over: bool,
}

/// The largest message taken: a list of 1,000 positions with every field and room to spare.
pub(super) const MOST_BYTES: usize = 256 * 1024;

impl<T> Frames<T> {
    /// `unread`: what came right behind the request.
    pub(super) fn new(socket: Socket<T>, unread: BytesMut) -> Self {
        Self {
            socket,
            codec: Codec::new().max_size(MOST_BYTES),
            unread,
            begun: None,
            over: false,
        }
    }

    /// Reads more. False: the connection has ended.
    fn read(&mut self, cx: &mut Context<'_>) -> Poll<bool>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        if self.unread.is_empty() {
            // Nothing is kept for a client that says nothing.
            self.unread = BytesMut::new();
        }
        let read = self.socket.poll_read(cx, &mut self.unread);
        read.map(|read| read.unwrap_or(false))
    }

    fn incoming(&mut self, frame: Frame) -> Option<Incoming> {
        Some(match frame {
            Frame::Text(bytes) => text(bytes),
            Frame::Binary(_) => Incoming::Binary,
            Frame::Continuation(item) => return self.fragment(item),
            Frame::Ping(payload) => Incoming::Ping(payload),
            Frame::Pong(_) => Incoming::Pong,
            Frame::Close(reason) => Incoming::Close(reason.map(|reason| reason.code.into())),
        })
    }

    fn fragment(&mut self, item: Item) -> Option<Incoming> {
        let (bytes, last) = match item {
            Item::FirstText(bytes) => {
                self.begun = Some((BytesMut::new(), true));
                (bytes, false)
            }
            Item::FirstBinary(bytes) => {
                self.begun = Some((BytesMut::new(), false));
                (bytes, false)
            }
            Item::Continue(bytes) => (bytes, false),
            Item::Last(bytes) => (bytes, true),
        };
        // The codec lets no fragment pass without a first one.
        let (message, is_text) = self.begun.as_mut()?;
        if message.len() + bytes.len() > MOST_BYTES {
            return Some(TOO_LARGE);
        }
        message.extend_from_slice(&bytes);
        if !last {
            return None;
        }
        let message = std::mem::take(message).freeze();
        let is_text = *is_text;
        self.begun = None;
        Some(if is_text {
            text(message)
        } else {
            Incoming::Binary
        })
    }
}

const TOO_LARGE: Incoming = Incoming::Broken {
    code: 1009,
    reason: "the message is too large",
};

fn text(bytes: Bytes) -> Incoming {
    ByteString::try_from(bytes).map_or(
        Incoming::Broken {
            code: 1007,
            reason: "the text is not UTF-8",
        },
        Incoming::Text,
    )
}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for Frames<T> {
    type Item = Incoming;

    /// Ends with the connection. After a close or a broken frame nothing comes any
    /// more, but what is sent is read and thrown away: a socket closed with bytes
    /// unread is reset, and the client might never see our close frame.
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Incoming>> {
        let this = &mut *self;
        while !this.over {
            let incoming = match this.codec.decode(&mut this.unread) {
                Ok(Some(frame)) => this.incoming(frame),
                Ok(None) => match this.read(cx) {
                    Poll::Ready(true) => continue,
                    Poll::Ready(false) => return Poll::Ready(None),
                    Poll::Pending => return Poll::Pending,
                },
                Err(ProtocolError::Overflow) => Some(TOO_LARGE),
                Err(_) => Some(Incoming::Broken {
                    code: 1002,
                    reason: "the frame breaks RFC 6455",
                }),
            };
            if let Some(incoming) = incoming {
                this.over = matches!(incoming, Incoming::Close(_) | Incoming::Broken { .. });
                return Poll::Ready(Some(incoming));
            }
        }
        loop {
            this.unread.clear();
            match this.read(cx) {
                Poll::Ready(true) => {}
                Poll::Ready(false) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
