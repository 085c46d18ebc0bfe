use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_http::ws::{CloseReason, OpCode, Parser};
use actix_web::body::{BodySize, MessageBody};
use actix_web::web::{Bytes, BytesMut};

use crate::hub::{Feed, Message};

/// The response body of an upgraded connection: the session's feed, framed.
///
/// It is asked for bytes when the connection can write, which is when the hub
/// composes: several messages that are ready then go out in one write.
pub(super) struct Outgoing {
    feed: Feed,
    over: bool,
}

/// Messages are joined until they are this many bytes.
const JOINED_BYTES: usize = 16 * 1024;

impl Outgoing {
    pub(super) const fn new(feed: Feed) -> Self {
        Self { feed, over: false }
    }
}

impl MessageBody for Outgoing {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let mut out = BytesMut::new();
        while !self.over && out.len() < JOINED_BYTES {
            match self.feed.poll_next(cx) {
                Poll::Ready(Some(message)) => frame(message, &mut out),
                Poll::Ready(None) => self.over = true,
                Poll::Pending if out.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        Poll::Ready((!out.is_empty()).then(|| Ok(out.freeze())))
    }
}

fn frame(message: Message, out: &mut BytesMut) {
    match message {
        Message::Text(bytes) | Message::Event { text: bytes, .. } => {
            Parser::write_message(out, bytes, OpCode::Text, true, false);
        }
        Message::Binary(bytes) => Parser::write_message(out, bytes, OpCode::Binary, true, false),
        Message::Ping => Parser::write_message(out, [], OpCode::Ping, true, false),
        Message::Pong(payload) => Parser::write_message(out, payload, OpCode::Pong, true, false),
        Message::Close { code, reason } => {
            let reason = code.map(|code| CloseReason {
                code: code.into(),
                description: (!reason.is_empty()).then(|| reason.to_owned()),
            });
            Parser::write_close(out, reason, false);
        }
    }
}
