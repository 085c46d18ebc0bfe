use ridecast_protocol::{Position, SessionId, VehicleClass, VehicleInfo};

use super::block::{self, Fix, Line, Lines};
use super::gathered::{Gathered, Sought};
use super::*;
use crate::store::{StoreUrl, open as open_store};

fn id(name: &str) -> VehicleId {
    VehicleId::new(name).unwrap()
}

fn class(name: &str) -> VehicleClass {
    VehicleClass::new(name).unwrap()
}

/// At so many tenths of a second, so many millionths of a degree north and east.
fn fix(at: i64, latitude: i32, longitude: i32) -> Fix {
    Fix {
        at,
        latitude,
        longitude,
        busy: at % 3 == 0,
    }
}

/// Vehicles of two classes, two fixes each, in a city.
fn city(vehicles: i32, at: i64) -> Lines {
    let line = |n: i32| {
        let (latitude, longitude) = (
            -34_905_000 + n * 7_919 % 90_000,
            -56_170_000 + n * 104_729 % 120_000,
        );
        let (north, east) = (n * 31 % 900 - 450, n * 53 % 900 - 450);
        let first = at + i64::from(n * 17 % 50);
        Line {
            class: class(if n % 5 == 0 { "van" } else { "car" }),
            fixes: vec![
                fix(first, latitude, longitude),
                fix(first + 50, latitude + north, longitude + east),
            ],
        }
    };
    (0..vehicles)
        .map(|n| (id(&format!("driver-{n:05}")), line(n)))
        .collect()
}

fn read(block: &[u8]) -> Result<Lines, block::Damaged> {
    let mut lines = Lines::default();
    block::decode(block, |name, class, fixes| {
        let line = Line {
            class: class.clone(),
            fixes: fixes.to_vec(),
        };
        // What is no id is left out by who reads it.
        lines.extend(VehicleId::new(name).map(|id| (id, line)));
    })?;
    Ok(lines)
}

#[test]
fn a_block_says_what_was_put_into_it() {
    let mut odd = Lines::default();
    for (name, fixes) in [
        (
            "täxi 7 🚕",
            vec![
                fix(0, 90_000_000, 180_000_000),
                fix(1, -90_000_000, -180_000_000),
            ],
        ),
        ("t", vec![fix(17_953_839_233, 0, 0)]),
        ("täxi", vec![fix(i64::MAX / 200, 1, -1)]),
        ("none", Vec::new()),
    ] {
        let class = class(if name == "t" { "van" } else { "bike" });
        odd.insert(id(name), Line { class, fixes });
    }
    for lines in [
        Lines::default(),
        odd,
        city(1, 17_953_839_233),
        city(1_000, 17_953_839_233),
    ] {
        assert_eq!(read(&block::encode(&lines)).unwrap(), lines);
    }
}

#[test]
fn a_damaged_block_is_an_error_or_another_block_and_no_panic() {
    let whole = block::encode(&city(50, 17_953_839_233));
    for length in 0..whole.len() {
        assert_eq!(
            read(&whole[..length]),
            Err(block::Damaged),
            "{length} bytes"
        );
    }
    for nth in 0..whole.len() {
        for bit in 0..8 {
            let mut changed = whole.clone();
            changed[nth] ^= 1 << bit;
            let _ = read(&changed);
        }
    }
    // What deflate would notice: every byte before it, changed.
    let plain = inflated(&whole);
    for nth in 0..plain.len() {
        for byte in [0, 1, 0x7f, 0x80, 0xff] {
            let mut changed = plain.clone();
            changed[nth] = byte;
            let _ = read(&deflated(&changed));
        }
    }
    assert_eq!(read(&[2, 3, 0]), Err(block::Damaged), "another format");
}

fn inflated(block: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut inflate = flate2::read::DeflateDecoder::new(&block[1..]);
    std::io::Read::read_to_end(&mut inflate, &mut plain).unwrap();
    plain
}

