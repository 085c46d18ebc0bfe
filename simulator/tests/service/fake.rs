//! A service that keeps books of its own, to hold the simulator's against.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use ridecast_protocol::binary::{FrameWriter, Record};
use ridecast_protocol::{
    Bye, ClientMessage, CloseCode, ErrorBody, ErrorCode, Event, Notice, Position, Refused, Request,
    RequestId, RideId, Role, SUBPROTOCOL_BIN, ServerMessage, SessionId, SubscriptionName, Toward,
    UserId, VehicleClass, VehicleId, VehicleInfo, VehicleState, VehicleUpdate, VehiclesMessage,
    Welcome,
};
use ridecast_simulator::{Endpoint, TokenSource};
use serde::Deserialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server as handshake;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

pub(crate) const SECRET: &str = "a secret only of this test";

/// What the service does otherwise than a good one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Whims {
    /// Refuses every so-many-th position of a driver as a jump.
    pub(crate) refuse_every: Option<usize>,
    /// Ends each driver's first session after so many positions.
    pub(crate) end_first_after: Option<(usize, End)>,
    /// Passes positions on to riders so much later.
    pub(crate) delay: Duration,
    /// Never says pong.
    pub(crate) silent: bool,
    /// Closes each session with this code right after its welcome.
    pub(crate) send_away: Option<CloseCode>,
    /// Answers every upgrade with 401.
    pub(crate) unauthorized: bool,
    /// Tells each rider events of these offsets, in this order, in an inbox that began empty.
    pub(crate) offsets: Vec<u64>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    /// The connection just breaks.
    Break,
    /// `bye` with this `reconnect_in_ms`, then the close frame.
    Bye(u64),
}

/// What the service saw.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) received: HashMap<String, Vec<Position>>,
    pub(crate) batches: usize,
    pub(crate) accepted: u64,
    pub(crate) refused: HashMap<ErrorCode, u64>,
    pub(crate) vehicles: HashMap<String, VehicleInfo>,
    /// When each session of a person began.
    pub(crate) sessions: HashMap<String, Vec<Instant>>,
    pub(crate) passed_on: u64,
    pub(crate) offline: usize,
    pub(crate) updates: usize,
    /// Up to where each session of a rider said that it has the events.
    pub(crate) acks: Vec<u64>,
}

impl Books {
    pub(crate) fn received(&self) -> u64 {
        self.received
            .values()
            .map(|positions| positions.len() as u64)
            .sum()
    }
}

#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) url: String,
    books: Arc<Mutex<Books>>,
    moves: broadcast::Sender<(VehicleId, Position)>,
    whims: Arc<Whims>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    role: Role,
}

