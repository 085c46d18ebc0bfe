//! The index of places: which vehicles are where, to be asked who is near.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use ridecast_protocol::{VehicleInfo, VehicleState};
use rustc_hash::FxBuildHasher;

use super::nearest::{Nearest, Sought};
use super::vehicle::{Now, Place, Vehicle};
use crate::spatial::{Area, Block, Inside, Spot, Tile};

/// All vehicles that have a position, by blocks and tiles.
///
/// A vehicle's lock is taken before its block's, never after: whoever looks into a block takes
/// out of it what was sought, and lets go of it before asking a vehicle. So what filters ask
/// for stands here beside each vehicle, as it was last put.
#[derive(Debug, Default)]
pub(super) struct Places {
    blocks: DashMap<Block, Occupied, FxBuildHasher>,
    /// How often a vehicle has gone from one block to another.
    crossings: AtomicU64,
}

/// A block with vehicles in it.
#[derive(Debug)]
struct Occupied {
    middle: Spot,
    /// A bit for each tile in which there are vehicles.
    tiles: u64,
    /// Those tiles, in the order of their bits.
    lists: Vec<List>,
}

/// The vehicles in a tile.
#[derive(Debug)]
struct List {
    middle: Spot,
    /// Where they are, apart from all else: of most of them nothing else is looked at.
    spots: Vec<Spot>,
    /// The same vehicles in the same order.
    vehicles: Vec<Placed>,
}

/// A vehicle in its tile, and what it is sought by.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) vehicle: Arc<Vehicle>,
    /// The vehicle's own, here so that it need not be fetched.
    pub(super) handle: u32,
    pub(super) info: Arc<VehicleInfo>,
    pub(super) state: VehicleState,
    pub(super) engaged: bool,
}

impl Places {
    /// How often a vehicle has gone from one block to another: if that is the same before and
    /// after a look around, no vehicle was missed by it.
    pub(super) fn crossings(&self) -> u64 {
        self.crossings.load(Ordering::Relaxed)
    }

    /// Notes a vehicle as it is now, under its lock. `before`: where it was.
    pub(super) fn put(
        &self,
        vehicle: &Arc<Vehicle>,
        now: &Now,
        place: &Place,
        before: Option<&Place>,
    ) {
        let tile = place.tile;
        let before = before.map(|before| before.tile);
        let mut block = self
            .blocks
            .entry(tile.block)
            .or_insert_with(|| Occupied::new(tile.block));
        match before {
            Some(before) if before == tile => {
                block.set(tile, vehicle, now, place);
            }
            Some(before) if before.block == tile.block => {
                block.take_out(before, vehicle);
                block.push(place, Placed::new(vehicle, now));
            }
            before => {
                block.push(place, Placed::new(vehicle, now));
                drop(block);
                if let Some(before) = before {
                    // Into the new before out of the old: who looks meanwhile meets it twice,
                    // or, looking into the old after the new, never, but sees this number.
                    self.crossings.fetch_add(1, Ordering::Relaxed);
                    self.take_out(vehicle, before);
                }
            }
        }
    }

    /// The vehicle is no longer there.
    pub(super) fn take_out(&self, vehicle: &Arc<Vehicle>, tile: Tile) {
        if let Entry::Occupied(mut entry) = self.blocks.entry(tile.block) {
            entry.get_mut().take_out(tile, vehicle);
            if entry.get().lists.is_empty() {
                entry.remove();
            }
        }
    }

    /// Those in the area, and perhaps some beside it. One that crosses meanwhile may be there twice.
    pub(super) fn within(&self, area: &Area) -> Vec<Arc<Vehicle>> {
        let inside = area.inside();
        let mut found = Vec::new();
        self.look(area, |block| {
            for list in &block.lists {
                let near = list.spots.iter().zip(&list.vehicles);
                let near = near.filter(|(spot, _)| match &inside {
                    Inside::Circle {
                        center,
                        chord_squared,
                    } => center.chord_squared(**spot) <= *chord_squared,
                    Inside::Rectangle(_) => true,
                });
                found.extend(near.map(|(_, placed)| Arc::clone(&placed.vehicle)));
            }
        });
        found
    }

    /// Offers the sought vehicles in the area, which is a circle around the middle of `nearest`.
    pub(super) fn nearest(&self, area: &Area, sought: &Sought, nearest: &mut Nearest) {
        self.look(area, |block| {
            if nearest.reaches(block.middle, Block::REACH) {
                block.offer_to(nearest, sought);
            }
        });
    }

    /// Whether there is no vehicle.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Looks into the blocks that the area touches, those in its middle first.
    fn look(&self, area: &Area, mut at: impl FnMut(&Occupied)) {
        if let Some(blocks) = area.blocks(self.blocks.len()) {
            for block in blocks {
                if let Some(block) = self.blocks.get(&block) {
                    at(&block);
                }
            }
        } else {
            // Fewer blocks are occupied than the area has.
            for block in &self.blocks {
                at(&block);
            }
        }
    }
}