fn deflated(plain: &[u8]) -> Vec<u8> {
    let mut deflate = flate2::write::DeflateEncoder::new(vec![1], flate2::Compression::fast());
    std::io::Write::write_all(&mut deflate, plain).unwrap();
    deflate.finish().unwrap()
}

fn gathered(sought: Sought, from_ms: i64, to_ms: i64, lines: &[(&str, &[Fix])]) -> Gathered {
    let mut gathered = Gathered::new(sought, from_ms, to_ms);
    for (id, fixes) in lines {
        gathered.add(id, &class("car"), fixes);
    }
    gathered
}

fn times(trail: &wire::Trail) -> Vec<i64> {
    assert_eq!(trail.times_ms.len(), trail.line.len());
    assert_eq!(trail.times_ms.len(), trail.busy.len());
    trail.times_ms.clone()
}

#[test]
fn two_nodes_words_of_one_vehicle_are_one_line() {
    let a = [fix(10, 1, 1), fix(60, 2, 2), fix(160, 4, 4)];
    let b = [fix(110, 3, 3), fix(160, 4, 4), fix(210, 5, 5)];
    let gathered = gathered(
        Sought::One(id("v")),
        1_000,
        21_000,
        &[("v", &b), ("w", &a), ("v", &a)],
    );
    let (trails, to_ms) = gathered.trails(21_000, 100);
    assert_eq!(to_ms, 21_000);
    assert_eq!(trails.len(), 1);
    assert_eq!(
        times(&trails[0]),
        [1_000, 6_000, 11_000, 16_000],
        "from the first to before the second"
    );
    assert_eq!(trails[0].line[1], (0.000_002, 0.000_002));
    assert_eq!(trails[0].busy, [0, 1, 0, 0]);
}

#[test]
fn a_line_crosses_the_edge_of_the_area_and_no_more() {
    let area = Area::rectangle(0.0, 0.0, 10.0, 10.0).unwrap();
    let degree = 1_000_000;
    let east = |places: &[i32]| -> Vec<Fix> {
        let fixes = (0..).zip(places);
        fixes
            .map(|(n, &at)| fix(n, 5 * degree, at * degree))
            .collect()
    };
    let (through, touches) = (
        east(&[-3, -2, -1, 0, 5, 10, 11, 12, 13]),
        east(&[12, 11, 10, 11]),
    );
    let (outside, leaves) = (east(&[11, 12, -1, 20]), east(&[9, 11, 12, 13, 11, 9]));
    let lines: [(&str, &[Fix]); 4] = [
        ("through", &through),
        ("touches", &touches),
        ("outside", &outside),
        ("leaves and comes back", &leaves),
    ];
    let gathered = gathered(Sought::In(area), 0, 100_000, &lines);
    let (trails, _) = gathered.trails(100_000, 100);
    let told: Vec<_> = trails
        .iter()
        .map(|it| (it.id.as_str(), times(it)))
        .collect();
    assert_eq!(
        told,
        [
            ("leaves and comes back", vec![0, 100, 400, 500]),
            ("through", vec![200, 300, 400, 500, 600]),
            ("touches", vec![100, 200, 300]),
        ]
    );
}

