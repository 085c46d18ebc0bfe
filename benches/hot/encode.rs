//! A frame that tells of 32 vehicles that moved, for one client and for a hundred.

use std::sync::Arc;

use criterion::{BatchSize, Criterion};
use ridecast::fleet::Vehicle;
use ridecast::hub::{Format, Sees};
use ridecast_protocol::binary::{FrameWriter, Record};
use ridecast_protocol::{ServerMessage, SubscriptionName, VehiclesMessage};

use crate::places::{Places, a_step_from};
use crate::town::{Town, circle};

const VEHICLES: usize = 32;
const CLIENTS: [usize; 2] = [1, 100];

/// Ours is a whole round of the hub: it also finds out whom each of the moves concerns. The
/// reference knows that already, and makes the frame anew for each client.
pub(crate) fn bench(criterion: &mut Criterion) {
    for format in [Format::Json, Format::Binary] {
        for clients in CLIENTS {
            pair(criterion, format, clients);
        }
    }
}

fn pair(criterion: &mut Criterion, format: Format, clients: usize) {
    let mut places = Places::new();
    let here = places.circle(VEHICLES, 800.0);
    let there: Vec<_> = here.iter().map(|place| a_step_from(*place)).collect();
    let mut town = Town::new(&here);
    let watch = || town.watch(format, Sees::Free, circle(places.middle, 1_000.0, None));
    let watching: Vec<_> = (0..clients).map(|_| watch()).collect();

    let taken = |n: usize| watching[n].taken.bytes.get();
    town.drive_all(&there);
    town.hub.round();
    assert!(taken(0) > 0, "they were told");

    let mut group = criterion.benchmark_group(format!("encode {format:?} for {clients}"));
    let hub = town.hub.clone();
    let mut at_home = false;
    let mut drive = || {
        at_home = !at_home;
        town.drive_all(if at_home { &here } else { &there });
    };
    group.bench_function("ours", |bencher| {
        bencher.iter_batched(&mut drive, |()| hub.round(), BatchSize::PerIteration);
    });

    let name = SubscriptionName::new("near").unwrap();
    let vehicles = town.vehicles.clone();
    let naive = |out: &mut Vec<u8>| {
        out.clear();
        match format {
            Format::Json => json(&name, &vehicles, out),
            Format::Binary => binary(&name, &vehicles, out),
        }
    };
    let before = taken(0);
    town.drive_all(&here);
    hub.round();
    let mut out = Vec::new();
    naive(&mut out);
    // But for the four bytes of the frame's head.
    assert_eq!(taken(0) - before, out.len() + 4, "both say the same");
    group.bench_function("naive: anew for each", |bencher| {
        bencher.iter(|| (0..clients).for_each(|_| naive(&mut out)));
    });
    group.finish();
}

fn json(name: &SubscriptionName, vehicles: &[Arc<Vehicle>], out: &mut Vec<u8>) {
    let updates = vehicles.iter().filter_map(|vehicle| {
        let seen = vehicle.seen()?;
        Some(seen.update(&seen.alias.id))
    });
    let message = ServerMessage::Vehicles(VehiclesMessage {
        subscription: name.clone(),
        snapshot: false,
        vehicles: updates.collect(),
        left: Vec::new(),
    });
    serde_json::to_writer(out, &message).unwrap();
}

fn binary(name: &SubscriptionName, vehicles: &[Arc<Vehicle>], out: &mut Vec<u8>) {
    let mut frame = FrameWriter::new(out, name, false, 1_800_000_000_000);
    for seen in vehicles.iter().filter_map(|vehicle| vehicle.seen()) {
        let position = seen.fix.position;
        let record = Record {
            handle: seen.alias.handle,
            latitude: position.latitude,
            longitude: position.longitude,
            timestamp_ms: position.timestamp_ms,
            bearing: position.bearing,
            speed: position.speed,
            state: seen.state,
        };
        frame.record(&record.encode());
    }
    frame.finish([].into_iter());
}
