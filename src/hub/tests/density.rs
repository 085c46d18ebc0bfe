use std::collections::BTreeMap;

use proptest::prelude::*;
use ridecast_protocol::{Density, DensityCell, ServerMessage, VehicleState};

use super::*;
use crate::spatial::{Cell, Hexagon};

/// South, west, north, east: across the antimeridian, a few cells of resolution 8 wide.
const EDGES: [f64; 4] = [-17.02, 179.98, -16.98, -179.98];
/// At which cells are of resolution 8.
const ZOOM: f32 = 12.0;

fn density(name: &str, edges: [f64; 4], class: Option<&str>) -> Subscribe {
    let [south, west, north, east] = edges;
    Subscribe {
        subscription: named(name),
        channel: Channel::Density(Density {
            south,
            west,
            north,
            east,
            zoom: ZOOM,
            vehicle_class: class.map(|class| VehicleClass::new(class).unwrap()),
        }),
        max_rate_hz: None,
    }
}

/// What a client knows: by subscription, and then by cell, how many vehicles, silent and busy.
type Views = BTreeMap<String, BTreeMap<String, (u32, u32, u32)>>;

/// Takes all that there is to tell. Returns how many messages that was.
fn take(watcher: &mut Watcher, views: &mut Views) -> usize {
    let cx = Context::from_waker(Waker::noop());
    let mut count = 0;
    while let Poll::Ready(message) = watcher.feed.poll_next(&cx) {
        let Some(Message::Text(text)) = message else {
            panic!("{message:?}");
        };
        let ServerMessage::Density(message) = serde_json::from_slice(&text).unwrap() else {
            panic!("no counts");
        };
        count += 1;
        assert!(message.snapshot || !(message.cells.is_empty() && message.left.is_empty()));
        let view = views.entry(message.subscription.to_string()).or_default();
        if message.snapshot {
            view.clear();
        }
        for cell in &message.left {
            assert!(view.remove(cell).is_some(), "{cell} was not there");
        }
        for DensityCell {
            cell,
            vehicles,
            silent,
            busy,
            outline,
        } in message.cells
        {
            let before = view.insert(cell, (vehicles, silent, busy));
            assert_eq!(before.is_none(), outline.is_some(), "told once");
            assert_ne!(before, Some((vehicles, silent, busy)), "no news");
        }
        let sum: u32 = view.values().map(|(vehicles, ..)| vehicles).sum();
        assert_eq!(message.vehicles, sum);
    }
    count
}

/// What a client should know, from what each vehicle says of itself.
fn counted(bench: &Bench, names: &[VehicleId], edges: [f64; 4], class: Option<&str>) -> Views {
    let [south, west, north, east] = edges;
    let resolution = Hexagon::resolution(ZOOM.into(), f64::midpoint(south, north));
    let area = Area::rectangle(south, west, north, east).unwrap();
    let mut view: BTreeMap<String, (u32, u32, u32)> = BTreeMap::new();
    for seen in names.iter().filter_map(|id| bench.fleet.get(id)?.seen()) {
        let point = seen.fix.point;
        let hexagon = Hexagon::around(Cell::of(point), point, resolution);
        let is_shown = area.grown(resolution).contains(hexagon.center());
        if is_shown && class.is_none_or(|class| class == seen.info.class.as_str()) {
            let tally = view.entry(hexagon.to_string()).or_default();
            tally.0 += 1;
            tally.1 += u32::from(seen.state == VehicleState::Silent);
            tally.2 += u32::from(seen.engaged);
        }
    }
    Views::from([("d".to_owned(), view)])
}

impl Bench {
    fn count(&self) {
        self.fleet.count_densities(false);
        self.hub.state.borrow_mut().counted();
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// So far north and east of the south-western corner, in thousandths of a degree.
    Drive(usize, u8, u8),
    Leave(usize),
    Engage(usize, bool),
    /// A vehicle that is not heard of meanwhile goes silent.
    Pass,
    /// To the south-east, in thousandths of a degree.
    Move(u8, bool),
    Count,
    Take,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..12_usize, 0..60_u8, 0..60_u8).prop_map(|(id, up, along)| Step::Drive(id, up, along)),
        1 => (0..12_usize).prop_map(Step::Leave),
        2 => (0..12_usize, any::<bool>()).prop_map(|(id, on)| Step::Engage(id, on)),
        1 => Just(Step::Pass),
        1 => (0..40_u8, any::<bool>()).prop_map(|(off, cars)| Step::Move(off, cars)),
        4 => Just(Step::Count),
        3 => Just(Step::Take),
    ]
}

