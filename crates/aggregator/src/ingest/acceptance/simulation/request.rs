//! A request as a client has it, that it may send again.

use crate::ingest::acceptance::Parts;
use logs::Timestamp;
use record::batch::{Batch, BatchBuilder, TooLargeRecord};
use record::id::{BatchId, KeyDigest};
use record::notice::Notice;
use std::net::Ipv4Addr;

/// A request as a client has it: it may send it again.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) number: u64,
    pub(super) keyed: bool,
    pub(super) received_at: Timestamp,
    /// The text of each record, and whether it is too large.
    pub(super) records: Vec<(String, bool)>,
    pub(super) acknowledged: bool,
    /// Whether something of it may be aside although it was not acknowledged.
    pub(super) uncertain: bool,
}

impl Request {
    pub(super) fn parts(&self) -> Parts {
        let (name, time) = (self.number.to_string(), self.received_at);
        let key = self.keyed.then(|| KeyDigest::of(&name));
        let id = BatchId::keyed(&name, b"");
        let mut builder = BatchBuilder::new(id, key, time, usize::MAX);
        for (text, _) in &self.records {
            builder.record(None, None, text, |_| Ok(()));
            builder.tell(Notice::NotJson);
        }
        let notices = builder.take_notices().counts;
        let whole = builder.finish().0;
        let (mut good, mut too_large) = (Vec::new(), Vec::new());
        let documents = whole.documents.slices(0..self.records.len());
        for ((position, document), (_, is_large)) in (0..).zip(documents).zip(&self.records) {
            match is_large {
                true => too_large.push(TooLargeRecord {
                    position,
                    undated: true,
                    document: document.to_vec(),
                }),
                false => good.extend_from_slice(document),
            }
        }
        let undated = (0..self.records.len() - too_large.len()).collect();
        Parts {
            notices,
            batch: Batch::from_parts(id, key, time, &good, undated).unwrap(),
            too_large,
            peer: Ipv4Addr::LOCALHOST.into(),
        }
    }

    pub(super) fn texts(&self, large: bool) -> impl Iterator<Item = &String> {
        let records = self.records.iter();
        records
            .filter(move |(_, is_large)| *is_large == large)
            .map(|(text, _)| text)
    }
}
