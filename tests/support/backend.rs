//! An operator's backend that takes webhooks, or does not.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use ridecast::webhooks::sign;
use ridecast_protocol::{Event, Ride, RideId, Webhook};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::client::DEADLINE;

pub(crate) const WEBHOOK_SECRET: &str = "a secret of the backend";

/// What it has accepted, in order, and what it refuses.
#[derive(Default)]
struct Books {
    accepted: Vec<Webhook>,
    refuses: HashSet<RideId>,
    refused: usize,
}

pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    books: Arc<Mutex<Books>>,
    task: Option<AbortHandle>,
}

impl Backend {
    /// Has a port, but nobody listens there until [`open`](Self::open).
    pub(crate) fn closed() -> Self {
        let free = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        Self {
            address: free.local_addr().expect("its address"),
            books: Arc::default(),
            task: None,
        }
    }

    pub(crate) async fn open(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("its port");
        let books = Arc::clone(&self.books);
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&books)));
            }
        });
        self.task = Some(task.abort_handle());
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hooks", self.address)
    }

    pub(crate) fn refuse(&self, ride: &RideId) {
        self.books
            .lock()
            .expect("whole")
            .refuses
            .insert(ride.clone());
    }

    pub(crate) fn refuse_nothing(&self) {
        self.books.lock().expect("whole").refuses.clear();
    }

    pub(crate) fn refused(&self) -> usize {
        self.books.lock().expect("whole").refused
    }

    pub(crate) fn accepted(&self) -> Vec<Webhook> {
        self.books.lock().expect("whole").accepted.clone()
    }

    /// The changes of a ride that were accepted, in order.
    pub(crate) fn rides(&self, id: &RideId) -> Vec<Ride> {
        let rides = self.accepted().into_iter().filter_map(|it| match it.event {
            Event::Ride(ride) if ride.ride_id == *id => Some(*ride),
            _ => None,
        });
        rides.collect()
    }

    /// Waits until what was accepted is like this.
    pub(crate) async fn until(&self, what: &str, like: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + DEADLINE * 2;
        while !like(self) {
            assert!(
                Instant::now() < deadline,
                "never: {what}; accepted were {:#?}",
                self.accepted()
            );
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn serve(socket: TcpStream, books: Arc<Mutex<Books>>) {
    let mut socket = BufReader::new(socket);
    loop {
        let (mut length, mut signature, mut id) = (0, String::new(), String::new());
        loop {
            let mut line = String::new();
            if socket.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            let Some((name, value)) = line.trim().split_once(": ") else {
                if line.trim().is_empty() {
                    break;
                }
                continue;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().expect("a number"),
                "ridecast-signature" => value.clone_into(&mut signature),
                "ridecast-event-id" => value.clone_into(&mut id),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        if socket.read_exact(&mut body).await.is_err() {
            return;
        }
        let status = judge(&body, &signature, &id, &books);
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        if socket.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn judge(body: &[u8], signature: &str, id: &str, books: &Mutex<Books>) -> &'static str {
    let (time, signed) = signature.split_once(",v1=").expect("t=…,v1=…");
    let time = time.strip_prefix("t=").expect("t=…");
    let time = time.parse().expect("seconds");
    assert_eq!(
        sign(WEBHOOK_SECRET, time, body),
        signed,
        "signed with the secret"
    );
    let webhook: Webhook = serde_json::from_slice(body).expect("a webhook");
    assert_eq!(webhook.id, id);
    let mut books = books.lock().expect("whole");
    if let Event::Ride(ride) = &webhook.event
        && books.refuses.contains(&ride.ride_id)
    {
        books.refused += 1;
        return "500 Internal Server Error";
    }
    books.accepted.push(webhook);
    "204 No Content"
}
