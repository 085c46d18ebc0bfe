//! The promise behind the map: whatever happens in whatever order, what a
//! client has folded is, when all is quiet, what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use ridecast_protocol::Role;
use serde_json::{Value, json};

use crate::client::Client;
use crate::say::{
    Place, distance_m, go_online, nearby, now_ms, offset, position_at, round, update, viewport,
};
use crate::service::Service;
use crate::view::View;

const DRIVERS: usize = 40;
const RIDERS: usize = 8;
const ROUNDS: usize = 8;
const OPERATIONS: usize = 150;

/// Places where geometry goes wrong, if it does: cities, the antimeridian, a pole, the null island.
const CENTERS: [Place; 5] = [
    (-34.9, -56.16),
    (60.17, 24.94),
    (-17.3, 179.98),
    (89.93, 40.0),
    (0.0, 0.0),
];

/// What a vehicle is, as its driver said.
#[derive(Debug, Clone, PartialEq)]
struct Truth {
    place: Place,
    timestamp_ms: i64,
    class: &'static str,
}

struct Driver {
    id: String,
    client: Client,
    home: Place,
    online: bool,
    class: &'static str,
    truth: Option<Truth>,
}

#[derive(Debug, Clone)]
enum Wish {
    Near {
        center: Place,
        radius_m: f64,
        limit: Option<usize>,
        class: Option<&'static str>,
    },
    Map([f64; 4]),
}

/// Somebody who watches: an operator sees ids, a rider aliases.
struct Rider {
    client: Client,
    role: Role,
    wishes: BTreeMap<String, Wish>,
}

struct World {
    service: Service,
    random: StdRng,
    now: i64,
    drivers: Vec<Driver>,
    riders: Vec<Rider>,
}

fn class(random: &mut StdRng) -> &'static str {
    ["car", "van"][random.random_range(0..2)]
}

fn somewhere(random: &mut StdRng, center: Place, reach_m: f64) -> Place {
    let mut metres = || random.random_range(-reach_m..reach_m);
    let (latitude, longitude) = offset(center, metres(), metres());
    (latitude.clamp(-90.0, 90.0), longitude)
}

impl Wish {
    fn random(random: &mut StdRng) -> Self {
        let home = CENTERS[random.random_range(0..CENTERS.len())];
        let center = somewhere(random, home, 4_000.0);
        if random.random_bool(0.4) {
            let (height, width) = if random.random_bool(0.3) {
                (0.6, 1.2)
            } else {
                (0.02, 0.05)
            };
            let longitude = |degrees: f64| round((degrees + 180.0).rem_euclid(360.0) - 180.0);
            // Near a pole everything is near every meridian.
            let (west, east) = if center.0 > 80.0 {
                (-180.0, random.random_range(0.0..180.0))
            } else {
                (longitude(center.1 - width), longitude(center.1 + width))
            };
            let north = round((center.0 + height).min(90.0));
            return Self::Map([round(center.0 - height), west, north, east]);
        }
        Self::Near {
            center,
            radius_m: if random.random_bool(0.2) {
                19_000.0
            } else {
                random.random_range(50.0..6_000.0)
            },
            limit: random.random_bool(0.4).then(|| random.random_range(1..6)),
            class: random.random_bool(0.3).then(|| class(random)),
        }
    }

    fn subscribe(&self, name: &str, random: &mut StdRng) -> Value {
        let mut subscribe = match self {
            Self::Near {
                center,
                radius_m,
                limit,
                class,
            } => {
                let mut subscribe = nearby(name, *center, *radius_m);
                if let Some(limit) = limit {
                    subscribe["channel"]["limit"] = json!(limit);
                }
                if let Some(class) = class {
                    subscribe["channel"]["vehicle_class"] = json!(class);
                }
                subscribe
            }
            Self::Map(edges) => viewport(name, *edges),
        };
        if random.random_bool(0.3) {
            subscribe["max_rate_hz"] = json!(random.random_range(2.0..50.0));
        }
        subscribe
    }

