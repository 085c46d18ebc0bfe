//! Classes of roads.

use serde::Serialize;

/// The importance of a road: the OSM `highway` value. Ordered from the largest road to the smallest.
///
/// A ramp (`*_link`) has the class of the larger road that it belongs to. Serialised as the OSM
/// value, e.g. `living_street`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RoadClass {
    /// Motorway: one direction per carriageway, no crossings.
    Motorway,
    /// Trunk road: the most important roads that are not motorways.
    Trunk,
    /// Primary road.
    Primary,
    /// Secondary road.
    Secondary,
    /// Tertiary road.
    Tertiary,
    /// Minor public road outside housing areas, or of unknown class (`road`).
    Unclassified,
    /// Street in a housing area.
    Residential,
    /// Street where people on foot go first.
    LivingStreet,
    /// Access road: alley, driveway, car park.
    Service,
}

impl RoadClass {
    /// The class of an OSM `highway` value and whether it is a ramp; `None` when cars do not
    /// drive there (footways, tracks, roads under construction, ...).
    pub(crate) fn from_highway(highway: &str) -> Option<(Self, bool)> {
        let (base, link) = match highway.strip_suffix("_link") {
            Some(base) => (base, true),
            None => (highway, false),
        };
        let class = match base {
            "motorway" => Self::Motorway,
            "trunk" => Self::Trunk,
            "primary" => Self::Primary,
            "secondary" => Self::Secondary,
            "tertiary" => Self::Tertiary,
            "unclassified" | "road" => Self::Unclassified,
            "residential" => Self::Residential,
            "living_street" => Self::LivingStreet,
            "service" => Self::Service,
            _ => return None,
        };
        Some((class, link))
    }

    /// Speed in km/h where the way carries no limit: what a car does in a city, not what the
    /// law allows at most.
    pub(crate) const fn default_kmh(self) -> f64 {
        match self {
            Self::Motorway => 100.0,
            Self::Trunk => 80.0,
            Self::Primary => 60.0,
            Self::Secondary => 50.0,
            Self::Tertiary => 45.0,
            Self::Unclassified => 40.0,
            Self::Residential => 35.0,
            Self::LivingStreet | Self::Service => 15.0,
        }
    }
}
