//! When a marker may go: never while a batch that was received in its time still waits in the spool.

use super::*;
use crate::accounting::record_counts::Accounting;
use crate::breaker::guard::Guard;
use crate::breaker::{Breaker, Settings};
use crate::deliver::dead_letters::{DeadLetter, DeadLetterBounds};
use logs::clock::SystemClock;
use record::batch::{Batch, BatchBuilder, BatchOrigin};
use record::id::{BatchId, KeyDigest};
use spool::disk::Folder;
use spool::{BatchOutcome, Bounds, Consumer, Portion, SpoolOptions};
use store::sqlite::SqliteStore;

const TIMEOUT: Duration = Duration::from_secs(20);
const DAY: Duration = Duration::from_secs(24 * 3600);

struct Fixture {
    _folder: tempfile::TempDir,
    _committer: spool::Committer,
    consumer: Consumer,
    keys: KeyMemory,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let options = SpoolOptions {
        disk: Arc::new(Folder::create(&folder.path().join("spool")).unwrap()),
        bounds: Bounds {
            max_bytes: 1 << 20,
            min_free_disk: 0,
            segment_bytes: 1 << 16,
        },
        clock: Arc::clone(&clock),
        accounts: Arc::<Accounting>::default(),
        id: [0; 16],
        forgotten_below: 0,
        earlier: false,
    };
    let (spool, committer, consumer) = spool::open(options, false).unwrap();
    let breaker = Arc::new(Breaker::new(Settings::write_lane(TIMEOUT), 1));
    let store = SqliteStore::open(folder.path(), Arc::clone(&clock)).unwrap();
    let writer = Writer {
        store: Arc::new(store),
        guard: Guard::new(breaker, Arc::clone(&clock)),
    };
    let rejected = Folder::create(&folder.path().join("rejected")).unwrap();
    let bounds = DeadLetterBounds {
        max_bytes: 1 << 20,
        min_free_disk: 0,
    };
    let dead_letters = DeadLetters::open(Arc::new(rejected), bounds).unwrap();
    let backups = BackupLock::of(folder.path());
    Fixture {
        _folder: folder,
        _committer: committer,
        consumer,
        keys: KeyMemory {
            spool,
            dead_letters: Arc::new(dead_letters),
            writer: Arc::new(writer),
            clock,
            memory: DAY,
            timeout: TIMEOUT,
            backups,
        },
    }
}

const ONE: Portion = Portion {
    documents: 1,
    bytes: 1,
};

/// Puts a batch that was received at this time into the spool; its number.
async fn append(keys: &KeyMemory, received_at: Timestamp) -> u64 {
    keys.spool.append(batch(received_at), ()).await.unwrap()
}

fn batch(received_at: Timestamp) -> Batch {
    let id = BatchId::keyed("key", b"body");
    let key = Some(KeyDigest::of("key"));
    let mut builder = BatchBuilder::new(id, key, received_at, usize::MAX);
    builder.record(None, None, "undated", |_| Ok(()));
    builder.finish().0
}

/// A batch by its number, received then.
fn numbered(number: u64, received_at: Timestamp) -> BatchOrigin {
    BatchOrigin {
        id: BatchId::from_bytes((number << 48 | 1).to_be_bytes()),
        key: None,
        content_key: false,
        received_at,
    }
}

