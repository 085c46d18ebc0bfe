//! One WebSocket, from its opening to its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use ridecast_protocol::{
    ClientMessage, ErrorBody, InboxPlace, Request, RequestId, Resume, ServerMessage,
};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::time::{timeout, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
};
use tokio_util::sync::CancellationToken;

use super::ending::{Bye, Ending};
use crate::Subprotocol;
use crate::tally::Tally;

/// From the first packet to the `welcome`.
const OPEN_WITHIN: Duration = Duration::from_secs(10);
/// A socket that takes nothing for so long is given up.
const SEND_WITHIN: Duration = Duration::from_secs(5);
/// How long the other side's half of a close is awaited.
const CLOSE_WITHIN: Duration = Duration::from_millis(200);
/// The default, 128 KiB, would be reserved for each of thousands of sockets.
const READ_BUFFER: usize = 4 << 10;
/// A snapshot of everything within the largest area is far smaller.
const LARGEST_MESSAGE: usize = 8 << 20;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(crate) struct Connection {
    socket: Socket,
    heartbeat: Duration,
    last_heard: tokio::time::Instant,
    bye: Option<Bye>,
    inbox: Option<InboxPlace>,
    mishap: Option<Mishap>,
}

/// When the connection is to drop, as on a bad network.
pub(super) struct Mishap {
    pub(super) at: tokio::time::Instant,
    /// Unless this was cancelled before.
    pub(super) spared: CancellationToken,
}

/// Whom a session is for.
pub(super) struct Opening<'a> {
    pub(super) url: &'a str,
    /// For `wss://`.
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) subprotocol: Subprotocol,
    pub(super) token: &'a str,
    /// Where the inbox was read up to.
    pub(super) resume: Option<&'a Resume>,
}

/// What came in.
pub(super) enum Incoming {
    Message(ServerMessage),
    /// A compact frame of vehicles.
    Frame(Bytes),
    /// A text that is no message of this protocol.
    Unreadable,
    Ended(Ending),
}

impl Connection {
    /// Connects and awaits the `welcome`. Also tells how long that took.
    pub(super) async fn open(
        opening: Opening<'_>,
        tally: &Tally,
    ) -> Result<(Self, Duration), Ending> {
        let started = Instant::now();
        let opened = timeout(OPEN_WITHIN, Self::handshake(opening, tally)).await;
        let connection = opened.unwrap_or(Err(Ending::Broken("connect_timeout")))?;
        Ok((connection, started.elapsed()))
    }

