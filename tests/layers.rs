//! The laws of the house: arrows go down only, and a few names stay in their rooms.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may fail the test"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// Floor by floor, as `src/lib.rs` and ARCHITECTURE.md tell it.
const FLOORS: [(u8, &[&str]); 6] = [
    (5, &["main", "app", "config", "demo"]),
    (4, &["http", "ws", "gate"]),
    (
        3,
        &[
            "session",
            "driver",
            "rider",
            "watcher",
            "rides",
            "revocations",
            "webhooks",
        ],
    ),
    (2, &["fleet", "hub", "inbox", "history"]),
    (1, &["store", "broker", "routing"]),
    (0, &["spatial", "ride", "auth", "telemetry"]),
];

const LONGEST_FILE: usize = 500;

struct Source {
    /// Below the repository, with forward slashes.
    path: String,
    text: String,
}

impl Source {
    /// The lines of code with their numbers; comments are free to name anything.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        (1..)
            .zip(self.text.lines())
            .filter(move |(_, line)| is_code(line))
    }

    /// The module of the service it belongs to.
    fn module(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        let name = inside.split('/').next()?;
        Some(name.strip_suffix(".rs").unwrap_or(name))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &str, ending: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().is_some_and(|path| path.ends_with(ending)) {
                found.push(read(&path));
            }
        }
    }
    assert!(!found.is_empty(), "no source in {folder}");
    found
}

fn read(path: &PathBuf) -> Source {
    let below = path.strip_prefix(root()).unwrap();
    Source {
        path: below.to_str().unwrap().replace('\\', "/"),
        text: fs::read_to_string(path).unwrap(),
    }
}

fn floor(module: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(_, modules)| modules.contains(&module))
        .map(|(floor, _)| *floor)
}

/// The modules of the service that a line names, as in `crate::hub` or `crate::{auth, hub::Seat}`.
fn named(line: &str) -> Vec<&str> {
    let mut modules = Vec::new();
    for (at, path) in line.match_indices("crate::") {
        let rest = &line[at + path.len()..];
        let list = rest
            .strip_prefix('{')
            .and_then(|list| list.split('}').next());
        for item in
            list.unwrap_or(rest)
                .split(',')
                .take(if list.is_some() { usize::MAX } else { 1 })
        {
            let word = item
                .trim()
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .next();
            modules.extend(word.filter(|word| floor(word).is_some()));
        }
    }
    modules
}

#[test]
fn every_module_has_its_floor() {
    for source in sources("src", ".rs") {
        let module = source.module().unwrap();
        assert!(
            module == "lib" || floor(module).is_some(),
            "{module} has no floor"
        );
    }
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let table = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for module in FLOORS.iter().flat_map(|(_, modules)| *modules) {
        assert!(
            *module == "main" || lib.contains(&format!("pub mod {module};")),
            "{module}"
        );
        assert!(
            table.contains(&format!("`{module}`")),
            "ARCHITECTURE.md does not tell of {module}"
        );
    }
}

#[test]
fn arrows_go_down_only() {
    let mut arrows = 0;
    for source in sources("src", ".rs") {
        let Some(from) = source.module().filter(|module| *module != "lib") else {
            continue;
        };
        for (number, line) in source.code() {
            for to in named(line) {
                arrows += 1;
                assert!(
                    floor(to) <= floor(from),
                    "{}:{number}: {from} may not know {to}: {line}",
                    source.path
                );
            }
        }
    }
    assert!(
        arrows > 50,
        "only {arrows} arrows were found: is this test blind?"
    );
}

#[test]
fn what_is_beside_each_other_on_the_ground_stays_apart() {
    // The floors of one storey may know each other, except where one must stay usable alone.
    let apart = [
        ("spatial", "auth"),
        ("spatial", "telemetry"),
        ("store", "broker"),
        ("fleet", "hub"),
    ];
    for source in sources("src", ".rs") {
        for (number, line) in source.code() {
            for to in named(line) {
                let arrow = (source.module().unwrap(), to);
                assert!(!apart.contains(&arrow), "{}:{number}: {line}", source.path);
            }
        }
    }
}

#[test]
fn each_library_stays_in_its_room() {
    let is_redis = |path: &str| {
        path.ends_with("/redis.rs") || path.contains("/redis/") || path == "src/store/keys.rs"
    };
    for source in sources("src", ".rs") {
        for (number, line) in source.code() {
            // The crate, not our own modules of that name.
            let names_redis = line.contains("redis::")
                && ![
                    "self::redis::",
                    "super::redis::",
                    "store::redis::",
                    "mod redis",
                ]
                .iter()
                .any(|ours| line.contains(ours));
            let of_store_or_broker =
                line.contains("redis::RedisStore") || line.contains("redis::RedisBroker");
            assert!(
                !names_redis || of_store_or_broker || is_redis(&source.path),
                "{}:{number}: {line}",
                source.path
            );
            assert!(
                !line.contains("actix_ws") || source.path.starts_with("src/ws/"),
                "{}:{number}: {line}",
                source.path
            );
        }
    }
}

#[test]
fn the_crates_below_know_nothing_above() {
    for (crate_, unknown) in [
        (
            "protocol",
            &["ridecast_roads", "ridecast_simulator", "ridecast::"][..],
        ),
        (
            "roads",
            &["ridecast_protocol", "ridecast_simulator", "ridecast::"],
        ),
        ("simulator", &["ridecast::"]),
    ] {
        for source in sources(&format!("{crate_}/src"), ".rs") {
            for (number, line) in source.code() {
                let known = unknown.iter().find(|unknown| line.contains(**unknown));
                assert_eq!(known, None, "{}:{number}", source.path);
            }
        }
    }
}

#[test]
fn no_file_is_too_long_to_read() {
    let mut files = Vec::new();
    for (folder, ending) in [
        ("src", ".rs"),
        ("protocol/src", ".rs"),
        ("roads/src", ".rs"),
        ("simulator/src", ".rs"),
        ("tests", ".rs"),
        ("web/src", ".ts"),
        ("web/src", ".tsx"),
        ("web/sdk", ".ts"),
    ] {
        files.extend(sources(folder, ending));
    }
    for file in files {
        let lines = file.text.lines().count();
        assert!(
            lines <= LONGEST_FILE || file.path.ends_with(".gen.ts"),
            "{} has {lines} lines",
            file.path
        );
    }
}
