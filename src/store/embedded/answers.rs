use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// A step's id, and the offsets that its events got.
pub(super) type Answer = (u64, Vec<u64>);

/// What became of the steps of the last two minutes, for those who commit one again.
#[derive(Default)]
pub(super) struct Answers {
    /// By the step's id, the offsets that its events got.
    offsets: HashMap<u64, Vec<u64>>,
    /// Oldest first.
    since: VecDeque<(Instant, u64)>,
}

impl Answers {
    /// So many are remembered; at more than 500 steps a second, not for the whole two minutes.
    const MOST: usize = 65_536;
    const FOR: Duration = Duration::from_mins(2);

    pub(super) fn of(&self, step: u64) -> Option<&Vec<u64>> {
        self.offsets.get(&step)
    }

    pub(super) fn remember(&mut self, answers: Vec<Answer>) {
        let now = Instant::now();
        for (step, offsets) in answers {
            if self.offsets.insert(step, offsets).is_none() {
                self.since.push_back((now, step));
            }
        }
        while let Some((at, step)) = self.since.front()
            && (self.since.len() > Self::MOST || now.duration_since(*at) > Self::FOR)
        {
            self.offsets.remove(step);
            self.since.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_remembered_and_no_more() {
        let mut answers = Answers::default();
        for step in 0..=Answers::MOST as u64 {
            answers.remember(vec![(step, vec![step])]);
        }
        assert_eq!(answers.of(0), None);
        assert_eq!(answers.of(1), Some(&vec![1]));
        assert_eq!(answers.offsets.len(), Answers::MOST);
        assert_eq!(answers.since.len(), Answers::MOST);
    }
}