impl Service {
    pub(crate) async fn start(whims: Whims) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = Self {
            url: format!("ws://{}", listener.local_addr().unwrap()),
            books: Arc::default(),
            moves: broadcast::channel(100_000).0,
            whims: Arc::new(whims),
        };
        let accepting = service.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(accepting.clone().session(stream));
            }
        });
        service
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::new(&self.url, TokenSource::secret(SECRET)).unwrap()
    }

    pub(crate) fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    async fn session(self, stream: TcpStream) {
        let mut claims = None;
        let mut binary = false;
        let unauthorized = self.whims.unauthorized;
        #[expect(clippy::result_large_err, reason = "the library wants it so")]
        let check = |request: &handshake::Request, mut response: handshake::Response| {
            assert_eq!(request.uri().path(), "/v1/ws");
            if unauthorized {
                let body = ErrorBody::new(ErrorCode::BadToken, "no");
                let mut refusal =
                    handshake::ErrorResponse::new(Some(serde_json::to_string(&body).unwrap()));
                *refusal.status_mut() = 401.try_into().unwrap();
                return Err(refusal);
            }
            let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
            let token = header("authorization").replace("Bearer ", "");
            let key = DecodingKey::from_secret(SECRET.as_bytes());
            let validation = Validation::new(Algorithm::HS256);
            claims = Some(decode::<Claims>(&token, &key, &validation).unwrap().claims);
            let subprotocol = header("sec-websocket-protocol");
            binary = subprotocol == SUBPROTOCOL_BIN;
            let chosen = subprotocol.try_into().unwrap();
            response
                .headers_mut()
                .insert("sec-websocket-protocol", chosen);
            Ok(response)
        };
        let Ok(mut socket) = accept_hdr_async(stream, check).await else {
            return;
        };
        let Claims { sub, role } = claims.unwrap();
        let first = {
            let mut books = self.books();
            let sessions = books.sessions.entry(sub.clone()).or_default();
            sessions.push(Instant::now());
            sessions.len() == 1
        };
        let welcome = ServerMessage::Welcome(Welcome {
            session: SessionId::new("s").unwrap(),
            user: UserId::new(&sub).unwrap(),
            role,
            heartbeat_ms: 20_000,
            server_time_ms: 0,
            epoch: Some("e".to_owned()),
            offset: Some(0),
            recovered: None,
        });
        tell(&mut socket, &welcome).await;
        for &offset in &self.whims.offsets {
            let event = Event::Notice(Notice {
                ride_id: RideId::new("r").unwrap(),
                near: Toward::Pickup,
            });
            let at_ms = 0;
            let event = ServerMessage::Event {
                offset,
                at_ms,
                event,
            };
            if role == Role::Rider {
                tell(&mut socket, &event).await;
            }
        }
        if let Some(code) = self.whims.send_away {
            return say_bye(socket, code, None).await;
        }
        match role {
            Role::Driver => self.driver(socket, &sub, first).await,
            _ => self.rider(socket, binary).await,
        }
    }

    async fn driver(self, mut socket: WebSocketStream<TcpStream>, sub: &str, first: bool) {
        let vehicle = VehicleId::new(sub).unwrap();
        let mut count = 0;
        while let Some(Ok(message)) = socket.next().await {
            let Message::Text(text) = message else {
                continue;
            };
            let Request { id, message } = Request::parse(&text).unwrap();
            match message {
                ClientMessage::GoOnline(online) => {
                    self.books().vehicles.insert(sub.to_owned(), online.vehicle);
                    tell(&mut socket, &ok(id.unwrap(), None, Vec::new())).await;
                }
                ClientMessage::Position(position) => {
                    count += 1;
                    if let Err(code) = self.judge(&vehicle, position) {
                        let error = ErrorBody::new(code, "no");
                        tell(&mut socket, &ServerMessage::Error { id, error }).await;
                    }
                }
                ClientMessage::Positions(batch) => {
                    count += batch.positions.len();
                    self.books().batches += 1;
                    let (mut accepted, mut refused) = (0, Vec::new());
                    for (index, position) in (0..).zip(batch.positions) {
                        match self.judge(&vehicle, position) {
                            Ok(()) => accepted += 1,
                            Err(code) => refused.push(Refused { index, code }),
                        }
                    }
                    tell(&mut socket, &ok(id.unwrap(), Some(accepted), refused)).await;
                }
                ClientMessage::Ping if !self.whims.silent => {
                    let server_time_ms = 0;
                    tell(&mut socket, &ServerMessage::Pong { id, server_time_ms }).await;
                }
                ClientMessage::Ping => {}
                ClientMessage::GoOffline => self.books().offline += 1,
                other => panic!("a driver said {other:?}"),
            }
            if let Some((after, end)) = self.whims.end_first_after
                && first
                && count >= after
            {
                match end {
                    End::Break => return,
                    End::Bye(ms) => return say_bye(socket, CloseCode::GoingAway, Some(ms)).await,
                }
            }
        }
    }

    /// Judges a position, and passes it on when it is good.
    fn judge(&self, vehicle: &VehicleId, position: Position) -> Result<(), ErrorCode> {
        let mut books = self.books();
        let received = books
            .received
            .entry(vehicle.as_str().to_owned())
            .or_default();
        let newest = received.iter().map(|p| p.timestamp_ms).max();
        received.push(position);
        let count = received.len();
        let judged = if newest.is_some_and(|newest| newest >= position.timestamp_ms) {
            Err(ErrorCode::PositionOutOfOrder)
        } else if self
            .whims
            .refuse_every
            .is_some_and(|every| count.is_multiple_of(every))
        {
            Err(ErrorCode::PositionJump)
        } else {
            Ok(())
        };
        match judged {
            Ok(()) => {
                books.accepted += 1;
                let _ = self.moves.send((vehicle.clone(), position));
            }
            Err(code) => *books.refused.entry(code).or_default() += 1,
        }
        judged
    }

    async fn rider(self, mut socket: WebSocketStream<TcpStream>, binary: bool) {
        let mut moves = self.moves.subscribe();
        let mut known = HashMap::new();
        let mut name = None;
        loop {
            tokio::select! {
                message = socket.next() => match message {
                    Some(Ok(Message::Text(text))) => {
                        let Request { id, message } = Request::parse(&text).unwrap();
                        match message {
                            ClientMessage::Subscribe(subscribe) => {
                                tell(&mut socket, &ok(id.unwrap(), None, Vec::new())).await;
                                name = Some(subscribe.subscription);
                            }
                            ClientMessage::Update(_) => self.books().updates += 1,
                            ClientMessage::Ack(ack) => self.books().acks.push(ack.offset),
                            other => panic!("a rider said {other:?}"),
                        }
                    }
                    Some(Ok(_)) => {}
                    _ => return,
                },
                next = moves.recv() => {
                    let (vehicle, position) = next.unwrap();
                    let Some(name) = &name else { continue };
                    tokio::time::sleep(self.whims.delay).await;
                    let message = if binary {
                        let new = u32::try_from(known.len()).unwrap();
                        let introduce = !known.contains_key(&vehicle);
                        let handle = *known.entry(vehicle.clone()).or_insert(new);
                        frame(name, introduce, handle, &vehicle, &position)
                    } else {
                        json(name, vehicle, &position)
                    };
                    if socket.send(message).await.is_err() {
                        return;
                    }
                    self.books().passed_on += 1;
                }
            }
        }
    }
}

