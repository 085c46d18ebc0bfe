//! What the ledger in the embedded store promises besides the contract.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ridecast::store::{self, Step, Store, StoreError, StoreUrl};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::ledger::{append, done, listing, put, puts, rider, tell, text};
use super::{MONACO, record};

async fn open(path: &Path) -> Arc<dyn Store> {
    let url = StoreUrl::Embedded(path.to_owned());
    store::open(&url).await.unwrap()
}

/// What is there of step `n` must be all of it.
fn step(n: u64) -> Step {
    let name = n.to_string();
    Step {
        puts: vec![put(&format!("a{n}"), &name), put(&format!("b{n}"), &name)],
        tells: vec![tell(&rider("olga"), usize::try_from(n).unwrap())],
        lists: vec![listing("list", &name, i64::try_from(n).unwrap())],
        logs: vec![append("log", &name)],
        ..Step::new()
    }
}

#[tokio::test]
async fn everything_is_there_after_opening_it_again() {
    let directory = TempDir::new().unwrap();
    let store = open(directory.path()).await;
    let first = step(1);
    assert_eq!(done(&*store, &first).await, [1]);
    let inbox = store.inbox(&rider("olga")).await.unwrap();
    let asked_for = store.inbox(&rider("asked for")).await.unwrap();
    drop(store);

    let store = open(directory.path()).await;
    assert_eq!(store.inbox(&rider("olga")).await.unwrap(), inbox);
    assert_eq!(store.inbox(&rider("asked for")).await.unwrap(), asked_for);
    assert_eq!(text(&*store, "b1").await.as_deref(), Some("1"));
    assert_eq!(store.log("log", 0, 9).await.unwrap(), [b"1"]);
    assert_eq!(store.counts(&["list".into()]).await.unwrap(), [1]);
    let due = store.due("list", 1, Duration::from_secs(1), 9).await;
    assert_eq!(due.unwrap(), ["1"]);
    // Of the last steps it is known that they were done.
    assert_eq!(done(&*store, &first).await, [1]);
    assert_eq!(done(&*store, &step(2)).await, [2]);
}

const PATH: &str = "RIDECAST_TEST_COMMITS_TO";
const FROM: &str = "RIDECAST_TEST_COMMITS_FROM";

/// The second process: commits without end from many tasks, and says what was answered.
async fn commit_until_killed(path: &Path, from: u64) -> ! {
    let store = open(path).await;
    let change = super::put(&record("v", MONACO));
    store.write(&[change]).await.unwrap();
    let mut tasks = JoinSet::new();
    for task in 0..20 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for n in 0.. {
                let n = from + n * 20 + task;
                let offset = done(&*store, &step(n)).await[0];
                // In one write, as the line may be the last.
                let line = format!("did {n} {offset}\n");
                std::io::stdout().write_all(line.as_bytes()).unwrap();
            }
        });
    }
    tasks.join_next().await;
    panic!("a task has ended");
}

/// Runs itself as a second process, which is killed in the middle of its commits, again and again.
#[tokio::test]
async fn a_killed_process_loses_no_step_that_was_answered_and_halves_none() {
    if let Some(path) = std::env::var_os(PATH) {
        let from = std::env::var(FROM).unwrap().parse().unwrap();
        commit_until_killed(Path::new(&path), from).await;
    }
    let directory = TempDir::new().unwrap();
    let mut answered = BTreeSet::new();
    // The first lives long enough to write its vehicle, which goes once a second.
    for (round, millis) in (0_u64..).zip([2_500, 300, 450, 600, 333]) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg(
                "embedded_ledger::a_killed_process_loses_no_step_that_was_answered_and_halves_none",
            )
            .env(PATH, directory.path())
            .env(FROM, (round * 1_000_000).to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut until = None;
        for line in lines.map_while(Result::ok) {
            let mut words = line.split(' ');
            if words.next() != Some("did") {
                continue;
            }
            let mut number = || words.next().unwrap().parse::<u64>().unwrap();
            answered.insert((number(), number()));
            // From the first answer on.
            let until = *until.get_or_insert(Instant::now() + Duration::from_millis(millis));
            if Instant::now() > until {
                // What it still says before it dies is read too.
                let _ = child.kill();
            }
        }
        child.wait().unwrap();
    }
    assert!(answered.len() > 100, "only {} steps", answered.len());

    let store = open(directory.path()).await;
    let log = store.log("log", 0, usize::MAX).await.unwrap();
    let log: Vec<u64> = log
        .into_iter()
        .map(|n| String::from_utf8(n).unwrap().parse().unwrap())
        .collect();
    let there: BTreeSet<_> = log.iter().copied().collect();
    assert_eq!(there.len(), log.len(), "a step was done twice");
    for (n, offset) in answered {
        assert_eq!(log.get(usize::try_from(offset).unwrap() - 1), Some(&n));
    }
    let listed = store.listed("list", None, usize::MAX).await.unwrap();
    let listed: BTreeSet<u64> = listed
        .into_iter()
        .map(|(n, _)| n.parse().unwrap())
        .collect();
    assert_eq!(listed, there);
    let inbox = store.inbox(&rider("olga")).await.unwrap();
    assert_eq!(inbox.last, log.len() as u64);
    for n in there {
        let keys = [format!("a{n}"), format!("b{n}")];
        let records = store.read(&keys).await.unwrap();
        let text = n.to_string();
        assert!(
            records
                .iter()
                .all(|r| r.value.as_deref() == Some(text.as_bytes()))
        );
    }
    let vehicles = store.load_own().await.unwrap();
    assert_eq!(
        vehicles.len(),
        1,
        "vehicles are written however many steps come"
    );
}

/// Runs itself as a second process, whose files may not grow beyond a few megabytes.
#[tokio::test]
async fn a_step_that_finds_no_room_does_nothing_and_the_next_may() {
    const PATH: &str = "RIDECAST_TEST_STEPS_FILL";
    if let Some(path) = std::env::var_os(PATH) {
        let store = open(Path::new(&path)).await;
        done(&*store, &step(1)).await;
        let mut large = step(2);
        large.puts.push(put("large", &"x".repeat(20 << 20)));
        let error = store.commit(&large).await.unwrap_err();
        assert!(matches!(error, StoreError::File { .. }), "{error}");
        assert!(store.ping().await.is_err(), "the store says that it is ill");
        assert_eq!(done(&*store, &step(3)).await, [2]);
        store.ping().await.unwrap();
        assert!(store.commit(&large).await.is_err());
        let deadline = Instant::now() + Duration::from_secs(10);
        while store.ping().await.is_err() {
            assert!(Instant::now() < deadline, "it does not try by itself");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        return;
    }
    let directory = TempDir::new().unwrap();
    let small_files = "trap '' XFSZ; ulimit -f 8192; exec \"$0\" \"$@\"";
    let status = Command::new("sh")
        .args(["-c", small_files])
        .arg(std::env::current_exe().unwrap())
        .arg("--exact")
        .arg("embedded_ledger::a_step_that_finds_no_room_does_nothing_and_the_next_may")
        .env(PATH, directory.path())
        .status()
        .unwrap();
    assert!(status.success(), "see what the second process says above");
    let store = open(directory.path()).await;
    let log = store.log("log", 0, 9).await.unwrap();
    assert_eq!(log, [b"1", b"3"]);
    assert_eq!(text(&*store, "large").await, None);
    puts(&*store, vec![put("large", &"x".repeat(20 << 20))]).await;
}
