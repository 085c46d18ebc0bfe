use ridecast_protocol::{self as wire, VehicleClass, VehicleId};
use rustc_hash::FxHashMap;

use super::block::{self, Damaged, Fix, Line};
use crate::spatial::{Area, LatLon};

/// Which vehicles are looked for.
#[derive(Debug, Clone)]
pub(super) enum Sought {
    /// This one.
    One(VehicleId),
    /// Those that were in the area.
    In(Area),
}

/// What was found in blocks, in whatever order these came; some of it twice.
#[derive(Debug)]
pub(super) struct Gathered {
    sought: Sought,
    /// From the first, to before the second, tenths of a second.
    window: (i64, i64),
    lines: FxHashMap<VehicleId, Line>,
    fixes: usize,
}

impl Gathered {
    pub(super) fn new(sought: Sought, from_ms: i64, to_ms: i64) -> Self {
        Self {
            sought,
            window: (tenth(from_ms), tenth(to_ms)),
            lines: FxHashMap::default(),
            fixes: 0,
        }
    }

    /// How many fixes it has.
    pub(super) const fn len(&self) -> usize {
        self.fixes
    }

    /// The one vehicle that is looked for, if it is one.
    pub(super) const fn one(&self) -> Option<&VehicleId> {
        match &self.sought {
            Sought::One(id) => Some(id),
            Sought::In(_) => None,
        }
    }

    pub(super) fn add_block(&mut self, bytes: &[u8]) -> Result<(), Damaged> {
        block::decode(bytes, |id, class, fixes| self.add(id, class, fixes))
    }

    pub(super) fn add(&mut self, id: &str, class: &VehicleClass, fixes: &[Fix]) {
        if self.one().is_some_and(|one| one.as_str() != id) {
            return;
        }
        let (from, to) = self.window;
        let mut fixes = fixes
            .iter()
            .filter(|fix| (from..to).contains(&fix.at))
            .peekable();
        if fixes.peek().is_none() {
            return;
        }
        let line = match self.lines.get_mut(id) {
            Some(line) => line,
            None => match VehicleId::new(id) {
                Ok(id) => self.lines.entry(id).or_insert_with(|| Line {
                    class: class.clone(),
                    fixes: Vec::new(),
                }),
                Err(_) => return,
            },
        };
        let (had, newest) = (line.fixes.len(), line.fixes.last().map(|fix| fix.at));
        line.fixes.extend(fixes);
        if line.fixes.last().map(|fix| fix.at) > newest {
            line.class.clone_from(class);
        }
        self.fixes += line.fixes.len() - had;
    }

    /// The ways, in order of time, and up to when they are whole: `to_ms`, or before, as no more
    /// than `most` fixes are told (but all of one tenth of a second).
    pub(super) fn trails(self, to_ms: i64, most: usize) -> (Vec<wire::Trail>, i64) {
        let mut lines: Vec<_> = self.lines.into_iter().collect();
        lines.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (_, line) in &mut lines {
            // Two nodes may have heard it in turn; what was written twice is there twice.
            line.fixes.sort_by_key(|fix| fix.at);
            line.fixes.dedup_by_key(|fix| fix.at);
            line.fixes.retain(|fix| fix.at < tenth(to_ms));
            if let Sought::In(area) = &self.sought {
                keep_inside(&mut line.fixes, area);
            }
        }
        let mut to_ms = to_ms;
        let mut times: Vec<i64> = lines
            .iter()
            .flat_map(|(_, line)| line.fixes.iter().map(|fix| fix.at))
            .collect();
        if times.len() > most {
            let (_, first_beyond, _) = times.select_nth_unstable(most);
            let first = lines
                .iter()
                .filter_map(|(_, line)| line.fixes.first())
                .map(|fix| fix.at);
            // A moment with more than that is told whole, or nobody would come past it.
            let end = (*first_beyond).max(first.min().map_or(0, |first| first + 1));
            for (_, line) in &mut lines {
                line.fixes.retain(|fix| fix.at < end);
            }
            to_ms = to_ms.min(end * 100);
        }
        let trails = lines.into_iter().filter(|(_, line)| !line.fixes.is_empty());
        let trails = trails.map(|(id, line)| trail(id, &line)).collect();
        (trails, to_ms)
    }
}

/// Keeps the fixes inside, and of those outside the last before it came in and the first after it
/// left: so its line crosses the edge.
fn keep_inside(fixes: &mut Vec<Fix>, area: &Area) {
    let inside: Vec<bool> = fixes.iter().map(|fix| is_inside(fix, area)).collect();
    let mut nth = 0_usize;
    fixes.retain(|_| {
        let around = nth.saturating_sub(1)..(nth + 2).min(inside.len());
        nth += 1;
        inside[around].contains(&true)
    });
}

/// A tenth of a second that begins before an edge lies before it.
fn tenth(ms: i64) -> i64 {
    ms.div_euclid(100) + i64::from(ms.rem_euclid(100) > 0)
}

fn is_inside(fix: &Fix, area: &Area) -> bool {
    LatLon::new(degrees(fix.latitude), degrees(fix.longitude))
        .is_ok_and(|point| area.contains(point))
}

fn degrees(millionths: i32) -> f64 {
    f64::from(millionths) / 1e6
}

fn trail(id: VehicleId, line: &Line) -> wire::Trail {
    let fixes = &line.fixes;
    wire::Trail {
        id,
        class: line.class.clone(),
        times_ms: fixes.iter().map(|fix| fix.at * 100).collect(),
        line: fixes
            .iter()
            .map(|fix| (degrees(fix.longitude), degrees(fix.latitude)))
            .collect(),
        busy: fixes.iter().map(|fix| u8::from(fix.busy)).collect(),
    }
}
