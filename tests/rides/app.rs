//! Many people at once, on phones that lose their connections to nodes that die: each comes back
//! to where it was, repeats what was not answered, and remembers all that it was told.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use ridecast_protocol::{
    ErrorCode, Event, InboxPlace, Offer, OfferId, OfferState, Ride, RideId, Role, ServerMessage,
};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::people::{answer, request, step};
use crate::say::{Place, go_online, now_ms, offset, position};
use crate::service::token;

/// Where the nodes are that run now.
#[derive(Default)]
pub(crate) struct Nodes(Mutex<BTreeMap<usize, SocketAddr>>);

impl Nodes {
    pub(crate) fn set(&self, node: usize, address: Option<SocketAddr>) {
        let mut nodes = self.0.lock().unwrap();
        match address {
            Some(address) => nodes.insert(node, address),
            None => nodes.remove(&node),
        };
    }

    fn any(&self) -> Option<SocketAddr> {
        let nodes = self.0.lock().unwrap();
        let nth = rand::random_range(0..nodes.len().max(1));
        nodes.values().nth(nth).copied()
    }
}

/// Longer than any outage of a test.
const PATIENCE: Duration = Duration::from_mins(1);
/// Without an answer for so long, an app tries again on a new connection.
const UNANSWERED: Duration = Duration::from_secs(20);

/// One person's app.
pub(crate) struct App {
    pub(crate) user: String,
    role: Role,
    pub(crate) at: Place,
    nodes: Arc<Nodes>,
    line: Option<WebSocketStream<TcpStream>>,
    epoch: Option<String>,
    /// The offset before the first event.
    begin: u64,
    pub(crate) log: Vec<Event>,
    /// The newest of each ride.
    pub(crate) rides: HashMap<RideId, Ride>,
    open: BTreeMap<OfferId, Offer>,
    /// What was answered by `ok`.
    promised: Vec<Ride>,
    asked: u64,
    pub(crate) connects: usize,
    pub(crate) unavailable: usize,
}

impl App {
    pub(crate) fn new(user: String, role: Role, at: Place, nodes: &Arc<Nodes>) -> Self {
        Self {
            user,
            role,
            at,
            nodes: Arc::clone(nodes),
            line: None,
            epoch: None,
            begin: 0,
            log: Vec::new(),
            rides: HashMap::new(),
            open: BTreeMap::new(),
            promised: Vec::new(),
            asked: 0,
            connects: 0,
            unavailable: 0,
        }
    }

    fn offset(&self) -> u64 {
        self.begin + self.log.len() as u64
    }

    pub(crate) async fn connect(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while self.line.is_none() {
            assert!(Instant::now() < deadline, "{} never gets in", self.user);
            if let Some(address) = self.nodes.any() {
                let opening = timeout(Duration::from_secs(5), self.open(address));
                self.line = opening.await.ok().flatten();
            }
            if self.line.is_none() {
                let pause_ms = rand::random_range(20..100);
                tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            }
        }
        self.connects += 1;
        if self.role == Role::Driver {
            self.send(&go_online("car")).await;
            self.send(&position(self.at)).await;
        }
    }

    async fn open(&mut self, address: SocketAddr) -> Option<WebSocketStream<TcpStream>> {
        let resume = self.epoch.as_ref();
        let resume = resume.map(|epoch| format!("?resume={epoch}.{}", self.offset()));
        let url = format!("ws://{address}/v1/ws{}", resume.unwrap_or_default());
        let mut request = url.into_client_request().unwrap();
        let bearer = format!("Bearer {}", token(&self.user, self.role));
        let bearer = bearer.parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        let socket = TcpStream::connect(address).await.ok()?;
        let connecting = tokio_tungstenite::client_async(request, socket).await;
        let (mut line, _) = connecting.ok()?;
        let Some(Ok(Message::Text(text))) = line.next().await else {
            return None;
        };
        match serde_json::from_str(&text).unwrap() {
            ServerMessage::Welcome(welcome) => {
                if let Some(place) = &welcome.inbox() {
                    self.begins(place);
                }
                Some(line)
            }
            _ => None,
        }
    }

    fn begins(&mut self, place: &InboxPlace) {
        let Some(epoch) = &self.epoch else {
            self.epoch = Some(place.epoch.clone());
            self.begin = place.offset;
            return;
        };
        let here = InboxPlace {
            epoch: epoch.clone(),
            offset: self.offset(),
            recovered: Some(true),
        };
        assert_eq!(*place, here, "{} has lost its inbox", self.user);
    }

