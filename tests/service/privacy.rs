//! What riders are not told: who drives, and whom they have met before.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ridecast_protocol::{NearbyVehicles, Role, ServerMessage};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use crate::client::{Client, DEADLINE, Got, How};
use crate::http::get;
use crate::redis_server::RedisServer;
use crate::say::{MONTEVIDEO, nearby, offset, position, update, viewport};
use crate::service::{Service, token};

/// Stands between clients and the service, and keeps all that the service says.
struct Ear {
    address: SocketAddr,
    said: Arc<Mutex<Vec<u8>>>,
}

impl Ear {
    async fn at(service: &Service) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let said = Arc::<Mutex<Vec<u8>>>::default();
        let (heard, to) = (Arc::clone(&said), service.address);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let heard = Arc::clone(&heard);
                tokio::spawn(async move {
                    let (mut from_client, mut to_client) = client.into_split();
                    let (mut from_service, mut to_service) =
                        TcpStream::connect(to).await.unwrap().into_split();
                    tokio::spawn(async move {
                        let _ = tokio::io::copy(&mut from_client, &mut to_service).await;
                    });
                    let mut bytes = [0; 4096];
                    while let Ok(count @ 1..) = from_service.read(&mut bytes).await {
                        heard.lock().unwrap().extend(&bytes[..count]);
                        if to_client.write_all(&bytes[..count]).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { address, said }
    }

    fn heard(&self, word: &str) -> bool {
        let said = self.said.lock().unwrap();
        said.windows(word.len()).any(|it| it == word.as_bytes())
    }
}

const WHO: &str = "rosa-the-driver";
const PLATE: &str = "SBX-1234";

async fn driver(service: &Service, n: usize) -> Client {
    let mut driver = Client::open(service.address, &format!("{WHO}-{n}"), Role::Driver).await;
    let vehicle = json!({"class": "car", "plate": PLATE, "label": format!("Taxi of {WHO}")});
    driver
        .ok(json!({"type": "go_online", "vehicle": vehicle}))
        .await;
    driver
}

/// A session opened by `hello`, when the role is known only after the socket is there.
async fn by_hello(address: SocketAddr, role: Role) -> Client {
    let mut client = Client::connect(address, &How::default()).await;
    client
        .send(&json!({"type": "hello", "token": token("h1", role)}))
        .await;
    client.welcome().await;
    client
}

/// What there is to see, from the first vehicle to the last: entering, moving, silence,
/// coming back, leaving.
async fn watch_them_all(service: &Service, watchers: &mut [Client]) {
    for watcher in &mut *watchers {
        watcher.ok(nearby("n", MONTEVIDEO, 2_000.0)).await;
        let mut few = nearby("few", MONTEVIDEO, 2_000.0);
        few["channel"]["limit"] = json!(2);
        watcher.ok(few).await;
        watcher
            .ok(viewport("map", [-35.0, -56.3, -34.8, -56.0]))
            .await;
    }
    let mut drivers = Vec::new();
    for n in 0..5 {
        drivers.push(driver(service, n).await);
    }
    for step in 0..4 {
        for (n, driver) in (0..).zip(&mut drivers) {
            let place = offset(MONTEVIDEO, f64::from(step) * 60.0, f64::from(n) * 100.0);
            driver.ok(position(place)).await;
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    for watcher in &mut *watchers {
        for name in ["n", "map"] {
            watcher
                .until(name, "all", |view| view.vehicles.len() == 5)
                .await;
        }
        watcher
            .until("few", "two", |view| view.vehicles.len() == 2)
            .await;
        let silent = |view: &crate::view::View| {
            let states = view.vehicles.values().map(|it| it.state);
            view.vehicles.len() == 5
                && states
                    .into_iter()
                    .all(|it| it == ridecast_protocol::VehicleState::Silent)
        };
        watcher.until("n", "silent", silent).await;
        watcher
            .ok(update(nearby("n", offset(MONTEVIDEO, 90.0, 0.0), 5_000.0)))
            .await;
    }
    drivers[0].ok(position(MONTEVIDEO)).await;
    drivers[1].ok(json!({"type": "go_offline"})).await;
    for watcher in &mut *watchers {
        watcher
            .until("map", "one left", |view| view.vehicles.len() == 4)
            .await;
        watcher
            .until("map", "all are gone", |view| view.vehicles.is_empty())
            .await;
    }
}

fn of_short_lives() -> Service {
    Service::start_with(|settings| {
        settings.fleet.alias_for = Duration::from_millis(400);
        settings.fleet.silent_after = Duration::from_millis(700);
        settings.fleet.gone_after = Duration::from_millis(2_500);
    })
}

const QUERY: &str = "/v1/vehicles?latitude=-34.9&longitude=-56.16&radius_m=5000";

#[tokio::test]
async fn a_rider_never_learns_who_drives() {
    let service = of_short_lives();
    let ear = Ear::at(&service).await;
    let mut watchers = vec![by_hello(ear.address, Role::Rider).await];
    for binary in [false, true] {
        watchers.push(
            Client::open_as(ear.address, "r1", Role::Rider, binary)
                .await
                .0,
        );
    }
    let asking = tokio::spawn(async move {
        let mut most = 0;
        loop {
            let reply = get(ear.address, QUERY, Some(&token("r1", Role::Rider))).await;
            let found = reply.json::<NearbyVehicles>().vehicles.len();
            if most == 5 && found == 0 {
                return ear;
            }
            most = most.max(found);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    watch_them_all(&service, &mut watchers).await;
    let ear = tokio::time::timeout(DEADLINE, asking)
        .await
        .unwrap()
        .unwrap();
    for watcher in &mut watchers {
        watcher.settle().await;
        assert_eq!(watcher.complaints(), []);
    }
    assert!(ear.heard("map") && ear.heard("car"), "the ear hears");
    assert!(!ear.heard(WHO));
    assert!(!ear.heard(PLATE));
}

/// And that the test above would notice.
#[tokio::test]
async fn an_operator_knows_who_drives() {
    let service = of_short_lives();
    for (n, binary) in [false, true].into_iter().enumerate() {
        let ear = Ear::at(&service).await;
        let (mut operator, _) = Client::open_as(ear.address, "o1", Role::Operator, binary).await;
        operator.ok(nearby("n", MONTEVIDEO, 2_000.0)).await;
        let mut driver = driver(&service, n).await;
        driver.ok(position(MONTEVIDEO)).await;
        let id = format!("{WHO}-{n}");
        operator.until("n", "its id", |view| view.has(&id)).await;
        assert!(ear.heard(&id));
    }
    let ear = Ear::at(&service).await;
    get(ear.address, QUERY, Some(&token("o1", Role::Operator))).await;
    assert!(ear.heard(WHO));
    let mut operator = by_hello(ear.address, Role::Operator).await;
    operator.ok(nearby("n", MONTEVIDEO, 2_000.0)).await;
    operator
        .until("n", "its id", |view| view.has(&format!("{WHO}-1")))
        .await;
}

/// By what name and number a vehicle was shown at each of its times.
#[derive(Default)]
struct Names(BTreeMap<i64, (String, u32)>);

impl Names {
    /// Takes in the next message, of which there may be one that has nothing to do with vehicles.
    async fn next(&mut self, rider: &mut Client) {
        match rider.next().await {
            Got::Message(ServerMessage::Vehicles(message)) => {
                for vehicle in message.vehicles {
                    let name = vehicle.id.to_string();
                    self.0.insert(vehicle.timestamp_ms, (name, 0));
                }
            }
            Got::Frame(frame) => {
                for (record, introduced) in frame.vehicles {
                    let known = self.0.values().find(|(_, handle)| *handle == record.handle);
                    let name = introduced.map(|(_, id)| id.to_string());
                    let name = name.or_else(|| Some(known?.0.clone())).unwrap();
                    self.0.insert(record.timestamp_ms, (name, record.handle));
                }
            }
            Got::Message(_) => {}
            end => panic!("{end:?}"),
        }
        // There is one vehicle, whatever it is called.
        assert!(rider.view("n").vehicles.len() <= 1);
    }

    async fn until(&mut self, rider: &mut Client, last_ms: i64) {
        let deadline = Instant::now() + DEADLINE;
        while !self.0.contains_key(&last_ms) {
            assert!(Instant::now() < deadline, "the last position never came");
            self.next(rider).await;
        }
    }

    fn names(&self) -> BTreeSet<&str> {
        self.0.values().map(|(name, _)| name.as_str()).collect()
    }
}

/// Drives for so long; gives the time of the last position.
async fn drive(driver: &mut Client, lasting: Duration) -> i64 {
    let until = Instant::now() + lasting;
    let mut north_m = 0.0;
    loop {
        north_m += 1.0;
        let position = position(offset(MONTEVIDEO, north_m, 0.0));
        let timestamp_ms = position["timestamp_ms"].as_i64().unwrap();
        driver.ok(position).await;
        if Instant::now() > until {
            return timestamp_ms;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_alias_lasts_its_time_and_a_number_ties_no_two_together() {
    let service = Service::start_with(|settings| {
        settings.fleet.alias_for = Duration::from_secs(1);
    });
    let (mut json, _) = Client::open_as(service.address, "r1", Role::Rider, false).await;
    let (mut binary, _) = Client::open_as(service.address, "r2", Role::Rider, true).await;
    for rider in [&mut json, &mut binary] {
        rider.ok(nearby("n", MONTEVIDEO, 2_000.0)).await;
    }
    let mut driver = driver(&service, 0).await;
    let (mut in_json, mut in_binary) = (Names::default(), Names::default());
    let last_ms = drive(&mut driver, Duration::from_millis(3_500)).await;
    in_json.until(&mut json, last_ms).await;
    in_binary.until(&mut binary, last_ms).await;

    let names = in_json.names();
    assert!((4..=5).contains(&names.len()), "{names:?}");
    assert!(names.iter().all(|name| name.len() == 16), "{names:?}");
    // The names follow each other; none comes back, and none stays longer than its time.
    let mut in_turn: Vec<_> = in_json.0.values().map(|(name, _)| name).collect();
    in_turn.dedup();
    assert_eq!(in_turn.len(), names.len());
    for name in &names {
        let times = || {
            let shown = in_json.0.iter().filter(|(_, (shown, _))| shown == name);
            shown.map(|(time, _)| time)
        };
        let lasted = times().max().unwrap() - times().min().unwrap();
        assert!(lasted <= 1_300, "{name} for {lasted} ms");
    }
    assert!(in_binary.names().is_subset(&names) && in_binary.names().len() > 2);
    let pairs: BTreeSet<_> = in_binary.0.values().collect();
    let handles: BTreeSet<_> = pairs.iter().map(|(_, handle)| handle).collect();
    assert_eq!(pairs.len(), in_binary.names().len(), "one number each");
    assert_eq!(handles.len(), pairs.len(), "and each its own");
}

#[tokio::test]
async fn two_nodes_give_a_vehicle_the_same_alias() {
    let redis = RedisServer::start();
    let node = || {
        Service::start_with(|settings| {
            settings.store = redis.url().parse().unwrap();
            settings.fleet.alias_for = Duration::from_millis(700);
        })
    };
    let (a, b) = (node(), node());
    let mut riders = Vec::new();
    for (service, binary) in [(&a, false), (&b, false), (&b, true)] {
        let (mut rider, _) = Client::open_as(service.address, "r1", Role::Rider, binary).await;
        rider.ok(nearby("n", MONTEVIDEO, 2_000.0)).await;
        riders.push((rider, Names::default()));
    }
    let mut driver = driver(&a, 0).await;
    driver.ok(position(MONTEVIDEO)).await;
    for (rider, _) in &mut riders {
        rider
            .until("n", "there", |view| view.vehicles.len() == 1)
            .await;
        // Begin anew, so that each is introduced while we listen.
        rider
            .ok(json!({"type": "unsubscribe", "subscription": "n"}))
            .await;
        rider.forget("n");
        rider.ok(nearby("n", MONTEVIDEO, 2_000.0)).await;
    }
    let last_ms = drive(&mut driver, Duration::from_millis(2_500)).await;
    for (rider, names) in &mut riders {
        names.until(rider, last_ms).await;
        assert!(names.names().len() >= 3, "{:?}", names.names());
    }
    let [(_, here), (_, there), (_, there_binary)] = &riders[..] else {
        panic!("three");
    };
    for other in [there, there_binary] {
        let mut both = 0;
        for (time, (name, _)) in &other.0 {
            if let Some((name_here, _)) = here.0.get(time) {
                assert_eq!(name, name_here, "at {time}");
                both += 1;
            }
        }
        assert!(both > 10, "{both} positions were seen on both nodes");
    }
}
