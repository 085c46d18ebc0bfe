//! An HTTP server that answers as it is told: what OSRM does only when it is ill.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

#[derive(Clone)]
pub(crate) enum Answer {
    /// A status line's end and a body.
    Body(&'static str, String),
    /// Bytes without end.
    Endless,
    /// Nothing, and the connection stays open.
    Hang,
    /// Nothing, and the connection is closed.
    Close,
}

impl Answer {
    pub(crate) fn ok(body: &str) -> Self {
        Self::Body("200 OK", body.to_owned())
    }
}

pub(crate) struct FakeOsrm {
    port: u16,
    state: Arc<State>,
    task: JoinHandle<()>,
}

struct State {
    answer: Mutex<Answer>,
    asked: AtomicUsize,
    last: Mutex<String>,
}

impl FakeOsrm {
    pub(crate) async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            answer: Mutex::new(answer),
            asked: AtomicUsize::new(0),
            last: Mutex::default(),
        });
        let serving = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&serving).serve(socket));
            }
        });
        Self { port, state, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn answers(&self, answer: Answer) {
        *self.state.answer.lock() = answer;
    }

    /// How many requests came.
    pub(crate) fn asked(&self) -> usize {
        self.state.asked.load(Ordering::SeqCst)
    }

    /// The first line of the last request.
    pub(crate) fn last(&self) -> String {
        self.state.last.lock().clone()
    }
}

impl Drop for FakeOsrm {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    async fn serve(self: Arc<Self>, mut socket: TcpStream) {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            match socket.read_u8().await {
                Ok(byte) => request.push(byte),
                Err(_) => return,
            }
        }
        let request = String::from_utf8(request).unwrap();
        request
            .lines()
            .next()
            .unwrap()
            .clone_into(&mut self.last.lock());
        self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answer.lock().clone();
        match answer {
            Answer::Body(status, body) => {
                let head = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                // Who is asked may have gone.
                let _ = socket.write_all((head + &body).as_bytes()).await;
            }
            Answer::Endless => {
                let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n";
                let mut part = head.as_bytes();
                while socket.write_all(part).await.is_ok() {
                    part = &[b' '; 4096];
                }
            }
            Answer::Hang => drop(socket.read_u8().await),
            Answer::Close => {}
        }
    }
}
