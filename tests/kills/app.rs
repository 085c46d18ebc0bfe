//! The app of one person: it comes back to where it was, repeats what was not answered, and keeps
//! all that it was told and promised.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use ridecast_protocol::{
    ErrorCode, Event, InboxPlace, Offer, OfferId, OfferState, Ride, RideId, Role, ServerMessage,
};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::say::{Place, go_online, position};
use crate::service::token;
use crate::town::Nodes;

/// All nodes may be down for so long, or Redis be so slow to be there again.
const PATIENCE: Duration = Duration::from_secs(30);
/// As long as the connection stands, every request is answered within this time.
const ANSWERED_WITHIN: Duration = Duration::from_secs(20);

type Line = WebSocketStream<TcpStream>;

/// A chat message that the service said ok to.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) ride: RideId,
    pub(crate) text: String,
    pub(crate) number: u64,
}

/// What came with `ok`.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) ride: Option<Ride>,
    pub(crate) number: Option<u64>,
}

/// A request that was answered by an error which no repeating mends.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) code: ErrorCode,
    /// It was asked more than once: the first time it may have been done.
    pub(crate) repeated: bool,
}

pub(crate) struct App {
    pub(crate) user: String,
    pub(crate) role: Role,
    pub(crate) at: Place,
    nodes: Arc<Nodes>,
    line: Option<Line>,
    epoch: Option<String>,
    /// Every event, by its offset less one.
    pub(crate) log: Vec<Event>,
    /// The newest of each ride.
    pub(crate) rides: HashMap<RideId, Ride>,
    /// The offers that are open, as far as this app was told.
    pub(crate) offers: BTreeMap<OfferId, Offer>,
    /// The rides of every `ok`.
    pub(crate) promised: Vec<Ride>,
    pub(crate) said: Vec<Said>,
    /// How many rides were asked for.
    pub(crate) wishes: usize,
    requests: u64,
    pub(crate) connects: usize,
    /// Of the connections, how many this app has ended itself.
    pub(crate) dropped: usize,
    pub(crate) repeats: usize,
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
            log: Vec::new(),
            rides: HashMap::new(),
            offers: BTreeMap::new(),
            promised: Vec::new(),
            said: Vec::new(),
            wishes: 0,
            requests: 0,
            connects: 0,
            dropped: 0,
            repeats: 0,
            unavailable: 0,
        }
    }

    /// Comes back to where it was, on any node that runs.
    pub(crate) async fn connect(&mut self) {
        let resume = self.epoch.as_ref();
        let resume = resume.map(|epoch| format!("?resume={epoch}.{}", self.log.len()));
        let (line, place) = self.open(&resume.unwrap_or_default()).await;
        self.line = Some(line);
        self.connects += 1;
        if let Some(place) = place {
            self.begins(&place);
        }
        if self.role == Role::Driver {
            self.send(&go_online("car")).await;
            self.send(&position(self.at)).await;
        }
    }

    /// A connection, and where it says that the inbox stands.
    async fn open(&self, query: &str) -> (Line, Option<InboxPlace>) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(address) = self.nodes.any() {
                let opening = timeout(Duration::from_secs(10), self.try_open(address, query));
                if let Ok(Some(open)) = opening.await {
                    return open;
                }
            }
            assert!(Instant::now() < deadline, "{} never gets in", self.user);
            sleep(Duration::from_millis(rand::random_range(20..100))).await;
        }
    }

    async fn try_open(
        &self,
        address: SocketAddr,
        query: &str,
    ) -> Option<(Line, Option<InboxPlace>)> {
        let url = format!("ws://{address}/v1/ws{query}");
        let mut request = url.into_client_request().unwrap();
        let bearer = format!("Bearer {}", token(&self.user, self.role));
        let headers = request.headers_mut();
        headers.insert("authorization", bearer.parse().unwrap());
        let socket = TcpStream::connect(address).await.ok()?;
        let (mut line, _) = tokio_tungstenite::client_async(request, socket)
            .await
            .ok()?;
        let Some(Ok(Message::Text(text))) = line.next().await else {
            return None;
        };
        match serde_json::from_str(&text).unwrap() {
            ServerMessage::Welcome(welcome) => Some((line, welcome.inbox())),
            other => panic!("{}: not a welcome: {other:?}", self.user),
        }
    }

    /// The inbox goes on where it was, whatever has happened.
    fn begins(&mut self, place: &InboxPlace) {
        if let Some(epoch) = &self.epoch {
            let here = InboxPlace {
                epoch: epoch.clone(),
                offset: self.log.len() as u64,
                recovered: Some(true),
            };
            assert_eq!(*place, here, "{} has lost its inbox", self.user);
        } else {
            assert_eq!(place.offset, 0, "{}: somebody else's inbox", self.user);
            self.epoch = Some(place.epoch.clone());
        }
    }

    pub(crate) const fn is_connected(&self) -> bool {
        self.line.is_some()
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        if let Some(line) = &mut self.line
            && line.send(Message::text(message.to_string())).await.is_err()
        {
            self.line = None;
        }
    }

    /// The next message. `None`: nothing came for so long, or the connection broke.
    pub(crate) async fn hear(&mut self, longest: Duration) -> Option<ServerMessage> {
        if self.line.is_none() {
            self.connect().await;
        }
        let message = match timeout(longest, self.line.as_mut()?.next()).await {
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
            ServerMessage::Event { offset, event, .. } => self.told(*offset, event).await,
            ServerMessage::Error { id: None, error } => {
                assert!(error.retryable, "{}: {error:?}", self.user);
            }
            _ => {}
        }
        Some(message)
    }

    async fn told(&mut self, offset: u64, event: &Event) {
        let next = self.log.len() as u64 + 1;
        assert_eq!(offset, next, "{}: a hole before {event:?}", self.user);
        self.log.push(event.clone());
        match event {
            Event::Ride(ride) => self.is_now(ride),
            Event::Offer(offer) if offer.state == OfferState::Open => {
                self.offers.insert(offer.offer_id.clone(), offer.clone());
            }
            Event::Offer(offer) => drop(self.offers.remove(&offer.offer_id)),
            // Makes a receipt for who said it.
            Event::Chat(_) => self.send(&json!({"type": "ack", "offset": offset})).await,
            Event::Receipt(_) | Event::Notice(_) => {}
        }
    }

    fn is_now(&mut self, ride: &Ride) {
        let known = self.rides.entry(ride.ride_id.clone());
        let known = known.or_insert_with(|| ride.clone());
        if known.version <= ride.version {
            known.clone_from(ride);
        }
    }

    /// Asks until there is an answer, on as many connections as it takes.
    pub(crate) async fn ask(&mut self, mut message: Value) -> Result<Done, Refused> {
        let mut repeated = false;
        loop {
            if self.line.is_none() {
                self.connect().await;
            }
            self.requests += 1;
            message["id"] = json!(self.requests);
            self.send(&message).await;
            if rand::random_bool(0.04) {
                self.drop_line().await;
            }
            match self.answer(self.requests, &message).await {
                Some(Ok(done)) => {
                    if let Some(ride) = &done.ride {
                        self.is_now(ride);
                        self.promised.push(ride.clone());
                    }
                    return Ok(done);
                }
                Some(Err(code)) if !code.retryable() => return Err(Refused { code, repeated }),
                Some(Err(_)) => {
                    self.unavailable += 1;
                    sleep(Duration::from_millis(100)).await;
                }
                None => self.repeats += 1,
            }
            repeated = true;
        }
    }

    /// The phone loses its connection while the answer is under way: kills alone seldom come
    /// between what is done and its answer.
    async fn drop_line(&mut self) {
        sleep(Duration::from_millis(rand::random_range(0..10))).await;
        self.dropped += usize::from(self.line.take().is_some());
    }

    /// The answer of this request. `None`: the connection is over before it came.
    async fn answer(&mut self, id: u64, message: &Value) -> Option<Result<Done, ErrorCode>> {
        let deadline = Instant::now() + ANSWERED_WITHIN;
        while self.line.is_some() {
            let heard = self.hear(Duration::from_millis(200)).await;
            let text = serde_json::to_value(&heard).unwrap();
            match heard {
                Some(ServerMessage::Ok { ride, number, .. }) if text["id"] == id => {
                    let ride = ride.map(|ride| *ride);
                    return Some(Ok(Done { ride, number }));
                }
                Some(ServerMessage::Error { error, .. }) if text["id"] == id => {
                    return Some(Err(error.code));
                }
                _ => {}
            }
            let user = &self.user;
            assert!(Instant::now() < deadline, "{user}: no answer to {message}");
        }
        None
    }

    /// Reads the whole inbox once more: what is kept is what was told, and what is told from now
    /// on is what is kept.
    pub(crate) async fn read_again(&mut self) {
        let (_, place) = self.open("").await;
        let newest = place.expect("the store is there").offset;
        let told = std::mem::take(&mut self.log);
        // The newer session of a driver has ended this one.
        self.line = None;
        let deadline = Instant::now() + PATIENCE;
        while (self.log.len() as u64) < newest {
            self.hear(Duration::from_millis(200)).await;
            assert!(Instant::now() < deadline, "{} does not get all", self.user);
        }
        assert!(told.len() <= self.log.len(), "{} was told more", self.user);
        for (told, kept) in told.iter().zip(&self.log) {
            assert_eq!(timeless(told), timeless(kept), "{}", self.user);
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