    async fn handshake(opening: Opening<'_>, tally: &Tally) -> Result<Self, Ending> {
        let Opening {
            url,
            tls,
            subprotocol,
            token,
            resume,
        } = opening;
        let url = match resume {
            Some(Resume { epoch, offset }) => {
                let separator = if url.contains('?') { '&' } else { '?' };
                format!("{url}{separator}resume={epoch}.{offset}")
            }
            None => url.to_owned(),
        };
        let mut request = url
            .into_client_request()
            .map_err(|error| Ending::final_error("url", &error))?;
        let bearer = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|error| Ending::final_error("token", &error))?;
        let headers = request.headers_mut();
        headers.insert("Authorization", bearer);
        headers.insert(
            "Sec-WebSocket-Protocol",
            HeaderValue::from_static(subprotocol.name()),
        );
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(LARGEST_MESSAGE))
            .max_frame_size(Some(LARGEST_MESSAGE));
        // Small messages must not wait for each other: no Nagle.
        let tls = tls.map(Connector::Rustls);
        let (socket, _) = connect_async_tls_with_config(request, Some(config), true, tls)
            .await
            .map_err(refused)?;
        let mut connection = Self {
            socket,
            heartbeat: OPEN_WITHIN,
            last_heard: tokio::time::Instant::now(),
            bye: None,
            inbox: None,
            mishap: None,
        };
        loop {
            match connection.next().await {
                Incoming::Message(ServerMessage::Welcome(welcome)) => {
                    connection.inbox = welcome.inbox();
                    connection.heartbeat = Duration::from_millis(welcome.heartbeat_ms);
                    return Ok(connection);
                }
                Incoming::Message(ServerMessage::Error { error, .. }) => {
                    tally.error(error.code.as_str());
                }
                Incoming::Ended(ending) => return Err(ending),
                Incoming::Message(_) | Incoming::Frame(_) | Incoming::Unreadable => {
                    tally.error("no_welcome");
                }
            }
        }
    }

    /// Where the inbox stood when the session began; once, and if the service knew.
    pub(super) const fn inbox(&mut self) -> Option<InboxPlace> {
        self.inbox.take()
    }

    pub(super) fn meets(&mut self, mishap: Mishap) {
        self.mishap = Some(mishap);
    }

    /// Sends a request, with an id when an answer is wanted.
    pub(super) async fn send(
        &mut self,
        id: Option<u64>,
        message: ClientMessage,
    ) -> Result<(), Ending> {
        let id = id.map(RequestId::Number);
        let text = serde_json::to_string(&Request { id, message })
            .map_err(|error| Ending::final_error("message", &error))?;
        match timeout(SEND_WITHIN, self.socket.send(Message::text(text))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Ending::Broken("connection_broken")),
            Err(_) => Err(Ending::Broken("send_timeout")),
        }
    }

    /// The next that concerns us. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Incoming {
        loop {
            // Twice the heartbeat, as the protocol says.
            let silent = self.last_heard + self.heartbeat * 2;
            let mishap = self.mishap.as_ref().map_or(silent, |mishap| mishap.at);
            let Ok(next) = timeout_at(silent.min(mishap), self.socket.next()).await else {
                match self.mishap.take() {
                    Some(it) if it.spared.is_cancelled() => continue,
                    Some(it) if it.at <= silent => return Incoming::Ended(Ending::Dropped),
                    _ => return Incoming::Ended(Ending::Broken("silent")),
                }
            };
            self.last_heard = tokio::time::Instant::now();
            match next {
                Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                    Ok(ServerMessage::Bye(bye)) => {
                        self.bye = Some(Bye {
                            code: bye.code,
                            reconnect_in: bye.reconnect_in_ms.map(Duration::from_millis),
                        });
                    }
                    Ok(message) => return Incoming::Message(message),
                    Err(_) => return Incoming::Unreadable,
                },
                Some(Ok(Message::Binary(bytes))) => return Incoming::Frame(bytes),
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map_or(1005, |frame| frame.code.into());
                    let bye = self.bye;
                    return Incoming::Ended(Ending::Closed { code, bye });
                }
                // The library answers pings itself.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(_)) | None => return Incoming::Ended(self.broken()),
            }
        }
    }

    /// A socket that breaks after a `bye` was closed by the service all the same.
    fn broken(&self) -> Ending {
        match self.bye {
            Some(bye) => Ending::Closed {
                code: bye.code,
                bye: Some(bye),
            },
            None => Ending::Broken("connection_broken"),
        }
    }

    /// Closes in good manners, or after a short while without.
    pub(super) async fn close(mut self) {
        let closing = async {
            let _ = self.socket.close(None).await;
            while let Some(Ok(_)) = self.socket.next().await {}
        };
        let _ = timeout(CLOSE_WITHIN, closing).await;
    }
}

fn refused(error: tungstenite::Error) -> Ending {
    match error {
        tungstenite::Error::Http(response) => {
            let status = response.status().as_u16();
            let body = response.body().as_deref().unwrap_or_default();
            let word = match serde_json::from_slice::<ErrorBody>(body) {
                Ok(body) => body.code.as_str().to_owned(),
                Err(_) => format!("http_{status}"),
            };
            Ending::Refused { status, word }
        }
        tungstenite::Error::Io(_) => Ending::Broken("connect_failed"),
        tungstenite::Error::Url(error) => Ending::final_error("url", &error),
        _ => Ending::Broken("handshake_failed"),
    }
}
