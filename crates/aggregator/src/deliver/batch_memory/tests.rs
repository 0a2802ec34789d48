//! Which rows of the ledger a running service forgets: those of batches that are done, whose segments are gone, and of
//! which no record is kept as refused.

mod rounds;

use super::*;
use crate::accounting::record_counts::Accounting;
use crate::deliver::dead_letters::{DeadLetter, DeadLetterBounds};
use logs::Timestamp;
use logs::clock::SystemClock;
use record::batch::{Batch, BatchBuilder};
use record::documents::{DocumentList, Source};
use record::id::{BatchId, KeyDigest};
use spool::disk::Folder;
use spool::{BatchOutcome, Bounds, Committer, Consumer, SpoolOptions};
use store::blocks::BlockSettings;
use store::{InsertReport, Store as _};

const TIMEOUT: Duration = Duration::from_secs(20);
const SPOOL: [u8; 16] = [1; 16];
const SEGMENT_BYTES: u64 = 1 << 16;

struct Place {
    folder: tempfile::TempDir,
    _committer: Committer,
    _consumer: Consumer,
    forgets: ForgetsBatches,
}

fn place() -> Place {
    place_in(tempfile::tempdir().unwrap(), memory(None))
}

fn place_in(folder: tempfile::TempDir, memory: BatchMemory) -> Place {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let options = SpoolOptions {
        disk: Arc::new(Folder::create(&folder.path().join("spool")).unwrap()),
        bounds: Bounds {
            max_bytes: 1 << 24,
            min_free_disk: 0,
            segment_bytes: SEGMENT_BYTES,
        },
        clock: Arc::clone(&clock),
        accounts: Arc::<Accounting>::default(),
        id: SPOOL,
        forgotten_below: 0,
        earlier: false,
    };
    let (spool, committer, consumer) = spool::open(options, false).unwrap();
    let ledger = ledger(&folder, Arc::clone(&clock), SPOOL);
    let rejected = Folder::create(&folder.path().join("rejected")).unwrap();
    let bounds = DeadLetterBounds {
        max_bytes: 1 << 20,
        min_free_disk: 0,
    };
    let backups = BackupLock::of(folder.path());
    Place {
        folder,
        _committer: committer,
        _consumer: consumer,
        forgets: ForgetsBatches {
            spool,
            dead_letters: Arc::new(DeadLetters::open(Arc::new(rejected), bounds).unwrap()),
            ledger: Arc::new(ledger),
            clock,
            memory,
            backups,
        },
    }
}

/// The ledger of a folder, for a spool.
fn ledger(folder: &tempfile::TempDir, clock: Arc<dyn Clock>, spool: [u8; 16]) -> BlockStore {
    let settings = BlockSettings {
        cache_bytes: 0,
        min_free_disk: 0,
    };
    let ledger = BlockStore::open(folder.path(), clock, settings).unwrap();
    ledger.meet_spool(spool).unwrap();
    ledger
}

/// A batch of one record, by its number.
fn batch(number: u8, key: Option<&str>, text: &str) -> Batch {
    let time = Timestamp::from_nanos(i64::from(number));
    let id = match key {
        Some(key) => BatchId::keyed(key, &[number]),
        None => BatchId::from_bytes([number; 8]),
    };
    let mut builder = BatchBuilder::new(id, key.map(KeyDigest::of), time, usize::MAX);
    builder.record(Some(time), None, text, |_| Ok(()));
    builder.finish().0
}

fn letter(batch: &Batch) -> DeadLetter {
    DeadLetter {
        origin: batch.origin(),
        position: 0,
        undated: false,
        alone: false,
        earlier: false,
        peer: None,
        reason: "refused".to_owned(),
        rejected_at: 0,
        document: batch.documents.encoded().to_vec(),
    }
}

impl Place {
    /// Takes a batch into the spool, and stores it.
    async fn deliver(&self, batch: impl Fn() -> Batch) -> InsertReport {
        let seq = self.forgets.spool.append(batch(), ()).await.unwrap();
        let report = self.store(batch(), seq).await;
        let outcome = BatchOutcome::default();
        self.forgets.spool.done(seq, 1, outcome);
        report
    }

    async fn store(&self, batch: Batch, seq: u64) -> InsertReport {
        let origin = batch.origin();
        let list = DocumentList::of_batches(vec![(batch.documents, Source { origin, seq })]);
        let deadline = self.forgets.clock.elapsed() + TIMEOUT;
        let inserted = self
            .forgets
            .ledger
            .insert(Arc::new(list), 0..1, deadline)
            .await;
        inserted.unwrap()
    }

