//! Invented names.

use rand::seq::IndexedRandom;
use rand::{Rng, RngCore};
use ridecast_protocol::{InvalidName, UserId, VehicleClass, VehicleInfo};

/// A driver and what is driven.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) user: UserId,
    pub(crate) vehicle: VehicleInfo,
}

const COLOURS: [&str; 8] = [
    "White", "Silver", "Black", "Grey", "Blue", "Red", "Green", "Yellow",
];
const CARS: [&str; 6] = ["Corsa", "Onix", "Gol", "Logan", "Etios", "Polo"];
const VANS: [&str; 4] = ["Kangoo", "Berlingo", "Partner", "Transit"];
const BIKES: [&str; 3] = ["Cargo bike", "Courier bike", "Scooter"];

/// Invents what a driver says of the vehicle.
pub(crate) fn invent(
    name: &str,
    index: usize,
    class: &str,
    chance: &mut impl RngCore,
) -> Result<Person, InvalidName> {
    let models: &[&str] = match class {
        "van" => &VANS,
        "bike" => &BIKES,
        _ => &CARS,
    };
    let colour = COLOURS.choose(chance).unwrap_or(&COLOURS[0]);
    let model = models.choose(chance).unwrap_or(&models[0]);
    let mut letter = || char::from(chance.random_range(b'A'..=b'Z'));
    let letters: String = [letter(), letter(), letter()].iter().collect();
    let digits = chance.random_range(1_000..10_000);
    Ok(Person {
        user: UserId::new(format!("{name}-d{index:05}"))?,
        vehicle: VehicleInfo {
            class: VehicleClass::new(class)?,
            plate: Some(format!("{letters} {digits}")),
            label: Some(format!("{colour} {model}")),
        },
    })
}
