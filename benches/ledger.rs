//! What a step of the ledger costs, in the embedded store and in Redis.
//!
//! `cargo bench --bench ledger`. A step is that of a ride's change: it checks one
//! record, writes three of 300 bytes, tells three inboxes 300 bytes each, and
//! moves two members of lists. Needs `redis-server`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a bench fails by panicking, and its figures are rough"
)]

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/support/redis.rs"]
mod redis_server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis_server::RedisServer;
use ridecast::store::{self, Address, Listing, Outcome, Put, Step, Store, StoreUrl, Tell, Version};
use ridecast_protocol::UserId;
use tokio::task::JoinSet;

const LASTS: Duration = Duration::from_secs(5);
/// Callers, each of which waits for one step after the other.
const CALLERS: [usize; 3] = [1, 64, 512];

fn step(caller: usize, n: i64, was: Version) -> Step {
    let put = |what: &str| Put {
        key: format!("{what}:{caller}"),
        value: Some(vec![b'x'; 300]),
        ttl: None,
    };
    let user = |what: &str| UserId::new(format!("{what}-{caller}")).unwrap();
    let tell = |to| Tell {
        to,
        at_ms: n,
        event: format!("\"{}\"", "e".repeat(298)),
    };
    let listing = |list: &str| Listing {
        list: list.to_owned(),
        member: caller.to_string(),
        score: Some(n),
        forget_below: None,
    };
    Step {
        expects: vec![(format!("ride:{caller}"), was)],
        puts: vec![put("ride"), put("driver"), put("rider")],
        tells: vec![
            tell(Address::driver(&user("driver"))),
            tell(Address::rider(&user("rider"))),
            tell(Address::operators()),
        ],
        lists: vec![listing("by-state"), listing("due")],
        ..Step::new()
    }
}

/// Processor time of this process, seconds.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit(") ").next().unwrap();
    let fields: Vec<_> = after_name.split(' ').collect();
    // In ticks of 10 ms, user and system.
    let ticks = |at: usize| fields[at].parse::<f64>().unwrap() / 100.0;
    ticks(11) + ticks(12)
}

fn redis_cpu_s(server: &RedisServer) -> f64 {
    let info: String = server.ask(&["INFO", "cpu"]);
    let used = |name: &str| {
        let line = info.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim().parse::<f64>().unwrap()
    };
    used("used_cpu_sys:") + used("used_cpu_user:")
}

async fn measure(what: &str, store: &Arc<dyn Store>, server: Option<&RedisServer>) {
    for callers in CALLERS {
        let (began, cpu) = (Instant::now(), cpu_s());
        let redis_cpu = server.map_or(0.0, redis_cpu_s);
        let mut tasks = JoinSet::new();
        for caller in 0..callers {
            let store = Arc::clone(store);
            tasks.spawn(async move {
                let ride = format!("ride:{caller}");
                let mut was = store.read(&[ride]).await.unwrap()[0].version;
                let mut waits = Vec::new();
                while began.elapsed() < LASTS {
                    let step = step(caller, i64::try_from(waits.len()).unwrap(), was);
                    let asked = Instant::now();
                    match store.commit(&step).await.unwrap() {
                        Outcome::Done(_) => was = Version(step.id),
                        Outcome::Conflict => panic!("nobody else writes this ride"),
                    }
                    waits.push(asked.elapsed());
                }
                waits
            });
        }
        let mut waits = tasks.join_all().await.concat();
        let took = began.elapsed().as_secs_f64();
        waits.sort_unstable();
        let steps = waits.len() as f64;
        let per_million = |cpu: f64| cpu / steps * 1e6;
        println!(
            "{what:28} {callers:4} callers: {:7.0} steps/s  p50 {:6.2} ms  p99 {:6.2} ms  \
             {:5.0} CPU-s/M here, {:5.0} in Redis",
            steps / took,
            waits[waits.len() / 2].as_secs_f64() * 1e3,
            waits[waits.len() * 99 / 100].as_secs_f64() * 1e3,
            per_million(cpu_s() - cpu),
            per_million(server.map_or(0.0, redis_cpu_s) - redis_cpu),
        );
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let memory = store::open(&StoreUrl::Memory).await.unwrap();
    measure("memory", &memory, None).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ledger.redb");
    let embedded = store::open(&StoreUrl::Embedded(file.clone()))
        .await
        .unwrap();
    measure("embedded", &embedded, None).await;
    drop(embedded);
    println!("its file: {} MB", file.metadata().unwrap().len() >> 20);
    for fsync in ["no", "everysec", "always"] {
        let append_only = if fsync == "no" { "no" } else { "yes" };
        let server =
            RedisServer::start_with(&["--appendonly", append_only, "--appendfsync", fsync]);
        let store = store::open(&server.url().parse().unwrap()).await.unwrap();
        let what = match fsync {
            "no" => "Redis, nothing kept",
            "everysec" => "Redis, AOF every second",
            _ => "Redis, AOF always",
        };
        measure(what, &store, Some(&server)).await;
    }
}
