//! One subscriber's side of its connection.

use std::io::{ErrorKind, Read as _, Write as _};

use memchr::memmem;
use mio::net::TcpStream;

use super::{Plan, Ready};
use crate::frame;
use crate::meter::{Counts, Latencies, Meter};

pub(super) struct Socket {
    pub(super) stream: TcpStream,
    plan: Plan,
    /// Not sent yet.
    out: Vec<u8>,
    /// Read, and not a whole frame yet; before it is ready, all that was read.
    unread: Vec<u8>,
    upgraded: bool,
    pub(super) ready: bool,
    pub(super) closed: bool,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, plan: Plan) -> Self {
        Self {
            stream,
            out: plan.request.clone(),
            plan,
            unread: Vec::new(),
            upgraded: false,
            ready: false,
            closed: false,
        }
    }

    pub(super) fn write(&mut self) {
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

    pub(super) fn read(
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
