//! Batches whose delivery panicked: each is to be delivered again by itself, so that one that panics every time
//! holds up no other, and so often at most, after longer and longer pauses. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

/// A batch is delivered so often in all before it is left to the next start.
const DELIVERIES: u32 = 7;
/// After the first panic; doubled after each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Batches that are to be delivered again; about 50 bytes of memory each. More are left to the next start.
const MOST: usize = 10_000;

/// The batches, by their numbers in the spool.
#[derive(Debug, Default)]
pub(super) struct Panicked {
    by_number: BTreeMap<u64, Again>,
    /// How many are left to the next start.
    left: u64,
}

#[derive(Debug, Clone, Copy)]
struct Again {
    panics: u32,
    /// By the clock's monotonic time; `None` while it is under way.
    due: Option<Duration>,
}

impl Panicked {
    /// The delivery of these batches panicked.
    pub(super) fn add(&mut self, numbers: impl Iterator<Item = u64>, now: Duration) {
        for seq in numbers {
            let before = self.by_number.remove(&seq);
            let panics = before.map_or(0, |before| before.panics) + 1;
            if panics >= DELIVERIES || self.by_number.len() >= MOST {
                self.left += 1;
                continue;
            }
            let due = Some(now + FIRST_PAUSE * (1 << (panics - 1)));
            self.by_number.insert(seq, Again { panics, due });
        }
    }

    /// The first one that is due, which is under way from now on.
    pub(super) fn take_due(&mut self, now: Duration) -> Option<u64> {
        let is_due = |again: &Again| again.due.is_some_and(|due| due <= now);
        let (seq, again) = self.by_number.iter_mut().find(|(_, again)| is_due(again))?;
        again.due = None;
        Some(*seq)
    }

    /// When the next one is due.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.by_number.values().filter_map(|again| again.due).min()
    }

    /// One was not delivered, and did not panic; whether it is of these.
    pub(super) fn give_back(&mut self, seq: u64, now: Duration) -> bool {
        let again = self.by_number.get_mut(&seq);
        again.map(|again| again.due = Some(now)).is_some()
    }

    /// These are delivered, unless they are due again.
    pub(super) fn ended(&mut self, numbers: impl Iterator<Item = u64>) {
        for seq in numbers {
            let again = self.by_number.get(&seq);
            if again.is_some_and(|again| again.due.is_none()) {
                self.by_number.remove(&seq);
            }
        }
    }

    /// What is to be told of them.
    pub(super) fn problem(&self) -> Option<String> {
        match (self.by_number.len(), self.left) {
            (0, 0) => None,
            (0, left) => Some(format!(
                "the delivery of {left} batches panicked time after time; they wait for the next start"
            )),
            (again, left) => Some(format!(
                "the delivery of {again} batches panicked, and is tried again; {left} wait for the next start"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_batch_comes_again_after_longer_and_longer_pauses_and_not_for_ever() {
        let mut panicked = Panicked::default();
        let mut now = seconds(0);
        for pause in [1, 2, 4, 8, 16, 32] {
            panicked.add([7].into_iter(), now);
            assert!(
                panicked
                    .problem()
                    .unwrap()
                    .contains("1 batches panicked, and is tried")
            );
            now += seconds(pause);
            assert_eq!(panicked.next_due(), Some(now));
            assert_eq!(
                panicked.take_due(now.saturating_sub(Duration::from_nanos(1))),
                None
            );
            assert_eq!(panicked.take_due(now), Some(7));
            assert_eq!((panicked.take_due(now), panicked.next_due()), (None, None));
        }
        panicked.add([7].into_iter(), now);
        assert_eq!(panicked.next_due(), None);
        assert!(
            panicked
                .problem()
                .unwrap()
                .contains("1 batches panicked time after time")
        );
    }

    #[test]
    fn each_comes_by_itself_and_is_forgotten_once_it_is_delivered() {
        let mut panicked = Panicked::default();
        panicked.add([7, 8].into_iter(), seconds(0));
        assert_eq!(panicked.take_due(seconds(1)), Some(7));
        // The store is away.
        assert!(panicked.give_back(7, seconds(3)) && !panicked.give_back(9, seconds(3)));
        panicked.ended([7].into_iter());
        assert_eq!(panicked.take_due(seconds(3)), Some(7));
        panicked.ended([7, 9].into_iter());
        assert_eq!(panicked.take_due(seconds(3)), Some(8));
        panicked.ended([8].into_iter());
        assert_eq!((panicked.problem(), panicked.next_due()), (None, None));
    }

    #[test]
    fn no_more_are_remembered_than_memory_is_meant_for() {
        let mut panicked = Panicked::default();
        panicked.add(0..MOST as u64 + 3, seconds(0));
        let told = panicked.problem().unwrap();
        assert!(
            told.contains("of 10000 batches") && told.contains("3 wait"),
            "{told}"
        );
    }
}