proptest! {
    #[test]
    fn what_is_told_folds_to_what_is_there(steps in proptest::collection::vec(step(), 1..60)) {
        let mut bench = Bench::new();
        let mut watcher = bench.watcher(Format::Binary, Sees::Everything);
        let (mut views, mut edges, mut class) = (Views::new(), EDGES, None);
        watcher.seat.subscribe(&density("d", edges, class)).unwrap();
        let names: Vec<_> = (0..12).map(|n| id(&format!("v{n}"))).collect();
        for step in steps.into_iter().chain([Step::Count, Step::Take]) {
            match step {
                Step::Drive(nth, up, along) => {
                    if nth % 3 == 0 && bench.fleet.get(&names[nth]).is_none() {
                        let info = VehicleInfo {
                            class: VehicleClass::new("van").unwrap(),
                            plate: None,
                            label: None,
                        };
                        bench.fleet.go_online(&names[nth], info, &session(), bench.now_ms);
                    }
                    let longitude = EDGES[1] - 0.01 + f64::from(along) / 1000.0;
                    let longitude = (longitude + 180.0).rem_euclid(360.0) - 180.0;
                    bench.drive(&names[nth], (EDGES[0] - 0.01 + f64::from(up) / 1000.0, longitude));
                }
                Step::Leave(nth) => bench.offline(&names[nth]),
                Step::Engage(nth, on) => {
                    bench.fleet.engage(&names[nth], on);
                }
                Step::Pass => {
                    bench.now_ms += 16_000;
                    bench.fleet.sweep(bench.now_ms);
                }
                Step::Move(off, cars) => {
                    let off = f64::from(off) / 1000.0;
                    edges = [EDGES[0] - off, EDGES[1], EDGES[2] - off, EDGES[3] + off];
                    class = cars.then_some("car");
                    watcher.seat.update(&density("d", edges, class)).unwrap();
                    bench.fleet.count_densities(true);
                }
                Step::Count => bench.count(),
                Step::Take => {
                    take(&mut watcher, &mut views);
                }
            }
        }
        prop_assert_eq!(&views, &counted(&bench, &names, edges, class));
        bench.count();
        prop_assert_eq!(take(&mut watcher, &mut views), 0, "nothing has changed");
    }
}

#[test]
fn a_lower_rate_is_told_of_every_so_manieth_count() {
    let mut bench = Bench::new();
    let mut watcher = bench.watcher(Format::Json, Sees::Everything);
    let mut views = Views::new();
    let mut request = density("d", EDGES, None);
    request.max_rate_hz = Some(0.3);
    watcher.seat.subscribe(&request).unwrap();
    let mut told = Vec::new();
    for nth in 0..9_u8 {
        // In one cell, so that its count is news each time.
        bench.drive(&id(&format!("v{nth}")), (-17.0, 180.0));
        bench.count();
        told.push(take(&mut watcher, &mut views));
    }
    assert_eq!(told, [1, 0, 0, 0, 1, 0, 0, 0, 1]);
}

#[test]
fn nobody_counts_what_nobody_watches() {
    let bench = Bench::new();
    let watcher = bench.watcher(Format::Json, Sees::Everything);
    bench.count();
    assert!(bench.fleet.counts().is_empty());
    for (name, class) in [("a", None), ("b", None), ("c", Some("car"))] {
        watcher
            .seat
            .subscribe(&density(name, EDGES, class))
            .unwrap();
    }
    bench.count();
    assert_eq!(bench.fleet.counts().len(), 2, "a and b watch the same");
    watcher.seat.unsubscribe(&named("a")).unwrap();
    watcher.seat.unsubscribe(&named("c")).unwrap();
    bench.count();
    assert_eq!(bench.fleet.counts().len(), 1);
    assert_eq!(bench.watched(), 0, "no move is told for the sake of counts");
    drop(watcher);
    assert!(bench.hub.state.borrow().densities.is_empty());
}
