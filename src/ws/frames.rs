use std::pin::Pin;
use std::task::{Context, Poll};

use actix_codec::{AsyncRead, AsyncWrite};
use actix_http::ws::{Codec, Frame};
use actix_web::web::{Bytes, BytesMut};
use actix_ws::{Item, ProtocolError};
use bytestring::ByteString;
use futures_util::Stream;
use tokio_util::codec::Decoder;

use super::deflate::{InflateError, inflate};
use super::socket::Socket;
use super::utf8::{Head, Utf8};
use crate::session::Incoming;

/// Reads the messages of one socket.
///
/// Our own loop instead of `actix_ws::MessageStream`, which throws away valid
/// messages that arrived just before a bad frame.
pub(super) struct Frames<T> {
    socket: Socket<T>,
    codec: Codec,
    unread: BytesMut,
    /// The fragments of a message that has begun.
    begun: Option<Begun>,
    most_bytes: usize,
    /// Messages may be compressed.
    deflate: bool,
    /// Whether the frame that `unread` begins with is of a compressed message; `None` until it
    /// has begun.
    compressed: Option<bool>,
    /// Of the text that is coming in.
    utf8: Utf8,
    /// So much of the payload of the frame that `unread` begins with has gone through `utf8`.
    peeked: usize,
    over: bool,
}

/// A message whose last fragment has not come.
struct Begun {
    bytes: BytesMut,
    is_text: bool,
    compressed: bool,
}

/// The largest message taken: a list of 1,000 positions with every field and room to spare.
pub(super) const MOST_BYTES: usize = 256 * 1024;
/// The longest head of a frame that a client sends (RFC 6455, section 5.2).
const LONGEST_HEAD: usize = 14;
/// The bit that says so of a compressed message (RFC 7692, section 6).
const RSV1: u8 = 0x40;
const OPCODE: u8 = 0x0f;

