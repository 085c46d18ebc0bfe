//! `limit`: the k nearest, kept right as they move.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use ridecast_protocol::Role;
use serde_json::json;

use crate::client::Client;
use crate::say::{MONTEVIDEO, Place, distance_m, go_online, nearby, now_ms, offset, position_at};
use crate::service::Service;

const VEHICLES: usize = 60;
const STEPS: usize = 20;
const RADIUS_M: f64 = 1_500.0;

#[tokio::test]
async fn the_nearest_are_kept_right_over_a_random_walk() {
    let service = Service::start();
    let mut random = StdRng::seed_from_u64(7);
    let mut riders = Vec::new();
    for (binary, limit) in [
        (false, 1),
        (true, 1),
        (false, 7),
        (true, 7),
        (false, 1000),
        (true, 40),
    ] {
        let (mut rider, _) = Client::open_as(service.address, "r", Role::Operator, binary).await;
        let mut wish = nearby("n", MONTEVIDEO, RADIUS_M);
        wish["channel"]["limit"] = json!(limit);
        rider.ok(wish).await;
        riders.push((rider, limit));
    }
    let mut places = BTreeMap::<String, Place>::new();
    let mut drivers = Vec::new();
    for n in 0..VEHICLES {
        let id = format!("d{n:02}");
        let mut driver = Client::open(service.address, &id, Role::Driver).await;
        driver.ok(go_online("car")).await;
        let place = offset(
            MONTEVIDEO,
            random.random_range(-2e3..2e3),
            random.random_range(-2e3..2e3),
        );
        places.insert(id.clone(), place);
        drivers.push((id, driver));
    }
    let mut t = now_ms() - 3_600_000;
    for step in 0..STEPS {
        for (id, driver) in &mut drivers {
            let place = places.get_mut(id).unwrap();
            *place = offset(
                *place,
                random.random_range(-300.0..300.0),
                random.random_range(-300.0..300.0),
            );
            t += 1;
            driver.send(&position_at(*place, t)).await;
        }
        // Somebody goes for good now and then, so that the next nearest takes the place.
        if step % 4 == 3 {
            let (id, mut driver) = drivers.remove(random.random_range(0..drivers.len()));
            driver.ok(json!({"type": "go_offline"})).await;
            places.remove(&id);
        }
        for (_, driver) in &mut drivers {
            driver.settle().await;
        }
        for (rider, limit) in &mut riders {
            let mut near: Vec<_> = places
                .iter()
                .map(|(id, place)| (distance_m(MONTEVIDEO, *place), id.clone()))
                .filter(|(distance_m, _)| *distance_m <= RADIUS_M)
                .collect();
            near.sort_by(|a, b| a.0.total_cmp(&b.0));
            near.truncate(*limit);
            let mut ids: Vec<_> = near.into_iter().map(|(_, id)| id).collect();
            ids.sort();
            let right = |view: &crate::view::View| {
                view.ids() == ids
                    && view
                        .vehicles
                        .iter()
                        .all(|(id, shown)| (shown.latitude, shown.longitude) == places[id])
            };
            rider
                .until(
                    "n",
                    &format!("step {step}: the nearest {limit} are {ids:?}"),
                    right,
                )
                .await;
        }
    }
}
