//! Owns the counts of what the store was asked, by operation: how long it took, and what went wrong.

use logs::durations::{DurationCounts, Durations};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use store::StoreError;

/// What a store is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// To store documents.
    Insert,
    /// To remember when batches were received.
    Receipts,
    /// To forget that.
    ForgetReceipts,
    /// To give a page of records.
    Page,
    /// To count records.
    Counts,
    /// To count values.
    Facets,
    /// To tell what it takes on disk.
    Size,
    /// To remove records, or to count those that would be.
    Remove,
}

/// What went wrong, of calls that gave no result.
const ERRORS: [&str; 9] = [
    "unavailable",
    "timeout",
    "query_too_slow",
    "record_too_slow",
    "newer_format",
    "unsuitable",
    "damaged",
    "rejected",
    "panicked",
];
const PANICKED: usize = ERRORS.len() - 1;

/// Calls of all operations.
#[derive(Debug, Default)]
pub(super) struct Calls([OfOperation; Operation::ALL.len()]);

#[derive(Debug, Default)]
struct OfOperation {
    took: Durations,
    errors: [AtomicU64; ERRORS.len()],
}

/// Calls of one operation, since the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallCounts {
    /// What the store was asked to do.
    pub operation: Operation,
    /// How long each took until it was answered, or waited for no more.
    pub took: DurationCounts,
    /// Those without a result, by what went wrong.
    pub errors: Vec<(&'static str, u64)>,
}

impl Operation {
    const ALL: [Self; 8] = [
        Self::Insert,
        Self::Receipts,
        Self::ForgetReceipts,
        Self::Page,
        Self::Counts,
        Self::Facets,
        Self::Size,
        Self::Remove,
    ];

    /// As metrics have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Receipts => "receipts",
            Self::ForgetReceipts => "forget_receipts",
            Self::Page => "page",
            Self::Counts => "counts",
            Self::Facets => "facets",
            Self::Size => "size",
            Self::Remove => "remove",
        }
    }
}

impl Calls {
    /// A call has ended; `None`: it panicked.
    pub(super) fn ended<T>(
        &self,
        operation: Operation,
        took: Duration,
        result: Option<&Result<T, StoreError>>,
    ) {
        let Some(of) = self.0.get(operation as usize) else {
            return;
        };
        of.took.add(took);
        let error = match result {
            Some(Ok(_)) => return,
            Some(Err(error)) => place_of(error),
            None => PANICKED,
        };
        if let Some(count) = of.errors.get(error) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Those operations that were asked for.
    pub(super) fn snapshot(&self) -> Vec<CallCounts> {
        let all = Operation::ALL.into_iter().zip(&self.0);
        let counted = all.map(|(operation, of)| CallCounts {
            operation,
            took: of.took.snapshot(),
            errors: ERRORS
                .into_iter()
                .zip(of.errors.iter().map(|count| count.load(Ordering::Relaxed)))
                .collect(),
        });
        counted.filter(|calls| calls.took.count() > 0).collect()
    }
}

fn place_of(error: &StoreError) -> usize {
    match error {
        StoreError::Unavailable(_) => 0,
        StoreError::Timeout => 1,
        StoreError::QueryTooSlow => 2,
        StoreError::RecordTooSlow { .. } => 3,
        StoreError::NewerFormat { .. } => 4,
        StoreError::Unsuitable(_) => 5,
        StoreError::Damaged(_) => 6,
        StoreError::Rejected(_) => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_counted_by_what_was_asked_and_by_what_went_wrong() {
        for (place, operation) in Operation::ALL.into_iter().enumerate() {
            assert_eq!(operation as usize, place);
        }
        let calls = Calls::default();
        let took = Duration::from_millis(3);
        calls.ended(Operation::Page, took, Some(&Ok(())));
        let lost: Result<(), _> = Err(StoreError::Timeout);
        calls.ended(Operation::Page, took, Some(&lost));
        calls.ended::<()>(Operation::Page, took, None);
        let told = calls.snapshot();
        let [pages] = &told[..] else {
            panic!("{told:?}");
        };
        assert_eq!((pages.operation, pages.took.count()), (Operation::Page, 3));
        let errors = pages.errors.iter().filter(|(_, count)| *count > 0);
        let errors: Vec<_> = errors.copied().collect();
        assert_eq!(errors, [("timeout", 1), ("panicked", 1)]);
    }
}