    /// Brute force: which of these it shows.
    fn shows(&self, vehicles: &BTreeMap<String, Truth>) -> Vec<String> {
        let mut found: Vec<(f64, String)> = vehicles
            .iter()
            .filter_map(|(id, truth)| Some((self.distance_m(truth)?, id.clone())))
            .collect();
        if let Self::Near {
            limit: Some(limit), ..
        } = self
        {
            found.sort_by(|a, b| a.0.total_cmp(&b.0));
            found.truncate(*limit);
        }
        let mut ids: Vec<_> = found.into_iter().map(|(_, id)| id).collect();
        ids.sort();
        ids
    }

    fn distance_m(&self, truth: &Truth) -> Option<f64> {
        match self {
            Self::Near {
                center,
                radius_m,
                class,
                ..
            } => {
                let distance_m = distance_m(*center, truth.place);
                let wanted = class.is_none_or(|class| class == truth.class);
                (wanted && distance_m <= *radius_m).then_some(distance_m)
            }
            Self::Map([south, west, north, east]) => {
                let (latitude, longitude) = truth.place;
                let across = if west <= east {
                    (west..=east).contains(&&longitude)
                } else {
                    longitude >= *west || longitude <= *east
                };
                (across && latitude >= *south && latitude <= *north).then_some(0.0)
            }
        }
    }
}

impl World {
    async fn new(seed: u64, workers: usize) -> Self {
        let service = Service::start_with(|settings| {
            settings.workers = workers;
            settings.fleet.silent_after = Duration::from_mins(10);
            settings.fleet.gone_after = Duration::from_mins(20);
            // Many of them change before they are told, and while they are shown.
            settings.fleet.alias_for = Duration::from_millis(300);
        });
        let mut random = StdRng::seed_from_u64(seed);
        let mut drivers = Vec::new();
        for n in 0..DRIVERS {
            let id = format!("d{n:02}");
            drivers.push(Driver {
                client: Client::open(service.address, &id, Role::Driver).await,
                id,
                home: CENTERS[n % CENTERS.len()],
                online: false,
                class: class(&mut random),
                truth: None,
            });
        }
        let mut riders = Vec::new();
        for n in 0..RIDERS {
            let role = if n % 4 < 2 {
                Role::Rider
            } else {
                Role::Operator
            };
            let (client, _) = Client::open_as(service.address, "r", role, n % 2 == 1).await;
            riders.push(Rider {
                client,
                role,
                wishes: BTreeMap::new(),
            });
        }
        Self {
            service,
            random,
            now: now_ms() - 3_600_000,
            drivers,
            riders,
        }
    }

    async fn operate(&mut self) {
        if self.random.random_bool(0.75) {
            self.drive().await;
        } else {
            self.look().await;
        }
    }

    async fn drive(&mut self) {
        let random = &mut self.random;
        let driver = &mut self.drivers[random.random_range(0..DRIVERS)];
        match random.random_range(0..100) {
            0..6 => {
                driver.client.send(&json!({"type": "go_offline"})).await;
                driver.online = false;
                driver.truth = None;
            }
            // The tunnel: another session goes on. Its opening is answered, so that the order is known.
            6..10 => {
                driver.client.settle().await;
                driver.client = Client::open(self.service.address, &driver.id, Role::Driver).await;
                driver.online = false;
            }
            _ => {
                if !driver.online {
                    driver.class = class(random);
                    driver.client.send(&go_online(driver.class)).await;
                    driver.online = true;
                }
                let before = driver
                    .truth
                    .as_ref()
                    .map_or(driver.home, |truth| truth.place);
                // Mostly a few streets on, at times anywhere: many cells at once.
                let place = if random.random_bool(0.8) {
                    somewhere(random, before, 400.0)
                } else {
                    somewhere(random, driver.home, 7_000.0)
                };
                self.now += 10;
                driver.client.send(&position_at(place, self.now)).await;
                driver.truth = Some(Truth {
                    place,
                    timestamp_ms: self.now,
                    class: driver.class,
                });
            }
        }
        driver.client.catch_up();
    }

