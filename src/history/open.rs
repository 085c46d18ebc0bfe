use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::block::{Fix, Line, Lines};
use ridecast_protocol::VehicleId;

use crate::store::VehicleRecord;

/// Where vehicles were since the last block.
#[derive(Debug, Default)]
pub(super) struct Open {
    lines: Lines,
    /// What the last block was made of: it may not be in the store yet.
    sealed: Arc<Lines>,
    /// When the first of all was noted.
    since_ms: Option<i64>,
}

impl Open {
    /// Takes a vehicle's newest word in. What it has already costs nothing.
    pub(super) fn note(&mut self, record: &VehicleRecord) {
        let fix = fix(record);
        self.since_ms.get_or_insert(fix.at * 100);
        match self.lines.entry(record.id.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(Line {
                    class: record.info.class.clone(),
                    fixes: vec![fix],
                });
            }
            Entry::Occupied(mut entry) => {
                let line = entry.get_mut();
                line.class.clone_from(&record.info.class);
                match line.fixes.last_mut() {
                    // The same again, now taken by a ride or free.
                    Some(last) if last.at >= fix.at => last.busy = fix.busy,
                    _ => line.fixes.push(fix),
                }
            }
        }
    }

    /// Begins a new block; the one until now, or `None` if nothing is in it.
    pub(super) fn seal(&mut self) -> Option<Arc<Lines>> {
        // About as many vehicles will come again.
        let mut next = Lines::default();
        next.reserve(self.lines.len());
        self.sealed = Arc::new(std::mem::replace(&mut self.lines, next));
        (!self.sealed.is_empty()).then(|| Arc::clone(&self.sealed))
    }

    /// When the first of all was noted, ms since the Unix epoch.
    pub(super) const fn since_ms(&self) -> Option<i64> {
        self.since_ms
    }

    /// Calls `each` with what is here of one vehicle.
    pub(super) fn line_of(&self, id: &VehicleId, mut each: impl FnMut(&Line)) {
        for lines in [&*self.sealed, &self.lines] {
            lines.get(id).into_iter().for_each(&mut each);
        }
    }
}

fn fix(record: &VehicleRecord) -> Fix {
    Fix {
        at: record.heard_at_ms.div_euclid(100),
        latitude: millionths(record.position.latitude),
        longitude: millionths(record.position.longitude),
        busy: record.engaged,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "180 million fit; `as` takes what is none for 0"
)]
fn millionths(degrees: f64) -> i32 {
    (degrees * 1e6).round() as i32
}
