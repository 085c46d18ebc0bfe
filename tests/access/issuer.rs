//! The address where a login publishes its keys.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Default)]
struct Books {
    /// `None`: it fails.
    jwks: Option<String>,
    asked: usize,
    slow: Duration,
    over: bool,
}

/// On a thread of its own: who waits for the service to start must not keep it from answering.
pub(crate) struct Issuer {
    address: SocketAddr,
    books: Arc<Mutex<Books>>,
}

impl Issuer {
    /// Answers with this.
    pub(crate) fn start(jwks: Option<String>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("its address");
        let books = Arc::new(Mutex::new(Books {
            jwks,
            ..Books::default()
        }));
        let kept = Arc::clone(&books);
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                if kept.lock().expect("whole").over {
                    return;
                }
                // One at a time is enough, and its failure the asker's.
                let _ = socket.and_then(|socket| answer(socket, &kept));
            }
        });
        Self { address, books }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/.well-known/jwks.json", self.address)
    }

    /// From now on it answers with this; `None`: it fails.
    pub(crate) fn publish(&self, jwks: Option<String>) {
        self.books.lock().expect("whole").jwks = jwks;
    }

    /// From now on it takes so long to answer.
    pub(crate) fn slow_down(&self, slow: Duration) {
        self.books.lock().expect("whole").slow = slow;
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.books.lock().expect("whole").asked
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.books.lock().expect("whole").over = true;
        // So that it notices.
        let _ = TcpStream::connect(self.address);
    }
}

fn answer(mut socket: TcpStream, books: &Mutex<Books>) -> std::io::Result<()> {
    let (mut request, mut bytes) = (Vec::new(), [0; 1024]);
    while !request.windows(4).any(|it| it == b"\r\n\r\n") {
        let read = socket.read(&mut bytes)?;
        if read == 0 {
            return Ok(());
        }
        request.extend_from_slice(&bytes[..read]);
    }
    let (jwks, slow) = {
        let mut books = books.lock().expect("whole");
        books.asked += 1;
        (books.jwks.clone(), books.slow)
    };
    std::thread::sleep(slow);
    let status = if jwks.is_some() {
        "200 OK"
    } else {
        "503 Service Unavailable"
    };
    let body = jwks.unwrap_or_default();
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    socket.write_all((head + &body).as_bytes())
}
