//! A socket that may break every rule: an upgraded TCP connection and the bytes on it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::client::DEADLINE;

/// Opcodes of RFC 6455, section 5.2.
pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// Says that the frame is its message's last.
pub(crate) const FIN: u8 = 0x80;

pub(crate) struct Raw {
    pub(crate) socket: TcpStream,
    unread: Vec<u8>,
}

impl Raw {
    /// An upgraded connection with this token, nothing read but the answer's head.
    pub(crate) async fn open(address: SocketAddr, token: &str) -> Self {
        Self::open_with(address, token, 64 * 1024).await
    }

    /// The same, with so many bytes of receive buffer.
    pub(crate) async fn open_with(address: SocketAddr, token: &str, buffer: u32) -> Self {
        let headers = format!("authorization: Bearer {token}\r\n");
        Self::ask(address, "/v1/ws", &headers, buffer).await.0
    }

    /// An upgraded connection at this path, with these lines of headers; and the answer's head.
    pub(crate) async fn ask(
        address: SocketAddr,
        path: &str,
        headers: &str,
        buffer: u32,
    ) -> (Self, String) {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(buffer).expect("a buffer");
        let socket = socket.connect(address).await.expect("a connection");
        let mut raw = Self {
            socket,
            unread: Vec::new(),
        };
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             {headers}\r\n"
        );
        raw.write(request.as_bytes()).await;
        let head_ends = |bytes: &[u8]| bytes.windows(4).position(|it| it == b"\r\n\r\n");
        let end = loop {
            if let Some(end) = head_ends(&raw.unread) {
                break end + 4;
            }
            assert!(raw.fill().await, "closed before the answer's end");
        };
        let head: Vec<u8> = raw.unread.drain(..end).collect();
        let head = String::from_utf8_lossy(&head).into_owned();
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        (raw, head)
    }

    /// Writes; a connection that is over is found out by what comes next.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        let written = tokio::time::timeout(DEADLINE, self.socket.write_all(bytes)).await;
        let _ = written.expect("the server reads");
    }

    /// A masked frame, as clients must send them. `first`: FIN, reserved bits and opcode.
    pub(crate) async fn frame(&mut self, first: u8, payload: &[u8]) {
        self.write(&frame(first, payload)).await;
    }

    /// The next frame: its first byte and payload. `None`: the connection is over.
    pub(crate) async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some((header, payload)) = whole(&self.unread) {
                let mut bytes: Vec<u8> = self.unread.drain(..header + payload).collect();
                return Some((bytes[0], bytes.split_off(header)));
            }
            if !self.fill().await {
                return None;
            }
        }
    }

    /// Passes over other frames until the close frame: its code.
    pub(crate) async fn close_code(&mut self) -> Option<u16> {
        while let Some((first, payload)) = self.next().await {
            if first == FIN | CLOSE {
                return payload.first_chunk().map(|code| u16::from_be_bytes(*code));
            }
        }
        panic!("closed without a close frame")
    }

    /// Waits until the server has closed the connection.
    pub(crate) async fn ended_within(&mut self, longest: Duration) {
        let ended = async { while self.next().await.is_some() {} };
        let ended = tokio::time::timeout(longest, ended).await;
        assert!(
            ended.is_ok(),
            "the connection is still open after {longest:?}"
        );
    }

    async fn fill(&mut self) -> bool {
        let read = self.socket.read_buf(&mut self.unread);
        let read = tokio::time::timeout(DEADLINE, read).await;
        matches!(read.expect("something comes in time"), Ok(1..))
    }
}

pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [7, 99, 180, 42];
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(0x80 | u8::try_from(length).expect("below 126")),
        length @ 126..65_536 => {
            bytes.push(0x80 | 0x7e);
            bytes.extend(u16::try_from(length).expect("below 65,536").to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 0x7f);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    bytes
}

/// Lengths of header and payload, when a whole frame of a server is there.
fn whole(bytes: &[u8]) -> Option<(usize, usize)> {
    let short = *bytes.get(1)?;
    assert!(short < 0x80, "a server must not mask");
    let (header, payload) = match short {
        126 => (
            4,
            u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?).into(),
        ),
        127 => {
            let length = u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?);
            (10, usize::try_from(length).expect("it fits"))
        }
        length => (2, length.into()),
    };
    (bytes.len() >= header + payload).then_some((header, payload))
}
