//! A spool to which nothing comes keeps nothing that is done.

use super::lingering::Manual;
use super::*;

fn resting(folder: &Path) -> (Arc<Manual>, Spool, Committer, Consumer) {
    let clock = Arc::<Manual>::default();
    let mut options = place(folder);
    options.clock = Arc::clone(&clock) as Arc<dyn Clock>;
    let (spool, committer, source) = open(options, false).unwrap();
    (clock, spool, committer, source)
}

/// Delivers so many batches; what a segment is begun for is begun when the next batch is appended.
async fn deliver(spool: &Spool, source: &mut Consumer, count: usize) {
    for (seq, _) in take(source, count).await {
        spool.done(seq, 1, BatchOutcome::default());
    }
}

#[tokio::test]
async fn what_is_done_goes_half_a_minute_after_the_last_batch_came() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, spool, _committer, mut source) = resting(folder.path());
    append(&spool, 0..2).await;
    deliver(&spool, &mut source, 2).await;
    clock.show(29_999);
    spool.tidy().unwrap();
    append(&spool, 2..3).await;
    deliver(&spool, &mut source, 1).await;
    assert_eq!(spool.oldest_seq(), 1);
    // The third one came later.
    clock.show(30_000);
    spool.tidy().unwrap();
    append(&spool, 3..4).await;
    deliver(&spool, &mut source, 1).await;
    assert_eq!(spool.oldest_seq(), 1);

    clock.show(60_000);
    spool.tidy().unwrap();
    append(&spool, 4..5).await;
    spool.tidy().unwrap();
    assert_eq!((spool.oldest_seq(), spool.done_below()), (5, 5));
    assert_eq!(spool.shared.state().spans.len(), 1);
}

#[tokio::test]
async fn what_is_not_done_stays_however_long_nothing_comes() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, spool, _committer, mut source) = resting(folder.path());
    append(&spool, 0..2).await;
    assert_eq!(take(&mut source, 2).await.len(), 2);
    spool.done(1, 1, BatchOutcome::default());
    clock.show(3_600_000);
    spool.tidy().unwrap();
    append(&spool, 2..3).await;
    spool.tidy().unwrap();
    assert_eq!(spool.oldest_seq(), 1);
    spool.done(2, 1, BatchOutcome::default());
    deliver(&spool, &mut source, 1).await;
    clock.show(7_200_000);
    spool.tidy().unwrap();
    append(&spool, 3..4).await;
    spool.tidy().unwrap();
    assert_eq!(spool.oldest_seq(), 4);
}

#[tokio::test]
async fn a_spool_without_batches_needs_no_rest() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, spool, _committer, mut source) = resting(folder.path());
    clock.show(60_000);
    assert!(!spool.rests());
    append(&spool, 0..1).await;
    deliver(&spool, &mut source, 1).await;
    clock.show(120_000);
    assert!(spool.rests());
}

#[tokio::test]
async fn a_segment_that_cannot_be_made_to_rest_in_is_no_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, spool, _committer, mut source) = resting(folder.path());
    append(&spool, 0..1).await;
    deliver(&spool, &mut source, 1).await;
    clock.show(60_000);
    // A folder stands where the next segment is begun.
    let in_the_way = folder
        .path()
        .join(format!("{}.new", crate::segment::name(2)));
    std::fs::create_dir(&in_the_way).unwrap();
    spool.tidy().unwrap();
    append(&spool, 1..2).await;
    assert_eq!((spool.refusal(), spool.oldest_seq()), (None, 1));
    // With more it is tried again.
    deliver(&spool, &mut source, 1).await;
    std::fs::remove_dir(&in_the_way).unwrap();
    clock.show(120_000);
    spool.tidy().unwrap();
    append(&spool, 2..3).await;
    spool.tidy().unwrap();
    assert_eq!(spool.oldest_seq(), 3);
}

#[tokio::test]
async fn asked_for_it_leaves_one_empty_segment_when_all_is_done_and_goes_on_behind_what_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let (_, spool, committer, mut source) = resting(folder.path());
    append(&spool, 0..3).await;
    assert_eq!(take(&mut source, 3).await.len(), 3);
    assert!(!spool.leave_empty().unwrap(), "nothing is done");
    assert_eq!(spool.oldest_seq(), 1);
    for seq in 1..=3 {
        spool.done(seq, 1, BatchOutcome::default());
    }
    // Another thread begins the segment.
    while !spool.leave_empty().unwrap() {
        tokio::task::yield_now().await;
    }
    assert!(spool.leave_empty().unwrap(), "it stays so");
    let state = (spool.oldest_seq(), spool.next_seq(), spool.done_below());
    assert_eq!(state, (4, 4, 4));
    let files = std::fs::read_dir(folder.path()).unwrap();
    let files = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(files.filter(|name| name.contains("seg")).count(), 1);
    append(&spool, 3..4).await;
    assert_eq!(spool.next_seq(), 5);
    assert!(
        tokio::task::spawn_blocking(|| committer.close())
            .await
            .unwrap()
    );
}
