//! A session lasts as long as its token, and longer with a newer one.

use std::time::Duration;

use ridecast_protocol::{ErrorCode, Role, ServerMessage};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::{Client, DEADLINE, Got};
use crate::keys::bearer;
use crate::say::{MONTEVIDEO, go_online, position};
use crate::service::{Service, token, token_for};

fn hello(token: &str) -> Value {
    json!({"type": "hello", "token": token})
}

async fn open(service: &Service, user: &str, role: Role, ttl: u64) -> Client {
    let token = token_for(user, role, Duration::from_secs(ttl));
    let mut client = Client::connect(service.address, &bearer(&token)).await;
    client.welcome().await;
    client
}

/// Waits for the warning; gives what is left then.
async fn warned(client: &mut Client) -> Duration {
    loop {
        match client.next().await {
            Got::Message(ServerMessage::TokenExpiring(it)) => {
                return Duration::from_millis(it.expires_in_ms);
            }
            Got::Close(_) | Got::End => panic!("closed without a warning"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_client_is_warned_and_then_closed() {
    let service = Service::start();
    let since = Instant::now();
    let mut client = open(&service, "rosa", Role::Rider, 3).await;
    let left = warned(&mut client).await;
    let warned_after = since.elapsed();
    // A tenth of what was left, which was more than two seconds.
    assert!(left <= Duration::from_millis(350), "{left:?}");
    assert!(
        warned_after >= Duration::from_millis(1_700),
        "{warned_after:?}"
    );
    let farewell = client.farewell().await;
    assert_eq!((farewell.bye, farewell.close), (Some(4500), Some(4500)));
    assert_eq!(farewell.errors, []);
}

#[tokio::test]
async fn a_newer_token_lets_the_session_go_on() {
    let service = Service::start();
    let since = Instant::now();
    let mut driver = open(&service, "ana", Role::Driver, 6).await;
    driver.ok(go_online("car")).await;
    driver.ok(position(MONTEVIDEO)).await;
    warned(&mut driver).await;
    let newer = token_for("ana", Role::Driver, Duration::from_secs(6));
    driver.ok(hello(&newer)).await;
    // Beyond the first token's end: still the same session, still online.
    tokio::time::sleep_until(since + Duration::from_millis(6_500)).await;
    driver.ok(position(MONTEVIDEO)).await;
    // And it ends with the second, warned again.
    warned(&mut driver).await;
    assert!(since.elapsed() > Duration::from_secs(8));
    let farewell = driver.farewell().await;
    assert_eq!((farewell.bye, farewell.close), (Some(4500), Some(4500)));
}

#[tokio::test]
async fn without_an_id_a_renewal_is_answered_by_nothing() {
    let service = Service::start();
    let since = Instant::now();
    let mut client = open(&service, "rosa", Role::Rider, 2).await;
    client.send(&hello(&token("rosa", Role::Rider))).await;
    client.settle().await;
    tokio::time::sleep_until(since + Duration::from_millis(2_500)).await;
    client.settle().await;
    assert_eq!(client.complaints(), []);
}

#[tokio::test]
async fn a_session_stays_the_same_persons() {
    let service = Service::start();
    let mut client = Client::open(service.address, "rosa", Role::Rider).await;
    for (what, code) in [
        (
            hello(&token("otto", Role::Rider)),
            ErrorCode::AlreadyWelcome,
        ),
        (
            hello(&token("rosa", Role::Driver)),
            ErrorCode::AlreadyWelcome,
        ),
        (
            hello(&token("rosa", Role::Operator)),
            ErrorCode::AlreadyWelcome,
        ),
        (
            hello(&token("rosa", Role::Admin)),
            ErrorCode::AlreadyWelcome,
        ),
        (json!({"type": "hello"}), ErrorCode::AlreadyWelcome),
        (hello("rubbish"), ErrorCode::BadToken),
        (
            hello(&token_for("rosa", Role::Rider, Duration::ZERO)),
            ErrorCode::BadToken,
        ),
    ] {
        assert_eq!(client.refused(what.clone()).await, code, "{what}");
    }
    // Nothing of it has changed who is there, or for how long.
    let refused = client.refused(go_online("car")).await;
    assert_eq!(refused, ErrorCode::Forbidden);
    client.ok(hello(&token("rosa", Role::Rider))).await;
}

#[tokio::test]
async fn whoever_goes_on_bringing_bad_tokens_is_closed() {
    let service = Service::start();
    let mut client = Client::open(service.address, "rosa", Role::Rider).await;
    let deadline = Instant::now() + DEADLINE;
    let mut refused = 0;
    loop {
        assert!(Instant::now() < deadline, "still open after {refused}");
        // One is looked at after the other.
        client.send(&hello("rubbish")).await;
        match client.answer().await {
            ServerMessage::Error { error, .. } => {
                assert_eq!(error.code, ErrorCode::BadToken);
                refused += 1;
            }
            ServerMessage::Bye(bye) => {
                assert_eq!(bye.code, 4502);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(refused >= 50, "{refused}");
    assert_eq!(client.farewell().await.close, Some(4502));
}