#[test]
fn what_is_too_much_is_told_in_parts_that_fit_together() {
    let lines = city(100, 0);
    let lines: Vec<_> = lines
        .iter()
        .map(|(id, line)| (id.as_str(), line.fixes.as_slice()))
        .collect();
    let world = Area::rectangle(-90.0, -180.0, 90.0, 180.0).unwrap();
    let (mut from_ms, mut parts, mut told) = (0, 0, Vec::new());
    while from_ms < 20_000 {
        let gathered = gathered(Sought::In(world), from_ms, 20_000, &lines);
        let (trails, to_ms) = gathered.trails(20_000, 30);
        assert!(to_ms > from_ms, "it comes on");
        for trail in &trails {
            assert!(times(trail).iter().all(|at| (from_ms..to_ms).contains(at)));
            told.extend(
                times(trail)
                    .into_iter()
                    .map(|at| (trail.id.to_string(), at)),
            );
        }
        from_ms = to_ms;
        parts += 1;
    }
    assert!((7..20).contains(&parts), "{parts} parts");
    told.sort();
    let count = told.len();
    told.dedup();
    assert_eq!((count, told.len()), (200, 200), "each once");
    // More of one moment than is told at once.
    let one = [fix(5, 0, 0)];
    let many: Vec<_> = (0..50).map(|n| n.to_string()).collect();
    let many: Vec<(&str, &[Fix])> = many.iter().map(|id| (id.as_str(), &one[..])).collect();
    let (trails, to_ms) = gathered(Sought::In(world), 0, 20_000, &many).trails(20_000, 30);
    assert_eq!((trails.len(), to_ms), (50, 600));
}

fn record(id: &str, heard_at_ms: i64) -> VehicleRecord {
    VehicleRecord {
        id: VehicleId::new(id).unwrap(),
        info: VehicleInfo {
            class: class("car"),
            plate: None,
            label: None,
        },
        position: Position {
            latitude: -34.9,
            longitude: -56.16,
            timestamp_ms: heard_at_ms,
            accuracy: None,
            bearing: None,
            speed: None,
        },
        heard_at_ms,
        session: SessionId::new("s").unwrap(),
        engaged: false,
    }
}

async fn history(keep: Duration) -> Arc<History> {
    let store = open_store(&StoreUrl::Memory).await.unwrap();
    let settings = Settings {
        keep,
        ..Settings::default()
    };
    History::new(store, Duration::from_secs(5), settings)
}

#[tokio::test]
async fn what_was_noted_is_found_before_and_after_it_is_stored() {
    let history = history(Duration::from_hours(1)).await;
    let now = now_ms();
    let words = [
        record("v", now - 9_000),
        record("v", now - 4_000),
        record("w", now - 4_000),
    ];
    history.note(words.iter(), now);
    // The same again, and what was there before.
    history.note(words[1..].iter(), now);
    history.note([record("v", now - 60_000)].iter(), now);
    for write in [false, true, false, true] {
        let trail = history
            .trail(&id("v"), now - 600_000, now, now)
            .await
            .unwrap();
        let trail = trail.expect("it was there");
        let times = times(&trail.vehicles[0]);
        assert_eq!(times, [now - 9_000, now - 4_000].map(|ms| ms / 100 * 100));
        assert_eq!((trail.every_ms, trail.to_ms), (5_000, now));
        let kept_for = now - trail.kept_from_ms;
        assert!((9_000..17_000).contains(&kept_for), "{kept_for} ms");
        if write {
            history.write().await.unwrap();
        }
    }
    let world = Area::rectangle(-90.0, -180.0, 90.0, 180.0).unwrap();
    let later = now + 60_000;
    let window = history
        .window(world, now - 60_000, later, later)
        .await
        .unwrap();
    assert_eq!(window.vehicles.len(), 2);
    assert_eq!(
        window.to_ms,
        later - 26_000,
        "what is newer may not be whole"
    );
    let window = history
        .window(world, later, later + 5, later)
        .await
        .unwrap();
    assert_eq!((window.from_ms, window.to_ms), (later, later));
    assert!(
        history
            .trail(&id("x"), 0, now, now)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn who_keeps_none_has_none() {
    let history = history(Duration::ZERO).await;
    let now = now_ms();
    history.note([record("v", now)].iter(), now);
    history.write().await.unwrap();
    assert!(
        history
            .trail(&id("v"), now - 60_000, now, now)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(history.store.history_since().await.unwrap(), None);
    let world = Area::rectangle(-90.0, -180.0, 90.0, 180.0).unwrap();
    let window = history.window(world, now - 60_000, now, now).await.unwrap();
    assert_eq!((window.kept_from_ms, window.vehicles), (now, Vec::new()));
}