impl<T> Frames<T> {
    /// `unread`: what came right behind the request. `deflate`: messages may be compressed.
    pub(super) fn new(
        socket: Socket<T>,
        unread: BytesMut,
        most_bytes: usize,
        deflate: bool,
    ) -> Self {
        Self {
            socket,
            codec: Codec::new().max_size(most_bytes),
            unread,
            begun: None,
            most_bytes,
            deflate,
            compressed: None,
            utf8: Utf8::default(),
            peeked: 0,
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

    /// The next frame, if it is there as a whole.
    fn decode(&mut self) -> Result<Option<Frame>, Incoming> {
        if self.deflate && self.compressed.is_none() {
            self.compressed = self.unread.first_mut().map(take_compressed_bit);
        }
        match self.codec.decode(&mut self.unread) {
            // The codec would take in all of a frame before it says that it is too large.
            Ok(None) if self.unread.len() > LONGEST_HEAD + self.most_bytes => Err(TOO_LARGE),
            Ok(None) if !self.may_be_text() => Err(NOT_UTF8),
            Ok(frame) => Ok(frame),
            Err(ProtocolError::Overflow) => Err(TOO_LARGE),
            Err(_) => Err(BROKEN),
        }
    }

    /// False: the part of a frame that is there will never be UTF-8, and should be. That is told
    /// at once, instead of taking in the rest.
    fn may_be_text(&mut self) -> bool {
        let Some(head) = Head::read(&self.unread) else {
            return true;
        };
        let (is_text, before) = match (head.opcode, &self.begun) {
            (1, None) => (self.compressed != Some(true), 0),
            (0, Some(begun)) => (begun.is_plain_text(), begun.bytes.len()),
            _ => (false, 0),
        };
        // One that is too large is told so, whatever is in it.
        if !is_text || head.length > (self.most_bytes - before) as u64 {
            return true;
        }
        let text = head.unmasked(&self.unread, self.peeked);
        self.peeked += text.len();
        self.utf8.may_go_on(&text)
    }

    fn incoming(&mut self, frame: Frame) -> Option<Incoming> {
        let compressed = self.compressed.take().unwrap_or(false);
        let peeked = std::mem::take(&mut self.peeked);
        Some(match frame {
            Frame::Text(bytes) => self.message(bytes, true, compressed),
            Frame::Binary(bytes) => self.message(bytes, false, compressed),
            Frame::Continuation(item) => return self.fragment(item, peeked, compressed),
            Frame::Ping(payload) => Incoming::Ping(payload),
            Frame::Pong(_) => Incoming::Pong,
            Frame::Close(reason) => Incoming::Close(reason.map(|reason| reason.code.into())),
        })
    }

    fn fragment(&mut self, item: Item, peeked: usize, compressed: bool) -> Option<Incoming> {
        let (bytes, last) = match item {
            Item::FirstText(bytes) => {
                self.begun = Some(Begun::new(true, compressed));
                (bytes, false)
            }
            Item::FirstBinary(bytes) => {
                self.begun = Some(Begun::new(false, compressed));
                (bytes, false)
            }
            Item::Continue(bytes) => (bytes, false),
            Item::Last(bytes) => (bytes, true),
        };
        // The codec lets no fragment pass without a first one.
        let begun = self.begun.as_mut()?;
        if begun.bytes.len() + bytes.len() > self.most_bytes {
            return Some(TOO_LARGE);
        }
        begun.bytes.extend_from_slice(&bytes);
        if begun.is_plain_text() && !self.utf8.may_go_on(&bytes[peeked..]) {
            return Some(NOT_UTF8);
        }
        if !last {
            return None;
        }
        let begun = self.begun.take()?;
        Some(self.message(begun.bytes.freeze(), begun.is_text, begun.compressed))
    }

    fn message(&mut self, bytes: Bytes, is_text: bool, compressed: bool) -> Incoming {
        self.utf8 = Utf8::default();
        let bytes = if compressed {
            match inflate(&bytes, self.most_bytes) {
                Ok(bytes) => bytes.into(),
                Err(InflateError::TooLarge) => return TOO_LARGE,
                Err(InflateError::Corrupt) => return NOT_DEFLATE,
            }
        } else {
            bytes
        };
        if !is_text {
            return Incoming::Binary(bytes);
        }
        ByteString::try_from(bytes).map_or(NOT_UTF8, Incoming::Text)
    }
}

/// Of a frame's first byte. The codec knows no extensions, and refuses a frame with the bit;
/// as it should for all but a message's first frame.
fn take_compressed_bit(first: &mut u8) -> bool {
    let begins = matches!(*first & OPCODE, 1 | 2);
    let compressed = begins && *first & RSV1 != 0;
    if compressed {
        *first &= !RSV1;
    }
    compressed
}

impl Begun {
    fn new(is_text: bool, compressed: bool) -> Self {
        Self {
            bytes: BytesMut::new(),
            is_text,
            compressed,
        }
    }

    const fn is_plain_text(&self) -> bool {
        self.is_text && !self.compressed
    }
}

const TOO_LARGE: Incoming = Incoming::Broken {
    code: 1009,
    reason: "the message is too large",
};
const BROKEN: Incoming = Incoming::Broken {
    code: 1002,
    reason: "the frame breaks RFC 6455",
};
const NOT_UTF8: Incoming = Incoming::Broken {
    code: 1007,
    reason: "the text is not UTF-8",
};
const NOT_DEFLATE: Incoming = Incoming::Broken {
    code: 1007,
    reason: "the message cannot be decompressed",
};

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for Frames<T> {
    type Item = Incoming;

    /// Ends with the connection. After a close or a broken frame nothing comes any
    /// more, but what is sent is read and thrown away: a socket closed with bytes
    /// unread is reset, and the client might never see our close frame.
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Incoming>> {
        let this = &mut *self;
        while !this.over {
            let incoming = match this.decode() {
                Ok(Some(frame)) => this.incoming(frame),
                Ok(None) => match this.read(cx) {
                    Poll::Ready(true) => continue,
                    Poll::Ready(false) => return Poll::Ready(None),
                    Poll::Pending => return Poll::Pending,
                },
                Err(broken) => Some(broken),
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
