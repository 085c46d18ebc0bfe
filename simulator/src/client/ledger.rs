//! Which of a connection's positions are judged.

use std::collections::VecDeque;

use ridecast_protocol::ErrorCode;

/// Keeps the books of one connection.
///
/// Positions are sent without an `id`, so that those accepted cost no answer;
/// but the service judges in order. A `ping` after them is a barrier: when its
/// `pong` is there, every refusal of what was sent before it has come too, and
/// the rest was accepted.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    sent: u64,
    refused: u64,
    accepted: u64,
    next_id: u64,
    /// Pings under way: their id, and what had been sent before them.
    barriers: VecDeque<(u64, u64)>,
    /// `positions` under way: their id, and how many each holds.
    batches: VecDeque<(u64, u64)>,
}

impl Ledger {
    /// An id for a request that has nothing to do with positions.
    pub(super) fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub(super) fn sent_one(&mut self) {
        self.sent += 1;
    }

    /// Enters a batch that was sent under `id`.
    pub(super) fn sent_batch(&mut self, id: u64, count: u64) {
        self.sent += count;
        self.batches.push_back((id, count));
    }

    /// Enters a ping that was sent under `id`.
    pub(super) fn sent_barrier(&mut self, id: u64) {
        self.barriers.push_back((id, self.sent));
    }

    /// How many positions no barrier stands behind yet.
    pub(super) fn behind_no_barrier(&self) -> u64 {
        let behind = self.barriers.back().map(|&(_, sent)| sent);
        self.sent
            - behind
                .unwrap_or(self.accepted + self.refused)
                .min(self.sent)
    }

    /// Whether everything sent is judged.
    pub(super) fn settled(&self) -> bool {
        self.barriers.is_empty() && self.sent == self.accepted + self.refused
    }

    /// An `error` without an id came: of one position, if any can be meant.
    pub(super) fn refused_one(&mut self) -> bool {
        let possible = self.accepted + self.refused < self.sent;
        self.refused += u64::from(possible);
        possible
    }

    /// A batch's `ok` came, with the codes of those refused. Gives how many are
    /// refused without a code, which must be none; `None`: no such batch.
    pub(super) fn batch_judged(
        &mut self,
        id: u64,
        accepted: Option<u32>,
        refused: &[ErrorCode],
    ) -> Option<u64> {
        let count = self.take_batch(id)?;
        let named = (refused.len() as u64).min(count);
        let accepted = accepted.map_or(count - named, u64::from).min(count - named);
        self.refused += count - accepted;
        Some(count - accepted - named)
    }

    /// A batch's `error` came: gives how many were refused; `None`: no such batch.
    pub(super) fn batch_refused(&mut self, id: u64) -> Option<u64> {
        let count = self.take_batch(id)?;
        self.refused += count;
        Some(count)
    }

    fn take_batch(&mut self, id: u64) -> Option<u64> {
        let at = self.batches.iter().position(|&(batch, _)| batch == id)?;
        self.batches.remove(at).map(|(_, count)| count)
    }

    /// A `pong` came: gives how many more are accepted now.
    pub(super) fn barrier_passed(&mut self, id: u64) -> u64 {
        let Some(at) = self.barriers.iter().position(|&(ping, _)| ping == id) else {
            return 0;
        };
        let sent = self.barriers[at].1;
        self.barriers.drain(..=at);
        let newly = sent.saturating_sub(self.refused + self.accepted);
        self.accepted += newly;
        newly
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_before_a_barrier_and_not_refused_is_accepted() {
        let mut ledger = Ledger::default();
        for _ in 0..5 {
            ledger.sent_one();
        }
        assert_eq!(ledger.behind_no_barrier(), 5);
        let ping = ledger.id();
        ledger.sent_barrier(ping);
        assert_eq!(ledger.behind_no_barrier(), 0);
        assert!(ledger.refused_one() && ledger.refused_one());
        ledger.sent_one();
        assert_eq!(ledger.behind_no_barrier(), 1);
        assert_eq!(ledger.barrier_passed(ping), 3);
        assert!(!ledger.settled(), "one was sent after the ping");
        assert_eq!(ledger.barrier_passed(ping), 0, "a pong counts once");
        let ping = ledger.id();
        ledger.sent_barrier(ping);
        assert_eq!(ledger.barrier_passed(ping), 1);
        assert!(ledger.settled());
        assert!(!ledger.refused_one(), "nothing is left that could be meant");
    }

    #[test]
    fn a_batch_is_judged_by_its_reply() {
        let mut ledger = Ledger::default();
        let (first, second, third) = (ledger.id(), ledger.id(), ledger.id());
        ledger.sent_batch(first, 4);
        ledger.sent_batch(second, 3);
        ledger.sent_batch(third, 2);
        let ping = ledger.id();
        ledger.sent_barrier(ping);
        let jump = ErrorCode::PositionJump;
        assert_eq!(ledger.batch_judged(first, Some(3), &[jump]), Some(0));
        assert_eq!(ledger.batch_refused(second), Some(3));
        assert_eq!(ledger.batch_judged(third, Some(0), &[jump]), Some(1));
        assert_eq!(ledger.batch_refused(second), None, "answered already");
        assert_eq!(ledger.barrier_passed(ping), 3);
        assert!(ledger.settled());
    }
}
