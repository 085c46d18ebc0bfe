use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use actix_codec::{AsyncRead, AsyncWrite};
use actix_http::ws::OpCode;

use super::deflate::Deflate;
use super::socket::Socket;
use crate::hub::{Feed, Format, JOINED_BYTES, Message, Outlet};

/// Sends a session's feed to its socket, until either ends.
///
/// The feed is asked for more when the socket has taken what there was, which is when the hub
/// composes: several messages that are ready then go out in one write. Most of the time it is
/// not even asked: the hub writes vehicles to [`Out`] itself.
pub(super) async fn send<T>(mut feed: Feed, socket: Socket<T>, deflate: Option<Deflate>)
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let out = Rc::new(Out {
        socket,
        deflate,
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
    /// Messages are compressed, where it is worth it.
    deflate: Option<Deflate>,
    /// Not written yet.
    left: RefCell<Left>,
}

#[derive(Default)]
struct Left {
    bytes: Vec<u8>,
    written: usize,
    /// TLS has taken all, but the kernel has not.
    unflushed: bool,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Out<T> {
    fn poll(&self, feed: &mut Feed, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut left = self.left.borrow_mut();
            let Left { bytes, written, .. } = &mut *left;
            ready!(self.socket.poll_write(cx, bytes, written))?;
            // Given back: most sockets have nothing under way most of the time.
            *left = Left::default();
            while left.bytes.len() < JOINED_BYTES {
                match feed.poll_next(cx) {
                    Poll::Ready(Some(message)) => self.frame(message, &mut left.bytes),
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
/// Says that the frame is its message's last.
const FIN: u8 = 0x80;
/// Says that the message is compressed (RFC 7692, section 6).
const RSV1: u8 = 0x40;

impl<T> Out<T> {
    /// Appends the frame of a message.
    fn frame(&self, message: Message, out: &mut Vec<u8>) {
        let mut data = |opcode, payload: &[u8]| {
            let begun = begin(out);
            out.extend_from_slice(payload);
            self.end_data(out, begun, opcode);
        };
        match message {
            Message::Text(bytes) | Message::Event { text: bytes, .. } => {
                data(OpCode::Text, &bytes);
            }
            Message::Binary(bytes) => data(OpCode::Binary, &bytes),
            Message::Ping => control(out, OpCode::Ping, &[]),
            Message::Pong(payload) => control(out, OpCode::Pong, &payload),
            Message::Close { code, reason } => {
                let mut payload = Vec::new();
                if let Some(code) = code {
                    payload.extend_from_slice(&code.to_be_bytes());
                    payload.extend_from_slice(reason.as_bytes());
                }
                control(out, OpCode::Close, &payload);
            }
        }
    }

    /// Ends a frame of data that was begun at `begun`.
    fn end_data(&self, out: &mut Vec<u8>, begun: usize, opcode: OpCode) {
        let payload = begun + LONGEST_HEAD;
        let compressed = self
            .deflate
            .is_some_and(|deflate| deflate.shrink(out, payload));
        end(out, begun, opcode, if compressed { RSV1 } else { 0 });
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Outlet for Out<T> {
    fn is_ready(&self) -> bool {
        let left = self.left.borrow();
        left.bytes.is_empty() && !left.unflushed
    }

    fn begin(&self, out: &mut Vec<u8>) {
        begin(out);
    }

    fn end(&self, out: &mut Vec<u8>, begun: usize, format: Format) {
        let opcode = match format {
            Format::Json => OpCode::Text,
            Format::Binary => OpCode::Binary,
        };
        self.end_data(out, begun, opcode);
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
        let mut left = self.left.borrow_mut();
        left.bytes.extend_from_slice(&bytes[written..]);
        left.unflushed = true;
        false
    }
}

/// A whole frame of control. `payload`: at most 125 bytes.
fn control(out: &mut Vec<u8>, opcode: OpCode, payload: &[u8]) {
    let begun = begin(out);
    out.extend_from_slice(payload);
    end(out, begun, opcode, 0);
}

/// Makes room for a head, and tells where.
fn begin(out: &mut Vec<u8>) -> usize {
    let begun = out.len();
    out.extend_from_slice(&[0; LONGEST_HEAD]);
    begun
}

/// Puts the head of what came since `begun`: an unmasked frame that is whole.
fn end(out: &mut Vec<u8>, begun: usize, opcode: OpCode, reserved: u8) {
    let mut head = [0; LONGEST_HEAD];
    head[0] = FIN | reserved | u8::from(opcode);
    let payload = out.len() - begun - LONGEST_HEAD;
    let length = match (u8::try_from(payload), u16::try_from(payload)) {
        (Ok(short @ 0..=125), _) => {
            head[1] = short;
            2
        }
        (_, Ok(long)) => {
            head[1] = 126;
            head[2..4].copy_from_slice(&long.to_be_bytes());
            4
        }
        _ => {
            head[1] = 127;
            head[2..].copy_from_slice(&(payload as u64).to_be_bytes());
            10
        }
    };
    let unused = LONGEST_HEAD - length;
    out[begun + unused..begun + LONGEST_HEAD].copy_from_slice(&head[..length]);
    out.drain(begun..begun + unused);
}
