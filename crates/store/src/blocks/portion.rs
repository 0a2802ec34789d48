//! Documents become blocks, and the ledger says which of them are new.

mod planning;

use super::ledger::row::LedgerKey;
use super::spare_threads::no_memory;
use super::storage::{Applied, Change, Day, Made, Place, Storage};
use crate::DAMAGED_DOCUMENT;
use crate::feed::spans::Spans;
use crate::feed::table::Announcement;
use crate::{InsertReport, Refused, StoreError};
use blocks::damaged::Damaged;
use blocks::head::Head;
use blocks::section::Packer;
use blocks::writer::{BlockWriter, NotTaken};
use bson::RawDocument;
use logs::clock::Clock;
use planning::{Known, Planned};
use record::batch::BatchOrigin;
use record::document::StoredDocument;
use record::documents::{DocumentList, Source};
use record::order::SendOrder;
use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

/// Of so many of the newest days, none shares a block with another; what is older stands together, until it is
/// merged.
const DAYS_APART: i64 = 8;

/// A document, and where it came from.
struct Document<'a> {
    /// In the list that was given.
    position: usize,
    stored: StoredDocument<'a>,
    /// Among the portion's batches.
    batch: usize,
}

/// A batch, or the part of it that is in the portion.
struct PortionBatch {
    key: LedgerKey,
    source: Source,
    delay: Option<u32>,
    /// Its documents, in the order in which they were given.
    documents: Vec<usize>,
}

/// What a range of documents says.
pub(super) struct Portion<'a> {
    documents: Vec<Document<'a>>,
    batches: Vec<PortionBatch>,
    /// Documents that are none.
    damaged: Vec<usize>,
}

/// What becomes of a portion by what the ledger says.
struct Built {
    change: Change,
    report: InsertReport,
}

impl<'a> Portion<'a> {
    /// Reads a range of documents.
    pub(super) fn read(list: &'a DocumentList, range: Range<usize>) -> Self {
        let mut portion = Self {
            documents: Vec::with_capacity(range.len()),
            batches: Vec::new(),
            damaged: Vec::new(),
        };
        let mut known: HashMap<LedgerKey, usize> = HashMap::new();
        let mut position = range.start;
        for (source, documents) in list.by_batch(range) {
            for bytes in documents {
                let document = RawDocument::from_bytes(bytes).ok();
                match document.and_then(StoredDocument::read) {
                    Some(stored) => portion.add(position, source, stored, &mut known),
                    None => portion.damaged.push(position),
                }
                position += 1;
            }
        }
        portion
    }

    fn add(
        &mut self,
        position: usize,
        source: Option<Source>,
        stored: StoredDocument<'a>,
        known: &mut HashMap<LedgerKey, usize>,
    ) {
        let source = source.unwrap_or_else(|| source_of(&stored));
        let last = self.documents.last().map(|document| document.batch);
        let is_same = |batch: &usize| {
            let batch = self.batches.get(*batch);
            batch.is_some_and(|batch| batch.source == source)
        };
        let batch = last.filter(is_same).unwrap_or_else(|| {
            let key = source.origin.ledger_key();
            *known.entry(key).or_insert_with(|| {
                self.batches.push(PortionBatch {
                    key,
                    source,
                    delay: delay_of(&stored),
                    documents: Vec::new(),
                });
                self.batches.len() - 1
            })
        });
        if let Some(batch) = self.batches.get_mut(batch) {
            batch.source.seq = batch.source.seq.max(source.seq);
            batch.documents.push(self.documents.len());
        }
        self.documents.push(Document {
            position,
            stored,
            batch,
        });
    }

    /// Stores what is new of it, durably; also where the blocks are.
    pub(super) fn store(
        &self,
        storage: &dyn Storage,
        clock: &dyn Clock,
        deadline: Duration,
    ) -> Result<(InsertReport, Vec<Place>), StoreError> {
        let keys: Vec<LedgerKey> = self.batches.iter().map(|batch| batch.key).collect();
        let origins = self.batches.iter().map(|batch| batch.source.origin);
        let origins: Vec<BatchOrigin> = origins.collect();
        loop {
            let known = Known {
                rows: storage.rows(&keys)?,
                old: storage.old(&origins)?,
            };
            let built = self.build(&known, storage.spool(), clock)?;
            match storage.apply(&built.change, deadline)? {
                Applied::Done(places) => return Ok((built.report, places)),
                // Another stored some of it meanwhile.
                Applied::Outdated if clock.elapsed() < deadline => {}
                Applied::Outdated => return Err(StoreError::Timeout),
            }
        }
    }

    fn build(&self, known: &Known, spool: u32, clock: &dyn Clock) -> Result<Built, StoreError> {
        let mut refused = vec![None; self.documents.len()];
        let mut change = Change::default();
        // Twice where a block refuses a record: the ledger must not have it then.
        loop {
            let mut planned = self.plan(known, &refused, spool, clock);
            let before = refused.iter().flatten().count();
            let mut spans = Spans::default();
            let blocks = self.blocks(&mut planned, &mut refused, &mut spans)?;
            if refused.iter().flatten().count() == before {
                change.announced = Announcement::new(&planned.announced, &spans, clock.now());
                change.add = blocks;
                change.rows = planned.rows;
                change.old = planned.old;
                return Ok(Built {
                    report: self.report(&planned.is_new, &refused),
                    change,
                });
            }
        }
    }

