use std::collections::{BTreeMap, VecDeque};

use parking_lot::{Mutex, MutexGuard};
use ridecast_protocol::UserId;
use serde::Deserialize;
use tokio::sync::Notify;

use super::{Batch, Claim, Heard, NodeId, Whisper};
use crate::spatial::CoarseCell;
use crate::store;

/// What other nodes have told and nobody has heard yet. Bounded:
/// of too many batches, or words to persons, the oldest go, which is a gap; of
/// several claims of one driver the newest stays; gaps are one.
pub(super) struct Inbox {
    node: NodeId,
    /// How our own messages begin, so that they are known without being read.
    own: Vec<u8>,
    waiting: Mutex<Waiting>,
    more: Notify,
}

#[derive(Default)]
struct Waiting {
    claims: BTreeMap<UserId, Claim>,
    gap: bool,
    /// As they came: reading them is for whoever hears them.
    words: VecDeque<Vec<u8>>,
    batches: VecDeque<(CoarseCell, Vec<u8>)>,
    dropped: u64,
}

/// As [`Heard`], what is long not yet read.
enum Next {
    Claim(Claim),
    Gap,
    Word(Vec<u8>),
    Batch(CoarseCell, Vec<u8>),
}

/// What comes on the channel of words to persons.
#[derive(Deserialize)]
#[serde(untagged)]
enum Word {
    Told(store::Told),
    Whisper(Whisper),
}

impl Inbox {
    /// So many batches may wait, each of one cell.
    pub(super) const BATCHES: usize = 1_024;
    /// So many words to persons may wait.
    pub(super) const WORDS: usize = 4_096;

    pub(super) fn new(node: NodeId) -> Self {
        // `node` is the first field of all messages.
        let name = serde_json::to_string(&node).unwrap_or_default();
        Self {
            own: format!("{{\"node\":{name},").into_bytes(),
            node,
            waiting: Mutex::default(),
            more: Notify::new(),
        }
    }

    /// Takes in a batch as it came. Never blocks.
    pub(super) fn batch(&self, cell: CoarseCell, json: Vec<u8>) {
        if json.starts_with(&self.own) {
            return;
        }
        let mut waiting = self.waiting();
        if waiting.batches.len() >= Self::BATCHES {
            waiting.batches.pop_front();
            waiting.dropped();
        }
        waiting.batches.push_back((cell, json));
        drop(waiting);
        self.more.notify_one();
    }

    /// Takes in, as it came, what was told to an inbox or whispered to sockets. Never blocks.
    pub(super) fn word(&self, json: Vec<u8>) {
        // Only whispers begin like this. Of what it has told to inboxes itself a node hears again.
        if json.starts_with(&self.own) {
            return;
        }
        let mut waiting = self.waiting();
        if waiting.words.len() >= Self::WORDS {
            waiting.words.pop_front();
            waiting.dropped();
        }
        waiting.words.push_back(json);
        drop(waiting);
        self.more.notify_one();
    }

    /// Takes in a claim as it came. Never blocks.
    pub(super) fn claim(&self, json: &[u8]) {
        if json.starts_with(&self.own) {
            return;
        }
        match serde_json::from_slice::<Claim>(json) {
            Ok(claim) if claim.node == self.node => {}
            Ok(claim) => {
                self.waiting().claims.insert(claim.driver.clone(), claim);
                self.more.notify_one();
            }
            Err(_) => malformed("claim"),
        }
    }

    pub(super) fn gap(&self) {
        self.waiting().gap = true;
        self.more.notify_one();
    }

    /// The next: claims before all, a gap before what is left, and words to persons before batches.
    pub(super) async fn next(&self) -> Heard {
        loop {
            match self.take() {
                Some(Next::Batch(cell, json)) => match serde_json::from_slice::<Batch>(&json) {
                    Ok(batch) if batch.node == self.node => {}
                    Ok(batch) => return Heard::Batch(cell, batch),
                    Err(_) => malformed("batch"),
                },
                Some(Next::Word(json)) => match serde_json::from_slice(&json) {
                    Ok(Word::Told(told)) => return Heard::Told(told),
                    Ok(Word::Whisper(whisper)) if whisper.node == self.node => {}
                    Ok(Word::Whisper(whisper)) => return Heard::Whisper(whisper),
                    Err(_) => malformed("word to a person"),
                },
                Some(Next::Claim(claim)) => return Heard::Claim(claim),
                Some(Next::Gap) => return Heard::Gap,
                // Keeps one notice for us, should it come before we wait.
                None => self.more.notified().await,
            }
        }
    }

