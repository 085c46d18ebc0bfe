//! The contract of every broker: what one node tells, the others hear.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "support/records.rs"]
mod records;
#[path = "support/redis.rs"]
mod redis_server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use records::{HELSINKI, MONACO, MONTEVIDEO, cell, record};
use redis_server::RedisServer;
use ridecast::broker::{self, Batch, Broker, BrokerError, Claim, Heard, NodeId, Whisper};
use ridecast::store::{self, Address, Outcome, Step, StoreUrl, Tell, Told};
use ridecast_protocol::{SessionId, UserId, VehicleId};

type Place = (f64, f64);

async fn node(server: &RedisServer, name: &str) -> Arc<dyn Broker> {
    let url = server.url().parse().unwrap();
    broker::open(&url, NodeId(name.to_owned())).await.unwrap()
}

/// A running Redis and two nodes on it.
async fn two_nodes() -> (RedisServer, Arc<dyn Broker>, Arc<dyn Broker>) {
    let server = RedisServer::start();
    let (a, b) = tokio::join!(node(&server, "a"), node(&server, "b"));
    (server, a, b)
}

fn batch(from: &str, place: Place, id: &str) -> Batch {
    Batch {
        node: NodeId(from.to_owned()),
        moved: vec![record(id, place)],
        gone: vec![VehicleId::new("gone").unwrap()],
    }
}

fn claim(from: &str, driver: &str, session: &str) -> Claim {
    Claim {
        node: NodeId(from.to_owned()),
        driver: UserId::new(driver).unwrap(),
        session: SessionId::new(session).unwrap(),
    }
}

fn rider(name: &str) -> Address {
    Address::rider(&UserId::new(name).unwrap())
}

fn whisper(from: &str, message: &str) -> Whisper {
    Whisper {
        node: NodeId(from.to_owned()),
        to: vec![rider("olga"), Address::operators()],
        message: message.to_owned(),
    }
}

async fn hear(node: &dyn Broker) -> Heard {
    tokio::time::timeout(Duration::from_secs(10), node.heard())
        .await
        .expect("something is heard")
        .expect("the broker is open")
}

/// Nothing of what was told before this call is still to be heard, as a claim of
/// `teller` comes through first.
async fn hears_nothing_else(node: &dyn Broker, teller: &dyn Broker, teller_name: &str) {
    let last = claim(teller_name, "last word", "s");
    teller.claim(&last).await.unwrap();
    assert_eq!(hear(node).await, Heard::Claim(last));
    // The claim came by the same connection as all else and after it.
    let more = tokio::time::timeout(Duration::from_millis(50), node.heard()).await;
    assert!(more.is_err(), "heard {more:?}");
}

#[tokio::test]
async fn a_node_that_is_alone_tells_nobody_and_hears_nothing() {
    for url in [StoreUrl::Memory, StoreUrl::Embedded("unused".into())] {
        let alone = broker::open(&url, NodeId("a".into())).await.unwrap();
        assert!(!alone.has_peers());
        alone.listen(&[cell(MONACO)]).await.unwrap();
        let told = batch("a", MONACO, "v");
        alone.publish(&[(cell(MONACO), told)]).await.unwrap();
        alone.claim(&claim("a", "d", "s")).await.unwrap();
        alone.whisper(&whisper("a", "psst")).await.unwrap();
        let heard = tokio::time::timeout(Duration::from_millis(50), alone.heard()).await;
        assert!(heard.is_err(), "heard {heard:?}");
    }
}

#[tokio::test]
async fn what_one_tells_the_other_hears_as_it_was_told() {
    let (_server, a, b) = two_nodes().await;
    assert!(a.has_peers());
    b.listen(&[cell(MONACO), cell(HELSINKI)]).await.unwrap();
    let told = [
        (cell(MONACO), batch("a", MONACO, "v1")),
        (cell(HELSINKI), batch("a", HELSINKI, "v2")),
        (cell(MONACO), batch("a", MONACO, "v3")),
    ];
    a.publish(&told).await.unwrap();
    for (cell, batch) in told {
        assert_eq!(hear(&*b).await, Heard::Batch(cell, batch));
    }
}

#[tokio::test]
async fn only_cells_that_are_listened_to_are_heard_from_the_moment_listen_returns() {
    let (_server, a, b) = two_nodes().await;
    let all = [MONACO, HELSINKI, MONTEVIDEO];
    let told = all.map(|place| (cell(place), batch("a", place, "v")));
    for listened in [&all[..1], &all[1..], &all[..0], &all[..], &all[2..]] {
        let cells: Vec<_> = listened.iter().map(|place| cell(*place)).collect();
        b.listen(&cells).await.unwrap();
        a.publish(&told).await.unwrap();
        for (cell, batch) in told.iter().filter(|(cell, _)| cells.contains(cell)) {
            assert_eq!(hear(&*b).await, Heard::Batch(*cell, batch.clone()));
        }
        hears_nothing_else(&*b, &*a, "a").await;
    }
}

