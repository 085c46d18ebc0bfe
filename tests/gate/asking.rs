//! Requests from an address of one's own, over one connection or with headers of one's own.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

use crate::client::DEADLINE;
use crate::http::{Reply, get};

/// A connection from 127.0.0.`last`, which is another client than 127.0.0.1.
pub(crate) async fn connect(to: SocketAddr, last: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let from = SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0));
    socket.bind(from).unwrap();
    socket.connect(to).await.unwrap()
}

/// One request from there; `headers`: whole lines.
pub(crate) async fn ask(to: SocketAddr, last: u8, path: &str, headers: &str) -> Reply {
    let mut socket = connect(to, last).await;
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    answer(&mut socket).await
}

/// The head of a handshake, which is an upgrade to a WebSocket.
pub(crate) const UPGRADE: &str = "upgrade: websocket\r\nsec-websocket-version: 13\r\n\
                                  sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// The socket of a handshake, and the status it was answered with.
pub(crate) async fn shake(to: SocketAddr, last: u8, headers: &str) -> (TcpStream, String) {
    let mut socket = connect(to, last).await;
    let request =
        format!("GET /v1/ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\n{UPGRADE}{headers}\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let reading = socket.read(&mut answer);
    let length = tokio::time::timeout(DEADLINE, reading).await.unwrap();
    answer.truncate(length.unwrap());
    // The first frame may have come with the answer.
    (socket, String::from_utf8_lossy(&answer).into_owned())
}

/// Everything until the other side ends.
pub(crate) async fn answer(socket: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    let reading = socket.read_to_end(&mut bytes);
    let _ = tokio::time::timeout(DEADLINE, reading).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply {
        status,
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    }
}

/// The number in a line of the metrics; 0 when there is none yet.
pub(crate) fn number(metrics: &str, line: &str) -> i64 {
    let found = metrics.lines().find_map(|it| it.strip_prefix(line));
    found.map_or(0, |number| number.trim().parse().unwrap())
}

/// How often that limit has refused something.
pub(crate) async fn limited(service: SocketAddr, limit: &str) -> i64 {
    let metrics = get(service, "/metrics", None).await;
    let line = format!(r#"ridecast_limited_total{{limit="{limit}"}}"#);
    number(&metrics.body, &line)
}

/// Waits until so many connections are open beside the one that asks.
pub(crate) async fn open_connections(service: SocketAddr, count: i64) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let metrics = get(service, "/metrics", None).await;
        let open = number(&metrics.body, "ridecast_connections") - 1;
        if open == count {
            return;
        }
        assert!(Instant::now() < deadline, "{open} and not {count} are open");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
