//! A thousand sockets that say a little now and then.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::asking::{limited, open_connections};
use crate::client::{Client, DEADLINE};
use crate::http::get;
use crate::service::Service;

const SOCKETS: usize = 1_000;
const BYTE_EVERY: Duration = Duration::from_millis(400);

/// How a socket begins, and what it goes on with. Its second and later requests come as slowly as
/// the first, and so may the rest of a body whose request was answered long ago.
const KINDS: [(&[u8], &[u8]); 3] = [
    (b"GET /hea", b"l"),
    (
        b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nGET /healthz HTTP/1.1\r\nx",
        b"y",
    ),
    (
        b"POST /v1/tickets HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n",
        b"1\r\n.\r\n",
    ),
];

/// Goes on until the other side has had enough; tells for how long.
async fn dawdle(mut socket: TcpStream, (first, then): (&[u8], &[u8])) -> Duration {
    let begun = Instant::now();
    let mut bytes = [0; 1024];
    let mut say = first;
    while begun.elapsed() < DEADLINE {
        if socket.write_all(say).await.is_err() {
            return begun.elapsed();
        }
        say = then;
        let next = Instant::now() + BYTE_EVERY;
        while let Ok(read) = tokio::time::timeout_at(next, socket.read(&mut bytes)).await {
            if matches!(read, Ok(0) | Err(_)) {
                return begun.elapsed();
            }
        }
    }
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_heads_cost_nobody_else_anything_and_are_closed() {
    rlimit::increase_nofile_limit(8_192).unwrap();
    let service = Service::start_with(|settings| {
        settings.gate.head_timeout = Duration::from_secs(2);
    });
    let at = service.address;
    let mut rider = Client::open(at, "r1", ridecast_protocol::Role::Rider).await;
    let mut dawdlers = Vec::new();
    for nth in 0..SOCKETS {
        let socket = TcpStream::connect(at).await.unwrap();
        dawdlers.push(tokio::spawn(dawdle(socket, KINDS[nth % KINDS.len()])));
    }
    let mut slowest = Duration::ZERO;
    let mut asked = 0;
    while dawdlers.iter().any(|it| !it.is_finished()) {
        let since = Instant::now();
        assert_eq!(get(at, "/healthz", None).await.status, 200);
        rider.settle().await;
        slowest = slowest.max(since.elapsed());
        asked += 1;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(asked > 20, "only {asked} requests beside them");
    assert!(slowest < Duration::from_secs(2), "one took {slowest:?}");
    for dawdler in dawdlers {
        let lasted = dawdler.await.unwrap();
        assert!(lasted < DEADLINE, "one lasted {lasted:?}");
    }
    // The rider's is left.
    open_connections(at, 1).await;
    let limited = limited(at, "head_timeout").await;
    let all = i64::try_from(SOCKETS).unwrap();
    assert!(limited > all / 2, "{limited} of {all} were counted");
    rider.settle().await;
}

#[tokio::test]
async fn an_answer_that_lasts_and_a_quiet_socket_are_left_alone() {
    let service = Service::start_with(|settings| {
        settings.gate.head_timeout = Duration::from_millis(200);
        settings.gate.request_timeout = Duration::from_millis(200);
    });
    let at = service.address;
    let token = crate::service::token("r1", ridecast_protocol::Role::Rider);
    let mut stream = TcpStream::connect(at).await.unwrap();
    let request =
        format!("GET /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut rider = Client::open(at, "r2", ridecast_protocol::Role::Rider).await;
    let mut bytes = [0; 4096];
    // Much longer than either may take, its grace included.
    let over = Instant::now() + Duration::from_secs(3);
    while let Ok(read) = tokio::time::timeout_at(over, stream.read(&mut bytes)).await {
        assert!(matches!(read, Ok(1..)), "the stream ended: {read:?}");
    }
    rider.settle().await;
    open_connections(at, 2).await;
    assert_eq!(limited(at, "head_timeout").await, 0);
}