#[tokio::test]
async fn a_node_does_not_hear_itself() {
    let (_server, a, b) = two_nodes().await;
    a.listen(&[cell(MONACO)]).await.unwrap();
    let own = (cell(MONACO), batch("a", MONACO, "v"));
    a.publish(&[own]).await.unwrap();
    a.claim(&claim("a", "driver", "s")).await.unwrap();
    hears_nothing_else(&*a, &*b, "b").await;
}

#[tokio::test]
async fn claims_are_heard_by_all_without_listening() {
    let (server, a, b) = two_nodes().await;
    let c = node(&server, "c").await;
    let told = claim("a", "driver \"7\"", "s-2");
    a.claim(&told).await.unwrap();
    for other in [b, c] {
        assert_eq!(hear(&*other).await, Heard::Claim(told.clone()));
    }
}

#[tokio::test]
async fn who_hears_too_slowly_gets_a_gap_the_newest_and_every_claim() {
    const TOLD: usize = 3_000;
    let (_server, a, b) = two_nodes().await;
    b.listen(&[cell(MONACO)]).await.unwrap();
    a.claim(&claim("a", "early", "s")).await.unwrap();
    for part in (0..TOLD).collect::<Vec<_>>().chunks(500) {
        let batches: Vec<_> = part
            .iter()
            .map(|n| (cell(MONACO), batch("a", MONACO, &n.to_string())))
            .collect();
        a.publish(&batches).await.unwrap();
    }
    a.claim(&claim("a", "late", "s")).await.unwrap();

    // Heard only once all has come: claims overtake.
    let mut claims = vec![];
    let mut gaps = 0;
    let mut last = None;
    while last != Some(TOLD - 1) || claims.len() < 2 {
        match hear(&*b).await {
            Heard::Claim(claim) => claims.push(claim.driver.to_string()),
            Heard::Gap => gaps += 1,
            heard @ (Heard::Told(_) | Heard::Whisper(_)) => panic!("heard {heard:?}"),
            Heard::Batch(_, batch) => {
                let number = batch.moved[0].id.as_str().parse().unwrap();
                assert!(last.is_none_or(|last| last < number), "out of order");
                last = Some(number);
            }
        }
        // Lets them pile up again.
        if last.is_none() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    claims.sort();
    assert_eq!(claims, ["early", "late"]);
    assert!(gaps >= 1, "what was dropped is told");
}

#[tokio::test]
async fn what_cannot_be_read_is_skipped() {
    let (server, a, b) = two_nodes().await;
    b.listen(&[cell(MONACO)]).await.unwrap();
    let channel = format!("ridecast:{{{}}}:moves", cell(MONACO));
    for rubbish in ["", "{", "[1,2]", "{\"node\":\"x\"}", "\u{0}\u{fffd}"] {
        let _: u64 = server.ask(&["SPUBLISH", &channel, rubbish]);
        let _: u64 = server.ask(&["SPUBLISH", "ridecast:claims", rubbish]);
        let _: u64 = server.ask(&["SPUBLISH", "ridecast:{rides}:told", rubbish]);
    }
    hears_nothing_else(&*b, &*a, "a").await;
}

#[tokio::test]
async fn after_a_crash_of_redis_a_gap_is_heard_and_new_messages_flow() {
    let (mut server, a, b) = two_nodes().await;
    b.listen(&[cell(MONACO)]).await.unwrap();
    server.kill();
    let told = [(cell(MONACO), batch("a", MONACO, "lost"))];
    let error = a.publish(&told).await.unwrap_err();
    assert!(matches!(error, BrokerError::Redis(_)), "{error}");
    // The wish is remembered, whether or not it is known yet that nobody is there.
    let error = b.listen(&[cell(MONACO), cell(HELSINKI)]).await.unwrap_err();
    assert!(matches!(error, BrokerError::NotConnected), "{error}");

    server.run();
    assert_eq!(hear(&*b).await, Heard::Gap);
    for place in [MONACO, HELSINKI] {
        let told = (cell(place), batch("a", place, "new"));
        a.publish(std::slice::from_ref(&told)).await.unwrap();
        assert_eq!(hear(&*b).await, Heard::Batch(told.0, told.1));
    }
    b.listen(&[cell(MONTEVIDEO)]).await.unwrap();
}

#[tokio::test]
async fn redis_may_come_later() {
    let mut server = RedisServer::not_started();
    let began = Instant::now();
    let (a, b) = tokio::join!(node(&server, "a"), node(&server, "b"));
    assert!(b.listen(&[cell(MONACO)]).await.is_err());
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
    server.run();
    assert_eq!(hear(&*b).await, Heard::Gap);
    let told = (cell(MONACO), batch("a", MONACO, "v"));
    a.publish(std::slice::from_ref(&told)).await.unwrap();
    assert_eq!(hear(&*b).await, Heard::Batch(told.0, told.1));
}

#[tokio::test]
async fn a_redis_that_hangs_holds_nobody_for_long() {
    let (server, a, b) = two_nodes().await;
    b.listen(&[cell(MONACO)]).await.unwrap();
    server.pause();
    let began = Instant::now();
    let told = (cell(MONACO), batch("a", MONACO, "v"));
    let (driver, cells) = (claim("a", "d", "s"), [cell(MONACO), cell(HELSINKI)]);
    let (published, claimed, listened) = tokio::join!(
        a.publish(std::slice::from_ref(&told)),
        a.claim(&driver),
        b.listen(&cells),
    );
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
    assert!(published.is_err() && claimed.is_err() && listened.is_err());

    server.resume();
    let deadline = Instant::now() + Duration::from_secs(10);
    while b.listen(&[cell(MONTEVIDEO)]).await.is_err() {
        assert!(Instant::now() < deadline, "still not connected");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let told = (cell(MONTEVIDEO), batch("a", MONTEVIDEO, "after"));
    a.publish(std::slice::from_ref(&told)).await.unwrap();
    // Before it may come what was sent while Redis hung, and a gap.
    while hear(&*b).await != Heard::Batch(told.0, told.1.clone()) {}
}

#[tokio::test]
async fn a_broker_that_is_dropped_leaves_nothing_behind() {
    let (server, a, b) = two_nodes().await;
    b.listen(&[cell(MONACO), cell(HELSINKI)]).await.unwrap();
    let channels = || -> Vec<String> { server.ask(&["PUBSUB", "SHARDCHANNELS"]) };
    // Claims, words to persons, and two cells.
    assert_eq!(channels().len(), 4);
    drop((a, b));
    let deadline = Instant::now() + Duration::from_secs(5);
    while !channels().is_empty() {
        assert!(Instant::now() < deadline, "{:?}", channels());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn what_is_told_to_an_inbox_every_node_hears_with_its_offset() {
    let (server, a, b) = two_nodes().await;
    let store = store::open(&server.url().parse().unwrap()).await.unwrap();
    let (olga, pier) = (rider("olga"), rider("pier \"the } driver\" 🚕"));
    let mut last = [0, 0];
    for n in 0..5 {
        let told = [&olga, &pier, &olga].map(|to| Tell {
            to: to.clone(),
            at_ms: 1_790_000_000_000 + n,
            event: format!("{{\"kind\":\"notice\",\"text\":\"é \\\"{n}\\\"\"}}"),
        });
        let step = Step {
            tells: told.to_vec(),
            ..Step::new()
        };
        let outcome = store.commit(&step).await.unwrap();
        let offsets = [last[0] + 1, last[1] + 1, last[0] + 2];
        last = [offsets[2], offsets[1]];
        assert_eq!(outcome, Outcome::Done(offsets.to_vec()));
        // The same again is not told again.
        assert_eq!(store.commit(&step).await.unwrap(), outcome);
        for node in [&a, &b] {
            for (tell, offset) in told.iter().zip(offsets) {
                let told = Told {
                    to: tell.to.clone(),
                    at_ms: tell.at_ms,
                    event: tell.event.clone(),
                    offset,
                };
                assert_eq!(hear(&**node).await, Heard::Told(told));
            }
        }
    }
    let conflict = Step {
        expects: vec![("nothing".into(), store::Version(1))],
        tells: vec![Tell {
            to: olga,
            at_ms: 0,
            event: "{}".into(),
        }],
        ..Step::new()
    };
    assert_eq!(store.commit(&conflict).await.unwrap(), Outcome::Conflict);
    hears_nothing_else(&*b, &*a, "a").await;
}

#[tokio::test]
async fn a_whisper_is_heard_by_the_others_and_not_by_who_whispers() {
    let (_server, a, b) = two_nodes().await;
    for n in 0..3 {
        let whisper = whisper("a", &format!("{{\"n\":\"\\\"{n}\"}}"));
        a.whisper(&whisper).await.unwrap();
        assert_eq!(hear(&*b).await, Heard::Whisper(whisper));
    }
    hears_nothing_else(&*a, &*b, "b").await;
}
