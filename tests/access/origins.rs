//! From which pages a browser may ask.

use std::net::SocketAddr;

use ridecast::http::{Origin, Origins};
use ridecast_protocol::Role;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::http::{Reply, try_request_with};
use crate::service::{Service, token};

fn service(allowed: &[&str]) -> Service {
    let origins = allowed.iter().map(|it| Origin::parse(it).unwrap());
    let origins = Origins(origins.collect());
    Service::start_with(|settings| settings.origins = origins)
}

/// As a browser asks from a page of this origin; `None`: as who is no page does.
async fn ask(
    service: &Service,
    (method, path): (&str, &str),
    (host, origin): (&str, Option<&str>),
    more: &[(&str, &str)],
) -> Reply {
    let mut headers = vec![("host", host)];
    headers.extend(origin.map(|origin| ("origin", origin)));
    headers.extend(more);
    let token = token("rosa", Role::Rider);
    // A preflight has no token.
    let token = (method != "OPTIONS").then_some(token.as_str());
    let asked = try_request_with(service.address, method, path, &headers, token, None);
    asked.await.unwrap()
}

/// The status that a WebSocket is answered with.
async fn upgrade(address: SocketAddr, host: &str, origin: Option<&str>) -> u16 {
    let mut request = format!("ws://{address}/v1/ws")
        .into_client_request()
        .unwrap();
    let headers = request.headers_mut();
    headers.insert("host", HeaderValue::from_str(host).unwrap());
    if let Some(origin) = origin {
        headers.insert("origin", HeaderValue::from_str(origin).unwrap());
    }
    let bearer = format!("Bearer {}", token("rosa", Role::Rider));
    headers.insert("authorization", HeaderValue::from_str(&bearer).unwrap());
    let socket = TcpStream::connect(address).await.unwrap();
    match tokio_tungstenite::client_async(request, socket).await {
        Ok((_, response)) => response.status().as_u16(),
        Err(Error::Http(response)) => {
            let body = response.body().clone().unwrap_or_default();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["code"], "forbidden", "{body}");
            response.status().as_u16()
        }
        Err(error) => panic!("{error}"),
    }
}

const HOST: &str = "ride.example.com";

#[tokio::test]
async fn pages_of_its_own_origin_and_who_is_no_page_may_ask() {
    let service = service(&[]);
    for (host, origin, may) in [
        (HOST, None, true),
        (HOST, Some("https://ride.example.com"), true),
        // A proxy takes the TLS away; the service cannot tell.
        (HOST, Some("http://ride.example.com"), true),
        (
            "RIDE.example.com:443",
            Some("https://ride.example.com"),
            true,
        ),
        (
            "ride.example.com:8443",
            Some("https://ride.example.com:8443"),
            true,
        ),
        ("127.0.0.1:8080", Some("http://127.0.0.1:8080"), true),
        ("[::1]:8080", Some("http://[::1]:8080"), true),
        (HOST, Some("https://ride.example.com:8443"), false),
        (
            "ride.example.com:8443",
            Some("https://ride.example.com"),
            false,
        ),
        (
            "ride.example.com:80",
            Some("https://ride.example.com"),
            false,
        ),
        (HOST, Some("https://evil.example.com"), false),
        (HOST, Some("https://ride.example.com.evil.org"), false),
        (HOST, Some("https://evil.org/ride.example.com"), false),
        (HOST, Some("https://x@ride.example.com"), false),
        (HOST, Some("ride.example.com"), false),
        (HOST, Some("null"), false),
        (HOST, Some(""), false),
    ] {
        let status = upgrade(service.address, host, origin).await;
        assert_eq!(status == 101, may, "{origin:?} at {host}: {status}");
        let reply = ask(&service, ("GET", "/v1/rides"), (host, origin), &[]).await;
        let wanted = if may { 200 } else { 403 };
        assert_eq!(reply.status, wanted, "{origin:?} at {host}: {reply:?}");
        assert!(!reply.head.contains("access-control-allow"), "{reply:?}");
    }
}

