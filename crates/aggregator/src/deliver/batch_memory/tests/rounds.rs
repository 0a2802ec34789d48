//! What is noted when a round begins keeps the rows of copies that may still come, and all rows are gone through.

use super::*;
use store::Store;

const DAY: i64 = 24 * 3600 * 1_000_000_000;

/// Every third has no key.
fn numbered(number: u64) -> Batch {
    let time = Timestamp::from_nanos(1);
    let (key, body) = (KeyDigest::of("key"), number.to_be_bytes());
    let (id, key) = match number % 3 == 2 {
        true => (BatchId::from_bytes(body), None),
        false => (BatchId::keyed("key", &body), Some(key)),
    };
    let mut builder = BatchBuilder::new(id, key, time, usize::MAX);
    builder.record(Some(time), None, "text", |_| Ok(()));
    builder.finish().0
}

#[tokio::test]
async fn the_task_forgets_what_the_spool_has_no_more() {
    let place = place();
    let (keyless, own) = (|| batch(1, None, "a"), &place.forgets);
    place.deliver(keyless).await;
    let task = ForgetsBatches {
        spool: own.spool.clone(),
        dead_letters: Arc::clone(&own.dead_letters),
        ledger: Arc::clone(&own.ledger),
        clock: Arc::clone(&own.clock),
        memory: own.memory,
        backups: own.backups.clone(),
    };
    let _task = task.start();
    // The other is what fills the spool, which has a key.
    let forgotten = async {
        place.fill().await;
        while place.rows() > 1 {
            place.fill().await;
        }
    };
    tokio::time::timeout(TIMEOUT, forgotten).await.unwrap();
    assert!(!place.has(keyless()).await);
}

#[tokio::test]
async fn all_rows_are_gone_through_also_when_more_of_them_stay_than_a_step_looks_at() {
    let place = place();
    let spool = &place.forgets.spool;
    let appending = (0..700).map(|number| spool.append(numbered(number), ()));
    let seqs = futures_util::future::try_join_all(appending).await.unwrap();
    let sent = (0..700).map(numbered).zip(&seqs);
    let list = sent.map(|(batch, seq)| {
        let origin = batch.origin();
        (batch.documents, Source { origin, seq: *seq })
    });
    let list = Arc::new(DocumentList::of_batches(list.collect()));
    let deadline = place.forgets.clock.elapsed() + TIMEOUT;
    let inserted = place.forgets.ledger.insert(list, 0..700, deadline).await;
    assert_eq!(inserted.unwrap().stored, 700);
    for seq in seqs {
        spool.done(seq, 1, BatchOutcome::default());
    }
    let removed = tokio::time::timeout(TIMEOUT, place.round()).await;
    assert_eq!(removed.unwrap(), 233);
    for (number, stays) in [(0, true), (2, false), (698, false), (699, true)] {
        assert_eq!(place.has(numbered(number)).await, stays, "{number}");
    }
}

#[tokio::test]
async fn a_batch_that_was_not_done_when_a_round_began_is_remembered_until_the_next_one() {
    let place = place();
    let spool = &place.forgets.spool;
    let keyless = || batch(1, None, "a");
    let seq = spool.append(keyless(), ()).await.unwrap();
    place.store(keyless(), seq).await;
    let mut round = Box::pin(place.forgets.round());
    assert!(futures_util::poll!(&mut round).is_pending());
    spool.done(seq, 1, BatchOutcome::default());
    place.fill().await;
    let removal = Arc::new(round.await);
    assert_eq!(place.forgets.sweep(&removal).await.removed, 0);
    assert_eq!(place.round().await, 1);
}

#[tokio::test]
async fn a_round_waits_for_a_copy_that_is_in_the_spool_and_not_delivered() {
    let place = place();
    let spool = &place.forgets.spool;
    let keyless = || batch(1, None, "a");
    place.deliver(keyless).await;
    place.fill().await;
    // It begins the only segment that is left.
    let copy = spool.append(keyless(), ()).await.unwrap();
    spool.tidy().unwrap();
    assert_eq!((spool.oldest_seq(), spool.done_below()), (copy, copy));
    let round = async {
        let removal = place.forgets.round().await;
        assert!(!spool.waits(copy), "it waits");
        removal
    };
    let (removal, ()) = tokio::join!(round, async {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let report = place.store(keyless(), copy).await;
        assert_eq!(report.already_stored, [0]);
        spool.done(copy, 1, BatchOutcome::default());
        place.fill().await;
    });
    place.forgets.sweep(&Arc::new(removal)).await;
}

#[tokio::test]
async fn while_a_backup_is_made_nothing_is_forgotten() {
    let place = place();
    place.deliver(|| batch(1, None, "a")).await;
    let (removal, ()) = tokio::join!(place.forgets.round(), async {
        tokio::task::yield_now().await;
        place.fill().await;
    });
    let (removal, rows) = (Arc::new(removal), place.rows());
    let backup = place.forgets.backups.begin(|| ()).unwrap();
    let mut sweep = Box::pin(place.forgets.sweep(&removal));
    let during = tokio::time::timeout(Duration::from_millis(200), &mut sweep).await;
    assert!(during.is_err(), "it is waited for");
    assert_eq!(place.rows(), rows);
    drop(backup);
    assert_eq!(sweep.await.removed, 1);
}

#[tokio::test]
async fn what_was_refused_when_a_round_began_is_remembered_although_it_is_put_back_meanwhile() {
    let place = place();
    let refused = || batch(1, None, "a");
    place.deliver(refused).await;
    let letters = &place.forgets.dead_letters;
    letters.add(vec![letter(&refused())]).await.unwrap();
    let file = letters.seal().await.unwrap().unwrap();
    let mut round = Box::pin(place.forgets.round());
    assert!(futures_util::poll!(&mut round).is_pending());
    place.fill().await;
    let spool = &place.forgets.spool;
    let copy = place.put_back(file, refused()).await;
    let removal = Arc::new(round.await);
    assert_eq!(place.forgets.sweep(&removal).await.removed, 0);
    assert!(spool.waits(copy));
    let report = place.store(refused(), copy).await;
    assert_eq!(report.already_stored, [0]);
}

/// A clock that was right so many days ago.
struct Ago(i64, SystemClock);

impl Clock for Ago {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.1.now().nanos() - self.0 * DAY)
    }

    fn elapsed(&self) -> Duration {
        self.1.elapsed()
    }
}

#[tokio::test]
async fn what_came_from_another_spool_is_remembered_from_when_that_was_there_last() {
    let folder = tempfile::tempdir().unwrap();
    let before = ledger(&folder, Arc::new(Ago(40, SystemClock::start())), [2; 16]);
    let origin = batch(1, Some("key"), "a").origin();
    before.receipts(vec![origin], TIMEOUT).await.unwrap();
    before.close().await;
    drop(before);
    let place = place_in(folder, memory(Some(Duration::from_secs(24 * 3600))));
    assert_eq!(place.round().await, 0);
    assert_eq!(place.rows(), 1);
}
