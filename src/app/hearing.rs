use std::sync::Arc;

use tokio::sync::mpsc;

use crate::broker::Heard;
use crate::revocations::Revocations;
use crate::rides::Rides;
use crate::session::Sessions;

/// Brings what other nodes say to whom it is about on this one.
pub(super) struct Hearing {
    pub(super) sessions: Arc<Sessions>,
    pub(super) rides: Arc<Rides>,
    pub(super) revocations: Arc<Revocations>,
}

impl Hearing {
    pub(super) async fn pass_on(self, mut heard: mpsc::Receiver<Heard>) {
        while let Some(heard) = heard.recv().await {
            let post = self.rides.post();
            match heard {
                Heard::Claim(claim) => {
                    self.sessions
                        .drives_elsewhere(&claim.driver, &claim.session);
                    self.rides.driver_left(claim.driver);
                }
                Heard::Told(told) => {
                    self.revocations.hear(&told);
                    self.rides.heed(&told.to, &told.event);
                    post.hear(told);
                }
                Heard::Whisper(whisper) => post.pass_on(&whisper.to, &whisper.message),
                Heard::Gap => {
                    post.look();
                    self.rides.look_for_journeys();
                    let revocations = Arc::clone(&self.revocations);
                    // What cannot be read now is read within a minute.
                    tokio::spawn(async move { revocations.load().await });
                }
                Heard::Batch(..) => {}
            }
        }
    }
}
