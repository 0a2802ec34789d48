//! A consumer that lingers hands on full portions, what comes after a pause, and what has waited long enough or is
//! waited for.

use super::*;
use std::sync::atomic::{AtomicU64, Ordering};

const LINGER: Duration = Duration::from_millis(250);
/// Longer than any test.
const FOR_EVER: Duration = Duration::from_secs(24 * 3600);

/// A clock that shows what it is set to.
#[derive(Default)]
pub(super) struct Manual(AtomicU64);

impl Manual {
    pub(super) fn show(&self, millis: u64) {
        self.0.store(millis, Ordering::SeqCst);
    }
}

impl Clock for Manual {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(0)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A spool in a folder, with the committer that keeps it open, and a consumer that lingers.
fn lingering(folder: &Path, linger: Duration) -> (Arc<Manual>, Spool, Committer, Consumer) {
    let clock = Arc::<Manual>::default();
    let mut options = place(folder);
    options.clock = Arc::clone(&clock) as Arc<dyn Clock>;
    let (spool, committer, source) = open(options, false).unwrap();
    (clock, spool, committer, source.lingering(linger))
}

fn now(source: &mut Consumer) -> Vec<(u64, BatchId)> {
    numbered(&source.next_now(ALL).unwrap())
}

#[tokio::test]
async fn what_comes_after_a_pause_is_handed_out_at_once_and_what_follows_waits_for_more() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, spool, _committer, mut source) = lingering(folder.path(), LINGER);
    clock.show(1000);
    append(&spool, 0..1).await;
    assert_eq!(now(&mut source), expected(0..1));
    append(&spool, 1..2).await;
    clock.show(1249);
    append(&spool, 2..3).await;
    assert_eq!(now(&mut source), []);
    clock.show(1250);
    assert_eq!(now(&mut source), expected(1..3));
    // Nothing came for as long.
    clock.show(1500);
    append(&spool, 3..4).await;
    assert_eq!(now(&mut source), expected(3..4));
}

#[tokio::test]
async fn a_full_portion_waits_for_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (_, spool, _committer, mut source) = lingering(folder.path(), LINGER);
    // Of one, two, and three records; seven are a portion.
    append(&spool, 0..3).await;
    assert_eq!(now(&mut source), expected(0..3));
    append(&spool, 3..6).await;
    assert_eq!(now(&mut source), []);
    append(&spool, 6..7).await;
    assert_eq!(now(&mut source), expected(3..7));
    append(&spool, 7..8).await;
    assert_eq!(now(&mut source), []);
    let tiny = Portion { bytes: 1, ..ALL };
    assert_eq!(numbered(&source.next_now(tiny).unwrap()), expected(7..8));
}

#[tokio::test]
async fn what_someone_waits_for_is_handed_out_at_once_and_what_comes_later_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (_, spool, _committer, mut source) = lingering(folder.path(), FOR_EVER);
    append(&spool, 0..1).await;
    assert_eq!(now(&mut source), expected(0..1));
    append(&spool, 1..3).await;
    assert_eq!(now(&mut source), []);
    let (taken, ()) = tokio::join!(source.next(ALL), async { spool.hurry() });
    assert_eq!(numbered(&taken.unwrap().unwrap()), expected(1..3));
    append(&spool, 3..4).await;
    assert_eq!(now(&mut source), []);
}

#[tokio::test]
async fn the_wait_for_more_ends_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _committer, source) = open(place(folder.path()), false).unwrap();
    let mut source = source.lingering(Duration::from_millis(20));
    for number in 0..3 {
        append(&spool, number..number + 1).await;
        assert_eq!(take(&mut source, 1).await, expected(number..number + 1));
    }
}

#[tokio::test]
async fn nothing_waits_for_more_that_was_read_from_disk_or_when_the_spool_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let (_, spool, committer, source) = lingering(folder.path(), FOR_EVER);
    append(&spool, 0..2).await;
    drop((spool, committer, source));

    let (_, spool, committer, mut source) = lingering(folder.path(), FOR_EVER);
    assert_eq!(take(&mut source, 2).await, expected(0..2));
    append(&spool, 2..4).await;
    assert_eq!(now(&mut source), []);
    let closing = tokio::task::spawn_blocking(|| committer.close());
    assert_eq!(take(&mut source, 2).await, expected(2..4));
    closing.await.unwrap();
    assert!(source.next(ALL).await.unwrap().is_none());
}
