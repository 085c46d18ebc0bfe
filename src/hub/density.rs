use ridecast_protocol::{
    Density, DensityCell, DensityMessage, ErrorBody, ErrorCode, ServerMessage, Subscribe,
    SubscriptionName,
};
use rustc_hash::FxHashMap;

use super::state::{State, Subscribed};
use super::watching::of_another_kind;
use super::wish::{ZOOM, invalid, spacing};
use super::{Format, invalid_area};
use crate::fleet::{Count, Counts, DensityWatch, Grain, Tally};
use crate::spatial::{Area, Hexagon};

/// A subscription to counts: what it wants, and what its client has.
///
/// Nothing waits for its client: what is told is the newest count, less what was told before.
pub(super) struct DensitySubscription {
    seat: usize,
    pub(super) name: SubscriptionName,
    wish: Wish,
    /// What the client has.
    told: FxHashMap<Hexagon, Tally>,
    /// The client has been sent nothing yet, or must forget all it has.
    snapshot_due: bool,
    /// No count before that of this number.
    not_before: u64,
}

struct Wish {
    /// It shows the cells whose centres are in this.
    centers: Area,
    watch: DensityWatch,
    /// It is told of every count, or every second, and so on.
    every: u64,
}

/// About as many cells as an area may have at most.
const MOST_CELLS: f64 = 10_000.0;

impl DensitySubscription {
    fn new(seat: usize, name: SubscriptionName, wish: Wish) -> Self {
        Self {
            seat,
            name,
            wish,
            told: FxHashMap::default(),
            snapshot_due: true,
            not_before: 0,
        }
    }

    fn change_to(&mut self, wish: Wish) {
        *self = Self::new(self.seat, self.name.clone(), wish);
    }

    /// The count that its client may be told of now.
    fn due<'a>(&self, counts: &'a Counts) -> Option<&'a Count> {
        let count = counts.get(self.wish.watch.grain())?;
        let due = self.snapshot_due || count.number >= self.not_before;
        due.then_some(count)
    }

    /// What its client does not have yet of a count. `None`: it has all.
    fn tell(&mut self, count: &Count) -> Option<DensityMessage> {
        let snapshot = std::mem::take(&mut self.snapshot_due);
        let gone = |hexagon: &Hexagon, _: &mut Tally| !count.cells.contains_key(hexagon);
        let left = self.told.extract_if(gone);
        let left: Vec<_> = left.map(|(hexagon, _)| hexagon.to_string()).collect();
        let mut cells = Vec::new();
        let mut vehicles = 0;
        for (hexagon, (center, tally)) in &count.cells {
            if !self.wish.centers.contains(*center) {
                continue;
            }
            vehicles += tally.vehicles;
            let before = self.told.insert(*hexagon, *tally);
            if before != Some(*tally) {
                cells.push(DensityCell {
                    cell: hexagon.to_string(),
                    vehicles: tally.vehicles,
                    silent: tally.silent,
                    busy: tally.busy,
                    outline: before.is_none().then(|| hexagon.outline()),
                });
            }
        }
        let is_news = snapshot || !cells.is_empty() || !left.is_empty();
        self.not_before = count.number + if is_news { self.wish.every } else { 1 };
        is_news.then(|| DensityMessage {
            subscription: self.name.clone(),
            snapshot,
            resolution: self.wish.watch.grain().resolution.into(),
            cells,
            left,
            vehicles,
        })
    }
}

/// Subscriptions to counts: begun, moved, told.
impl State {
    fn read_density(&self, request: &Subscribe, channel: &Density) -> Result<Wish, ErrorBody> {
        if !ZOOM.contains(&channel.zoom) {
            return Err(invalid("`zoom` must be 0 to 24"));
        }
        let spacing = spacing(request.max_rate_hz)?.unwrap_or_default();
        let area = Area::rectangle(channel.south, channel.west, channel.north, channel.east)
            .map_err(invalid_area)?;
        let resolution = Hexagon::resolution(channel.zoom.into(), area.middle().latitude());
        let cells = area.hexagons(resolution);
        if cells > MOST_CELLS {
            return Err(ErrorBody::new(
                ErrorCode::AreaTooLarge,
                format!(
                    "the area has about {cells:.0} cells at this zoom and may have {MOST_CELLS}"
                ),
            ));
        }
        let grain = Grain {
            resolution,
            class: channel.vehicle_class.clone(),
        };
        let centers = area.grown(resolution);
        Ok(Wish {
            centers,
            // Cells are counted whole, also the part beyond the area.
            watch: self.fleet.watch_density(grain, centers.grown(resolution)),
            every: u64::try_from(spacing.as_millis().div_ceil(1_000))
                .map_or(1, |every| every.max(1)),
        })
    }

    pub(super) fn subscribe_density(
        &mut self,
        seat: usize,
        request: &Subscribe,
        channel: &Density,
    ) -> Result<(), ErrorBody> {
        let wish = self.read_density(request, channel)?;
        self.may_begin(seat, &request.subscription)?;
        let begun = DensitySubscription::new(seat, request.subscription.clone(), wish);
        let id = self.densities.insert(begun);
        let state = &mut self.seats[seat];
        state.subscriptions.push(Subscribed::Density(id));
        self.metrics.push.subscriptions.inc();
        // If others watch it too, it has been counted already.
        state.outbox.wake();
        Ok(())
    }

    pub(super) fn update_density(
        &mut self,
        seat: usize,
        request: &Subscribe,
        channel: &Density,
    ) -> Result<(), ErrorBody> {
        let wish = self.read_density(request, channel)?;
        let Subscribed::Density(id) = self.find(seat, &request.subscription)? else {
            return Err(of_another_kind(&request.subscription));
        };
        self.densities[id].change_to(wish);
        self.seats[seat].outbox.wake();
        Ok(())
    }

    /// There are new counts: whoever watches is told with the next round.
    pub(super) fn counted(&mut self) {
        let counts = self.fleet.counts();
        let watching = self.densities.iter();
        let due = watching.filter(|(_, subscription)| subscription.due(&counts).is_some());
        let seats: Vec<_> = due.map(|(_, subscription)| subscription.seat).collect();
        for seat in seats {
            self.next_round(seat);
        }
    }

    /// Writes the message for one subscription, if there is something to tell: as JSON, whatever
    /// the format of the seat.
    pub(super) fn compose_density(&mut self, id: usize, out: &mut Vec<u8>) -> Option<Format> {
        let counts = self.fleet.counts();
        let subscription = &mut self.densities[id];
        let message = subscription.tell(subscription.due(&counts)?)?;
        // Our own types, and memory takes everything.
        let _ = serde_json::to_writer(out, &ServerMessage::Density(message));
        self.told.counts();
        Some(Format::Json)
    }
}
