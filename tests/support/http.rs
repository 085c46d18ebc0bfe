//! One HTTP request, one connection: all that these tests need of HTTP.

use std::net::SocketAddr;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    /// The body, which must be this.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {:?}", self.body))
    }

    /// The code of an error in the one shape that errors have.
    pub(crate) fn error(&self) -> (u16, String) {
        let body: serde_json::Value = self.json();
        assert!(body["message"].is_string(), "{body}");
        assert!(body["retryable"].is_boolean(), "{body}");
        let code = body["code"].as_str();
        (
            self.status,
            code.unwrap_or_else(|| panic!("{body}")).to_owned(),
        )
    }
}

pub(crate) async fn get(address: SocketAddr, path: &str, token: Option<&str>) -> Reply {
    request(address, "GET", path, token, None).await
}

pub(crate) async fn post(
    address: SocketAddr,
    path: &str,
    token: Option<&str>,
    body: &str,
) -> Reply {
    request(address, "POST", path, token, Some(body)).await
}

pub(crate) async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&str>,
) -> Reply {
    try_request(address, method, path, token, body)
        .await
        .unwrap_or_else(|error| panic!("{method} {path}: {error}"))
}

pub(crate) async fn try_request(
    address: SocketAddr,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&str>,
) -> std::io::Result<Reply> {
    let host = address.to_string();
    try_request_with(address, method, path, &[("host", &host)], token, body).await
}

/// The same, with these headers, which must have `host` among them.
pub(crate) async fn try_request_with(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    token: Option<&str>,
    body: Option<&str>,
) -> std::io::Result<Reply> {
    use std::fmt::Write as _;
    let mut request = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
    for (name, value) in headers {
        let _ = write!(request, "{name}: {value}\r\n");
    }
    if let Some(token) = token {
        let _ = write!(request, "authorization: Bearer {token}\r\n");
    }
    if let Some(body) = body {
        let _ = write!(
            request,
            "content-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        );
    }
    request.push_str("\r\n");
    request.push_str(body.unwrap_or_default());
    let exchange = async {
        let mut socket = TcpStream::connect(address).await?;
        // A refusal may come, and the socket close, before a large body is through.
        let _ = socket.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let read = socket.read_to_end(&mut answer).await;
        if answer.is_empty() {
            read?;
        }
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer).into_owned())
    };
    let answer = tokio::time::timeout(Duration::from_secs(10), exchange)
        .await
        .map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
    let malformed = || std::io::Error::other(format!("not an answer: {answer:?}"));
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(malformed)?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Ok(Reply {
        status: status.ok_or_else(malformed)?,
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    })
}
