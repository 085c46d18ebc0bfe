//! Requests and their replies over a connection, several under way at once.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use memchr::memmem;

/// A connection that stays open.
pub(crate) struct Exchange {
    stream: TcpStream,
    unread: Vec<u8>,
    first_reply: FirstReply,
}

/// The length of the first reply, if it is there as a whole.
type FirstReply = fn(&[u8]) -> Option<usize>;

impl Exchange {
    /// With an HTTP/1.1 server.
    pub(crate) fn http(address: SocketAddr) -> Self {
        Self::open(address, first_of_http)
    }

    /// With Redis.
    pub(crate) fn redis(address: SocketAddr) -> Self {
        Self::open(address, first_of_redis)
    }

    fn open(address: SocketAddr, first_reply: FirstReply) -> Self {
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_nodelay(true).expect("an option");
        Self {
            stream,
            unread: Vec::new(),
            first_reply,
        }
    }

    /// Sends `count` requests together and waits for their replies, each of which `take` gets.
    pub(crate) fn ask(&mut self, requests: &[u8], count: usize, mut take: impl FnMut(&[u8])) {
        self.stream.write_all(requests).expect("it reads");
        let mut buffer = [0; 16 * 1024];
        let mut replies = 0;
        while replies < count {
            let read = self.stream.read(&mut buffer).expect("a reply");
            assert!(read > 0, "closed with {} replies missing", count - replies);
            self.unread.extend_from_slice(&buffer[..read]);
            let mut taken = 0;
            while let Some(length) = (self.first_reply)(&self.unread[taken..]) {
                take(&self.unread[taken..taken + length]);
                taken += length;
                replies += 1;
            }
            self.unread.drain(..taken);
        }
    }
}

fn first_of_http(bytes: &[u8]) -> Option<usize> {
    const LENGTH: &[u8] = b"\r\ncontent-length: ";
    let body = memmem::find(bytes, b"\r\n\r\n")? + 4;
    let head = bytes[..body].to_ascii_lowercase();
    let at = memmem::find(&head, LENGTH).expect("a length in the head") + LENGTH.len();
    let end = body + usize::try_from(number(&head[at..])).ok()?;
    (bytes.len() >= end).then_some(end)
}

/// Of RESP 2.
fn first_of_redis(bytes: &[u8]) -> Option<usize> {
    let line = memmem::find(bytes, b"\r\n")? + 2;
    let count = number(&bytes[1..]);
    match bytes[0] {
        b'*' => (0..count).try_fold(line, |end, _| Some(end + first_of_redis(&bytes[end..])?)),
        b'$' if count >= 0 => {
            let end = line + usize::try_from(count).ok()? + 2;
            (bytes.len() >= end).then_some(end)
        }
        _ => Some(line),
    }
}

/// The number at the beginning of a line.
fn number(line: &[u8]) -> i64 {
    let end = line.iter().position(|&b| b == b'\r');
    let text = std::str::from_utf8(&line[..end.unwrap_or(0)]);
    text.ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}
