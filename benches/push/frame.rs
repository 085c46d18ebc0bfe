//! WebSocket frames as a load client needs them (RFC 6455, section 5.2).

use std::io::Read as _;
use std::net::TcpStream;

use memchr::memmem;

/// A text frame of the client. Masked with zeros, which is a mask like any other.
pub(crate) fn text(payload: &[u8]) -> Vec<u8> {
    masked(0x1, payload)
}

/// A binary frame of the client.
pub(crate) fn binary(payload: &[u8]) -> Vec<u8> {
    masked(0x2, payload)
}

/// A pong of the client.
pub(crate) fn pong(payload: &[u8]) -> Vec<u8> {
    masked(PONG, payload)
}

pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
const PONG: u8 = 0xa;

fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = head(opcode, payload.len(), 0x80);
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

/// A text frame of a server.
pub(crate) fn unmasked_text(payload: &[u8]) -> Vec<u8> {
    let mut frame = head(TEXT, payload.len(), 0);
    frame.extend_from_slice(payload);
    frame
}

fn head(opcode: u8, length: usize, mask: u8) -> Vec<u8> {
    let mut head = vec![0x80 | opcode];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => head.push(mask | short),
        (_, Ok(long)) => {
            head.push(mask | 0x7e);
            head.extend_from_slice(&long.to_be_bytes());
        }
        _ => {
            head.push(mask | 0x7f);
            head.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    head
}

/// The first frame in `bytes`, if it is there as a whole: its opcode, where its payload is,
/// masked or not, and where the next one begins.
pub(crate) fn first(bytes: &[u8]) -> Option<(u8, std::ops::Range<usize>)> {
    let (opcode, second) = (bytes.first()? & 0x0f, *bytes.get(1)?);
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let (length, at) = match second & 0x7f {
        126 => {
            let length = bytes.get(2..4)?.try_into().ok()?;
            (usize::from(u16::from_be_bytes(length)), 4)
        }
        127 => {
            let length = bytes.get(2..10)?.try_into().ok()?;
            (usize::try_from(u64::from_be_bytes(length)).ok()?, 10)
        }
        short => (usize::from(short), 2),
    };
    let payload = at + mask..at + mask + length;
    (bytes.len() >= payload.end).then_some((opcode, payload))
}

/// The request that opens a WebSocket. `more`: header lines, each with its end.
pub(crate) fn upgrade(path: &str, more: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    )
    .into_bytes()
}

/// Reads until this has come, and throws it away.
pub(crate) fn wait_for(stream: &mut TcpStream, what: &[u8]) {
    let mut read = Vec::new();
    let mut buffer = [0; 4_096];
    while memmem::find(&read, what).is_none() {
        let more = stream.read(&mut buffer).expect("an answer");
        assert!(more > 0, "closed: {}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&buffer[..more]);
    }
}