    fn take(&self) -> Option<Next> {
        let mut waiting = self.waiting();
        if let Some((_, claim)) = waiting.claims.pop_first() {
            return Some(Next::Claim(claim));
        }
        if std::mem::take(&mut waiting.gap) {
            return Some(Next::Gap);
        }
        if let Some(json) = waiting.words.pop_front() {
            return Some(Next::Word(json));
        }
        let (cell, json) = waiting.batches.pop_front()?;
        Some(Next::Batch(cell, json))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock()
    }
}

impl Waiting {
    /// The oldest of something had to go, which is told once until it is heard.
    fn dropped(&mut self) {
        self.dropped += 1;
        if !self.gap {
            self.gap = true;
            let dropped = self.dropped;
            tracing::warn!(
                dropped,
                "other nodes tell more than is heard: the oldest goes"
            );
        }
    }
}

/// Not with the message itself, nor the parser's words, which quote it: it may hold positions.
fn malformed(what: &str) {
    tracing::warn!(
        what,
        "skipped a message of another node that cannot be read"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spatial::LatLon;
    use ridecast_protocol::{SessionId, VehicleId};

    fn node(name: &str) -> NodeId {
        NodeId(name.to_owned())
    }

    fn batch(from: &str, gone: usize) -> Vec<u8> {
        serde_json::to_vec(&Batch {
            node: node(from),
            moved: vec![],
            gone: vec![VehicleId::new(gone.to_string()).unwrap()],
        })
        .unwrap()
    }

    fn claim(from: &str, session: &str) -> Claim {
        Claim {
            node: node(from),
            driver: UserId::new("driver").unwrap(),
            session: SessionId::new(session).unwrap(),
        }
    }

    #[tokio::test]
    async fn too_many_batches_are_a_gap_and_the_newest_stay() {
        let cell = CoarseCell::of(LatLon::new(60.17, 24.94).unwrap());
        let inbox = Inbox::new(node("a"));
        let old = serde_json::to_vec(&claim("b", "older")).unwrap();
        inbox.claim(&old);
        for n in 0..Inbox::BATCHES + 10 {
            inbox.batch(cell, batch("b", n));
        }
        inbox.claim(&serde_json::to_vec(&claim("b", "newer")).unwrap());

        assert_eq!(inbox.next().await, Heard::Claim(claim("b", "newer")));
        assert_eq!(inbox.next().await, Heard::Gap);
        for n in 10..Inbox::BATCHES + 10 {
            let heard = inbox.next().await;
            assert!(
                matches!(&heard, Heard::Batch(_, b) if b.gone[0].as_str() == n.to_string()),
                "{heard:?} is not batch {n}"
            );
        }
    }

    #[tokio::test]
    async fn too_many_words_are_a_gap_and_the_newest_stay() {
        let inbox = Inbox::new(node("a"));
        let word = |n: usize| {
            let whisper = Whisper {
                node: node("b"),
                to: vec![],
                message: n.to_string(),
            };
            serde_json::to_vec(&whisper).unwrap()
        };
        for n in 0..Inbox::WORDS + 10 {
            inbox.word(word(n));
        }
        assert_eq!(inbox.next().await, Heard::Gap);
        for n in 10..Inbox::WORDS + 10 {
            let heard = inbox.next().await;
            assert!(
                matches!(&heard, Heard::Whisper(w) if w.message == n.to_string()),
                "{heard:?} is not word {n}"
            );
        }
    }

    #[tokio::test]
    async fn own_and_malformed_messages_are_skipped() {
        let cell = CoarseCell::of(LatLon::new(60.17, 24.94).unwrap());
        let inbox = Inbox::new(node("a \"quoted\" name"));
        inbox.batch(cell, batch("a \"quoted\" name", 1));
        assert!(
            inbox.waiting().batches.is_empty(),
            "known before it is read"
        );
        // The same, written by somebody who orders and spaces it otherwise.
        inbox.batch(
            cell,
            br#"{"moved":[], "gone":[], "node":"a \"quoted\" name"}"#.to_vec(),
        );
        inbox.claim(br#"{"driver":"d", "session":"s", "node":"a \"quoted\" name"}"#);
        inbox.word(br#"{"to":[], "node":"a \"quoted\" name", "message":""}"#.to_vec());
        inbox.word(br#"{"node":"b","to":"one"}"#.to_vec());
        inbox.batch(cell, b"not JSON".to_vec());
        inbox.claim(b"{}");
        inbox.claim(&serde_json::to_vec(&claim("a \"quoted\" name", "s")).unwrap());
        inbox.batch(cell, batch("b", 2));
        assert!(matches!(inbox.next().await, Heard::Batch(_, b) if b.node == node("b")));
    }
}