    async fn send(&mut self, message: &Value) {
        if let Some(line) = &mut self.line
            && line.send(Message::text(message.to_string())).await.is_err()
        {
            self.line = None;
        }
    }

    /// The next message. `None`: nothing came for so long, or the connection broke.
    async fn hear(&mut self, longest: Duration) -> Option<ServerMessage> {
        if self.line.is_none() {
            self.connect().await;
        }
        let heard = timeout(longest, self.line.as_mut()?.next()).await;
        let message = match heard {
            Err(_) | Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => return None,
            Ok(Some(Ok(Message::Text(text)))) => {
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
            }
            Ok(_) => {
                self.line = None;
                return None;
            }
        };
        match &message {
            ServerMessage::Inbox(place) => self.begins(place),
            ServerMessage::Event { offset, event, .. } => {
                assert_eq!(*offset, self.offset() + 1, "{}: a hole", self.user);
                self.log.push(event.clone());
                match event {
                    Event::Ride(ride) => self.is_now(ride),
                    Event::Offer(offer) if offer.state == OfferState::Open => {
                        self.open.insert(offer.offer_id.clone(), offer.clone());
                    }
                    Event::Offer(offer) => drop(self.open.remove(&offer.offer_id)),
                    _ => {}
                }
            }
            _ => {}
        }
        Some(message)
    }

    fn is_now(&mut self, ride: &Ride) {
        let known = self.rides.entry(ride.ride_id.clone());
        let known = known.or_insert_with(|| ride.clone());
        if known.version <= ride.version {
            known.clone_from(ride);
        }
    }

    /// Asks until there is an answer.
    pub(crate) async fn ask(&mut self, mut message: Value) -> Result<Option<Ride>, ErrorCode> {
        loop {
            if self.line.is_none() {
                self.connect().await;
            }
            self.asked += 1;
            let id = self.asked;
            message["id"] = json!(id);
            self.send(&message).await;
            let deadline = Instant::now() + UNANSWERED;
            while self.line.is_some() {
                let heard = self.hear(Duration::from_millis(200)).await;
                let text = serde_json::to_value(&heard).unwrap();
                match heard {
                    Some(ServerMessage::Ok { ride, .. }) if text["id"] == id => {
                        let ride = ride.map(|ride| *ride);
                        if let Some(ride) = &ride {
                            self.is_now(ride);
                            self.promised.push(ride.clone());
                        }
                        return Ok(ride);
                    }
                    Some(ServerMessage::Error { error, .. }) if text["id"] == id => {
                        if !error.retryable {
                            return Err(error.code);
                        }
                        self.unavailable += 1;
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        break;
                    }
                    _ => {}
                }
                if Instant::now() > deadline {
                    self.line = None;
                }
            }
        }
    }

    /// Asks for one ride after the other, until it is enough.
    pub(crate) async fn ride_on(mut self, enough: Arc<AtomicBool>) -> Self {
        let mut n = 0;
        while !enough.load(Ordering::Relaxed) {
            n += 1;
            let asked = request(&format!("k{n}"), self.at, offset(self.at, 2_000.0, 0.0));
            let ride = self.ask(asked).await;
            let id = ride.unwrap().expect("`ok` has the ride").ride_id;
            let patience_ms = rand::random_range(1_000..12_000);
            let until = Instant::now() + Duration::from_millis(patience_ms);
            while !self.rides[&id].state.is_over() {
                if rand::random_ratio(1, 20) {
                    let chat = json!({"type": "send_chat", "ride_id": id, "quick": "here", "idempotency_key": "c"});
                    let said = self.ask(chat).await;
                    assert!(
                        matches!(said, Ok(_) | Err(ErrorCode::ChatClosed)),
                        "{said:?}"
                    );
                }
                if Instant::now() > until || enough.load(Ordering::Relaxed) {
                    let done = self.ask(step("cancel_ride", &id)).await;
                    assert!(
                        matches!(done, Ok(_) | Err(ErrorCode::WrongRideState)),
                        "{done:?}"
                    );
                }
                self.hear(Duration::from_millis(100)).await;
            }
        }
        self
    }

    /// The ride that this driver has.
    fn ride(&self) -> Option<&Ride> {
        let mut rides = self.rides.values();
        rides.find(|ride| ride.driver.is_some() && ride.state.is_driven())
    }

