use ridecast_protocol::{Role, VehicleId};

use crate::fleet::Seen;

/// Of which vehicles somebody is told, and what they are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sees {
    /// Those that no ride has taken, under their aliases.
    #[default]
    Free,
    /// All, under their own ids.
    Everything,
}

impl From<Role> for Sees {
    fn from(role: Role) -> Self {
        match role {
            Role::Operator => Self::Everything,
            Role::Rider | Role::Driver | Role::Admin => Self::Free,
        }
    }
}

impl Sees {
    /// Whether a vehicle like this is shown.
    #[must_use]
    pub const fn shows(self, seen: &Seen) -> bool {
        match self {
            Self::Free => !seen.engaged,
            Self::Everything => true,
        }
    }

    /// The id it is shown under: its own, or its alias.
    #[must_use]
    pub fn id<'a>(self, own: &'a VehicleId, seen: &'a Seen) -> &'a VehicleId {
        match self {
            Self::Free => &seen.alias.id,
            Self::Everything => own,
        }
    }

    /// The number it is shown under in binary frames.
    #[must_use]
    pub fn handle(self, own: u32, seen: &Seen) -> u32 {
        match self {
            Self::Free => seen.alias.handle,
            Self::Everything => own,
        }
    }
}
