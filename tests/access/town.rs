//! A ride, and everybody whose it is and is not.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use ridecast_protocol::{Event, OfferId, OfferState, RideId, Role, ServerMessage, ShareLink};
use serde_json::{Value, json};

use crate::client::Client;
use crate::http::post;
use crate::say::{Place, go_online, offset, position};
use crate::service::{Service, token};

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Column {
    ItsDriver,
    AnotherDriver,
    ItsRider,
    AnotherRider,
    Operator,
    Admin,
    Nobody,
}

/// How far the ride is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Offered,
    Accepted,
    Arrived,
    InProgress,
}

impl Column {
    pub(crate) const ALL: [Self; 7] = [
        Self::ItsDriver,
        Self::AnotherDriver,
        Self::ItsRider,
        Self::AnotherRider,
        Self::Operator,
        Self::Admin,
        Self::Nobody,
    ];

    /// By the words at its head.
    pub(crate) fn of(words: &str) -> Self {
        match words {
            "its driver" => Self::ItsDriver,
            "another driver" => Self::AnotherDriver,
            "its rider" => Self::ItsRider,
            "another rider" => Self::AnotherRider,
            "operator" => Self::Operator,
            "admin" => Self::Admin,
            "nobody" => Self::Nobody,
            other => panic!("nobody knows who {other:?} is"),
        }
    }

    pub(crate) const fn person(self) -> Option<(&'static str, Role)> {
        Some(match self {
            Self::ItsDriver => ("ana", Role::Driver),
            Self::AnotherDriver => ("bea", Role::Driver),
            Self::ItsRider => ("rosa", Role::Rider),
            Self::AnotherRider => ("otto", Role::Rider),
            Self::Operator => ("olga", Role::Operator),
            Self::Admin => ("ada", Role::Admin),
            Self::Nobody => return None,
        })
    }

    /// Whether they open a session.
    fn is_in(self) -> bool {
        self.person().is_some_and(|(_, role)| role != Role::Admin)
    }
}

pub(crate) struct Town {
    pub(crate) address: SocketAddr,
    number: u32,
    pub(crate) place: Place,
    pub(crate) people: BTreeMap<Column, Client>,
    pub(crate) ride: RideId,
    pub(crate) offer: OfferId,
    keys: u32,
}

impl Town {
    /// The ride is so far. Each town is too far from the others for their drivers.
    pub(crate) async fn at(service: &Service, number: u32, stage: Stage) -> Self {
        let address = service.address;
        let place = (-34.9, -56.16 + f64::from(number));
        let mut people = BTreeMap::new();
        for column in Column::ALL.into_iter().filter(|it| it.is_in()) {
            let (name, role) = column.person().unwrap();
            let client = Client::open(address, &named(name, number), role).await;
            people.insert(column, client);
        }
        for (driver, away_m) in [(Column::ItsDriver, 0.0), (Column::AnotherDriver, 12_000.0)] {
            let client = people.get_mut(&driver).unwrap();
            client.ok(go_online("car")).await;
            client.ok(position(offset(place, away_m, 0.0))).await;
        }
        let rider = people.get_mut(&Column::ItsRider).unwrap();
        let mut wish = wish(place, "the ride");
        wish["type"] = json!("request_ride");
        let ride = match rider.ask(wish).await {
            ServerMessage::Ok {
                ride: Some(ride), ..
            } => ride.ride_id,
            other => panic!("{other:?}"),
        };
        let driver = people.get_mut(&Column::ItsDriver).unwrap();
        let offer = driver
            .event("an offer", |event| match event {
                Event::Offer(offer) if offer.state == OfferState::Open => {
                    Some(offer.offer_id.clone())
                }
                _ => None,
            })
            .await;
        if stage >= Stage::Accepted {
            driver
                .ok(json!({"type": "accept_offer", "offer_id": offer}))
                .await;
        }
        if stage >= Stage::Arrived {
            driver.ok(json!({"type": "arrive", "ride_id": ride})).await;
        }
        if stage >= Stage::InProgress {
            driver
                .ok(json!({"type": "start_ride", "ride_id": ride}))
                .await;
        }
        Self {
            address,
            number,
            place,
            people,
            ride,
            offer,
            keys: 0,
        }
    }

    pub(crate) fn token(&self, column: Column) -> Option<String> {
        let (name, role) = column.person()?;
        Some(token(&named(name, self.number), role))
    }

    /// A name that was not used before.
    pub(crate) fn next_key(&mut self) -> String {
        self.keys += 1;
        format!("k{}", self.keys)
    }

    /// Where this driver is; for whoever is none, somewhere.
    pub(crate) fn position(&self, column: Column) -> Value {
        let away_m = if column == Column::AnotherDriver {
            12_000.0
        } else {
            0.0
        };
        position(offset(self.place, away_m, 0.0))
    }

    pub(crate) fn wish(&self, key: &str) -> Value {
        wish(self.place, key)
    }

    pub(crate) fn channel(&self, kind: &str) -> Value {
        let (latitude, longitude) = self.place;
        match kind {
            "nearby" => json!({
                "kind": kind, "latitude": latitude, "longitude": longitude, "radius_m": 500,
            }),
            "viewport" => json!({
                "kind": kind, "south": latitude, "west": longitude,
                "north": latitude + 0.01, "east": longitude + 0.01,
            }),
            "density" => json!({
                "kind": kind, "south": latitude, "west": longitude,
                "north": latitude + 0.01, "east": longitude + 0.01, "zoom": 12,
            }),
            "ride" => json!({"kind": kind, "ride_id": self.ride}),
            other => panic!("a new channel, {other}: say how it is subscribed to"),
        }
    }

    /// A link to the ride, made by its rider.
    pub(crate) async fn link(&self) -> String {
        let path = format!("/v1/rides/{}/share", self.ride);
        let token = self.token(Column::ItsRider);
        let reply = post(self.address, &path, token.as_deref(), "").await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.json::<ShareLink>().token
    }
}

fn named(name: &str, number: u32) -> String {
    format!("{name}-{number}")
}

fn wish(place: Place, key: &str) -> Value {
    let (latitude, longitude) = place;
    let (there, _) = offset(place, 2_000.0, 0.0);
    json!({
        "pickup": {"latitude": latitude, "longitude": longitude},
        "dropoff": {"latitude": there, "longitude": longitude},
        "idempotency_key": key,
    })
}
