//! What the tags of an OSM way mean to a car.

use crate::class::RoadClass;

/// Slowest and fastest speed that an edge may have, km/h. A typing error in a tag (`maxspeed=5000`)
/// must not make vehicles fly, nor `maxspeed=0` make them stand for ever.
const SPEED_RANGE_KMH: (f64, f64) = (5.0, 140.0);

/// Which way along the order of its nodes a road may be driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Both,
    Forward,
    Backward,
}

/// A way that a car may drive, as its tags describe it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Road {
    pub(crate) name: Option<Box<str>>,
    pub(crate) class: RoadClass,
    pub(crate) direction: Direction,
    pub(crate) speed_mps: f64,
}

impl Road {
    /// Reads the tags of a way; `None` when no ordinary car may drive it.
    pub(crate) fn from_tags<'a>(tags: impl Iterator<Item = (&'a str, &'a str)>) -> Option<Self> {
        let mut highway = None;
        let mut name = None;
        let mut reference = None;
        let mut junction = "";
        let mut oneway = None;
        let mut maxspeed = None;
        // From the general to the special: the most special one that is present decides.
        let mut access: [Option<&str>; 4] = [None; 4];
        for (key, value) in tags {
            match key {
                "highway" => highway = Some(value),
                "name" => name = Some(value),
                "ref" => reference = Some(value),
                "junction" => junction = value,
                "oneway" => oneway = Some(value),
                "maxspeed" => maxspeed = Some(value),
                "access" => access[0] = Some(value),
                "vehicle" => access[1] = Some(value),
                "motor_vehicle" => access[2] = Some(value),
                "motorcar" => access[3] = Some(value),
                // A square drawn as an outline is not a road around it.
                "area" if value == "yes" => return None,
                _ => {}
            }
        }

        let (class, ramp) = RoadClass::from_highway(highway?)?;
        if access.into_iter().flatten().next_back().is_some_and(closed) {
            return None;
        }
        let direction = direction(oneway, junction, class, ramp)?;
        let default_kmh = class.default_kmh() * if ramp { 0.6 } else { 1.0 };
        let kmh = maxspeed.and_then(parse_maxspeed_kmh).unwrap_or(default_kmh);
        Some(Self {
            name: name
                .or(reference)
                .map(str::trim)
                .filter(|n| !n.is_empty())
                .map(Box::from),
            class,
            direction,
            speed_mps: kmh.clamp(SPEED_RANGE_KMH.0, SPEED_RANGE_KMH.1) / 3.6,
        })
    }
}

/// Whether an access value shuts out an ordinary car. `destination`, `customers`, `permissive`
/// and unknown words let it in.
fn closed(access: &str) -> bool {
    matches!(
        access,
        "no" | "private" | "agricultural" | "forestry" | "emergency" | "military"
    )
}

/// `None` for a lane whose direction changes with the hour: nobody can plan on it.
fn direction(
    oneway: Option<&str>,
    junction: &str,
    class: RoadClass,
    ramp: bool,
) -> Option<Direction> {
    match oneway {
        Some("yes" | "1" | "true") => Some(Direction::Forward),
        Some("-1" | "reverse") => Some(Direction::Backward),
        Some("no" | "0" | "false") => Some(Direction::Both),
        Some("reversible") => None,
        // Motorways and roundabouts are one-way even when nobody wrote it down; motorway ramps are not.
        _ if matches!(junction, "roundabout" | "circular") => Some(Direction::Forward),
        _ if class == RoadClass::Motorway && !ramp => Some(Direction::Forward),
        _ => Some(Direction::Both),
    }
}