impl Occupied {
    fn new(block: Block) -> Self {
        Self {
            middle: block.middle(),
            tiles: 0,
            lists: Vec::new(),
        }
    }

    /// Where the tile's list is, or would be.
    const fn nth(&self, tile: u32) -> usize {
        (self.tiles & ((1 << tile) - 1)).count_ones() as usize
    }

    fn push(&mut self, place: &Place, placed: Placed) {
        let tile = place.tile;
        let (nth, bit) = (self.nth(tile.nth), 1 << tile.nth);
        if self.tiles & bit == 0 {
            self.tiles |= bit;
            let list = List {
                middle: tile.middle(),
                spots: Vec::new(),
                vehicles: Vec::new(),
            };
            self.lists.insert(nth, list);
        }
        self.lists[nth].push(place.spot, placed);
    }

    fn set(&mut self, tile: Tile, vehicle: &Arc<Vehicle>, now: &Now, place: &Place) {
        let nth = self.nth(tile.nth);
        if let Some(list) = self.lists.get_mut(nth)
            && let Some(at) = list.find(vehicle)
        {
            list.spots[at] = place.spot;
            list.vehicles[at].set(now);
        }
    }

    fn take_out(&mut self, tile: Tile, vehicle: &Arc<Vehicle>) {
        let nth = self.nth(tile.nth);
        let Some(list) = self.lists.get_mut(nth) else {
            return;
        };
        list.take_out(vehicle);
        if list.vehicles.is_empty() {
            self.lists.remove(nth);
            self.tiles &= !(1 << tile.nth);
        }
    }

    /// Those of the nearest tile first, then those around it, and so on.
    fn offer_to(&self, nearest: &mut Nearest, sought: &Sought) {
        let mut left = self.tiles;
        let mut ring = 1 << self.nearest_tile(nearest.to());
        while left != 0 {
            let mut now = ring & left;
            left &= !ring;
            while now != 0 {
                let nth = self.nth(now.trailing_zeros());
                let list = &self.lists[nth];
                now &= now - 1;
                if !nearest.reaches(list.middle, Tile::REACH) {
                    continue;
                }
                let placed = list.spots.iter().zip(&list.vehicles);
                for (at, (spot, placed)) in placed.enumerate() {
                    nearest.offer(*spot, placed, (nth, at), sought);
                }
            }
            ring = Tile::grown(ring);
        }
        nearest.keep(|(nth, at)| &self.lists[nth].vehicles[at].vehicle);
    }

    fn nearest_tile(&self, to: Spot) -> u32 {
        let mut tiles = self.tiles;
        let mut nearest = (f64::INFINITY, 0);
        for list in &self.lists {
            let chord_squared = list.middle.chord_squared(to);
            if chord_squared < nearest.0 {
                nearest = (chord_squared, tiles.trailing_zeros());
            }
            tiles &= tiles - 1;
        }
        nearest.1
    }
}

impl List {
    /// Where the vehicle stands. That it says itself, unless it is crossing from one block to
    /// another, and so in two lists.
    fn find(&self, vehicle: &Arc<Vehicle>) -> Option<usize> {
        let is = |placed: &Placed| Arc::ptr_eq(&placed.vehicle, vehicle);
        let at = vehicle.stands_at.load(Ordering::Relaxed) as usize;
        if self.vehicles.get(at).is_some_and(is) {
            return Some(at);
        }
        self.vehicles.iter().position(is)
    }

    fn push(&mut self, spot: Spot, placed: Placed) {
        placed.stands_at(self.vehicles.len());
        self.spots.push(spot);
        self.vehicles.push(placed);
    }

    fn take_out(&mut self, vehicle: &Arc<Vehicle>) {
        if let Some(at) = self.find(vehicle) {
            self.spots.swap_remove(at);
            self.vehicles.swap_remove(at);
            if let Some(placed) = self.vehicles.get(at) {
                placed.stands_at(at);
            }
        }
    }
}

impl Placed {
    fn new(vehicle: &Arc<Vehicle>, now: &Now) -> Self {
        Self {
            vehicle: Arc::clone(vehicle),
            handle: vehicle.handle(),
            info: Arc::clone(&now.info),
            state: now.state,
            engaged: now.engaged,
        }
    }

    fn set(&mut self, now: &Now) {
        self.state = now.state;
        self.engaged = now.engaged;
        if !Arc::ptr_eq(&self.info, &now.info) {
            self.info = Arc::clone(&now.info);
        }
    }

    fn stands_at(&self, at: usize) {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        self.vehicle.stands_at.store(at, Ordering::Relaxed);
    }
}
