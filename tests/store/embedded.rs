//! What the embedded store promises besides the contract.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use redb::{ReadableDatabase as _, ReadableTableMetadata as _};
use ridecast::store::{self, MINUTE_MS, Store, StoreError, StoreUrl};
use tempfile::TempDir;

use super::{HELSINKI, MONACO, MONTEVIDEO, gone, load, moved, now_ms, put, record};

async fn open(path: &Path) -> Result<std::sync::Arc<dyn Store>, StoreError> {
    store::open(&StoreUrl::Embedded(path.to_owned())).await
}

#[tokio::test]
async fn everything_is_there_after_opening_it_again() {
    let directory = TempDir::new().unwrap();
    let store = open(directory.path()).await.unwrap();
    let before = [
        record("a", MONTEVIDEO),
        record("b", HELSINKI),
        record("c", MONACO),
    ];
    let changes: Vec<_> = before.iter().map(put).collect();
    store.write(&changes).await.unwrap();
    let there = record("b", MONACO);
    store
        .write(&[moved(&there, HELSINKI), gone("c", MONACO)])
        .await
        .unwrap();
    drop(store);

    let store = open(directory.path()).await.unwrap();
    let mut own = store.load_own().await.unwrap();
    own.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(own, [before[0].clone(), there]);
    assert!(load(&*store, &[HELSINKI]).await.is_empty());
}

#[tokio::test]
async fn history_is_there_after_opening_it_again_and_goes_in_its_time() {
    let directory = TempDir::new().unwrap();
    let store = open(directory.path()).await.unwrap();
    let now = now_ms();
    let past = now - 3 * MINUTE_MS;
    let hour = Duration::from_hours(1);
    store.append_history(now, b"kept", hour).await.unwrap();
    let at_once = Duration::from_millis(1);
    store.append_history(past, b"past", at_once).await.unwrap();
    assert_eq!(store.history_since().await.unwrap(), Some(now));
    drop(store);
    let store = open(directory.path()).await.unwrap();
    assert_eq!(store.history(now / MINUTE_MS).await.unwrap(), [b"kept"]);
    drop(store);
    // It is not only hidden.
    let file = redb::Database::open(directory.path().join("ridecast.redb")).unwrap();
    let history: redb::TableDefinition<'_, (i64, u32), (i64, &[u8])> =
        redb::TableDefinition::new("history");
    let look = file.begin_read().unwrap();
    assert_eq!(look.open_table(history).unwrap().len().unwrap(), 1);
}

#[tokio::test]
async fn flushed_is_on_the_disk() {
    let directory = TempDir::new().unwrap();
    let store = open(directory.path()).await.unwrap();
    store.write(&[put(&record("a", MONACO))]).await.unwrap();
    store.flush().await.unwrap();
    // What a crash would leave: the file as it is now.
    let copy = TempDir::new().unwrap();
    let name = "ridecast.redb";
    std::fs::copy(directory.path().join(name), copy.path().join(name)).unwrap();
    let survived = open(copy.path()).await.unwrap();
    assert_eq!(survived.load_own().await.unwrap().len(), 1);
}

/// Runs itself as a second process, which writes without end and is killed.
#[tokio::test]
async fn a_killed_process_loses_the_last_second_at_most() {
    const PATH: &str = "RIDECAST_TEST_WRITES_TO";
    if let Some(path) = std::env::var_os(PATH) {
        let store = open(Path::new(&path)).await.unwrap();
        loop {
            let changes: Vec<_> = (0..500)
                .map(|n| put(&record(&format!("v{n}"), MONTEVIDEO)))
                .collect();
            store.write(&changes).await.unwrap();
            println!("wrote {}", now_ms());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    let directory = TempDir::new().unwrap();
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "embedded::a_killed_process_loses_the_last_second_at_most",
        ])
        .arg("--nocapture")
        .env(PATH, directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_millis(2_600);
    let mut last = 0;
    for line in BufReader::new(writer.stdout.take().unwrap()).lines() {
        if let Some(at) = line.unwrap().strip_prefix("wrote ") {
            last = at.parse().unwrap();
        }
        if Instant::now() > deadline {
            break;
        }
    }
    writer.kill().unwrap();
    writer.wait().unwrap();

    let store = open(directory.path()).await.unwrap();
    let own = store.load_own().await.unwrap();
    assert_eq!(own.len(), 500);
    let newest = own.iter().map(|r| r.heard_at_ms).max().unwrap();
    // A second, and what a busy machine takes to get round to it.
    assert!(last - newest < 2_000, "lost {} ms", last - newest);
}

#[tokio::test]
async fn what_was_last_heard_yesterday_is_dropped_at_opening() {
    let directory = TempDir::new().unwrap();
    let store = open(directory.path()).await.unwrap();
    let mut old = record("old", MONACO);
    old.heard_at_ms = now_ms() - 25 * 3_600 * 1_000;
    let mut lately = record("lately", MONACO);
    lately.heard_at_ms = now_ms() - 23 * 3_600 * 1_000;
    store.write(&[put(&old), put(&lately)]).await.unwrap();
    drop(store);
    let store = open(directory.path()).await.unwrap();
    assert_eq!(store.load_own().await.unwrap(), [lately]);
}

#[tokio::test]
async fn a_path_is_a_file_or_a_directory_made_if_missing() {
    let directory = TempDir::new().unwrap();
    for (path, file) in [
        ("new/deep", "new/deep/ridecast.redb"),
        ("city.redb", "city.redb"),
        ("new/other.db", "new/other.db"),
    ] {
        let store = open(&directory.path().join(path)).await.unwrap();
        store.write(&[put(&record("a", MONACO))]).await.unwrap();
        drop(store);
        assert!(directory.path().join(file).is_file(), "{path}");
        let again = open(&directory.path().join(path)).await.unwrap();
        assert_eq!(again.load_own().await.unwrap().len(), 1, "{path}");
    }
}

#[tokio::test]
async fn a_second_user_of_the_file_is_told() {
    let directory = TempDir::new().unwrap();
    let _first = open(directory.path()).await.unwrap();
    let error = open(directory.path()).await.err().unwrap();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("in use"), "{error}");
}

