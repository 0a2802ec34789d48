//! A life of the process, with what is on its disk.

use super::request::Request;
use super::{REJECTED, SPOOL};
use crate::access::protocol::Protocol;
use crate::accounting::brought::Brought;
use crate::accounting::record_counts::{Accounting, RecordCounts, Rejection};
use crate::accounting::request_account::Books;
use crate::deliver::dead_letters::{DeadLetterBounds, DeadLetters};
use crate::deliver::memory_disk::MemoryDisk;
use crate::ingest::acceptance::{Acceptance, NotAccepted, Turn};
use crate::ingest::idempotency::{Claim, KnownKeys};
use crate::ingest::key_recovery;
use logs::clock::{Clock, SystemClock};
use spool::{
    Accounts, AppendError, BatchOutcome, Bounds, Committer, Consumer, Portion, SpoolOptions,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const PORTION: Portion = Portion {
    documents: 20,
    bytes: 1 << 20,
};
/// Of each request.
const BODY_BYTES: usize = 1;
/// What a look in vain for another portion takes.
const NOTHING: Duration = Duration::from_millis(2);

/// A life of the process.
pub(super) struct Service {
    pub(super) acceptance: Acceptance,
    keys: KnownKeys,
    committer: Committer,
    consumer: Consumer,
    /// Records of all requests that came to an end.
    pub(super) came: u64,
    /// Records of those that were taken which are too large.
    pub(super) set_aside: u64,
    /// Notices of those that were taken.
    pub(super) told: u64,
    /// Requests that were sent, and those of them that were taken.
    sent: AtomicU64,
    pub(super) taken: u64,
}

impl Service {
    pub(super) fn open(disk: &MemoryDisk) -> Option<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let accounting = Arc::<Accounting>::default();
        let options = SpoolOptions {
            disk: disk.folder(SPOOL),
            bounds: Bounds {
                max_bytes: 3000,
                min_free_disk: 0,
                segment_bytes: 700,
            },
            clock: Arc::clone(&clock),
            accounts: Arc::clone(&accounting) as Arc<dyn Accounts>,
            id: [0; 16],
            forgotten_below: 0,
            earlier: false,
        };
        let (spool, committer, consumer) = spool::open(options, false).ok()?;
        let bounds = DeadLetterBounds {
            max_bytes: 1 << 30,
            min_free_disk: 0,
        };
        let dead_letters = Arc::new(DeadLetters::open(disk.folder(REJECTED), bounds).ok()?);
        let (keys, statuses) = key_recovery::start(spool.clone(), CancellationToken::new());
        let books = Books {
            records: accounting,
            senders: Arc::default(),
            clock,
        };
        let acceptance = Acceptance {
            spool,
            dead_letters,
            books,
            statuses,
        };
        Some(Self {
            acceptance,
            keys,
            committer,
            consumer,
            came: 0,
            set_aside: 0,
            told: 0,
            sent: AtomicU64::new(0),
            taken: 0,
        })
    }

    /// Sends a request; how many records of it were set aside, or were aside.
    pub(super) async fn send(&self, request: &Request) -> Result<u64, NotAccepted> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let parts = request.parts(self.keys.of(true));
        let apart = (parts.too_large.len() + parts.own.too_large.len()) as u64;
        let turn = match parts.batch.key() {
            None => Turn::First(None),
            Some(key) => match self.keys.of(false).claim(*key, parts.batch.id).await {
                Claim::First(claim) => Turn::First(Some(claim)),
                Claim::Repeated => Turn::Again {
                    written: request.number.is_multiple_of(2),
                },
                Claim::Conflict => panic!("a key stands for one body"),
            },
        };
        let account = self.acceptance.books.open(&parts.sender, BODY_BYTES);
        let is_own_written = !parts.own.batches.is_empty();
        let is_written = is_own_written || !matches!(turn, Turn::Again { written: false });
        let accepted = self.acceptance.accept(parts, account, (), turn).await;
        let is_full = matches!(accepted, Err(NotAccepted::Spool(AppendError::Full { .. })));
        assert!(is_written || !is_full, "nothing of it needs the spool");
        accepted.map(|()| apart)
    }

    /// How many files of what is aside were made in this life.
    pub(super) fn made(&self) -> u64 {
        self.acceptance.dead_letters.next_number()
    }

    /// The texts of what is aside; `None` when the process is killed meanwhile.
    pub(super) async fn aside(&self) -> Option<Vec<String>> {
        let (letters, mut texts, mut file) = (&self.acceptance.dead_letters, Vec::new(), 0);
        while let Some(next) = letters.after(file) {
            file = next;
            let kept = letters.read(file).await.ok()?;
            texts.extend(kept.iter().map(|letter| text(&letter.document)));
        }
        Some(texts)
    }

    pub(super) async fn deliver(&mut self, stored: &mut BTreeSet<String>) {
        let next = tokio::time::timeout(NOTHING, self.consumer.next(PORTION)).await;
        let Ok(Ok(Some(portion))) = next else {
            return;
        };
        for spooled in portion {
            let documents = &spooled.batch.documents;
            let count = documents.len() as u64;
            stored.extend(documents.slices(0..documents.len()).map(text));
            let outcome = BatchOutcome {
                stored: count,
                ..BatchOutcome::default()
            };
            let bytes = documents.encoded_bytes() as u64;
            self.acceptance.spool.done(spooled.seq, bytes, outcome);
        }
        let spool = self.acceptance.spool.clone();
        drop(tokio::task::spawn_blocking(move || spool.tidy()).await);
    }

    pub(super) fn is_balanced(&self) {
        let counts = self.counts();
        let rejected = counts.rejected.set_aside + counts.rejected.not_taken;
        let ended = counts.stored + counts.already_stored + rejected;
        let came = counts.received + counts.recovered;
        assert_eq!(came, ended + counts.waiting, "{counts:?}");
        assert_eq!(counts.received, self.came, "{counts:?}");
        assert_eq!(counts.rejected.set_aside, self.set_aside, "{counts:?}");
        assert_eq!(counts.warnings.not_json, self.told, "{counts:?}");
        self.is_brought();
    }

    /// Whoever sent it has brought what is counted: nothing is put back here.
    fn is_brought(&self) {
        let (counts, senders) = (self.counts(), &self.acceptance.books.senders);
        let brought = senders.by_protocol()[Protocol::Native as usize];
        let all: u64 = brought.records().map(|(.., records)| records).sum();
        assert_eq!(all, counts.received, "{brought:?} {counts:?}");
        assert_eq!(brought.set_aside, counts.rejected.set_aside, "{brought:?}");
        let not_taken = Brought::rejected(Rejection::NotTaken, counts.rejected.not_taken);
        assert_eq!(brought.rejected, not_taken.rejected, "{brought:?}");
        assert_eq!(brought.taken_bytes, self.taken, "{brought:?}");
        let refused = self.sent.load(Ordering::Relaxed) - self.taken;
        assert_eq!(brought.rejected_bytes, refused, "{brought:?}");
        if let [sender] = &senders.snapshot(Duration::ZERO).senders[..] {
            let told = (sender.requests, sender.records);
            assert_eq!(told, (self.taken, brought.taken()), "{sender:?}");
        }
    }

    pub(super) fn counts(&self) -> RecordCounts {
        self.acceptance.books.records.snapshot()
    }

    pub(super) async fn stop(self) {
        drop((self.acceptance, self.consumer));
        let committer = self.committer;
        let closed = tokio::task::spawn_blocking(move || committer.close()).await;
        assert!(closed.unwrap(), "the committing thread panicked");
    }
}

fn text(document: &[u8]) -> String {
    let raw = bson::RawDocument::from_bytes(document).unwrap();
    raw.get_str("message").unwrap().trim().to_owned()
}
