//! Whose address it is, behind a proxy and not.

use ridecast::gate::ProxyHeader;

use crate::asking::ask;
use crate::service::Service;

/// How many of 25 requests are answered: ten at once, and what comes after is refused.
async fn answered(service: &Service, last: u8, headers: &str) -> usize {
    let mut answered = 0;
    for _ in 0..25 {
        let reply = ask(service.address, last, "/healthz", headers).await;
        answered += usize::from(reply.status == 200);
    }
    answered
}

fn service(header: ProxyHeader) -> Service {
    Service::start_with(|settings| {
        settings.gate.exempt.clear();
        settings.gate.trusted = vec!["127.0.0.7/32".parse().unwrap()];
        settings.gate.proxy_header = header;
        settings.gate.requests_per_address = 1;
    })
}

#[tokio::test]
async fn a_proxy_is_believed_and_nobody_else() {
    let service = service(ProxyHeader::XForwardedFor);
    // Clients behind the proxy are told apart, and what they claim themselves counts nothing.
    let one = answered(&service, 7, "x-forwarded-for: 6.6.6.6, 198.51.100.1\r\n").await;
    assert!((10..20).contains(&one), "{one}");
    let same = answered(&service, 7, "x-forwarded-for: 7.7.7.7, 198.51.100.1\r\n").await;
    assert!(same < 10, "{same}");
    let other = answered(&service, 7, "x-forwarded-for: 198.51.100.2\r\n").await;
    assert!((10..20).contains(&other), "{other}");
    // The proxy itself, as when it asks whether the node is ready.
    assert_eq!(answered(&service, 7, "").await, 25);
    // Who is no proxy is not believed, whatever it writes.
    let liar = answered(&service, 8, "x-forwarded-for: 198.51.100.3\r\n").await;
    assert!((10..20).contains(&liar), "{liar}");
    let again = answered(&service, 8, "x-forwarded-for: 198.51.100.4\r\n").await;
    assert!(again < 10, "{again}");
    // Nor is another header.
    let forwarded = answered(&service, 7, "forwarded: for=198.51.100.5\r\n").await;
    assert_eq!(forwarded, 25, "of the proxy itself");
}

#[tokio::test]
async fn a_proxy_may_speak_by_rfc_7239() {
    let service = service(ProxyHeader::Forwarded);
    let one = answered(
        &service,
        7,
        "forwarded: for=\"198.51.100.1:80\";proto=https\r\n",
    )
    .await;
    assert!((10..20).contains(&one), "{one}");
    let same = answered(&service, 7, "forwarded: for=6.6.6.6, for=198.51.100.1\r\n").await;
    assert!(same < 10, "{same}");
}
