//! What is usual in one history.

use super::super::row::BatchKind;
use super::random::Random;

/// What is usual in one history: much is met only where other things are rare.
pub(super) struct Habits {
    pub(super) most_batches: usize,
    pub(super) kinds: [BatchKind; 3],
    /// Once in so many records.
    pub(super) too_large: usize,
    /// Once in so many records, and times that the store changes its mind.
    pub(super) refused: usize,
    /// Once in so many times a crash comes midway between two things that belong together.
    pub(super) midway: usize,
    /// Once in so many steps it comes anyway.
    pub(super) crash: usize,
    /// Once in so many stops.
    pub(super) idle_operator: usize,
}

impl Habits {
    pub(super) fn of(random: &mut Random) -> Self {
        let (keyless, content) = (BatchKind::Keyless, BatchKind::ContentKey);
        Self {
            most_batches: random.of(&[1, 3, 12, 60]),
            kinds: random.of(&[
                [keyless; 3],
                [keyless, content, BatchKind::OwnKey],
                [content, content, BatchKind::OwnKey],
            ]),
            too_large: random.of(&[4, 12, 12, 100]),
            refused: random.of(&[2, 4, 10, 100]),
            midway: random.of(&[2, 1000]),
            crash: random.of(&[25, 80, 250]),
            idle_operator: random.of(&[1, 2, 8]),
        }
    }
}