    /// Drives whoever wants to be driven, until it is enough.
    pub(crate) async fn drive_on(mut self, enough: Arc<AtomicBool>) -> Self {
        let mut ignored = HashSet::new();
        let mut told_at = Instant::now();
        while !enough.load(Ordering::Relaxed) || self.ride().is_some() {
            if told_at.elapsed() > Duration::from_secs(1) {
                told_at = Instant::now();
                self.send(&position(self.at)).await;
            }
            if let Some(ride) = self.ride() {
                use ridecast_protocol::RideState as S;
                let id = ride.ride_id.clone();
                let kind = match ride.state {
                    _ if rand::random_ratio(1, 20) => "cancel_ride",
                    S::Accepted => "arrive",
                    S::Arrived => "start_ride",
                    _ => "complete_ride",
                };
                let mut message = step(kind, &id);
                if kind == "arrive" {
                    message["force"] = json!(true);
                }
                let done = self.ask(message).await;
                let given_up = [ErrorCode::WrongRideState, ErrorCode::UnknownRide];
                if let Err(code) = done {
                    assert!(given_up.contains(&code), "{kind}: {code:?}");
                }
            } else if let Some(offer) = self.offer(&ignored) {
                let kind = match rand::random_range(0..100) {
                    0..85 => "accept_offer",
                    85..97 => "decline_offer",
                    _ => {
                        ignored.insert(offer.offer_id);
                        continue;
                    }
                };
                let done = self.ask(answer(kind, &offer)).await;
                self.open.remove(&offer.offer_id);
                assert!(
                    matches!(done, Ok(_) | Err(ErrorCode::OfferOver)),
                    "{done:?}"
                );
            }
            let wait_ms = rand::random_range(20..150);
            self.hear(Duration::from_millis(wait_ms)).await;
        }
        self
    }

    fn offer(&self, ignored: &HashSet<OfferId>) -> Option<Offer> {
        let mut open = self.open.values();
        let offer = open.find(|it| !ignored.contains(&it.offer_id) && it.expires_at_ms > now_ms());
        offer.cloned()
    }

    /// Takes the first ride there is, and keeps it.
    pub(crate) async fn take_one(&mut self) {
        let mut told_at = Instant::now();
        while self.ride().is_none() {
            if told_at.elapsed() > Duration::from_secs(1) {
                told_at = Instant::now();
                self.send(&position(self.at)).await;
            }
            if let Some(offer) = self.offer(&HashSet::new()) {
                let _ = self.ask(answer("accept_offer", &offer)).await;
                self.open.remove(&offer.offer_id);
            }
            self.hear(Duration::from_millis(100)).await;
        }
    }

    /// Listens until it is enough.
    pub(crate) async fn listen(mut self, enough: Arc<AtomicBool>) -> Self {
        while !enough.load(Ordering::Relaxed) {
            self.hear(Duration::from_millis(100)).await;
        }
        self
    }

    /// Listens until nothing is left open.
    pub(crate) async fn until_all_is_over(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut quiet = 0;
        while quiet < 10 {
            let heard = self.hear(Duration::from_millis(100)).await;
            let is_over = self.rides.values().all(|ride| ride.state.is_over());
            quiet = if heard.is_none() && is_over {
                quiet + 1
            } else {
                0
            };
            let stuck = || {
                let rides = self.rides.values();
                rides
                    .filter(|ride| !ride.state.is_over())
                    .collect::<Vec<_>>()
            };
            assert!(Instant::now() < deadline, "stuck: {:#?}", stuck());
        }
    }

    /// What the service has kept is what it has told, and what was promised is among it.
    pub(crate) async fn check(mut self) {
        let told = self.log.clone();
        let kept = told.len().min(1_000);
        self.begin = self.offset() - kept as u64;
        self.line = None;
        self.log.clear();
        let deadline = Instant::now() + PATIENCE;
        while self.log.len() < kept {
            self.hear(Duration::from_millis(200)).await;
            assert!(Instant::now() < deadline, "{} does not get all", self.user);
        }
        for (told, kept) in told[told.len() - kept..].iter().zip(&self.log) {
            assert_eq!(timeless(told), timeless(kept), "{}", self.user);
        }
        for ride in &self.promised {
            // Who has left a ride is told how it is, if asked, but not of all that happens to it.
            let is_theirs = self.role != Role::Driver || ride.driver.is_some();
            let is_it = |event: &Event| match event {
                Event::Ride(it) => it.ride_id == ride.ride_id && it.state == ride.state,
                _ => false,
            };
            let all = told.iter().chain(&self.log);
            assert!(
                !is_theirs || all.into_iter().any(is_it),
                "{} was promised {ride:#?}",
                self.user
            );
        }
    }
}

/// An event but for what its age changes.
fn timeless(event: &Event) -> Event {
    let mut event = event.clone();
    if let Event::Offer(offer) = &mut event
        && offer.state == OfferState::Open
    {
        offer.state = OfferState::Expired;
    }
    event
}
