//! What has really happened to all rides, by the operators' inbox, which has every change in the
//! order in which they happened; and whether all others were told and promised the same.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;

use ridecast_protocol::{
    ChatMessage, ChatPage, Event, OfferState, Ride, RideCounts, RideId, RideState, Role,
};

use crate::app::App;
use crate::http::get;
use crate::service::token;

/// The changes of each ride.
pub(crate) struct Book {
    changes: HashMap<RideId, Vec<Ride>>,
}

impl Book {
    /// Reads the operators' inbox: no ride goes a way that there is not, no driver has two rides,
    /// no ride two drivers, none is left open.
    pub(crate) fn read(log: &[Event]) -> Self {
        let mut changes: HashMap<RideId, Vec<Ride>> = HashMap::new();
        let mut driven: HashMap<String, RideId> = HashMap::new();
        for event in log {
            let Event::Ride(now) = event else {
                panic!("operators are told of rides alone: {event:?}");
            };
            let changes = changes.entry(now.ride_id.clone()).or_default();
            let before = changes.last();
            check_change(before, now);
            let (had, has) = (before.and_then(driver), driver(now));
            if had != has {
                if let Some(had) = had {
                    driven.remove(had);
                }
                if let Some(has) = has {
                    let other = driven.insert(has.to_owned(), now.ride_id.clone());
                    assert_eq!(other, None, "{has} has two rides: {now:#?}");
                }
            }
            changes.push(Ride::clone(now));
        }
        assert!(driven.is_empty(), "still driven: {driven:#?}");
        let book = Self { changes };
        for ride in book.rides() {
            assert!(ride.state.is_over(), "stuck: {ride:#?}");
        }
        book
    }

    /// All rides as they are in the end.
    fn rides(&self) -> impl Iterator<Item = &Ride> {
        self.changes.values().filter_map(|changes| changes.last())
    }

    /// How many ended how.
    pub(crate) fn ends(&self) -> BTreeMap<&'static str, u64> {
        let mut ends = BTreeMap::new();
        for ride in self.rides() {
            *ends.entry(ride.state.as_str()).or_default() += 1;
        }
        ends
    }

    /// What this person was told and promised is what has happened.
    pub(crate) fn check(&self, app: &App) {
        let told = app.log.iter().filter_map(|event| match event {
            Event::Ride(ride) => Some(&**ride),
            _ => None,
        });
        let told: Vec<_> = told.collect();
        for ride in &told {
            let really = self.at(ride);
            // Whoever is told of a change is not told of another one than the operators.
            let same = (really.version, really.state) == (ride.version, ride.state);
            assert!(same, "{} was told {ride:#?}, not {really:#?}", app.user);
        }
        for ride in &app.promised {
            let really = self.at(ride);
            let user = &app.user;
            assert_eq!(really.state, ride.state, "{user} was promised {ride:#?}");
            // Who has given a ride up is told no more of it.
            let is_theirs = app.role == Role::Rider || ride.driver.is_some();
            let mut told = told.iter().map(|it| (&it.ride_id, it.state));
            let was_told = told.any(|it| it == (&ride.ride_id, ride.state));
            assert!(was_told || !is_theirs, "{user} was never told of {ride:#?}");
        }
        if app.role == Role::Rider {
            let of_them = |ride: &&Ride| {
                let rider = ride.rider.as_ref();
                rider.expect("operators are told").as_str() == app.user
            };
            let rides = self.rides().filter(of_them).count();
            assert_eq!(rides, app.wishes, "{}: each wish is one ride", app.user);
        }
        if app.role == Role::Driver {
            check_one_at_a_time(app);
            check_chats(app);
        }
        let chats: Vec<_> = app.log.iter().filter_map(chat).collect();
        for said in &app.said {
            let was_heard = chats.iter().any(|it| {
                let what = (&it.ride_id, it.number, it.text.as_ref());
                what == (&said.ride, said.number, Some(&said.text))
            });
            assert!(was_heard, "{} said {said:?}: {chats:#?}", app.user);
        }
    }

    /// The newest change up to this one.
    fn at(&self, ride: &Ride) -> &Ride {
        let changes = self.changes.get(&ride.ride_id);
        let mut changes = changes.into_iter().flatten().rev();
        let found = changes.find(|it| it.version <= ride.version);
        found.unwrap_or_else(|| panic!("nobody told the operators of {ride:#?}"))
    }

    /// REST says the same as the inboxes.
    pub(crate) async fn check_rest(&self, drivers: &[App], address: SocketAddr) {
        let operator = token("olga", Role::Operator);
        let counts = get(address, "/v1/rides/counts", Some(&operator)).await;
        let counts: RideCounts = counts.json();
        let ends = self.ends();
        for count in &counts.counts {
            let ended = ends.get(count.state.as_str()).copied().unwrap_or_default();
            assert_eq!(count.rides, ended, "{counts:?}, but {ends:?}");
        }
        for ride in self.rides() {
            let path = format!("/v1/rides/{}", ride.ride_id);
            let kept: Ride = get(address, &path, Some(&operator)).await.json();
            assert_eq!(kept, *ride);
            self.check_chat(&kept, drivers, address).await;
        }
    }

    /// What is kept of a chat is what the ride's last driver was told of it: each driver of a ride
    /// has a chat of their own, and drives it only once.
    async fn check_chat(&self, ride: &Ride, drivers: &[App], address: SocketAddr) {
        let operator = token("olga", Role::Operator);
        let path = format!("/v1/rides/{}/chat?limit=100", ride.ride_id);
        let page: ChatPage = get(address, &path, Some(&operator)).await.json();
        let driver = ride.driver.as_ref().map(|it| it.id.as_str());
        let driver = drivers.iter().find(|it| Some(it.user.as_str()) == driver);
        let log = driver.map_or(&[][..], |driver| &driver.log);
        let of_it = log.iter().filter_map(chat);
        let told: Vec<_> = of_it.filter(|it| it.ride_id == ride.ride_id).collect();
        assert_eq!(page.messages.iter().collect::<Vec<_>>(), told);
    }
}