impl Fixture {
    async fn hand_out(&mut self) {
        self.consumer.next(ONE).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn nothing_is_forgotten_before_all_that_waited_is_delivered() {
    let mut place = fixture();
    let seq = append(&place.keys, place.keys.clock.now()).await;
    place.hand_out().await;
    let spool = place.keys.spool.clone();
    let began = place.keys.clock.now();
    let delivered = async {
        tokio::task::yield_now().await;
        assert!(!spool.is_done_below(seq + 1));
        spool.done(seq, 1, BatchOutcome::default());
    };
    let waiting = async {
        let before = place.keys.delivered_before().await;
        assert!(!place.keys.spool.waits(seq), "it was still waiting");
        before
    };
    let (before, ()) = tokio::join!(waiting, delivered);
    assert!(before <= minus(place.keys.clock.now(), UNDER_WAY));
    assert!(before >= minus(began, UNDER_WAY));
}

#[tokio::test]
async fn a_batch_that_came_back_into_the_spool_keeps_what_was_known_when_it_was_received() {
    let mut place = fixture();
    let now = place.keys.clock.now();
    let long_ago = minus(now, 90 * DAY);
    let first = append(&place.keys, now).await;
    place.hand_out().await;
    place.keys.spool.done(first, 1, BatchOutcome::default());
    let taken = place.keys.delivered_before().await;
    let without = minus(taken, DAY);
    assert_eq!(place.keys.forgotten_before(taken).await, without);
    // It comes behind a newer one, while the markers are gone through.
    let newer = append(&place.keys, now).await;
    let back = append(&place.keys, long_ago).await;
    let kept = minus(long_ago, DAY);
    assert_eq!(place.keys.forgotten_before(taken).await, kept);
    place.hand_out().await;
    assert_eq!(place.keys.forgotten_before(taken).await, kept);
    place.hand_out().await;
    assert_eq!(place.keys.forgotten_before(taken).await, kept);
    for seq in [newer, back] {
        place.keys.spool.done(seq, 1, BatchOutcome::default());
    }
    assert_eq!(place.keys.forgotten_before(taken).await, without);
}

#[tokio::test]
async fn a_sweep_leaves_the_marker_of_a_batch_that_came_back_after_it_was_known_what_is_delivered()
{
    let place = fixture();
    let now = place.keys.clock.now();
    let taken = place.keys.delivered_before().await;
    let (old, older) = (minus(now, 90 * DAY), minus(now, 92 * DAY));
    append(&place.keys, old).await;
    let store = Arc::clone(&place.keys.writer.store);
    let deadline = place.keys.clock.elapsed() + TIMEOUT;
    let markers = vec![numbered(1, old), numbered(2, older)];
    store.receipts(markers, deadline).await.unwrap();
    assert_eq!(place.keys.sweep(taken).await, 1);
    let again = vec![numbered(1, now), numbered(2, now)];
    assert_eq!(store.receipts(again, deadline).await.unwrap(), [old, now]);
}

#[tokio::test]
async fn markers_of_before_go_in_many_steps_and_the_others_stay() {
    let place = fixture();
    let now = place.keys.clock.now();
    let (old, young) = (minus(now, 3 * DAY), minus(now, DAY / 2));
    let time = |number: u64| if number.is_multiple_of(3) { young } else { old };
    let markers: Vec<_> = (0..2_500)
        .map(|number| numbered(number, time(number)))
        .collect();
    let store = Arc::clone(&place.keys.writer.store);
    let deadline = place.keys.clock.elapsed() + TIMEOUT;
    let remembered = store.receipts(markers.clone(), deadline).await.unwrap();
    assert_eq!(remembered.len(), 2_500);
    assert_eq!(store.status().receipts.unwrap().count, 2_500);
    assert_eq!(place.keys.sweep(now).await, 1_666);
    assert_eq!(store.status().receipts.unwrap().count, 834);
    let again: Vec<_> = (0..2_500).map(|number| numbered(number, now)).collect();
    let known = store.receipts(again, deadline).await.unwrap();
    for (number, known) in (0_u64..).zip(known) {
        let expected = if number.is_multiple_of(3) { young } else { now };
        assert_eq!(known, expected, "{number}");
    }
}

#[tokio::test]
async fn the_task_forgets_what_is_older_than_may_be_remembered_and_nothing_else() {
    let place = fixture();
    let now = place.keys.clock.now();
    let old = minus(now, 90 * DAY);
    let store = Arc::clone(&place.keys.writer.store);
    let deadline = place.keys.clock.elapsed() + TIMEOUT;
    let markers = vec![numbered(1, old), numbered(2, now)];
    store.receipts(markers, deadline).await.unwrap();
    let _task = place.keys.start();
    let forgotten = async {
        while store.status().receipts.unwrap().count > 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(TIMEOUT, forgotten).await.unwrap();
    let again = vec![numbered(1, old), numbered(2, old)];
    assert_eq!(store.receipts(again, deadline).await.unwrap(), [old, now]);
}

#[tokio::test]
async fn a_refused_record_keeps_what_is_known_of_its_batch_until_it_is_put_back_and_delivered() {
    let place = fixture();
    let now = place.keys.clock.now();
    let long_ago = minus(now, 90 * DAY);
    let refused = batch(long_ago);
    let letter = DeadLetter {
        origin: refused.origin(),
        position: 0,
        undated: true,
        alone: false,
        earlier: false,
        peer: None,
        reason: "refused".to_owned(),
        rejected_at: now.millis(),
        document: refused.documents.encoded().to_vec(),
    };
    let letters = &place.keys.dead_letters;
    letters.add(vec![letter]).await.unwrap();
    let kept = minus(long_ago, DAY);
    assert_eq!(place.keys.forgotten_before(now).await, kept);
    let file = letters.seal().await.unwrap().unwrap();
    letters.leave(file, &letters.read(file).await.unwrap());
    assert_eq!(place.keys.forgotten_before(now).await, kept);
    letters.forget(file).await.unwrap();
    assert_eq!(place.keys.forgotten_before(now).await, minus(now, DAY));
}