#[tokio::test]
async fn pages_of_the_list_may_ask_and_have_the_answer() {
    let service = service(&["https://App.example.com", "capacitor://localhost"]);
    for (origin, may) in [
        ("https://app.example.com", true),
        ("capacitor://localhost", true),
        ("https://ride.example.com", true),
        ("http://app.example.com", false),
        ("https://app.example.com:8443", false),
        ("https://evil.example.com", false),
        ("null", false),
    ] {
        let from = (HOST, Some(origin));
        assert_eq!(
            upgrade(service.address, HOST, Some(origin)).await == 101,
            may
        );
        let reply = ask(&service, ("GET", "/v1/rides"), from, &[]).await;
        assert_eq!(reply.status, if may { 200 } else { 403 }, "{origin}");
        let is_other = may && !origin.contains("ride.");
        let leave = format!("access-control-allow-origin: {origin}\r\n");
        assert_eq!(reply.head.contains(&leave), is_other, "{reply:?}");
        assert!(
            !reply.head.contains("allow-credentials"),
            "there are no cookies"
        );

        let preflight = [
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "authorization,content-type",
            ),
        ];
        let reply = ask(&service, ("OPTIONS", "/v1/tickets"), from, &preflight).await;
        assert_eq!(reply.head.contains(&leave), is_other, "{reply:?}");
        if is_other {
            assert_eq!(reply.status, 200, "{reply:?}");
            for word in ["authorization", "content-type", "post"] {
                assert!(reply.head.contains(word), "{word} in {reply:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_stream_of_events_is_asked_for_from_the_list_alone() {
    let service = service(&["https://app.example.com"]);
    let bearer = format!("Bearer {}", token("rosa", Role::Rider));
    let headers = [
        ("authorization", bearer.as_str()),
        ("origin", "https://app.example.com"),
    ];
    let sse = crate::sse_client::Sse::open(service.address, "/v1/events", &headers).await;
    let leave = "access-control-allow-origin: https://app.example.com\r\n";
    assert!(sse.head.contains(leave), "{}", sse.head);
    let evil = (HOST, Some("https://evil.example.com"));
    let reply = ask(&service, ("GET", "/v1/events"), evil, &[]).await;
    assert_eq!(reply.error(), (403, "forbidden".to_owned()));
    let reply = ask(&service, ("GET", "/v1/share/x/events"), evil, &[]).await;
    assert_eq!(reply.error(), (403, "forbidden".to_owned()));
}

#[tokio::test]
async fn a_star_is_everybody() {
    let service = service(&["*"]);
    for origin in ["https://anything.example.org", "null"] {
        assert_eq!(upgrade(service.address, HOST, Some(origin)).await, 101);
        let reply = ask(&service, ("GET", "/v1/rides"), (HOST, Some(origin)), &[]).await;
        assert_eq!(reply.status, 200);
        assert!(
            reply.head.contains("access-control-allow-origin: "),
            "{reply:?}"
        );
    }
}

#[tokio::test]
async fn every_answer_tells_a_browser_what_it_may_not_do_with_it() {
    let service = service(&[]);
    for path in [
        "/v1/rides",
        "/v1/nothing",
        "/healthz",
        "/metrics",
        "/config.json",
        "/none",
    ] {
        let reply = ask(&service, ("GET", path), (HOST, None), &[]).await;
        for header in [
            "x-content-type-options: nosniff\r\n",
            "referrer-policy: no-referrer\r\n",
            "x-frame-options: deny\r\n",
            "content-security-policy: default-src 'none'; frame-ancestors 'none'\r\n",
            "cross-origin-resource-policy: same-origin\r\n",
        ] {
            assert!(reply.head.contains(header), "{header} of {path}: {reply:?}");
        }
        assert!(!reply.head.contains("set-cookie"), "{reply:?}");
        let is_ours = path.starts_with("/v1");
        assert_eq!(
            reply.head.contains("cache-control: no-store"),
            is_ours || path == "/config.json"
        );
    }
    let foreign = (HOST, Some("https://evil.example.com"));
    let refused = ask(&service, ("GET", "/v1/rides"), foreign, &[]).await;
    assert!(
        refused.head.contains("x-content-type-options: nosniff"),
        "{refused:?}"
    );
}

#[cfg(feature = "page")]
#[tokio::test]
async fn the_page_has_a_policy_of_its_own() {
    let service = service(&[]);
    let page = ask(&service, ("GET", "/"), (HOST, None), &[]).await;
    assert_eq!(page.status, 200);
    let policy = |reply: &Reply| {
        let mut lines = reply.head.lines();
        let line = lines.find_map(|it| it.strip_prefix("content-security-policy: "));
        line.expect("a policy").to_owned()
    };
    let told = policy(&page);
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(told.split("; ").any(|it| it == part), "{part} in {told}");
    }
    assert!(!told.contains("unsafe"), "{told}");
    assert!(page.head.contains("x-content-type-options: nosniff"));
    // A browser takes the headers of an answer without a body for those of the page.
    let etag = page.head.lines().find_map(|it| it.strip_prefix("etag: "));
    let known = [("if-none-match", etag.expect("an etag"))];
    let again = ask(&service, ("GET", "/"), (HOST, None), &known).await;
    assert_eq!((again.status, policy(&again)), (304, told));
}