    /// Blocks of the new documents, which of these no block takes, and the times of those that are taken. One that is there
    /// twice is new once.
    fn blocks(
        &self,
        planned: &mut Planned,
        refused: &mut [Option<NotTaken>],
        spans: &mut Spans,
    ) -> Result<Vec<Made>, StoreError> {
        let (is_new, rows) = (&mut planned.is_new, &planned.rows);
        let new = self.documents.iter().enumerate().zip(&*is_new);
        let new = new.filter(|(_, is_new)| **is_new);
        let mut new: Vec<(usize, StoredDocument<'_>)> = new
            .map(|((place, document), _)| {
                let row = rows.get(document.batch);
                let delay = row.and_then(|row| row.after.delay);
                (place, with_delay(document.stored, delay))
            })
            .collect();
        new.sort_unstable_by_key(|(place, stored)| (stored.id, *place));
        let newest = new
            .last()
            .map_or(0, |(_, stored)| Day::of(stored.id.time()).0);
        let group = |stored: &StoredDocument<'_>| {
            let day = Day::of(stored.id.time()).0;
            day.max(newest.saturating_sub(DAYS_APART))
        };
        let mut packer = Packer::new().map_err(|error| no_memory(&error))?;
        let (mut writer, mut made) = (BlockWriter::default(), Vec::new());
        for group in new.chunk_by(|(_, one), (_, next)| group(one) == group(next)) {
            for (place, stored) in group {
                let mut taken = writer.push(stored);
                if taken == Err(NotTaken::Full) {
                    made.extend(finish(&mut writer, &mut packer)?);
                    taken = writer.push(stored);
                }
                match (taken, is_new.get_mut(*place), refused.get_mut(*place)) {
                    // The same record in another copy of its batch: it is there.
                    (Err(NotTaken::OutOfOrder), Some(is_new), _) => *is_new = false,
                    (Err(reason), _, Some(refused)) => *refused = Some(reason),
                    (Ok(()), ..) => spans.add(stored.id.time()),
                    (Err(_), ..) => {}
                }
            }
            made.extend(finish(&mut writer, &mut packer)?);
        }
        Ok(made)
    }

    fn report(&self, is_new: &[bool], refused: &[Option<NotTaken>]) -> InsertReport {
        let mut report = InsertReport::default();
        let damaged = |position: &usize| Refused {
            position: *position,
            reason: DAMAGED_DOCUMENT.to_owned(),
        };
        report.refused = self.damaged.iter().map(damaged).collect();
        for (document, (is_new, refused)) in self.documents.iter().zip(is_new.iter().zip(refused)) {
            match (refused, is_new) {
                (Some(reason), _) => report.refused.push(Refused {
                    position: document.position,
                    reason: reason.to_string(),
                }),
                (None, true) => report.stored += 1,
                (None, false) => report.already_stored.push(document.position),
            }
        }
        report
    }
}

/// The delay in the order of a batch, which each of its documents has; `None` when they have none.
pub(super) fn delay_of(stored: &StoredDocument<'_>) -> Option<u32> {
    Some(stored.id.order().delay()).filter(|delay| *delay > 0)
}

/// A batch of which nothing is known but one of its documents.
pub(super) fn source_of(stored: &StoredDocument<'_>) -> Source {
    let origin = BatchOrigin {
        id: stored.id.batch(),
        key: None,
        content_key: false,
        received_at: logs::Timestamp::from_nanos(0),
    };
    Source { origin, seq: 0 }
}

/// The same document with the delay that all of its batch have.
fn with_delay(stored: StoredDocument<'_>, delay: Option<u32>) -> StoredDocument<'_> {
    let order = stored.id.order();
    match delay {
        Some(delay) if delay != order.delay() => StoredDocument {
            id: stored.id.with_order(SendOrder::new(order.reach(), delay)),
            ..stored
        },
        _ => stored,
    }
}

/// The block of a writer, if there is anything in it; others may be taken then.
pub(super) fn finish(
    writer: &mut BlockWriter,
    packer: &mut Packer,
) -> Result<Option<Made>, StoreError> {
    // For good: whoever sends these records finds the one by which it comes, and sets it aside.
    let unwritable = |damaged: Damaged| StoreError::Rejected(damaged.to_string());
    let Some(block) = writer.finish(packer).map_err(unwritable)? else {
        return Ok(None);
    };
    let head = Head::read(&block.head).map_err(unwritable)?;
    let (first, last) = (Day::of(head.first.time()), Day::of(head.last.time()));
    Ok(Some(Made {
        day: if first == last { first } else { Day::SEVERAL },
        summary: head.summary,
        block,
    }))
}
