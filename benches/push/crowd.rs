//! Many subscribers in one thread: connects them, drives them, counts what they get.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use memchr::memmem;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::frame;
use crate::meter::{Counts, Latencies, Meter, latencies};

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
const READY_WITHIN: Duration = Duration::from_secs(60);

struct Socket {
    stream: TcpStream,
    plan: Plan,
    /// Not sent yet.
    out: Vec<u8>,
    /// Read, and not a whole frame yet; before it is ready, all that was read.
    unread: Vec<u8>,
    upgraded: bool,
    ready: bool,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    updates: AtomicU64,
    frames: AtomicU64,
    bytes: AtomicU64,
    ready: AtomicU64,
    closed: AtomicU64,
    stop: AtomicBool,
    latencies: Mutex<Option<Latencies>>,
}

/// Subscribers, connected and counting until dropped.
pub(crate) struct Crowd {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Crowd {
    /// Connects them all; [`Crowd::wait`] waits for them.
    pub(crate) fn connect(address: SocketAddr, plans: Vec<Plan>) -> Self {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::spawn(move || Loop::new(address, theirs).run(plans));
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
}

impl Loop {
    fn new(address: SocketAddr, shared: Arc<Shared>) -> Self {
        Self {
            address,
            shared,
            poll: Poll::new().expect("epoll"),
            sockets: Vec::new(),
            buffer: vec![0; 256 * 1024],
        }
    }

    fn run(mut self, plans: Vec<Plan>) {
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
        for plan in plans.take((CONNECTING + done).saturating_sub(self.sockets.len())) {
            let mut stream = TcpStream::connect(self.address).expect("a socket");
            let interest = Interest::READABLE | Interest::WRITABLE;
            let token = Token(self.sockets.len());
            let registered = self.poll.registry().register(&mut stream, token, interest);
            registered.expect("epoll");
            self.sockets.push(Socket {
                stream,
                out: plan.request.clone(),
                plan,
                unread: Vec::new(),
                upgraded: false,
                ready: false,
                closed: false,
            });
        }
    }
}

impl Socket {
    fn write(&mut self) {
        while !self.out.is_empty() && !self.closed {
            match self.stream.write(&self.out) {
                Ok(written) => drop(self.out.drain(..written)),
                Err(error) => {
                    let wait = [ErrorKind::WouldBlock, ErrorKind::NotConnected];
                    self.closed = !wait.contains(&error.kind());
                    return;
                }
            }
        }
    }

    fn read(
        &mut self,
        buffer: &mut [u8],
        counts: &mut Counts,
        mut latencies: Option<&mut Latencies>,
    ) {
        while !self.closed {
            match self.stream.read(buffer) {
                Ok(0) => self.closed = true,
                Ok(read) => {
                    let bytes = &buffer[..read];
                    counts.bytes += read as u64;
                    self.take_in(bytes, counts, latencies.as_deref_mut());
                    if read < buffer.len() {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => self.closed = true,
            }
        }
    }

    fn take_in(&mut self, bytes: &[u8], counts: &mut Counts, latencies: Option<&mut Latencies>) {
        if self.ready && self.plan.meter == Meter::Marks {
            return Meter::marks(bytes, counts, latencies);
        }
        if self.ready && self.unread.is_empty() {
            let taken = self.frames(bytes, counts, latencies);
            return self.unread.extend_from_slice(&bytes[taken..]);
        }
        self.unread.extend_from_slice(bytes);
        let unread = std::mem::take(&mut self.unread);
        let taken = if self.upgraded && self.plan.meter != Meter::Marks {
            self.frames(&unread, counts, latencies)
        } else {
            self.greeting(&unread)
        };
        self.unread = unread;
        self.unread.drain(..taken);
    }

    /// Before there are frames to count. Returns how many bytes are done with.
    fn greeting(&mut self, unread: &[u8]) -> usize {
        if !self.upgraded {
            let is_http = self.plan.request.starts_with(b"GET ");
            let head = memmem::find(unread, b"\r\n\r\n").map(|at| at + 4);
            let Some(head) = head.or((!is_http).then_some(0)) else {
                return 0;
            };
            assert!(
                !is_http || unread.starts_with(b"HTTP/1.1 101"),
                "{}",
                String::from_utf8_lossy(unread)
            );
            self.upgraded = true;
            self.out.extend_from_slice(&self.plan.after);
            self.write();
            if self.plan.ready == Ready::Bytes(b"\r\n\r\n") {
                self.ready = true;
                return unread.len();
            }
            if self.plan.meter != Meter::Marks {
                return head;
            }
        }
        match self.plan.ready {
            Ready::Bytes(bytes) if memmem::find(unread, bytes).is_some() => {
                self.ready = true;
                unread.len()
            }
            _ => 0,
        }
    }

    /// Takes whole frames of ridecast's; returns their length.
    fn frames(
        &mut self,
        bytes: &[u8],
        counts: &mut Counts,
        mut latencies: Option<&mut Latencies>,
    ) -> usize {
        let mut taken = 0;
        while let Some((opcode, payload)) = frame::first(&bytes[taken..]) {
            let next = taken + payload.end;
            let payload = &bytes[taken..][payload];
            match opcode {
                frame::PING => {
                    self.out.extend_from_slice(&frame::pong(payload));
                    self.write();
                }
                frame::CLOSE => self.closed = true,
                _ if self.ready => Meter::frame(opcode, payload, counts, latencies.as_deref_mut()),
                _ => {
                    self.ready = match self.plan.ready {
                        Ready::Snapshot => Meter::is_snapshot(opcode, payload),
                        Ready::Bytes(bytes) => memmem::find(payload, bytes).is_some(),
                    };
                }
            }
            taken = next;
        }
        taken
    }
}