fn frame(
    name: &SubscriptionName,
    introduce: bool,
    handle: u32,
    vehicle: &VehicleId,
    position: &Position,
) -> Message {
    let record = Record {
        handle,
        latitude: position.latitude,
        longitude: position.longitude,
        timestamp_ms: position.timestamp_ms,
        bearing: position.bearing,
        speed: position.speed,
        state: VehicleState::Online,
    }
    .encode();
    let mut bytes = Vec::new();
    let base_ms = position.timestamp_ms.try_into().unwrap();
    let mut frame = FrameWriter::new(&mut bytes, name, false, base_ms);
    if introduce {
        frame.introduce(&record, &VehicleClass::new("car").unwrap(), vehicle);
    } else {
        frame.record(&record);
    }
    frame.finish(std::iter::empty());
    Message::binary(bytes)
}

fn json(name: &SubscriptionName, id: VehicleId, position: &Position) -> Message {
    let message = ServerMessage::Vehicles(VehiclesMessage {
        subscription: name.clone(),
        snapshot: false,
        vehicles: vec![VehicleUpdate {
            id,
            latitude: position.latitude,
            longitude: position.longitude,
            bearing: position.bearing,
            speed: position.speed,
            timestamp_ms: position.timestamp_ms,
            class: VehicleClass::new("car").unwrap(),
            state: VehicleState::Online,
        }],
        left: Vec::new(),
    });
    Message::text(serde_json::to_string(&message).unwrap())
}

fn ok(id: RequestId, accepted: Option<u32>, refused: Vec<Refused>) -> ServerMessage {
    ServerMessage::Ok {
        id,
        accepted,
        refused,
        ride: None,
        number: None,
    }
}

async fn tell(socket: &mut WebSocketStream<TcpStream>, message: &ServerMessage) {
    let text = serde_json::to_string(message).unwrap();
    // The client may be gone already.
    let _ = socket.send(Message::text(text)).await;
}

async fn say_bye(
    mut socket: WebSocketStream<TcpStream>,
    code: CloseCode,
    reconnect_in_ms: Option<u64>,
) {
    let bye = ServerMessage::Bye(Bye {
        code: code.number(),
        reason: code.reason().to_owned(),
        reconnect_in_ms,
    });
    tell(&mut socket, &bye).await;
    let frame = CloseFrame {
        code: code.number().into(),
        reason: code.reason().into(),
    };
    let _ = socket.close(Some(frame)).await;
    while let Some(Ok(_)) = socket.next().await {}
}
