//! The yardstick: what it costs to write frames that are ready to sockets that are ready.
//!
//! No server to use: no mask checked, no backpressure, nothing parsed but where a frame ends.
//! Whoever asks for `/pub` publishes, whoever asks for `/ingest` is read and thrown away, and
//! everybody else gets what is published.

use std::cell::RefCell;
use std::rc::Rc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{LocalSet, spawn_local};

use crate::frame;

/// One thread, one write for each frame and subscriber. The command line's word for it.
pub(crate) const ONE_AT_A_TIME: &str = "yardstick";
/// The same, but what arrived together is written together.
pub(crate) const JOINED: &str = "yardstick-joined";
/// As the first, by two threads that have half of the subscribers each: ridecast has one for
/// each core, and two who write cost the kernel more than one.
pub(crate) const TWO_THREADS: &str = "yardstick-2-threads";

/// What a thread is told by the other.
enum Word {
    Subscriber(std::net::TcpStream),
    Driver(std::net::TcpStream),
    Frame(Vec<u8>),
}

#[derive(Clone)]
struct Yard {
    joined: bool,
    subscribers: Rc<RefCell<Vec<TcpStream>>>,
    /// The other thread, which gets every second subscriber.
    other: Option<UnboundedSender<Word>>,
}

/// Serves until it is killed.
pub(crate) fn serve(name: &str) {
    let (other, words) = unbounded_channel();
    let two = name == TWO_THREADS;
    if two {
        std::thread::spawn(move || run(half(words)));
    }
    run(accept(Yard {
        joined: name == JOINED,
        subscribers: Rc::default(),
        other: two.then_some(other),
    }));
}

fn run(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .expect("a runtime");
    LocalSet::new().block_on(&runtime, work);
}

async fn accept(yard: Yard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    eprintln!("address={}", listener.local_addr().expect("its address"));
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let yard = yard.clone();
        spawn_local(async move {
            // Whoever breaks off is of no interest.
            let _ = yard.welcome(stream).await;
        });
    }
}

/// The second thread.
async fn half(mut words: UnboundedReceiver<Word>) {
    let mut subscribers = Vec::new();
    while let Some(word) = words.recv().await {
        match word {
            Word::Subscriber(stream) => subscribers.extend(TcpStream::from_std(stream)),
            Word::Driver(stream) => {
                if let Ok(stream) = TcpStream::from_std(stream) {
                    spawn_local(swallow(stream));
                }
            }
            Word::Frame(frame) => write(&subscribers, &frame),
        }
    }
}

impl Yard {
    async fn welcome(self, mut stream: TcpStream) -> std::io::Result<()> {
        // Small reads would take apart what arrived together.
        let mut unread = Vec::with_capacity(64 * 1024);
        while !unread.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut unread).await? == 0 {
                return Ok(());
            }
        }
        stream
            .write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
            .await?;
        if unread.starts_with(b"GET /ingest ") {
            return self.ingest(stream);
        }
        if !unread.starts_with(b"GET /pub ") {
            return self.subscribe(stream);
        }
        unread.clear();
        while stream.read_buf(&mut unread).await? > 0 {
            let mut frames = Vec::new();
            let mut taken = 0;
            while let Some((_, payload)) = frame::first(&unread[taken..]) {
                let end = taken + payload.end;
                frames.push(frame::unmasked_text(&unread[taken..][payload]));
                taken = end;
            }
            unread.drain(..taken);
            if self.joined {
                frames = vec![frames.concat()];
            }
            for frame in frames.iter().filter(|frame| !frame.is_empty()) {
                if let Some(other) = &self.other {
                    let _ = other.send(Word::Frame(frame.clone()));
                }
                write(&self.subscribers.borrow(), frame);
            }
        }
        Ok(())
    }

    fn subscribe(&self, stream: TcpStream) -> std::io::Result<()> {
        match self.other_for(&stream)? {
            Some(other) => {
                let _ = other.send(Word::Subscriber(stream.into_std()?));
            }
            None => self.subscribers.borrow_mut().push(stream),
        }
        Ok(())
    }

    fn ingest(&self, stream: TcpStream) -> std::io::Result<()> {
        match self.other_for(&stream)? {
            Some(other) => {
                let _ = other.send(Word::Driver(stream.into_std()?));
            }
            None => {
                spawn_local(swallow(stream));
            }
        }
        Ok(())
    }

    /// The other thread, for every second client.
    fn other_for(&self, stream: &TcpStream) -> std::io::Result<Option<&UnboundedSender<Word>>> {
        // Linux gives clients even ports, one after the other.
        let second = stream.peer_addr()?.port() % 4 >= 2;
        Ok(self.other.as_ref().filter(|_| second))
    }
}

/// Reads positions, finds where each ends, and that is all.
async fn swallow(mut stream: TcpStream) {
    let mut unread = Vec::with_capacity(4 * 1024);
    while matches!(stream.read_buf(&mut unread).await, Ok(1..)) {
        let mut taken = 0;
        while let Some((_, payload)) = frame::first(&unread[taken..]) {
            let end = taken + payload.end;
            std::hint::black_box(frame::unmasked_text(&unread[taken..][payload]));
            taken = end;
        }
        unread.drain(..taken);
    }
}

fn write(subscribers: &[TcpStream], frame: &[u8]) {
    for subscriber in subscribers {
        let _ = subscriber.try_write(frame);
    }
}
