//! Following one vehicle that another node hears.

use std::sync::Arc;

use ridecast::broker::{self, NodeId};
use ridecast::fleet::{self, Fleet, Peers};
use ridecast::hub::{Aim, Feed, Format, Hub, Message, Seat, Settings};
use ridecast::spatial::{CoarseCell, LatLon};
use ridecast::store;
use ridecast::telemetry::Metrics;
use ridecast_protocol::binary::Frame;
use ridecast_protocol::{Role, SubscriptionName, VehicleId, VehiclesMessage};
use serde_json::json;
use tokio::sync::mpsc;

use crate::client::{Client, DEADLINE};
use crate::redis_server::RedisServer;
use crate::say::{MONTEVIDEO, Place, go_online, offset, position};
use crate::service::Service;
use crate::view::View;

/// A node's fleet and one hub, without a door.
async fn hub_beside(redis: &RedisServer) -> Hub {
    let url = redis.url().parse().unwrap();
    let node = NodeId("beside".to_owned());
    let store = store::open(&url).await.unwrap();
    let broker = broker::open(&url, node.clone()).await.unwrap();
    let fleet = Fleet::new(fleet::Settings::default());
    let (tell, mut told) = mpsc::channel(16);
    Peers::start(Arc::clone(&fleet), store, broker, node, tell).unwrap();
    tokio::spawn(async move { while told.recv().await.is_some() {} });
    let listener = fleet.listen(false).unwrap();
    let metrics = Arc::new(Metrics::default());
    let hub = Hub::new(fleet, listener, metrics, Settings::default());
    tokio::task::spawn_local(hub.clone().run());
    hub
}

struct Follower {
    seat: Seat,
    feed: Feed,
    name: SubscriptionName,
    view: View,
}

impl Follower {
    fn of(hub: &Hub, format: Format) -> Self {
        let (seat, feed) = hub.join(format);
        let name = SubscriptionName::new("ride").unwrap();
        seat.follow(&name, None).unwrap();
        Self {
            seat,
            feed,
            name,
            view: View::default(),
        }
    }

    fn aim(&self, vehicle: &str, (latitude, longitude): Place) {
        let aim = Aim {
            vehicle: VehicleId::new(vehicle).unwrap(),
            near: Some(LatLon::new(latitude, longitude).unwrap()),
        };
        self.seat.aim(&self.name, Some(aim));
    }

    async fn until(&mut self, what: &str, like: impl Fn(&View) -> bool) {
        let deadline = tokio::time::Instant::now() + DEADLINE;
        while !like(&self.view) {
            let next = std::future::poll_fn(|context| self.feed.poll_next(context));
            let Ok(next) = tokio::time::timeout_at(deadline, next).await else {
                panic!("never: {what}; it is {:?}", self.view);
            };
            match next {
                Some(Message::Text(text)) => {
                    let message: VehiclesMessage = serde_json::from_slice(&text).unwrap();
                    self.view.fold(&message);
                }
                Some(Message::Binary(bytes)) => {
                    self.view.fold_frame(&Frame::decode(&bytes).unwrap());
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

fn at(place: Place) -> impl Fn(&View) -> bool {
    move |view| {
        view.vehicles
            .get("d1")
            .is_some_and(|it| (it.latitude, it.longitude) == place)
    }
}

#[tokio::test]
async fn it_is_followed_over_every_border_and_back_from_silence() {
    let redis = RedisServer::start();
    let service = Service::start_with(|settings| {
        settings.store = redis.url().parse().unwrap();
    });
    let local = tokio::task::LocalSet::new();
    local.run_until(follow(&service, &redis)).await;
}

async fn follow(service: &Service, redis: &RedisServer) {
    let hub = hub_beside(redis).await;
    let mut followers = [
        Follower::of(&hub, Format::Json),
        Follower::of(&hub, Format::Binary),
    ];
    for follower in &mut followers {
        follower
            .until("an empty snapshot", |view| view.snapshots == 1)
            .await;
        // Not there yet.
        follower.aim("d1", MONTEVIDEO);
    }
    let mut driver = Client::open(service.address, "d1", Role::Driver).await;
    let mut other = Client::open(service.address, "d2", Role::Driver).await;
    for driver in [&mut driver, &mut other] {
        driver.ok(go_online("car")).await;
        driver.ok(position(MONTEVIDEO)).await;
    }
    let mut borders = 0;
    let mut before = None;
    // 40 km, so that several coarse cells are left behind.
    for n in 0..100 {
        let place = offset(MONTEVIDEO, f64::from(n) * 400.0, 0.0);
        let cell = CoarseCell::of(LatLon::new(place.0, place.1).unwrap());
        borders += usize::from(before.replace(cell).is_some_and(|before| before != cell));
        driver.ok(position(place)).await;
        for follower in &mut followers {
            follower
                .until(&format!("step {n}, {borders} borders"), at(place))
                .await;
            assert_eq!(follower.view.ids(), ["d1"]);
        }
    }
    assert!(borders >= 2, "{borders}");

    driver.ok(json!({"type": "go_offline"})).await;
    for follower in &mut followers {
        follower
            .until("gone", |view| view.vehicles.is_empty())
            .await;
    }
    // It works again, near where it stopped, and then elsewhere, where it is told to be looked for.
    let last = offset(MONTEVIDEO, 99.0 * 400.0, 0.0);
    for place in [last, MONTEVIDEO] {
        driver.ok(json!({"type": "go_offline"})).await;
        for follower in &mut followers {
            follower
                .until("gone", |view| view.vehicles.is_empty())
                .await;
        }
        driver.ok(go_online("car")).await;
        driver.ok(position(place)).await;
        for follower in &mut followers {
            follower.aim("d1", place);
            follower.until("back", at(place)).await;
        }
    }
    for follower in &mut followers {
        follower.seat.aim(&follower.name, None);
        follower
            .until("no longer", |view| view.vehicles.is_empty())
            .await;
    }
}
