//! REST and server-sent events over HTTP/2.

use reqwest::{StatusCode, Version};
use ridecast_protocol::Role;
use serde_json::Value;

use crate::client::DEADLINE;
use crate::secure::Secure;
use crate::service::token;

#[tokio::test]
async fn requests_are_answered_by_http_2_and_by_http_1_1() {
    let secure = Secure::start();
    let bearer = token("o1", Role::Operator);
    for (builder, version) in [
        (secure.http(), Version::HTTP_2),
        (secure.http().http1_only(), Version::HTTP_11),
    ] {
        let client = builder.build().unwrap();
        let path = "/v1/vehicles?latitude=0&longitude=0&radius_m=1000";
        let answer = client.get(secure.url(path)).bearer_auth(&bearer);
        let answer = answer.send().await.unwrap();
        assert_eq!(
            (answer.status(), answer.version()),
            (StatusCode::OK, version)
        );
        let body = answer.bytes().await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert!(body["vehicles"].is_array(), "{body}");
        let answer = client.post(secure.url("/v1/tickets")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }
    // By HTTP/1.1 the connection may end while the client still sends.
    let client = secure.http().build().unwrap();
    let large = "x".repeat(300_000);
    let request = client.post(secure.url("/v1/positions")).body(large);
    let request = request.header("content-type", "application/json");
    let answer = request.bearer_auth(token("d1", Role::Driver)).send().await;
    assert_eq!(answer.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn many_at_once_share_a_connection_and_one_may_go_on_for_long() {
    let secure = Secure::start();
    let client = secure.http().build().unwrap();
    let events = client.get(secure.url("/v1/events"));
    let events = events.bearer_auth(token("r1", Role::Rider));
    let mut events = events.send().await.unwrap();
    assert_eq!(events.version(), Version::HTTP_2);
    let mut read = String::new();
    while !read.contains("event: welcome") {
        let chunk = tokio::time::timeout(DEADLINE, events.chunk())
            .await
            .unwrap();
        read.push_str(&String::from_utf8_lossy(&chunk.unwrap().unwrap()));
    }
    let asked = (0..50).map(|_| client.get(secure.url("/healthz")).send());
    for answer in futures_util::future::join_all(asked).await {
        assert_eq!(answer.unwrap().status(), StatusCode::OK);
    }
    let metrics = client.get(secure.url("/metrics")).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains("\nridecast_connections 1\n"), "{metrics}");
    assert!(metrics.contains(r#"ridecast_sessions{role="rider"} 1"#));
}

#[tokio::test]
async fn a_socket_is_not_opened_over_http_2() {
    let secure = Secure::start();
    let client = secure.http().build().unwrap();
    let answer = client.get(secure.url("/v1/ws"));
    let answer = answer.bearer_auth(token("r1", Role::Rider)).send().await;
    let answer = answer.unwrap();
    assert_eq!(
        (answer.status(), answer.version()),
        (StatusCode::BAD_REQUEST, Version::HTTP_2)
    );
    let still = client.get(secure.url("/healthz")).send().await.unwrap();
    assert_eq!(still.status(), StatusCode::OK);
}