    async fn look(&mut self) {
        let random = &mut self.random;
        let rider = &mut self.riders[random.random_range(0..RIDERS)];
        let name = format!("s{}", random.random_range(0..4));
        let wish = Wish::random(random);
        let known = rider.wishes.contains_key(&name);
        if known && random.random_bool(0.2) {
            rider
                .client
                .ok(json!({"type": "unsubscribe", "subscription": name}))
                .await;
            rider.client.catch_up();
            rider.client.forget(&name);
            rider.wishes.remove(&name);
            return;
        }
        let message = wish.subscribe(&name, random);
        let message = if known { update(message) } else { message };
        rider.client.send(&message).await;
        rider.wishes.insert(name, wish);
        rider.client.catch_up();
    }

    /// All is said and heard: every view is what brute force says.
    async fn check(&mut self, when: &str) {
        for driver in &mut self.drivers {
            driver.client.settle().await;
            assert_eq!(driver.client.complaints(), [], "{when}, {}", driver.id);
        }
        for rider in &mut self.riders {
            rider.client.settle().await;
            assert_eq!(rider.client.complaints(), [], "{when}");
        }
        let vehicles: BTreeMap<String, Truth> = self
            .drivers
            .iter()
            .filter_map(|driver| Some((driver.id.clone(), driver.truth.clone()?)))
            .collect();
        for (n, rider) in self.riders.iter_mut().enumerate() {
            for (name, wish) in &rider.wishes {
                let ids = wish.shows(&vehicles);
                let right = |view: &View| {
                    view.snapshots == 1 && ids == recognised(view, rider.role, &vehicles)
                };
                let mut what = format!("{when}, rider {n}, {wish:?} should show");
                for id in &ids {
                    let _ = write!(what, " {id}: {:?}", vehicles[id]);
                }
                rider.client.until(name, &what, right).await;
            }
        }
    }
}

/// The ids of the vehicles in a view; of one that is not as it should be, what it is instead.
fn recognised(view: &View, role: Role, vehicles: &BTreeMap<String, Truth>) -> Vec<String> {
    // No two positions of this world are of one time.
    let at = |time| {
        vehicles
            .iter()
            .find(|(_, truth)| truth.timestamp_ms == time)
    };
    let mut ids: Vec<_> = view
        .vehicles
        .iter()
        .map(|(name, shown)| match at(shown.timestamp_ms) {
            Some((id, truth))
                if (shown.latitude, shown.longitude) == truth.place
                    && shown.class == truth.class
                    && (name == id) == (role == Role::Operator) =>
            {
                id.clone()
            }
            _ => format!("{name} as {shown:?}"),
        })
        .collect();
    ids.sort();
    let times: BTreeSet<_> = view.vehicles.values().map(|it| it.timestamp_ms).collect();
    assert_eq!(
        times.len(),
        view.vehicles.len(),
        "one vehicle under two names: {view:?}"
    );
    ids
}

async fn what_is_folded_is_what_is_there(seed: u64, workers: usize) {
    let mut world = World::new(seed, workers).await;
    for round in 0..ROUNDS {
        for _ in 0..OPERATIONS {
            world.operate().await;
        }
        world.check(&format!("seed {seed}, round {round}")).await;
    }
}

#[tokio::test]
async fn what_is_folded_is_what_is_there_with_one_worker() {
    what_is_folded_is_what_is_there(1, 1).await;
}

#[tokio::test]
async fn what_is_folded_is_what_is_there_with_two_workers() {
    what_is_folded_is_what_is_there(2, 2).await;
}

#[tokio::test]
async fn what_is_folded_is_what_is_there_with_five_workers() {
    what_is_folded_is_what_is_there(3, 5).await;
}
