use std::rc::Rc;
use std::time::Instant;

use super::Feed;
use super::Format;
use super::state::State;
use crate::telemetry::now_ms;

/// A socket that vehicles can be written to at once.
///
/// To wake the task of each of a thousand sockets, for it to ask for what there is, is work for
/// each of them, and most of it is waiting for memory. So the hub writes vehicles itself, one socket after the other, as long as a
/// socket takes them. When it does not, its task is woken, waits until it can write, and asks
/// by [`Feed::poll_next`].
pub trait Outlet {
    /// Whether all that was given to it has gone out.
    fn is_ready(&self) -> bool;

    /// Makes room for the head of a message at the end of `out`.
    fn begin(&self, out: &mut Vec<u8>);

    /// Puts the head of the message that was begun at `begun`.
    fn end(&self, out: &mut Vec<u8>, begun: usize, format: Format);

    /// Takes all of it, and writes what it can. False: some is left to be written.
    fn write(&self, bytes: &[u8]) -> bool;
}

impl Feed {
    /// From now on vehicles are written there at once. Everything else, and what it cannot
    /// take, is still to be asked for.
    pub fn write_to(&self, outlet: Rc<dyn Outlet>) {
        self.hub.state.borrow_mut().seats[self.id].outlet = Some(outlet);
    }
}

/// Messages are joined in one write until they are this many bytes.
pub const JOINED_BYTES: usize = 16 * 1024;

impl State {
    /// Tells everybody who has something to be told.
    pub(super) fn tell_round(&mut self) {
        let (now, now_ms) = (Instant::now(), now_ms());
        while let Some(&(at, id)) = self.waiting.delayed.first() {
            if at > now {
                break;
            }
            self.waiting.delayed.pop_first();
            if let Some(subscription) = self.subscriptions.get(id) {
                self.next_round(subscription.seat);
            }
        }
        let mut seats = std::mem::take(&mut self.waiting.round);
        for seat in seats.drain(..) {
            if let Some(state) = self.seats.get_mut(seat) {
                state.in_round = false;
                self.flush(seat, now, now_ms);
            }
        }
        self.waiting.round = seats;
        self.told.report(&self.metrics.push);
    }

    fn flush(&mut self, id: usize, now: Instant, now_ms: i64) {
        let seat = &mut self.seats[id];
        let outlet = match &seat.outlet {
            Some(outlet) if !outlet.is_ready() => return,
            // Replies come first, and are its task's.
            Some(outlet) if seat.outbox.is_idle() => Rc::clone(outlet),
            _ => return seat.outbox.wake(),
        };
        let mut out = std::mem::take(&mut self.scratch);
        let mut more = true;
        while more && out.len() < JOINED_BYTES {
            let begun = out.len();
            outlet.begin(&mut out);
            let composed = self.compose(id, &mut out, now, now_ms);
            more = composed.is_some();
            match composed {
                Some(format) => outlet.end(&mut out, begun, format),
                None => out.truncate(begun),
            }
        }
        let all = out.is_empty() || outlet.write(&out);
        if more || !all {
            // What is left is not announced a second time: the task asks for it.
            self.seats[id].outbox.wake();
        }
        out.clear();
        self.scratch = out;
    }
}
