//! A position taken in: of a vehicle that stays in its cell, and of one that goes to another.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Mutex;

use criterion::Criterion;
use ridecast::spatial::{Cell, LatLon};
use ridecast_protocol::{Position, VehicleId};

use crate::places::{Places, a_step_from};
use crate::town::Town;

const VEHICLES: usize = 1_000;

/// Nobody watches. The reference keeps what it is told: it judges nothing, has no alias, and
/// to say who is near it would have to look at all.
pub(crate) fn bench(criterion: &mut Criterion) {
    let mut places = Places::new();
    let homes = places.circle(VEHICLES, 5_000.0);
    let crossing = border(homes[0]);
    assert_ne!(Cell::of(crossing[0]), Cell::of(crossing[1]));
    let mut town = Town::new(&[&homes[..], &crossing[..1]].concat());
    let mut group = criterion.benchmark_group("report a position");

    let staying = [homes[0], a_step_from(homes[0])];
    assert_eq!(Cell::of(staying[0]), Cell::of(staying[1]));
    for (name, vehicle, [here, there]) in [
        ("ours, in its cell", 0, staying),
        ("ours, crossing", VEHICLES, crossing),
    ] {
        group.bench_function(name, |bencher| {
            let mut turn = false;
            bencher.iter(|| {
                turn = !turn;
                town.drive(vehicle, black_box(if turn { there } else { here }));
            });
        });
    }

    let newest: Mutex<HashMap<VehicleId, Position>> = Mutex::default();
    let known = town.next_positions(&homes);
    for (vehicle, position) in town.vehicles.iter().zip(&known) {
        newest
            .lock()
            .unwrap()
            .insert(vehicle.id().clone(), *position);
    }
    group.bench_function("naive: a map under a lock", |bencher| {
        bencher.iter(|| {
            let id = town.vehicles[0].id().clone();
            newest.lock().unwrap().insert(id, black_box(known[0]))
        });
    });
    group.finish();
}

/// Two places next to each other, in two cells.
fn border(from: LatLon) -> [LatLon; 2] {
    let mut here = from;
    loop {
        let there = a_step_from(here);
        if Cell::of(here) != Cell::of(there) {
            return [here, there];
        }
        here = there;
    }
}
