//! What retention has done, and what stands in its way, for those who ask.

use crate::deliver::expired::Expired;
use logs::counted;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// With a round that takes longer, it cannot keep up.
const LONGEST_ROUND: Duration = Duration::from_secs(3600);

/// Cheap to ask.
#[derive(Debug, Default)]
pub(crate) struct RetentionState {
    known: Mutex<Known>,
    expired: Arc<Expired>,
}

#[derive(Debug, Default)]
struct Known {
    figures: RetentionFigures,
    /// Why it does not go on at present.
    failure: Option<String>,
    /// Why the bound of the store is not kept.
    over: Option<String>,
    /// What only the store's operator can give back.
    to_give_back: Option<String>,
    until_full: Option<String>,
    round_began: Option<Duration>,
}

/// In numbers, since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RetentionFigures {
    /// Whether anything is ever to go.
    pub(crate) is_on: bool,
    /// Records that went for their age.
    pub(crate) removed_for_age: u64,
    /// Records that went for the size of the store.
    pub(crate) removed_for_size: u64,
    /// Records that were too old when they came.
    pub(crate) expired: u64,
    /// Bytes that were written again for those beside them.
    pub(crate) rewritten: u64,
    /// Rounds that have ended.
    pub(crate) rounds: u64,
    /// How long the last one took.
    pub(crate) round: Duration,
    /// What the store held at the last look.
    pub(crate) in_use: Option<u64>,
    /// What it may take.
    pub(crate) most_bytes: Option<u64>,
    /// Until the store's disk is full, at the present rate.
    pub(crate) until_full: Option<Duration>,
}

/// Why records go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Age,
    Size,
}

impl RetentionState {
    /// With what comes too old.
    pub(crate) fn new(expired: Arc<Expired>) -> Self {
        Self {
            expired,
            ..Self::default()
        }
    }

    /// The numbers.
    pub(crate) fn figures(&self) -> RetentionFigures {
        RetentionFigures {
            expired: self.expired.count(),
            ..self.known().figures
        }
    }

    /// What an operator should know, in sentences.
    pub(crate) fn notes(&self, now: Duration) -> Vec<String> {
        let known = self.known();
        let round = known.round_began.map(|began| now.saturating_sub(began));
        let slow = round.filter(|round| *round > LONGEST_ROUND).map(|round| {
            let minutes = counted(round.as_secs() / 60, "minute", "minutes");
            format!("retention cannot keep up: it has been at one round for {minutes}")
        });
        let failure = known.failure.as_ref();
        let failure = failure.map(|reason| format!("retention does not go on: {reason}"));
        let others = [&known.over, &known.to_give_back, &known.until_full];
        let others = others.into_iter().flatten().cloned();
        failure.into_iter().chain(slow).chain(others).collect()
    }

    pub(super) fn is_on(&self, most_bytes: Option<u64>) {
        let figures = &mut self.known().figures;
        figures.is_on = true;
        figures.most_bytes = most_bytes;
    }

    pub(super) fn round_begins(&self, now: Duration) {
        self.known().round_began = Some(now);
    }

    pub(super) fn round_ends(&self, now: Duration) {
        let mut known = self.known();
        if let Some(began) = known.round_began.take() {
            known.figures.rounds += 1;
            known.figures.round = now.saturating_sub(began);
        }
    }

    pub(super) fn removed(&self, cause: Cause, records: u64, rewritten: u64) {
        let figures = &mut self.known().figures;
        figures.rewritten += rewritten;
        match cause {
            Cause::Age => figures.removed_for_age += records,
            Cause::Size => figures.removed_for_size += records,
        }
    }

    /// Whether that is news.
    pub(super) fn fails(&self, reason: String) -> bool {
        self.known().failure.replace(reason).is_none()
    }

    /// Whether it did not before.
    pub(super) fn goes_on(&self) -> bool {
        self.known().failure.take().is_some()
    }

    pub(super) fn takes(&self, in_use: u64, over: Option<String>) {
        let mut known = self.known();
        known.figures.in_use = Some(in_use);
        known.over = over;
    }

    pub(super) fn has_to_give_back(&self, note: Option<String>) {
        self.known().to_give_back = note;
    }

    pub(super) fn fills(&self, until_full: Option<Duration>, note: Option<String>) {
        let mut known = self.known();
        known.figures.until_full = until_full;
        known.until_full = note;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_or_cannot_keep_up_is_told_until_it_does() {
        let (state, at) = (RetentionState::default(), Duration::from_secs);
        state.round_begins(at(10));
        assert_eq!(state.notes(at(3_600)), [""; 0]);
        let slow = state.notes(at(4_000));
        assert!(slow[0].contains("one round for 66 minutes"), "{slow:?}");
        assert!(state.fails("no right".to_owned()) && !state.fails("no right".to_owned()));
        assert_eq!(state.notes(at(4_000)).len(), 2);
        state.round_ends(at(4_010));
        assert!(state.goes_on() && !state.goes_on());
        assert_eq!(state.notes(at(9_000)), [""; 0]);
        let figures = state.figures();
        assert_eq!((figures.rounds, figures.round), (1, at(4_000)));
    }
}
