//! A client of server-sent events that reads only when asked, as bytes off a socket.

use std::fmt::Write as _;
use std::net::SocketAddr;

use ridecast_protocol::ServerMessage;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::client::DEADLINE;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sent {
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) data: Value,
}

/// The event that says that the stream lives.
const HEARTBEAT: &str = "heartbeat";

/// A stream of events.
pub(crate) struct Sse {
    socket: TcpStream,
    /// Of the answer, in lower case.
    pub(crate) head: String,
    /// As they came, chunks and all.
    bytes: Vec<u8>,
    body: String,
    over: bool,
    /// What a browser would come back with.
    pub(crate) last_id: Option<String>,
    pub(crate) retry_ms: Option<u64>,
    pub(crate) heartbeats: usize,
    /// How often they come, as the last one said.
    pub(crate) heartbeat_ms: Option<u64>,
}

impl Sse {
    /// A stream with these request headers; the answer must be one.
    pub(crate) async fn open(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Self {
        Self::open_with(address, path, headers, 64 * 1024).await
    }

    /// The inbox of whose token this is, from there on.
    pub(crate) async fn inbox(address: SocketAddr, token: &str, last_id: Option<&str>) -> Self {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(last_id.map(|id| ("last-event-id", id)));
        Self::open(address, "/v1/events", &headers).await
    }

    /// As [`open`](Self::open), with so many bytes of receive buffer.
    pub(crate) async fn open_with(
        address: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
        buffer: u32,
    ) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(buffer).expect("a buffer");
        let mut socket = socket.connect(address).await.expect("a connection");
        let mut request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n");
        for (name, value) in headers {
            let _ = write!(request, "{name}: {value}\r\n");
        }
        request.push_str("\r\n");
        socket
            .write_all(request.as_bytes())
            .await
            .expect("the service reads");
        let mut sse = Self {
            socket,
            head: String::new(),
            bytes: Vec::new(),
            body: String::new(),
            over: false,
            last_id: None,
            retry_ms: None,
            heartbeats: 0,
            heartbeat_ms: None,
        };
        let end = loop {
            let end = sse.bytes.windows(4).position(|it| it == b"\r\n\r\n");
            if let Some(end) = end {
                break end + 4;
            }
            assert!(sse.fill().await, "closed before the answer's end");
        };
        let head: Vec<u8> = sse.bytes.drain(..end).collect();
        sse.head = String::from_utf8(head).expect("text").to_ascii_lowercase();
        assert!(sse.head.starts_with("http/1.1 200"), "{}", sse.head);
        for header in [
            "content-type: text/event-stream\r\n",
            "cache-control: no-store\r\n",
            "x-accel-buffering: no\r\n",
        ] {
            assert!(sse.head.contains(header), "{header} in {}", sse.head);
        }
        sse
    }

    /// The next event but for heartbeats. `None`: the stream has come to its end, as it should.
    pub(crate) async fn next(&mut self) -> Option<Sent> {
        loop {
            while let Some((block, rest)) = self.body.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.body = rest;
                if let Some(sent) = self.take_in(&block) {
                    return Some(sent);
                }
            }
            if self.over {
                assert_eq!(self.body, "", "half an event");
                return None;
            }
            self.read().await;
        }
    }

    /// What the data says, which must be a message of this protocol.
    pub(crate) async fn message(&mut self) -> Option<ServerMessage> {
        let Sent { name, data, .. } = self.next().await?;
        assert_eq!(data["type"], *name, "the name says the type");
        let text = data.to_string();
        Some(serde_json::from_value(data).unwrap_or_else(|error| panic!("{error} in {text}")))
    }

    /// Waits for a heartbeat, before which nothing else may come.
    pub(crate) async fn heartbeat(&mut self) {
        let before = self.heartbeats;
        while self.heartbeats == before {
            if let Some((block, rest)) = self.body.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.body = rest;
                let other = self.take_in(&block);
                assert_eq!(other, None, "something else came");
            } else {
                assert!(!self.over, "the stream has ended");
                self.read().await;
            }
        }
    }

    fn take_in(&mut self, block: &str) -> Option<Sent> {
        let (mut name, mut id, mut data) = (None, None, Vec::new());
        for line in block.lines() {
            match line.split_once(": ").expect("a field") {
                ("event", value) => name = Some(value.to_owned()),
                ("id", value) => id = Some(value.to_owned()),
                ("data", value) => data.push(value),
                ("retry", value) => self.retry_ms = Some(value.parse().expect("a number")),
                _ => panic!("{line:?}"),
            }
        }
        if id.is_some() {
            self.last_id.clone_from(&id);
        }
        let name = name?;
        let data = data.join("\n");
        let data: Value =
            serde_json::from_str(&data).unwrap_or_else(|error| panic!("{error} in {data}"));
        if name == HEARTBEAT {
            assert_eq!((&data["type"], id), (&Value::from(HEARTBEAT), None));
            self.heartbeats += 1;
            self.heartbeat_ms = data["heartbeat_ms"].as_u64();
            return None;
        }
        Some(Sent { name, id, data })
    }

    async fn read(&mut self) {
        assert!(self.fill().await, "cut off in {:?}", self.body);
        // Chunks: a length in hexadecimal, so many bytes, and so on; the last has none.
        while let Some(line) = self.bytes.windows(2).position(|it| it == b"\r\n") {
            let length = std::str::from_utf8(&self.bytes[..line]).expect("text");
            let length = usize::from_str_radix(length, 16).expect("a length");
            if self.bytes.len() < line + 2 + length + 2 {
                return;
            }
            let chunk: Vec<u8> = self.bytes.drain(..line + 2 + length + 2).collect();
            self.over |= length == 0;
            let chunk = &chunk[line + 2..line + 2 + length];
            self.body
                .push_str(std::str::from_utf8(chunk).expect("events are whole"));
        }
    }

    async fn fill(&mut self) -> bool {
        let read = self.socket.read_buf(&mut self.bytes);
        let read = tokio::time::timeout(DEADLINE, read).await;
        matches!(read.expect("something comes in time"), Ok(1..))
    }
}
