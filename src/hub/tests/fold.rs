use std::collections::BTreeSet;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::*;

const VEHICLES: usize = 6;

/// What the clients should see, beside what the fleet says.
struct World {
    bench: Bench,
    random: StdRng,
    /// Whose name it is or was.
    owners: BTreeMap<String, usize>,
    engaged: [bool; VEHICLES],
    place: [Option<(f64, f64)>; VEHICLES],
    watchers: Vec<(Watcher, Sees, Option<usize>)>,
}

fn driver(n: usize) -> VehicleId {
    id(&format!("d{n}"))
}

impl World {
    fn new(seed: u64) -> Self {
        let bench = Bench::new();
        let mut watchers = Vec::new();
        for format in [Format::Json, Format::Binary] {
            for sees in [Sees::Free, Sees::Everything] {
                let watcher = bench.watcher(format, sees);
                watcher.seat.subscribe(&nearby("n", (0.0, 0.0))).unwrap();
                watcher.seat.follow(&named("one"), None).unwrap();
                watchers.push((watcher, sees, None));
            }
        }
        Self {
            bench,
            random: StdRng::seed_from_u64(seed),
            owners: (0..VEHICLES).map(|n| (format!("d{n}"), n)).collect(),
            engaged: [false; VEHICLES],
            place: [None; VEHICLES],
            watchers,
        }
    }

    fn operate(&mut self) {
        let n = self.random.random_range(0..VEHICLES);
        let which = self.random.random_range(0..self.watchers.len());
        match self.random.random_range(0..100) {
            0..8 => {
                self.bench.offline(&driver(n));
                (self.place[n], self.engaged[n]) = (None, false);
            }
            8..20 => {
                let engaged = self.random.random_bool(0.5);
                if self.bench.fleet.engage(&driver(n), engaged) {
                    self.engaged[n] = engaged;
                }
            }
            20..30 => self.bench.now_ms += 400,
            30..38 => {
                let vehicle = self.random.random_bool(0.8).then_some(n);
                let near = self.place[n].filter(|_| self.random.random_bool(0.5));
                let (watcher, _, aim) = &mut self.watchers[which];
                watcher.aim("one", vehicle.map(driver).as_ref(), near);
                *aim = vehicle;
            }
            38..42 => {
                let (watcher, ..) = &self.watchers[which];
                watcher.seat.update(&nearby("n", (0.0, 0.0))).unwrap();
            }
            42..50 => self.bench.pass(),
            50..60 => {
                self.watchers[which].0.take_one();
            }
            _ => {
                // Some are within the circle, some without, all over several cells.
                let mut degrees = || self.random.random_range(-0.02..0.02);
                let place = (degrees(), degrees());
                self.bench.drive(&driver(n), place);
                self.place[n] = Some(place);
                self.owners.insert(self.bench.alias(&driver(n)), n);
            }
        }
        for (watcher, ..) in &self.watchers {
            for (name, view) in &watcher.views {
                let owners: BTreeSet<_> = view.keys().map(|name| self.owners[name]).collect();
                assert_eq!(owners.len(), view.len(), "{name}: one under two names");
            }
        }
    }

    fn check(&mut self) {
        self.bench.pass();
        self.bench.look_again();
        for (watcher, sees, aim) in &mut self.watchers {
            watcher.take();
            let mut around = Vec::new();
            for n in 0..VEHICLES {
                let area = crate::spatial::Area::circle(0.0, 0.0, 1_000.0).unwrap();
                let at = |(latitude, longitude)| {
                    crate::spatial::LatLon::new(latitude, longitude).unwrap()
                };
                if self.place[n].is_some_and(|place| area.contains(at(place)))
                    && (*sees == Sees::Everything || !self.engaged[n])
                {
                    around.push(match sees {
                        Sees::Everything => driver(n).to_string(),
                        Sees::Free => self.bench.alias(&driver(n)),
                    });
                }
            }
            around.sort();
            assert_eq!(watcher.names("n"), around, "{sees:?}");
            let one = aim.filter(|&n| self.place[n].is_some());
            let one: Vec<_> = one.map(|n| driver(n).to_string()).into_iter().collect();
            assert_eq!(watcher.names("one"), one);
            for view in watcher.views.values() {
                for (name, shown) in view {
                    let vehicle = self.bench.fleet.get(&driver(self.owners[name])).unwrap();
                    let newest = vehicle.seen().unwrap().fix.position.timestamp_ms;
                    assert_eq!(shown.timestamp_ms, newest, "{name}");
                }
            }
        }
    }
}

#[test]
fn whoever_watches_has_each_vehicle_once_and_as_it_is() {
    for seed in 0..80 {
        let mut world = World::new(seed);
        for _ in 0..12 {
            for _ in 0..40 {
                world.operate();
            }
            world.check();
        }
    }
}
