//! TLS itself: versions, certificates that change, and who does not play along.

use std::time::Duration;

use rustls::ProtocolVersion;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::asking::number;
use crate::client::DEADLINE;
use crate::secure::{Made, Secure, config, connect};
use crate::wss;

async fn metrics(secure: &Secure) -> String {
    let client = secure.http().build().unwrap();
    let answer = client.get(secure.url("/metrics")).send().await.unwrap();
    answer.text().await.unwrap()
}

#[tokio::test]
async fn tls_is_1_3_or_1_2_and_nothing_older() {
    let secure = Secure::start();
    for (version, spoken) in [
        (&TLS13, ProtocolVersion::TLSv1_3),
        (&TLS12, ProtocolVersion::TLSv1_2),
    ] {
        let config = config(&[&secure.certificate], &[version], &[]);
        let stream = connect(secure.address(), config).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(spoken));
    }
    // A ClientHello of TLS 1.1 (RFC 4346, section 7.4.1.2), in which only its version is amiss: two
    // cipher suites, and an extension that says which signatures it takes.
    let mut hello = vec![3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 4, 0xc0, 0x13, 0, 0x2f, 1, 0]);
    hello.extend([0, 8, 0, 13, 0, 4, 0, 2, 4, 3]);
    let length = u8::try_from(hello.len()).unwrap();
    let mut record = vec![22, 3, 1, 0, length + 4, 1, 0, 0, length];
    record.extend(hello);
    let mut socket = TcpStream::connect(secure.address()).await.unwrap();
    socket.write_all(&record).await.unwrap();
    let mut answer = Vec::new();
    let reading = socket.read_to_end(&mut answer);
    let _ = tokio::time::timeout(DEADLINE, reading).await.unwrap();
    // Alert, fatal: protocol_version.
    assert_eq!((answer[0], &answer[5..]), (21, &[2, 70][..]), "{answer:?}");
    let failed = number(
        &metrics(&secure).await,
        "ridecast_tls_handshakes_failed_total",
    );
    assert_eq!(failed, 1);
}

#[tokio::test]
async fn plain_http_and_rubbish_are_ended_and_harm_nobody() {
    let secure = Secure::start();
    let mut session = wss::Session::open(&secure, "r1").await;
    for bytes in [
        &b"GET /v1/vehicles HTTP/1.1\r\nhost: x\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        &[0; 100],
        &[0x16, 3, 3, 0xff, 0xff, 1, 0xff, 0xff, 0xff],
    ] {
        let mut socket = TcpStream::connect(secure.address()).await.unwrap();
        socket.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let reading = socket.read_to_end(&mut answer);
        let _ = tokio::time::timeout(DEADLINE, reading).await.unwrap();
        let text = String::from_utf8_lossy(&answer);
        assert!(!text.contains("HTTP"), "{text}");
    }
    session.settle().await;
}

#[tokio::test]
async fn a_handshake_takes_no_longer_than_it_may_and_holds_up_no_other() {
    let secure = Secure::start_with(|settings| {
        settings.gate.tls_handshake_timeout = Duration::from_secs(1);
    });
    // More than actix-tls would have under way at once.
    let mut silent = Vec::new();
    for _ in 0..600 {
        silent.push(TcpStream::connect(secure.address()).await.unwrap());
    }
    let begun = Instant::now();
    let mut session = wss::Session::open(&secure, "r1").await;
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(900), "held up for {took:?}");
    for mut socket in silent {
        let mut nothing = [0; 1];
        let read = tokio::time::timeout(DEADLINE, socket.read(&mut nothing)).await;
        assert!(matches!(read, Ok(Ok(0) | Err(_))), "{read:?}");
    }
    let metrics = metrics(&secure).await;
    let timed_out = r#"ridecast_limited_total{limit="tls_handshake_timeout"}"#;
    assert_eq!(number(&metrics, timed_out), 600);
    assert_eq!(number(&metrics, "ridecast_connections"), 2);
    session.settle().await;
}

/// The certificate that a new connection is shown.
async fn shown(secure: &Secure, believed: &[&Made]) -> Vec<u8> {
    let config = config(believed, rustls::ALL_VERSIONS, &[]);
    let stream = connect(secure.address(), config).await.unwrap();
    let shown = stream.get_ref().1.peer_certificates().unwrap();
    shown[0].to_vec()
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_and_a_broken_one_is_not() {
    let secure = Secure::start();
    let first = secure.certificate.clone();
    let mut session = wss::Session::open(&secure, "r1").await;
    let second = Made::new();
    let all = [&first, &second];
    secure.put(&second.pem, &second);
    let deadline = Instant::now() + DEADLINE;
    while shown(&secure, &all).await != second.der().to_vec() {
        assert!(Instant::now() < deadline, "it was never shown");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    session.settle().await;

    // Rubbish, a certificate without its key, and none at all: the last good one stays.
    let third = Made::new();
    for broken in ["rubbish", &third.pem, "-----BEGIN CERTIFICATE-----\nAAAA\n"] {
        secure.put(broken, &second);
        // Longer than it takes to be looked at.
        let until = Instant::now() + Duration::from_millis(2_500);
        while Instant::now() < until {
            assert_eq!(
                shown(&secure, &all).await,
                second.der().to_vec(),
                "{broken}"
            );
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
    std::fs::remove_file(secure.certificate_file()).unwrap();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(shown(&secure, &all).await, second.der().to_vec());
    // And what comes after is taken again.
    secure.put(&third.pem, &third);
    let all = [&first, &second, &third];
    let deadline = Instant::now() + DEADLINE;
    while shown(&secure, &all).await != third.der().to_vec() {
        assert!(Instant::now() < deadline, "it was never shown");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    session.settle().await;
}

#[actix_web::test]
async fn without_a_good_certificate_it_does_not_start() {
    use ridecast::app::{App, AppError, Settings};
    use ridecast::gate::TlsFiles;
    let folder = tempfile::tempdir().unwrap();
    let files = TlsFiles {
        certificate: folder.path().join("none.pem"),
        key: folder.path().join("none.key"),
    };
    let mut settings = Settings::new(crate::service::SECRET);
    settings.bind = ([127, 0, 0, 1], 0).into();
    settings.gate.tls = Some(files.clone());
    let missing = App::build(settings.clone()).await.err().unwrap();
    assert!(matches!(missing, AppError::Tls(_)), "{missing}");
    assert!(missing.to_string().contains("none.pem"), "{missing}");
    std::fs::write(&files.certificate, "rubbish").unwrap();
    std::fs::write(&files.key, "rubbish").unwrap();
    let rubbish = App::build(settings).await.err().unwrap();
    assert!(rubbish.to_string().contains("certificate"), "{rubbish}");
}
