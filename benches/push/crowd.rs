//! Many subscribers in one thread: connects them, drives them, counts what they get.

mod socket;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::meter::{Counts, Latencies, Meter, latencies};
use socket::Socket;

/// What one subscriber says, and when it is ready.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Sent at once.
    pub(crate) request: Vec<u8>,
    /// Sent after the answer's head.
    pub(crate) after: Vec<u8>,
    pub(crate) ready: Ready,
    pub(crate) meter: Meter,
}

/// When a subscriber has what it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ready {
    /// When these bytes have come.
    Bytes(&'static [u8]),
    /// With the first snapshot of ridecast's.
    Snapshot,
}

/// One of so many subscribers has its latencies measured.
const SAMPLED: usize = 16;
/// So many connect at once, as more would overrun a backlog.
const CONNECTING: usize = 128;
const READY_WITHIN: Duration = Duration::from_mins(1);

#[derive(Default)]
struct Shared {
    updates: AtomicU64,
    frames: AtomicU64,
    bytes: AtomicU64,
    ready: AtomicU64,
    closed: AtomicU64,
    stop: AtomicBool,
    latencies: Mutex<Option<Latencies>>,
    /// Of each that is ready: how long it took since [`Crowd::connect`].
    joined: Mutex<Option<Latencies>>,
}

/// Subscribers, connected and counting until dropped.
pub(crate) struct Crowd {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Crowd {
    /// Connects them all, some at once; [`Crowd::wait`] waits for them.
    pub(crate) fn connect(address: SocketAddr, plans: Vec<Plan>) -> Self {
        Self::connect_so_many_at_once(address, plans, CONNECTING)
    }

    /// Connects them all at once.
    pub(crate) fn connect_at_once(address: SocketAddr, plans: Vec<Plan>) -> Self {
        let all = plans.len();
        Self::connect_so_many_at_once(address, plans, all)
    }

    fn connect_so_many_at_once(address: SocketAddr, plans: Vec<Plan>, at_once: usize) -> Self {
        let shared = Arc::new(Shared::default());
        *shared.joined.lock().expect("no panic") = Some(latencies());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::spawn(move || Loop::new(address, theirs, at_once).run(plans));
        Self {
            shared,
            thread: Some(thread),
        }
    }

    /// Waits until so many are ready.
    pub(crate) fn wait(&self, count: usize) {
        let deadline = Instant::now() + READY_WITHIN;
        while self.ready() < count as u64 {
            assert!(
                Instant::now() < deadline,
                "{} of {count} subscribers are ready, {} were closed",
                self.ready(),
                self.closed()
            );
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub(crate) fn ready(&self) -> u64 {
        self.shared.ready.load(Relaxed)
    }

    pub(crate) fn closed(&self) -> u64 {
        self.shared.closed.load(Relaxed)
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            updates: self.shared.updates.load(Relaxed),
            frames: self.shared.frames.load(Relaxed),
            bytes: self.shared.bytes.load(Relaxed),
        }
    }

    /// From now on latencies are recorded.
    pub(crate) fn begin_latencies(&self) {
        *self.shared.latencies.lock().expect("no panic") = Some(latencies());
    }

    /// The latencies since then, µs.
    pub(crate) fn take_latencies(&self) -> Latencies {
        let taken = self.shared.latencies.lock().expect("no panic").take();
        taken.unwrap_or_else(latencies)
    }

    /// How long each took to be ready, µs, from the moment when all began.
    pub(crate) fn take_joined(&self) -> Latencies {
        let taken = self.shared.joined.lock().expect("no panic").take();
        taken.unwrap_or_else(latencies)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.shared.stop.store(true, Relaxed);
        let thread = self.thread.take().expect("joined once");
        let ended = thread.join();
        assert!(ended.is_ok() || std::thread::panicking(), "it panicked");
    }
}

struct Loop {
    address: SocketAddr,
    shared: Arc<Shared>,
    poll: Poll,
    sockets: Vec<Socket>,
    buffer: Vec<u8>,
    at_once: usize,
}

impl Loop {
    fn new(address: SocketAddr, shared: Arc<Shared>, at_once: usize) -> Self {
        Self {
            address,
            shared,
            poll: Poll::new().expect("epoll"),
            sockets: Vec::new(),
            buffer: vec![0; 256 * 1024],
            at_once,
        }
    }

    fn run(mut self, plans: Vec<Plan>) {
        let began = Instant::now();
        let mut plans = plans.into_iter();
        let mut events = Events::with_capacity(4_096);
        while !self.shared.stop.load(Relaxed) {
            self.connect_more(&mut plans);
            match self.poll.poll(&mut events, Some(Duration::from_millis(50))) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result.expect("epoll"),
            }
            // Taken out for a round, so that who counts does not wait for who asks.
            let mut latencies = self.shared.latencies.lock().expect("no panic");
            let mut counts = Counts::default();
            for event in &events {
                let at = event.token().0;
                let (socket, sampled) = (&mut self.sockets[at], at.is_multiple_of(SAMPLED));
                if event.is_writable() {
                    socket.write();
                }
                if event.is_readable() || event.is_read_closed() {
                    let latencies = latencies.as_mut().filter(|_| sampled);
                    let was_ready = socket.ready;
                    socket.read(&mut self.buffer, &mut counts, latencies);
                    if socket.ready && !was_ready {
                        self.shared.ready.fetch_add(1, Relaxed);
                        let mut joined = self.shared.joined.lock().expect("no panic");
                        let took_us = began.elapsed().as_micros();
                        if let (Some(joined), Ok(took_us)) = (joined.as_mut(), took_us.try_into()) {
                            joined.saturating_record(took_us);
                        }
                    }
                }
                if socket.closed {
                    let _ = self.poll.registry().deregister(&mut socket.stream);
                    self.shared.closed.fetch_add(1, Relaxed);
                }
            }
            drop(latencies);
            self.shared.updates.fetch_add(counts.updates, Relaxed);
            self.shared.frames.fetch_add(counts.frames, Relaxed);
            self.shared.bytes.fetch_add(counts.bytes, Relaxed);
        }
    }

    fn connect_more(&mut self, plans: &mut impl Iterator<Item = Plan>) {
        let done = self.shared.ready.load(Relaxed) + self.shared.closed.load(Relaxed);
        let done = usize::try_from(done).unwrap_or(usize::MAX);
        for plan in plans.take((self.at_once + done).saturating_sub(self.sockets.len())) {
            let mut stream = TcpStream::connect(self.address).expect("a socket");
            let interest = Interest::READABLE | Interest::WRITABLE;
            let token = Token(self.sockets.len());
            let registered = self.poll.registry().register(&mut stream, token, interest);
            registered.expect("epoll");
            self.sockets.push(Socket::new(stream, plan));
        }
    }
}
