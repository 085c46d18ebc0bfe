use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use actix_codec::{AsyncRead, AsyncWrite};
use actix_http::ws::{CloseReason, OpCode, Parser};
use actix_web::web::BytesMut;

use super::socket::Socket;
use crate::hub::{Feed, Format, JOINED_BYTES, Message, Outlet};

/// Sends a session's feed to its socket, until either ends.
///
/// The feed is asked for more when the socket has taken what there was, which is when the hub
/// composes: several messages that are ready then go out in one write. Most of the time it is
/// not even asked: the hub writes vehicles to [`Out`] itself.
pub(super) async fn send<T>(mut feed: Feed, socket: Socket<T>)
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let out = Rc::new(Out {
        socket,
        left: RefCell::default(),
    });
    feed.write_to(Rc::<Out<T>>::clone(&out));
    // Whoever breaks off is noticed by who reads.
    let _ = poll_fn(|cx| out.poll(&mut feed, cx)).await;
    let _ = poll_fn(|cx| out.socket.poll_shutdown(cx)).await;
}

/// What goes out to one socket.
struct Out<T> {
    socket: Socket<T>,
    /// Not written yet.
    left: RefCell<Left>,
}

#[derive(Default)]
struct Left {
    bytes: BytesMut,
    written: usize,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Out<T> {
    fn poll(&self, feed: &mut Feed, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut left = self.left.borrow_mut();
            let Left { bytes, written } = &mut *left;
            ready!(self.socket.poll_write(cx, bytes, written))?;
            // Given back: most sockets have nothing under way most of the time.
            *left = Left::default();
            while left.bytes.len() < JOINED_BYTES {
                match feed.poll_next(cx) {
                    Poll::Ready(Some(message)) => frame(message, &mut left.bytes),
                    Poll::Ready(None) if left.bytes.is_empty() => return Poll::Ready(Ok(())),
                    Poll::Pending if left.bytes.is_empty() => return Poll::Pending,
                    _ => break,
                }
            }
        }
    }
}

/// The longest head of a frame that a server sends (RFC 6455, section 5.2).
const LONGEST_HEAD: usize = 10;

impl<T: AsyncRead + AsyncWrite + Unpin> Outlet for Out<T> {
    fn is_ready(&self) -> bool {
        self.left.borrow().bytes.is_empty()
    }

    fn begin(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[0; LONGEST_HEAD]);
    }

    fn end(&self, out: &mut Vec<u8>, begun: usize, format: Format) {
        let opcode = match format {
            Format::Json => OpCode::Text,
            Format::Binary => OpCode::Binary,
        };
        let (head, length) = head(opcode, out.len() - begun - LONGEST_HEAD);
        let unused = LONGEST_HEAD - length;
        out[begun + unused..begun + LONGEST_HEAD].copy_from_slice(&head[..length]);
        out.drain(begun..begun + unused);
    }

    fn write(&self, bytes: &[u8]) -> bool {
        let mut written = 0;
        // Nobody is to be woken by this: the task is, if something is left.
        let cx = &mut Context::from_waker(Waker::noop());
        let all = self.socket.poll_write(cx, bytes, &mut written);
        if matches!(all, Poll::Ready(Ok(()))) {
            return true;
        }
        // After an error too: the task then meets it again, and ends.
        let left = &mut self.left.borrow_mut().bytes;
        left.extend_from_slice(&bytes[written..]);
        false
    }
}

/// The head of an unmasked frame that is whole, and its length.
fn head(opcode: OpCode, payload: usize) -> ([u8; LONGEST_HEAD], usize) {
    let mut head = [0; LONGEST_HEAD];
    head[0] = 0x80 | u8::from(opcode);
    match (u8::try_from(payload), u16::try_from(payload)) {
        (Ok(short @ 0..=125), _) => {
            head[1] = short;
            (head, 2)
        }
        (_, Ok(long)) => {
            head[1] = 126;
            head[2..4].copy_from_slice(&long.to_be_bytes());
            (head, 4)
        }
        _ => {
            head[1] = 127;
            head[2..].copy_from_slice(&(payload as u64).to_be_bytes());
            (head, 10)
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
