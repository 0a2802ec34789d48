//! How much one command asks for: as much as the server is likely to count in a short time.

use std::ops::RangeInclusive;
use std::time::Duration;

/// How long the server may take for one command, about.
pub(super) const COMMAND_TIME: Duration = Duration::from_millis(250);
/// Documents that one command is expected to look at.
const DOCUMENTS: RangeInclusive<u64> = 1_000..=500_000;
/// The same of the first command, when nothing is known yet.
const FIRST: u64 = 20_000;
/// A command looks at no more than so many times as is expected of it.
const SURPRISE: u64 = 4;
/// Buckets in one command.
const BUCKETS: u64 = 32;
/// The part of a command that took too long which is tried next.
const SMALLER: u64 = 8;

/// The size of a command, as far as the last one tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    documents: u64,
    buckets: u64,
}

/// What a command has done.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Work {
    /// Documents that it looked at in the buckets that are counted now.
    pub(super) documents: u64,
    /// Those buckets.
    pub(super) buckets: u64,
    /// Whether the last one of them has more documents than it could look at.
    pub(super) is_cut: bool,
}

impl Default for Size {
    fn default() -> Self {
        Self {
            documents: FIRST,
            buckets: 1,
        }
    }
}

impl Size {
    /// Buckets that are asked for.
    pub(super) fn buckets(self) -> u64 {
        self.buckets
    }

    /// Documents that are looked at in one bucket at most.
    pub(super) fn limit(self) -> u64 {
        self.documents * SURPRISE / self.buckets
    }

    /// After a command that was answered. What is quick because it finds hardly anything says nothing of
    /// how long documents take, and after a slow one there are never more.
    pub(super) fn adapt(&mut self, work: Work, took: Duration) {
        let is_slow = took > COMMAND_TIME;
        let is_quick = took < COMMAND_TIME / 4;
        let wanted = if is_slow {
            self.documents / 2
        } else if is_quick && work.documents >= self.documents / 2 {
            self.documents * 4
        } else {
            self.documents
        };
        self.documents = wanted.clamp(*DOCUMENTS.start(), *DOCUMENTS.end());
        let most = match (work.is_cut, is_slow) {
            // How many it has is not known.
            (true, _) => 1,
            (false, true) => self.buckets.div_ceil(2),
            (false, false) => BUCKETS.min(self.buckets * 4),
        };
        let in_each = (work.documents / work.buckets.max(1)).max(1);
        self.buckets = (self.documents / in_each).clamp(1, most);
    }

    /// After a command that was not answered in its time; `None` when it cannot be smaller.
    pub(super) fn smaller(self) -> Option<Self> {
        let least = *DOCUMENTS.start();
        (self.documents > least || self.buckets > 1).then(|| Self {
            documents: (self.documents / SMALLER).max(least),
            buckets: 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(10);
    const SLOW: Duration = Duration::from_millis(300);

    fn work(documents: u64, buckets: u64) -> Work {
        Work {
            documents,
            buckets,
            is_cut: false,
        }
    }

    #[test]
    fn a_command_asks_for_more_while_the_server_is_quick_and_for_less_when_it_is_slow() {
        let (least, most) = (*DOCUMENTS.start(), *DOCUMENTS.end());
        let mut size = Size::default();
        assert_eq!((size.buckets, size.limit()), (1, 4 * FIRST));
        for documents in [4 * FIRST, 16 * FIRST, most, most] {
            size.adapt(work(size.documents, size.buckets), QUICK);
            assert_eq!(size.documents, documents);
        }
        // As many buckets as hold the documents that are wanted, and not many more at once.
        size.buckets = 1;
        size.adapt(work(most, 100), QUICK);
        assert_eq!(size.buckets, 4);
        size.adapt(work(most, 4), QUICK);
        assert_eq!(size.buckets, 4);
        for _ in 0..20 {
            size.adapt(work(most, 1), SLOW);
        }
        assert_eq!((size.documents, size.buckets), (least, 1));
    }

    #[test]
    fn what_finds_nothing_gets_more_buckets_and_all_together_are_not_more_documents_than_before() {
        let mut size = Size::default();
        for buckets in [4, 16, 32, 32] {
            size.adapt(work(0, size.buckets), QUICK);
            assert_eq!(size.buckets, buckets);
            assert!(size.limit() * buckets <= FIRST * SURPRISE);
        }
        // The first full one is gone on with alone.
        let cut = Work {
            is_cut: true,
            ..work(size.limit(), 1)
        };
        size.adapt(cut, QUICK);
        assert_eq!((size.buckets, size.documents), (1, FIRST));
    }

    #[test]
    fn after_a_slow_command_there_are_never_more_buckets() {
        let mut size = Size::default();
        size.adapt(work(0, 1), QUICK);
        for buckets in [2, 1, 1] {
            size.adapt(work(0, size.buckets), SLOW);
            assert_eq!(size.buckets, buckets);
        }
    }

    #[test]
    fn what_took_too_long_is_tried_again_with_less_until_that_is_little() {
        let mut size = Size {
            documents: *DOCUMENTS.end(),
            buckets: 32,
        };
        let mut tried = 0;
        while let Some(smaller) = size.smaller() {
            assert!(smaller.documents < size.documents && smaller.buckets == 1);
            (size, tried) = (smaller, tried + 1);
        }
        assert_eq!((size.documents, tried), (*DOCUMENTS.start(), 3));
    }
}
