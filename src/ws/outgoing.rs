use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use actix_codec::{AsyncRead, AsyncWrite};
use actix_http::ws::{CloseReason, OpCode, Parser};
use actix_web::web::BytesMut;

use super::socket::Socket;
use crate::hub::{Feed, Message};

/// Messages are joined until they are this many bytes.
const JOINED_BYTES: usize = 16 * 1024;

/// Sends a session's feed to its socket, until either ends.
///
/// The feed is asked for more when the socket has taken what there was, which is when the hub
/// composes: several messages that are ready then go out in one write.
pub(super) async fn send<T: AsyncRead + AsyncWrite + Unpin>(mut feed: Feed, socket: Socket<T>) {
    let mut out = Out::default();
    // Whoever breaks off is noticed by who reads.
    let _ = poll_fn(|cx| out.poll(&mut feed, &socket, cx)).await;
    let _ = poll_fn(|cx| socket.poll_shutdown(cx)).await;
}

/// What is on its way to the socket.
#[derive(Default)]
struct Out {
    bytes: BytesMut,
    written: usize,
}

impl Out {
    fn poll<T: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        feed: &mut Feed,
        socket: &Socket<T>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(socket.poll_write(cx, &self.bytes, &mut self.written))?;
            // Given back: most sockets have nothing under way most of the time.
            self.bytes = BytesMut::new();
            self.written = 0;
            while self.bytes.len() < JOINED_BYTES {
                match feed.poll_next(cx) {
                    Poll::Ready(Some(message)) => frame(message, &mut self.bytes),
                    Poll::Ready(None) if self.bytes.is_empty() => return Poll::Ready(Ok(())),
                    Poll::Pending if self.bytes.is_empty() => return Poll::Pending,
                    _ => break,
                }
            }
        }
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
