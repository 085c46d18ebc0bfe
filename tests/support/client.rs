//! A WebSocket client that folds what it is sent, and waits with a deadline.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::stream::SplitSink;
use futures_util::{SinkExt as _, StreamExt as _};
use ridecast_protocol::binary::Frame;
use ridecast_protocol::{
    DensityMessage, ErrorCode, Event, InboxPlace, Progress, Role, SUBPROTOCOL_BIN,
    SUBPROTOCOL_JSON, ServerMessage, VehiclesMessage, Welcome,
};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{self, Message};

use crate::service::token;
use crate::view::View;

/// Everything waits at most this long: ten times what a busy machine needs.
pub(crate) const DEADLINE: Duration = Duration::from_secs(15);

/// What came from the server.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Got {
    Message(ServerMessage),
    Frame(Frame),
    Pong(Vec<u8>),
    /// A close frame, with its code.
    Close(Option<u16>),
    /// The connection is over.
    End,
}

/// How to connect.
#[derive(Debug, Clone, Default)]
pub(crate) struct How {
    pub(crate) bearer: Option<String>,
    pub(crate) ticket: Option<String>,
    pub(crate) binary: bool,
    /// `EPOCH.OFFSET`
    pub(crate) resume: Option<String>,
}

/// A connected client. Reads all the time, as a browser does.
pub(crate) struct Client {
    out: SplitSink<WebSocketStream<TcpStream>, Message>,
    incoming: mpsc::UnboundedReceiver<Got>,
    reader: AbortHandle,
    /// Answers that came while something else was waited for.
    answers: VecDeque<ServerMessage>,
    views: HashMap<String, View>,
    /// Where the inbox stands: every event must be the next.
    pub(crate) place: Option<InboxPlace>,
    /// Events that nobody has asked for yet.
    pub(crate) events: VecDeque<(u64, Event)>,
    pub(crate) progress: Option<Progress>,
    /// Counts that nobody has asked for yet.
    pub(crate) densities: VecDeque<DensityMessage>,
    next_id: u64,
}

impl Client {
    /// A session of this person, welcome taken.
    pub(crate) async fn open(address: SocketAddr, user: &str, role: Role) -> Self {
        Self::open_as(address, user, role, false).await.0
    }

    /// The same, with the binary subprotocol if asked for.
    pub(crate) async fn open_as(
        address: SocketAddr,
        user: &str,
        role: Role,
        binary: bool,
    ) -> (Self, Welcome) {
        let how = How {
            bearer: Some(token(user, role)),
            binary,
            ..How::default()
        };
        let mut client = Self::connect(address, &how).await;
        let welcome = client.welcome().await;
        assert_eq!((welcome.user.as_str(), welcome.role), (user, role));
        (client, welcome)
    }

    /// Connected, and nothing said yet.
    pub(crate) async fn connect(address: SocketAddr, how: &How) -> Self {
        Self::try_connect(address, how).await.expect("a session")
    }

