//! Tokens that count no more before they expire.

use std::net::SocketAddr;

use ridecast::store::StoreUrl;
use ridecast_protocol::{ErrorCode, Revocation, Revocations, Role, ServerMessage, Ticket};
use serde_json::{Value, json};

use crate::client::{Client, How};
use crate::http::{Reply, get, post};
use crate::jwks::until_status;
use crate::keys::{ASK, bearer};
use crate::node::Node;
use crate::redis_server::RedisServer;
use crate::say::now_ms;
use crate::service::{SECRET, Service, token};
use crate::sse_client::Sse;

const PATH: &str = "/v1/admin/revocations";

async fn ask(address: SocketAddr, body: &Value) -> Reply {
    post(
        address,
        PATH,
        Some(&token("ada", Role::Admin)),
        &body.to_string(),
    )
    .await
}

async fn revoke(address: SocketAddr, body: Value) -> Revocation {
    let reply = ask(address, &body).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()
}

/// A token that says to have been issued so long ago, seconds.
fn issued(user: &str, role: Role, ago_s: i64, jti: &str) -> String {
    let now_s = now_ms() / 1_000;
    let claims = json!({
        "sub": user, "role": role, "exp": now_s + 3_600, "iat": now_s - ago_s, "jti": jti,
    });
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap()
}

async fn status(address: SocketAddr, token: &str) -> u16 {
    get(address, ASK, Some(token)).await.status
}

async fn open(address: SocketAddr, token: &str) -> Client {
    let mut client = Client::connect(address, &bearer(token)).await;
    client.welcome().await;
    client
}

async fn is_closed(mut client: Client) {
    let farewell = client.farewell().await;
    assert_eq!((farewell.bye, farewell.close), (Some(4500), Some(4500)));
    assert_eq!(farewell.reconnect_in_ms, None);
}

#[tokio::test]
async fn a_revoked_user_is_out_until_they_log_in_again() {
    let service = Service::start();
    let address = service.address;
    let (rider, driver) = (
        issued("rosa", Role::Rider, 10, "t1"),
        issued("rosa", Role::Driver, 10, "t2"),
    );
    let other = issued("otto", Role::Rider, 10, "t3");
    let sessions = (open(address, &rider).await, open(address, &driver).await);
    let mut bystander = open(address, &other).await;
    let mut sse = Sse::inbox(address, &rider, None).await;
    assert!(matches!(
        sse.message().await,
        Some(ServerMessage::Welcome(_))
    ));
    let ticket: Ticket = post(address, "/v1/tickets", Some(&rider), "").await.json();
    assert_eq!(status(address, &rider).await, 200);

    let before_ms = now_ms();
    let revocation = revoke(address, json!({"user": "rosa"})).await;
    assert_eq!(revocation.user.as_ref().unwrap().as_str(), "rosa");
    assert!((before_ms..=now_ms()).contains(&revocation.revoked_at_ms));
    let month_ms = 30 * 24 * 3_600_000;
    assert_eq!(revocation.until_ms, revocation.revoked_at_ms + month_ms);

    is_closed(sessions.0).await;
    is_closed(sessions.1).await;
    match sse.message().await {
        Some(ServerMessage::Bye(bye)) => assert_eq!(bye.code, 4500),
        other => panic!("{other:?}"),
    }
    assert_eq!(sse.next().await, None);
    for token in [&rider, &driver] {
        let reply = get(address, ASK, Some(token)).await;
        assert_eq!(reply.error(), (401, "bad_token".to_owned()), "remembered");
        is_closed(Client::connect(address, &bearer(token)).await).await;
    }
    let by_ticket = How {
        ticket: Some(ticket.ticket),
        ..How::default()
    };
    is_closed(Client::connect(address, &by_ticket).await).await;
    bystander.settle().await;
    assert_eq!(status(address, &other).await, 200);

    // Whoever does not say when it was issued may have got it before.
    let mut claims = crate::signer::claims("rosa");
    claims.as_object_mut().unwrap().remove("iat");
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    let undated = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap();
    assert_eq!(status(address, &undated).await, 401);

    let newer = issued("rosa", Role::Rider, -2, "t4");
    assert_eq!(status(address, &newer).await, 200);
    open(address, &newer).await.settle().await;
}

#[tokio::test]
async fn a_revoked_token_is_that_one_alone() {
    let service = Service::start();
    let address = service.address;
    let (lost, kept) = (
        issued("rosa", Role::Rider, 10, "on the lost phone"),
        issued("rosa", Role::Rider, 10, "on the other"),
    );
    let session = open(address, &lost).await;
    let mut other = open(address, &kept).await;
    let mut renewed = open(address, &lost).await;
    renewed.ok(json!({"type": "hello", "token": kept})).await;

    let revocation = revoke(address, json!({"jti": "on the lost phone"})).await;
    assert_eq!(revocation.user, None);
    is_closed(session).await;
    assert_eq!(status(address, &lost).await, 401);
    assert_eq!(status(address, &kept).await, 200);
    other.settle().await;
    renewed.settle().await;
    let refused = other.refused(json!({"type": "hello", "token": lost})).await;
    assert_eq!(refused, ErrorCode::BadToken);
}