    /// Takes what is refused out of a file into the spool: it stands there before the file is forgotten.
    async fn put_back(&self, file: u64, refused: Batch) -> u64 {
        let letters = &self.forgets.dead_letters;
        letters.leave(file, &letters.read(file).await.unwrap());
        let seq = self.forgets.spool.append(refused, ()).await.unwrap();
        letters.forget(file).await.unwrap();
        seq
    }

    /// Has the spool's segments go that are there now: full ones come behind them.
    async fn fill(&self) {
        let end = self.forgets.spool.next_seq();
        let text = "x".repeat(usize::try_from(SEGMENT_BYTES).unwrap());
        while self.forgets.spool.oldest_seq() < end {
            self.deliver(|| batch(255, Some("filler"), &text)).await;
            self.forgets.spool.tidy().unwrap();
        }
    }

    /// A whole round; how many rows it has removed.
    async fn round(&self) -> usize {
        let (removal, ()) = tokio::join!(self.forgets.round(), async {
            tokio::task::yield_now().await;
            self.fill().await;
        });
        self.forgets.sweep(&Arc::new(removal)).await.removed
    }

    /// How many batches the ledger has.
    fn rows(&self) -> u32 {
        let path = self.folder.path().join(store::blocks::FILE_NAME);
        let file = rusqlite::Connection::open(path).unwrap();
        let count = "SELECT COUNT(*) FROM batches";
        file.query_row(count, [], |row| row.get(0)).unwrap()
    }

    /// Whether the ledger has a batch: then a copy of it is stored already.
    async fn has(&self, batch: Batch) -> bool {
        !self.store(batch, 1_000).await.already_stored.is_empty()
    }
}

#[tokio::test]
async fn a_batch_without_a_key_is_forgotten_when_it_is_gone_from_the_spool_and_one_with_a_key_is_not()
 {
    let place = place();
    let (keyless, keyed) = (|| batch(1, None, "a"), || batch(2, Some("key"), "b"));
    assert_eq!(place.deliver(keyless).await.stored, 1);
    assert_eq!(place.deliver(keyed).await.stored, 1);
    assert_eq!(place.round().await, 1);
    assert!(place.has(keyed()).await);
    assert!(!place.has(keyless()).await);
}

#[tokio::test]
async fn no_row_goes_while_the_spool_has_what_it_had_when_the_round_began() {
    let place = place();
    place.deliver(|| batch(1, None, "a")).await;
    let mut round = Box::pin(place.forgets.round());
    assert!(futures_util::poll!(&mut round).is_pending());
    // What was there when it began is what it waits for, and not what came since.
    let end = place.forgets.spool.next_seq();
    place.deliver(|| batch(2, None, "b")).await;
    place.fill().await;
    assert!(place.forgets.spool.oldest_seq() > end);
    let removal = round.await;
    assert_eq!(place.forgets.sweep(&Arc::new(removal)).await.removed, 1);
    assert!(place.has(batch(2, None, "b")).await);
}

#[tokio::test]
async fn a_batch_of_which_a_record_is_refused_is_remembered_until_that_was_put_back_and_is_done() {
    let place = place();
    let refused = || batch(1, None, "a");
    place.deliver(refused).await;
    let letters = &place.forgets.dead_letters;
    letters.add(vec![letter(&refused())]).await.unwrap();
    assert_eq!(place.round().await, 0);

    let file = letters.seal().await.unwrap().unwrap();
    let seq = place.put_back(file, refused()).await;
    let report = place.store(refused(), seq).await;
    assert_eq!(report.already_stored, [0]);
    place.forgets.spool.done(seq, 1, BatchOutcome::default());
    assert_eq!(place.round().await, 1);
    assert!(!place.has(refused()).await);
}

#[tokio::test]
async fn a_record_that_is_refused_while_rows_are_removed_keeps_its_batch() {
    let place = place();
    let refused = || batch(1, None, "a");
    place.deliver(refused).await;
    let (removal, ()) = tokio::join!(place.forgets.round(), place.fill());
    let letters = &place.forgets.dead_letters;
    letters.add(vec![letter(&refused())]).await.unwrap();
    assert_eq!(place.forgets.sweep(&Arc::new(removal)).await.removed, 0);
    assert!(place.has(refused()).await);
}