    pub(crate) async fn try_connect(
        address: SocketAddr,
        how: &How,
    ) -> Result<Self, tungstenite::Error> {
        let ticket = how.ticket.as_ref().map(|it| format!("ticket={it}"));
        let resume = how.resume.as_ref().map(|it| format!("resume={it}"));
        let query: Vec<_> = ticket.into_iter().chain(resume).collect();
        let url = format!("ws://{address}/v1/ws?{}", query.join("&"));
        let mut request = url.into_client_request().expect("a good URL");
        let headers = request.headers_mut();
        if let Some(token) = &how.bearer {
            let value = format!("Bearer {token}");
            headers.insert(
                "authorization",
                HeaderValue::from_str(&value).expect("text"),
            );
        }
        let protocol = if how.binary {
            SUBPROTOCOL_BIN
        } else {
            SUBPROTOCOL_JSON
        };
        headers.insert("sec-websocket-protocol", HeaderValue::from_static(protocol));
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let connecting = tokio_tungstenite::client_async(request, socket);
        let (stream, _) = tokio::time::timeout(DEADLINE, connecting)
            .await
            .map_err(|_| tungstenite::Error::Io(std::io::ErrorKind::TimedOut.into()))??;
        let (out, mut stream) = stream.split();
        let (tell, incoming) = mpsc::unbounded_channel();
        let reader = tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                let got = match message {
                    Message::Text(text) => Got::Message(read(&text)),
                    Message::Binary(bytes) => {
                        Got::Frame(Frame::decode(&bytes).expect("a whole frame"))
                    }
                    Message::Pong(payload) => Got::Pong(payload.to_vec()),
                    Message::Close(frame) => Got::Close(frame.map(|frame| frame.code.into())),
                    Message::Ping(_) | Message::Frame(_) => continue,
                };
                if tell.send(got).is_err() {
                    return;
                }
            }
            let _ = tell.send(Got::End);
        });
        Ok(Self {
            out,
            incoming,
            reader: reader.abort_handle(),
            answers: VecDeque::new(),
            views: HashMap::new(),
            place: None,
            events: VecDeque::new(),
            progress: None,
            densities: VecDeque::new(),
            next_id: 1,
        })
    }

    pub(crate) async fn welcome(&mut self) -> Welcome {
        match self.answer().await {
            ServerMessage::Welcome(welcome) => welcome,
            other => panic!("not a welcome: {other:?}"),
        }
    }

    /// Sends a message.
    pub(crate) async fn send(&mut self, message: &Value) {
        self.send_raw(Message::text(message.to_string())).await;
    }

    /// Sends whatever it is; a connection that is over is found out by what comes next.
    pub(crate) async fn send_raw(&mut self, message: Message) {
        let _ = self.out.send(message).await;
    }

    /// Sends a request with an id, and waits for its answer.
    pub(crate) async fn ask(&mut self, mut message: Value) -> ServerMessage {
        let id = self.next_id;
        self.next_id += 1;
        message["id"] = json!(id);
        self.send(&message).await;
        let mut others = std::mem::take(&mut self.answers);
        loop {
            let answer = self.answer().await;
            let text = serde_json::to_value(&answer).expect("JSON");
            if text["id"] == id {
                self.answers = others;
                return answer;
            }
            assert!(
                !matches!(answer, ServerMessage::Bye(_)),
                "closed instead of an answer to {message}: {answer:?}"
            );
            others.push_back(answer);
        }
    }

    /// A request that must succeed.
    pub(crate) async fn ok(&mut self, message: Value) {
        let answer = self.ask(message.clone()).await;
        assert!(
            matches!(answer, ServerMessage::Ok { .. }),
            "{message} was answered by {answer:?}"
        );
    }

    /// The code a request is refused with; the session must go on.
    pub(crate) async fn refused(&mut self, message: Value) -> ErrorCode {
        match self.ask(message.clone()).await {
            ServerMessage::Error { error, .. } => {
                assert!(!error.message.is_empty());
                error.code
            }
            other => panic!("{message} was answered by {other:?}"),
        }
    }

    /// All that was sent before has been carried out when this returns.
    pub(crate) async fn settle(&mut self) {
        let pong = self.ask(json!({"type": "ping"})).await;
        assert!(matches!(pong, ServerMessage::Pong { .. }), "{pong:?}");
    }

    /// The next that is not about vehicles. Those are folded.
    pub(crate) async fn answer(&mut self) -> ServerMessage {
        if let Some(answer) = self.answers.pop_front() {
            return answer;
        }
        loop {
            match self.next().await {
                Got::Frame(_) | Got::Pong(_) => {}
                Got::Message(message) if !is_answer(&message) => {}
                Got::Message(answer) => return answer,
                end => panic!("an answer was expected and {end:?} came"),
            }
        }
    }

    /// The next of whatever comes, folded.
    pub(crate) async fn next(&mut self) -> Got {
        let got = tokio::time::timeout(DEADLINE, self.incoming.recv()).await;
        let got = got.expect("something comes in time").unwrap_or(Got::End);
        self.take_in(&got);
        got
    }

    fn take_in(&mut self, got: &Got) {
        match got {
            Got::Message(ServerMessage::Vehicles(message)) => {
                let name = message.subscription.as_str().to_owned();
                self.views.entry(name).or_default().fold(message);
            }
            Got::Frame(frame) => {
                let name = frame.subscription.as_str().to_owned();
                self.views.entry(name).or_default().fold_frame(frame);
            }
            Got::Message(ServerMessage::Welcome(welcome)) => self.place = welcome.inbox(),
            Got::Message(ServerMessage::Inbox(place)) => self.place = Some(place.clone()),
            Got::Message(ServerMessage::Event { offset, event, .. }) => {
                let place = self.place.as_mut().expect("the place comes before");
                assert_eq!(*offset, place.offset + 1, "a hole before {event:?}");
                place.offset = *offset;
                self.events.push_back((*offset, event.clone()));
            }
            Got::Message(ServerMessage::Density(message)) => {
                self.densities.push_back(message.clone());
            }
            Got::Message(ServerMessage::Progress(progress)) => {
                self.progress = Some(progress.clone());
            }
            _ => {}
        }
    }

    /// Takes in what has come until now, without waiting.
    pub(crate) fn catch_up(&mut self) {
        while let Ok(got) = self.incoming.try_recv() {
            self.take_in(&got);
            if let Got::Message(message) = got
                && is_answer(&message)
            {
                self.answers.push_back(message);
            }
        }
    }

    /// Errors to requests without an id, until now.
    pub(crate) fn complaints(&mut self) -> Vec<ServerMessage> {
        self.catch_up();
        let is_error = |answer: &ServerMessage| matches!(answer, ServerMessage::Error { .. });
        self.answers
            .iter()
            .filter(|answer| is_error(answer))
            .cloned()
            .collect()
    }

    /// What is known of a subscription.
    pub(crate) fn view(&self, name: &str) -> &View {
        static NOTHING: std::sync::LazyLock<View> = std::sync::LazyLock::new(View::default);
        self.views.get(name).unwrap_or(&NOTHING)
    }

    /// The subscription is over: a new one of that name begins with nothing.
    pub(crate) fn forget(&mut self, name: &str) {
        self.views.remove(name);
    }

    /// Folds until the view is like this.
    pub(crate) async fn until(&mut self, name: &str, what: &str, like: impl Fn(&View) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !like(self.view(name)) {
            let got = tokio::time::timeout_at(deadline, self.incoming.recv()).await;
            let Ok(got) = got else {
                panic!(
                    "{name} never came to be so: {what}; it is {:?}",
                    self.view(name)
                );
            };
            let got = got.unwrap_or(Got::End);
            assert!(
                !matches!(got, Got::Close(_) | Got::End),
                "closed ({got:?}) while waiting for: {what}"
            );
            self.take_in(&got);
            if let Got::Message(message) = got
                && is_answer(&message)
            {
                self.answers.push_back(message);
            }
        }
    }

    /// The next event that this gives something for; those before it are passed over.
    pub(crate) async fn event<T>(&mut self, what: &str, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let deadline = Instant::now() + DEADLINE;
        let mut passed = Vec::new();
        loop {
            while let Some((_, event)) = self.events.pop_front() {
                if let Some(found) = wanted(&event) {
                    return found;
                }
                passed.push(event);
            }
            let got = tokio::time::timeout_at(deadline, self.incoming.recv()).await;
            let Ok(Some(got)) = got else {
                panic!("never told: {what}; told were {passed:#?}");
            };
            assert!(
                !matches!(got, Got::Close(_) | Got::End),
                "closed ({got:?}) while waiting for: {what}"
            );
            self.take_in(&got);
            if let Got::Message(message) = got
                && is_answer(&message)
            {
                self.answers.push_back(message);
            }
        }
    }

    /// Where to resume: `EPOCH.OFFSET`.
    pub(crate) fn place(&self) -> String {
        let place = self.place.as_ref().expect("the store is there");
        format!("{}.{}", place.epoch, place.offset)
    }

    /// Waits for the end: the last `bye`'s code and delay if one came, and the close frame's code.
    pub(crate) async fn farewell(&mut self) -> Farewell {
        let mut farewell = Farewell::default();
        let mut answers = std::mem::take(&mut self.answers);
        loop {
            let got = match answers.pop_front() {
                Some(answer) => Got::Message(answer),
                None => self.next().await,
            };
            match got {
                Got::Message(ServerMessage::Bye(bye)) => {
                    farewell.bye = Some(bye.code);
                    farewell.reconnect_in_ms = bye.reconnect_in_ms;
                }
                Got::Message(ServerMessage::Error { error, .. }) => {
                    farewell.errors.push(error.code);
                }
                Got::Close(code) => farewell.close = code,
                Got::End => return farewell,
                _ => {}
            }
        }
    }

    /// Leaves without a word, as when a train enters a tunnel.
    pub(crate) fn vanish(self) {
        drop(self);
    }
}

/// Whether a message is not one of those that come by themselves and are folded.
fn is_answer(message: &ServerMessage) -> bool {
    !matches!(
        message,
        ServerMessage::Vehicles(_)
            | ServerMessage::Density(_)
            | ServerMessage::Event { .. }
            | ServerMessage::Progress(_)
            | ServerMessage::Inbox(_)
    )
}

/// How a session ended.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Farewell {
    pub(crate) errors: Vec<ErrorCode>,
    pub(crate) bye: Option<u16>,
    pub(crate) reconnect_in_ms: Option<u64>,
    pub(crate) close: Option<u16>,
}

impl Drop for Client {
    fn drop(&mut self) {
        // The reader holds half of the socket: without this it would stay open.
        self.reader.abort();
    }
}

/// Reads a text. What says vehicles must be, letter by letter, what serde would write.
fn read(text: &str) -> ServerMessage {
    let message: ServerMessage =
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"));
    if let ServerMessage::Vehicles(VehiclesMessage { .. }) = &message {
        let again = serde_json::to_string(&message).expect("JSON");
        assert_eq!(text, again, "not what serde writes");
    }
    message
}
