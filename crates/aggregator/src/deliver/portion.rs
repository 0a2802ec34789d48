//! A portion of the spool as it goes to the store: whose each document is, and how a refused one was
//! spooled.

use super::dead_letters::DeadLetter;
use super::deferral::Refusal;
use logs::Timestamp;
use record::batch::{Batch, BatchOrigin};
use record::document;
use record::documents::{DocumentList, Source};
use spool::{BatchOutcome, Spooled};
use std::ops::Range;
use std::sync::Arc;
use store::Refused;

/// The documents of all its batches one behind another, the earliest batch first.
pub(super) struct Prepared {
    pub(super) parts: Vec<Part>,
    pub(super) documents: Arc<DocumentList>,
}

/// A batch of the portion.
pub(super) struct Part {
    pub(super) seq: u64,
    /// As the spool has it, also when the store gave another time of receipt.
    pub(super) origin: BatchOrigin,
    /// Where its documents stand in those of the portion.
    pub(super) range: Range<usize>,
    pub(super) bytes: u64,
    /// Which of them came without a time, from 0.
    undated: Vec<usize>,
    /// Whether an earlier version took any of them.
    earlier: bool,
}

/// The batches that must have the time of receipt that the store remembers.
pub(super) fn without_receipt(portion: &[Spooled]) -> impl Iterator<Item = BatchOrigin> {
    let batches = portion.iter().map(|spooled| &spooled.batch);
    batches
        .filter(|batch| batch.needs_receipt())
        .map(Batch::origin)
}

impl Prepared {
    /// Dates what came without a time with `receipts`, one for each batch of [`without_receipt`], and puts
    /// into order what an earlier version spooled.
    pub(super) fn new(mut portion: Vec<Spooled>, receipts: Vec<Timestamp>) -> Self {
        let mut receipts = receipts.into_iter();
        let mut dated: Vec<(BatchOrigin, Spooled)> = portion
            .drain(..)
            .map(|mut spooled| {
                let origin = spooled.batch.origin();
                spooled.batch.order_unordered();
                if spooled.batch.needs_receipt()
                    && let Some(time) = receipts.next()
                {
                    spooled.batch.date(time);
                }
                (origin, spooled)
            })
            .collect();
        // A store's tree takes documents fastest in the order of their ids, which begin with the time.
        dated.sort_by_key(|(_, spooled)| spooled.batch.first_time());
        let (mut end, mut documents) = (0, Vec::with_capacity(dated.len()));
        let mut parts = Vec::with_capacity(dated.len());
        for (origin, Spooled { seq, batch }) in dated {
            let start = end;
            end += batch.documents.len();
            parts.push(Part {
                seq,
                origin,
                range: start..end,
                bytes: batch.documents.encoded_bytes() as u64,
                undated: batch.undated().to_vec(),
                earlier: batch.is_of_earlier_version(),
            });
            documents.push((batch.documents, Source { origin, seq }));
        }
        Self {
            parts,
            documents: Arc::new(DocumentList::of_batches(documents)),
        }
    }

    /// What is kept of refused documents when there is room for it; `None` when one is none of ours.
    pub(super) fn dead_letters(
        &self,
        refused: &[Refused],
        now: Timestamp,
    ) -> Option<Vec<DeadLetter>> {
        let letter = |refused: &Refused| {
            let (part, document) = self.as_spooled(refused.position)?;
            Some(DeadLetter {
                origin: part.origin,
                position: document::encoded_id(&document)?.position(),
                undated: part.is_undated(refused.position),
                alone: false,
                earlier: part.earlier,
                peer: None,
                reason: refused.reason.clone(),
                rejected_at: now.millis(),
                document,
            })
        };
        refused.iter().map(letter).collect()
    }

    /// The batch of refused documents of one part, when there is none.
    pub(super) fn deferred(&self, part: &Part, refused: &[Refused]) -> Option<Batch> {
        let (mut documents, mut undated) = (Vec::new(), Vec::new());
        for (place, refused) in refused.iter().enumerate() {
            documents.extend(self.as_spooled(refused.position)?.1);
            if part.is_undated(refused.position) {
                undated.push(place);
            }
        }
        let batch = Batch::of_origin(part.origin, &documents, undated)?.deferred();
        Some(match part.earlier {
            true => batch.of_earlier_version(),
            false => batch,
        })
    }

    /// The record's place in its batch, as it was sent.
    pub(super) fn index(&self, position: usize) -> Option<usize> {
        let document = self.documents.slices(position..position + 1).next()?;
        usize::try_from(document::encoded_id(document)?.position()).ok()
    }

    fn as_spooled(&self, position: usize) -> Option<(&Part, Vec<u8>)> {
        let at = self
            .parts
            .partition_point(|part| part.range.end <= position);
        let part = self.parts.get(at)?;
        let mut document = self
            .documents
            .slices(position..position + 1)
            .next()?
            .to_vec();
        if part.is_undated(position) {
            document::set_time(&mut document, part.origin.received_at);
        }
        Some((part, document))
    }
}

impl Part {
    /// What the store said to it, by the positions in the batch itself.
    pub(super) fn refusal(&self, refused: &[Refused], outcome: BatchOutcome) -> Refusal {
        let refused = refused.iter().map(|refused| Refused {
            position: refused.position.saturating_sub(self.range.start),
            reason: refused.reason.clone(),
        });
        Refusal {
            outcome,
            refused: refused.collect(),
            bytes: self.bytes,
        }
    }

    fn is_undated(&self, position: usize) -> bool {
        let place = position.checked_sub(self.range.start);
        place.is_some_and(|place| self.undated.binary_search(&place).is_ok())
    }
}
