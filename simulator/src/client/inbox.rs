//! How far a person has read the inbox, and whether the service kept its word.

use ridecast_protocol::{InboxPlace, Resume};

/// Follows one inbox through all sessions of its person.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    /// `None`: nothing is known of it yet.
    place: Option<Resume>,
    /// Up to here the service was told.
    acked: u64,
}

/// What was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Broken {
    /// Events that never came. Where the service lost count of them, 1 stands for all.
    pub(super) missed: u64,
    /// Events that came again.
    pub(super) doubled: u64,
}

impl Inbox {
    /// Where the next session goes on.
    pub(super) const fn resume(&self) -> Option<&Resume> {
        self.place.as_ref()
    }

    /// A session says where the inbox stands.
    pub(super) fn stands(&mut self, told: InboxPlace) -> Broken {
        let mut broken = Broken::default();
        match &self.place {
            Some(known) if known.epoch != told.epoch => broken.missed = 1,
            Some(known) => {
                broken.missed = told.offset.saturating_sub(known.offset);
                if told.recovered != Some(true) {
                    broken.missed = broken.missed.max(1);
                }
            }
            None => {}
        }
        let is_new = self
            .place
            .as_ref()
            .is_none_or(|known| known.epoch != told.epoch || broken.missed > 0);
        if is_new {
            self.acked = told.offset;
            self.place = Some(Resume {
                epoch: told.epoch,
                offset: told.offset,
            });
        }
        broken
    }

    /// An event came. `Err` for one that is no news.
    pub(super) fn event(&mut self, offset: u64) -> Result<Broken, Broken> {
        let Some(place) = &mut self.place else {
            // Before it was said where the inbox stands: nobody can tell what is missing.
            let (missed, doubled) = (1, 0);
            return Err(Broken { missed, doubled });
        };
        if offset <= place.offset {
            let (missed, doubled) = (0, 1);
            return Err(Broken { missed, doubled });
        }
        let missed = offset - place.offset - 1;
        place.offset = offset;
        Ok(Broken { missed, doubled: 0 })
    }

    /// What is to be acknowledged, if anything is; once.
    pub(super) fn ack(&mut self) -> Option<u64> {
        let offset = self.place.as_ref()?.offset;
        let is_new = offset > self.acked;
        self.acked = offset;
        is_new.then_some(offset)
    }

    /// Whether there is something to acknowledge.
    pub(super) fn is_unacked(&self) -> bool {
        self.place
            .as_ref()
            .is_some_and(|place| place.offset > self.acked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(epoch: &str, offset: u64, recovered: Option<bool>) -> InboxPlace {
        InboxPlace {
            epoch: epoch.to_owned(),
            offset,
            recovered,
        }
    }

    fn missed(missed: u64) -> Broken {
        let doubled = 0;
        Broken { missed, doubled }
    }

    #[test]
    fn events_without_a_hole_are_all_well_through_many_sessions() {
        let mut inbox = Inbox::default();
        assert_eq!(inbox.resume(), None);
        assert_eq!(inbox.stands(place("e", 7, None)), missed(0));
        assert_eq!(inbox.event(8), Ok(missed(0)));
        assert_eq!((inbox.ack(), inbox.ack()), (Some(8), None));
        assert_eq!(inbox.resume().map(|it| it.offset), Some(8));
        assert_eq!(inbox.stands(place("e", 8, Some(true))), missed(0));
        assert_eq!(inbox.event(9), Ok(missed(0)));
        assert!(inbox.is_unacked());
    }

    #[test]
    fn holes_and_repetitions_are_seen() {
        let mut inbox = Inbox::default();
        let _ = inbox.stands(place("e", 0, None));
        assert_eq!(inbox.event(1), Ok(missed(0)));
        assert_eq!(inbox.event(4), Ok(missed(2)));
        let again = Broken {
            missed: 0,
            doubled: 1,
        };
        assert_eq!(inbox.event(4), Err(again));
        assert_eq!(inbox.event(5), Ok(missed(0)), "each hole counts once");
    }

    #[test]
    fn what_a_session_does_not_resume_is_missed() {
        for (told, expected) in [
            (place("e", 9, Some(false)), 4),
            (place("e", 5, Some(false)), 1),
            (place("e", 5, None), 1),
            (place("e", 9, Some(true)), 4),
            (place("other", 2, Some(false)), 1),
        ] {
            let mut inbox = Inbox::default();
            let _ = inbox.stands(place("e", 5, None));
            assert_eq!(inbox.stands(told.clone()), missed(expected), "{told:?}");
            assert_eq!(inbox.resume().map(|it| it.offset), Some(told.offset));
        }
    }
}