/// A store's file with something in it.
async fn a_file(directory: &TempDir) -> PathBuf {
    let store = open(directory.path()).await.unwrap();
    let changes: Vec<_> = (0..2_000)
        .map(|n| put(&record(&format!("v{n}"), MONTEVIDEO)))
        .collect();
    store.write(&changes).await.unwrap();
    drop(store);
    directory.path().join("ridecast.redb")
}

#[tokio::test]
async fn a_damaged_file_is_an_error_that_says_so() {
    type Harm = fn(&mut Vec<u8>);
    let harms: [(&str, Harm); 5] = [
        ("a few bytes flipped", |bytes| {
            for page in bytes.chunks_mut(4_096).skip(1) {
                page[700] ^= 0x10;
            }
        }),
        ("not a store", |bytes| {
            *bytes = b"# Shopping list\nmilk\n".repeat(500);
        }),
        ("cut short", |bytes| bytes.truncate(bytes.len() / 2)),
        ("cut to almost nothing", |bytes| bytes.truncate(100)),
        ("overwritten", |bytes| {
            let length = bytes.len();
            bytes[4_096..length].fill(0xA5);
        }),
    ];
    for (harm, harms) in harms {
        let directory = TempDir::new().unwrap();
        let file = a_file(&directory).await;
        let mut bytes = std::fs::read(&file).unwrap();
        harms(&mut bytes);
        std::fs::write(&file, bytes).unwrap();
        let error = open(directory.path()).await.err().expect(harm);
        assert!(
            matches!(error, StoreError::Damaged { .. }),
            "{harm}: {error}"
        );
        assert!(
            error.to_string().contains("ridecast.redb"),
            "{harm}: {error}"
        );
    }
}

/// Runs itself as a second process, whose files may not grow beyond a few megabytes.
#[tokio::test]
async fn a_full_disk_is_an_error_and_harms_nothing() {
    const PATH: &str = "RIDECAST_TEST_FILLS";
    if let Some(path) = std::env::var_os(PATH) {
        let store = open(Path::new(&path)).await.unwrap();
        store.write(&[put(&record("kept", MONACO))]).await.unwrap();
        store.flush().await.unwrap();
        let large: Vec<_> = (0..40_000)
            .map(|n| put(&record(&format!("v{n}"), MONTEVIDEO)))
            .collect();
        store.write(&large).await.unwrap();
        let error = store.flush().await.unwrap_err();
        assert!(matches!(error, StoreError::File { .. }), "{error}");
        assert!(error.to_string().contains("ridecast.redb"), "{error}");
        // It still waits, and whoever asks is told, until there is room.
        assert!(store.flush().await.is_err());
        assert!(store.ping().await.is_err());
        assert!(store.write(&[]).await.is_err());
        // As on a disk with room again: what waited, and is now forgotten, fits.
        let all_gone: Vec<_> = (0..40_000)
            .map(|n| gone(&format!("v{n}"), MONTEVIDEO))
            .collect();
        let _ = store.write(&all_gone).await;
        store.flush().await.unwrap();
        store.ping().await.unwrap();
        return;
    }

    let directory = TempDir::new().unwrap();
    let small_files = "trap '' XFSZ; ulimit -f 8192; exec \"$0\" \"$@\"";
    let status = Command::new("sh")
        .args(["-c", small_files])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "embedded::a_full_disk_is_an_error_and_harms_nothing",
        ])
        .env(PATH, directory.path())
        .status()
        .unwrap();
    assert!(status.success(), "see what the second process says above");
    let store = open(directory.path()).await.unwrap();
    let kept = store.load_own().await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].id.as_str(), "kept");
}

#[tokio::test]
async fn a_path_that_cannot_be_is_an_error_that_names_it() {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("occupied"), "").unwrap();
    let error = open(&directory.path().join("occupied/data"))
        .await
        .err()
        .unwrap();
    assert!(matches!(error, StoreError::File { .. }), "{error}");
    assert!(error.to_string().contains("occupied"), "{error}");
}