fn chat(event: &Event) -> Option<&ChatMessage> {
    match event {
        Event::Chat(message) => Some(message),
        _ => None,
    }
}

/// Who has the ride now.
fn driver(ride: &Ride) -> Option<&str> {
    let card = ride.driver.as_ref().filter(|_| ride.state.is_driven())?;
    Some(card.id.as_str())
}

/// A driver has one offer, or one ride, and nothing else is offered meanwhile. (Drivers of this town
/// do not answer a second offer, so that without this a wrong one could go unnoticed.)
fn check_one_at_a_time(app: &App) {
    let mut known = HashSet::new();
    let mut busy: Option<&RideId> = None;
    for event in &app.log {
        match event {
            // Each offer is told of twice: when it is made, and what has become of it.
            Event::Offer(offer) if known.insert(&offer.offer_id) => {
                let other = busy.replace(&offer.ride_id);
                assert_eq!(other, None, "{} is busy: {offer:#?}", app.user);
            }
            Event::Offer(offer) if offer.state != OfferState::Accepted => {
                assert_eq!(busy.take(), Some(&offer.ride_id), "{}", app.user);
            }
            Event::Ride(ride) if driver(ride).is_none() => {
                assert_eq!(busy.take(), Some(&ride.ride_id), "{}", app.user);
            }
            _ => {}
        }
    }
    assert_eq!(busy, None, "{}", app.user);
}

/// In each chat of a driver nothing is missing, and nothing was said twice, although it was sent
/// again when no answer came. (To another driver it may be said again.)
fn check_chats(app: &App) {
    let mut chats: HashMap<&RideId, Vec<&ChatMessage>> = HashMap::new();
    for message in app.log.iter().filter_map(chat) {
        chats.entry(&message.ride_id).or_default().push(message);
    }
    for messages in chats.values() {
        let mut texts = HashSet::new();
        for (message, number) in messages.iter().zip(1..) {
            assert_eq!(message.number, number, "{messages:#?}");
            assert!(texts.insert(&message.text), "twice: {messages:#?}");
        }
    }
}

fn check_change(before: Option<&Ride>, now: &Ride) {
    use RideState::{Accepted, Arrived, Cancelled, Completed, Expired};
    use RideState::{InProgress, Offered, Requested};
    let Some(before) = before else {
        assert_eq!((now.state, now.version), (Requested, 1), "{now:#?}");
        return;
    };
    let ways: &[_] = match before.state {
        Requested => &[Requested, Offered, Cancelled, Expired],
        Offered => &[Requested, Accepted, Cancelled],
        Accepted => &[Requested, Arrived, Cancelled],
        Arrived => &[InProgress, Cancelled],
        InProgress => &[Completed, Cancelled],
        Completed | Cancelled | Expired => &[],
    };
    let legal = before.version < now.version && ways.contains(&now.state);
    assert!(legal, "{before:#?}, then {now:#?}");
    if let (Some(had), Some(has)) = (driver(before), driver(now)) {
        assert_eq!(had, has, "two drivers: {before:#?}, then {now:#?}");
    }
}