/// A `maxspeed` value in km/h: `50`, `50 km/h`, `30 mph`, `DE:urban`, `DE:zone:30`, `walk`, `none`.
/// Of a list (`50;30`) the first counts. `None` for what has no number (`signals`, `variable`).
fn parse_maxspeed_kmh(value: &str) -> Option<f64> {
    let value = value.split([';', ',', '|']).next()?.trim();
    let word = value.rsplit(':').next()?.trim();
    let digits = word
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(word.len());
    let (number, unit) = word.split_at(digits);
    if let Ok(number) = number.parse::<f64>() {
        return match unit.trim() {
            "" | "km/h" | "kmh" | "kph" => Some(number),
            "mph" => Some(number * 1.609_344),
            "knots" => Some(number * 1.852),
            _ => None,
        };
    }
    match word {
        "urban" => Some(50.0),
        "rural" => Some(90.0),
        "motorway" | "none" => Some(120.0),
        "trunk" => Some(100.0),
        "living_street" => Some(15.0),
        "walk" => Some(6.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn road(tags: &[(&str, &str)]) -> Option<Road> {
        Road::from_tags(tags.iter().copied())
    }

    #[test]
    fn speeds_in_every_spelling() {
        for (value, kmh) in [
            ("50", Some(50.0)),
            ("30 mph", Some(48.280_32)),
            ("30mph", Some(48.280_32)),
            ("60 km/h", Some(60.0)),
            ("50;30", Some(50.0)),
            ("FI:urban", Some(50.0)),
            ("DE:zone:30", Some(30.0)),
            ("DE:zone30", None),
            ("walk", Some(6.0)),
            ("signals", None),
            ("", None),
            (".", None),
            ("fifty", None),
        ] {
            assert_eq!(parse_maxspeed_kmh(value), kmh, "{value:?}");
        }
    }

    #[test]
    fn absurd_speeds_are_clamped() {
        let speed = |v| {
            road(&[("highway", "primary"), ("maxspeed", v)])
                .unwrap()
                .speed_mps
                * 3.6
        };
        assert!((speed("5000") - 140.0).abs() < 1e-9);
        assert!((speed("0") - 5.0).abs() < 1e-9);
        assert!((speed("9".repeat(400).as_str()) - 140.0).abs() < 1e-9);
    }

    #[test]
    fn the_most_special_access_decides() {
        let open = |tags: &[(&'static str, &'static str)]| {
            let mut all = vec![("highway", "residential")];
            all.extend_from_slice(tags);
            road(&all).is_some()
        };
        assert!(open(&[]));
        assert!(!open(&[("access", "no")]));
        assert!(!open(&[("motor_vehicle", "no")]));
        assert!(!open(&[("access", "yes"), ("motorcar", "private")]));
        assert!(open(&[("motor_vehicle", "yes"), ("access", "no")]));
        assert!(open(&[("access", "destination")]));
    }

    #[test]
    fn one_way_streets() {
        let direction = |tags: &[(&str, &str)]| road(tags).map(|r| r.direction);
        let street = ("highway", "residential");
        assert_eq!(direction(&[street]), Some(Direction::Both));
        assert_eq!(
            direction(&[street, ("oneway", "yes")]),
            Some(Direction::Forward)
        );
        assert_eq!(
            direction(&[street, ("oneway", "1")]),
            Some(Direction::Forward)
        );
        assert_eq!(
            direction(&[street, ("oneway", "-1")]),
            Some(Direction::Backward)
        );
        assert_eq!(direction(&[street, ("oneway", "reversible")]), None);
        assert_eq!(
            direction(&[street, ("junction", "roundabout")]),
            Some(Direction::Forward)
        );
        assert_eq!(
            direction(&[("highway", "motorway")]),
            Some(Direction::Forward)
        );
        assert_eq!(
            direction(&[("highway", "motorway"), ("oneway", "no")]),
            Some(Direction::Both)
        );
        assert_eq!(
            direction(&[("highway", "motorway_link")]),
            Some(Direction::Both)
        );
        assert_eq!(direction(&[("highway", "footway")]), None);
        assert_eq!(direction(&[street, ("area", "yes")]), None);
    }
}
