//! Records that are older than they are to be kept when they come: they are stored, counted, and go soon.

use bson::RawDocument;
use logs::Timestamp;
use query::Patience;
use record::document;
use record::documents::DocumentList;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::InsertReport;
use store::removal::{Removal, candidate};
use tokio::sync::Notify;

/// What is seen of them.
#[derive(Debug, Default)]
pub(crate) struct Expired {
    count: AtomicU64,
    /// By what it is judged; `None` as long as everything is kept.
    removal: Mutex<Option<Arc<Removal>>>,
    /// The time of the oldest that came since it was asked for.
    oldest: Mutex<Option<Timestamp>>,
    came: Notify,
}

impl Expired {
    /// What goes by this is too old.
    pub(crate) fn watch(&self, removal: Arc<Removal>) {
        *lock(&self.removal) = Some(removal);
    }

    /// Looks at what became of documents: those that are new in the store and too old for it are counted.
    pub(crate) fn look(&self, documents: &DocumentList, report: &InsertReport) {
        let Some(removal) = lock(&self.removal).clone() else {
            return;
        };
        let Some(end) = removal.end() else {
            return;
        };
        let (mut count, mut oldest) = (0, None);
        for (position, bytes) in documents.slices(0..documents.len()).enumerate() {
            let document = RawDocument::from_bytes(bytes).ok();
            let id = document.and_then(document::id_of);
            let Some(time) = id.map(|id| id.time()).filter(|time| *time < end) else {
                continue;
            };
            let is_old = document.is_some_and(|document| takes(&removal, document));
            if is_old && is_new(position, report) {
                count += 1;
                oldest = Some(oldest.map_or(time, |oldest: Timestamp| oldest.min(time)));
            }
        }
        if let Some(time) = oldest {
            self.count.fetch_add(count, Ordering::Relaxed);
            let mut oldest = lock(&self.oldest);
            *oldest = Some(oldest.map_or(time, |oldest| oldest.min(time)));
            drop(oldest);
            self.came.notify_one();
        }
    }

    /// How many have come.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Resolves when one comes, or has come since it did the last time.
    pub(crate) async fn came(&self) {
        self.came.notified().await;
    }

    /// The time of the oldest that came since this was asked last.
    pub(crate) fn take_oldest(&self) -> Option<Timestamp> {
        lock(&self.oldest).take()
    }
}

/// What takes long to tell is found by whoever removes it.
fn takes(removal: &Removal, document: &RawDocument) -> bool {
    let mut json = Vec::new();
    let Some(record) = candidate(document, &mut json) else {
        return false;
    };
    let mut looks = 0;
    let mut goes_on = || {
        looks += 1;
        looks < 16
    };
    removal.takes(record, &mut Patience::new(&mut goes_on)) == Ok(true)
}

fn is_new(position: usize, report: &InsertReport) -> bool {
    let is_refused = report
        .refused
        .iter()
        .any(|refused| refused.position == position);
    !is_refused && report.already_stored.binary_search(&position).is_err()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use query::Query;
    use record::batch::BatchBuilder;
    use record::id::BatchId;
    use store::removal::{Purpose, RemovalRule};

    #[test]
    fn what_is_new_and_too_old_is_counted_and_the_oldest_is_told_once() {
        let received_at = Timestamp::from_nanos(1_000);
        let mut builder =
            BatchBuilder::new(BatchId::keyed("k", b""), None, received_at, usize::MAX);
        for (time, level) in [
            (50, "INFO"),
            (20, "DEBUG"),
            (80, "DEBUG"),
            (120, "INFO"),
            (10, "INFO"),
        ] {
            let time = Some(Timestamp::from_nanos(time));
            builder.record(time, Some(level), "text", |_| Ok(()));
        }
        let documents: DocumentList = builder.finish().0.documents.into();
        let report = InsertReport {
            stored: 4,
            already_stored: vec![4],
            ..InsertReport::default()
        };
        let expired = Expired::default();
        expired.look(&documents, &report);
        assert_eq!((expired.count(), expired.take_oldest()), (0, None));
        let rule = |query: &str, before| RemovalRule {
            query: Query::parse(query, received_at).unwrap(),
            before: Some(Timestamp::from_nanos(before)),
        };
        expired.watch(Arc::new(Removal {
            rules: vec![rule("logLevel=DEBUG", 40), rule("", 100)],
            purpose: Purpose::Age,
        }));
        expired.look(&documents, &report);
        assert_eq!(expired.count(), 2);
        assert_eq!(expired.take_oldest(), Some(Timestamp::from_nanos(20)));
        assert_eq!(expired.take_oldest(), None);
    }
}