#[tokio::test]
async fn only_administrators_revoke_and_they_do_nothing_else() {
    let service = Service::start();
    let address = service.address;
    for role in [Role::Driver, Role::Rider, Role::Operator] {
        let token = token("olga", role);
        let body = json!({"user": "rosa"}).to_string();
        let reply = post(address, PATH, Some(&token), &body).await;
        assert_eq!(reply.error(), (403, "forbidden".to_owned()));
        let reply = get(address, PATH, Some(&token)).await;
        assert_eq!(reply.error(), (403, "forbidden".to_owned()));
    }
    let admin = token("ada", Role::Admin);
    assert_eq!(get(address, ASK, Some(&admin)).await.error().0, 403);
    let mut client = Client::connect(address, &bearer(&admin)).await;
    let farewell = client.farewell().await;
    assert_eq!(farewell.errors, [ErrorCode::Forbidden]);
    assert_eq!((farewell.bye, farewell.close), (Some(4501), Some(4501)));
}

#[tokio::test]
async fn what_cannot_be_revoked_is_said() {
    let service = Service::start();
    let address = service.address;
    let year_ms = 366 * 24 * 3_600_000;
    for body in [
        json!({}),
        json!({"user": "rosa", "jti": "t1"}),
        json!({"user": ""}),
        json!({"user": "rosa", "until_ms": now_ms()}),
        json!({"user": "rosa", "until_ms": now_ms() + year_ms + 60_000}),
        json!({"user": "rosa", "until_ms": "tomorrow"}),
    ] {
        let reply = ask(address, &body).await;
        assert_eq!(reply.error(), (400, "invalid_message".to_owned()), "{body}");
    }
}

#[tokio::test]
async fn revocations_are_listed_and_end_by_themselves() {
    let service = Service::start();
    let address = service.address;
    let token = issued("rosa", Role::Rider, 10, "t1");
    revoke(address, json!({"user": "otto"})).await;
    let soon = now_ms() + 1_500;
    revoke(address, json!({"jti": "t1", "until_ms": soon})).await;
    // A shorter one does not end a longer one.
    let again = revoke(address, json!({"user": "otto", "until_ms": soon})).await;
    assert!(again.until_ms > soon);
    let list = || async {
        let admin = crate::service::token("ada", Role::Admin);
        let reply = get(address, PATH, Some(&admin)).await;
        let Revocations { revocations } = reply.json();
        let names = revocations.into_iter().map(|it| match (it.user, it.jti) {
            (Some(user), None) => user.to_string(),
            (None, Some(jti)) => jti.to_string(),
            other => panic!("{other:?}"),
        });
        names.collect::<Vec<_>>()
    };
    assert_eq!(list().await, ["otto", "t1"]);
    assert_eq!(status(address, &token).await, 401);
    until_status(&service, &token, 200).await;
    assert!(now_ms() >= soon);
    assert_eq!(list().await, ["otto"]);
}

#[tokio::test]
async fn a_restart_forgets_none() {
    let folder = tempfile::tempdir().unwrap();
    let redis = RedisServer::start();
    for store in [
        StoreUrl::Embedded(folder.path().join("store")),
        redis.url().parse().unwrap(),
    ] {
        let (user, jti) = (
            issued("rosa", Role::Rider, 10, "t1"),
            issued("otto", Role::Rider, 10, "t2"),
        );
        let service = Service::start_with(|settings| settings.store = store.clone());
        revoke(service.address, json!({"user": "rosa"})).await;
        revoke(service.address, json!({"jti": "t2"})).await;
        drop(service);
        let service = Service::start_with(|settings| settings.store = store.clone());
        for token in [&user, &jti] {
            assert_eq!(status(service.address, token).await, 401, "{store:?}");
        }
        let newer = issued("rosa", Role::Rider, -60, "t3");
        assert_eq!(status(service.address, &newer).await, 200);
    }
}

#[tokio::test]
async fn every_node_ends_its_sessions_at_once() {
    let redis = RedisServer::start();
    let url = redis.url();
    let (a, b) = (
        Node::serve(&["--store", &url]),
        Node::serve(&["--store", &url]),
    );
    let token = issued("rosa", Role::Rider, 10, "t1");
    assert_eq!(status(b.address, &token).await, 200);
    let (here, there) = (open(a.address, &token).await, open(b.address, &token).await);
    revoke(a.address, json!({"user": "rosa"})).await;
    is_closed(here).await;
    is_closed(there).await;
    assert_eq!(status(b.address, &token).await, 401);
}

#[tokio::test]
async fn a_node_that_was_cut_off_learns_what_was_revoked_meanwhile() {
    let mut redis = RedisServer::start();
    let node = Node::serve(&["--store", &redis.url()]);
    let token = issued("rosa", Role::Rider, 10, "t1");
    let mut session = open(node.address, &token).await;
    // Put there by a node whose word has not come.
    let now_ms = now_ms();
    let until_ms = (now_ms + 3_600_000).to_string();
    let entry = json!({"user": "rosa", "revoked_at_ms": now_ms, "until_ms": now_ms + 3_600_000});
    let entry = entry.to_string();
    let list = "ridecast:{rides}:list:revocations";
    let added: u64 = redis.ask(&["ZADD", list, &until_ms, &entry]);
    assert_eq!(added, 1);
    session.settle().await;
    let killed: u64 = redis.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    assert_eq!(killed, 1);
    is_closed(session).await;
    assert_eq!(status(node.address, &token).await, 401);

    redis.kill();
    let reply = ask(node.address, &json!({"user": "otto"})).await;
    assert_eq!(reply.error(), (503, "unavailable".to_owned()));
}
