//! A request as a client has it, that it may send again.

use crate::access::Sender;
use crate::access::protocol::Protocol;
use crate::ingest::acceptance::Parts;
use crate::ingest::idempotency::Keys;
use crate::ingest::own_turn::OwnTurn;
use logs::Timestamp;
use record::batch::{Batch, BatchBuilder, OwnBatches, TooLargeRecord};
use record::id::{BatchId, KeyDigest, own_key};
use record::notice::Notice;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// What the records of a request are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Batches {
    One,
    /// Each is one of its own, under a key of its own.
    OwnEach,
}

/// A request as a client has it: it may send it again.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) number: u64,
    pub(super) keyed: bool,
    pub(super) batches: Batches,
    pub(super) received_at: Timestamp,
    /// The text of each record, and whether it is too large.
    pub(super) records: Vec<(String, bool)>,
    pub(super) acknowledged: bool,
    /// Whether something of it may be aside although it was not acknowledged.
    pub(super) uncertain: bool,
}

impl Request {
    pub(super) fn is_own(&self) -> bool {
        self.batches == Batches::OwnEach
    }

    /// As it comes to a service that remembers these keys.
    pub(super) fn parts(&self, keys: &Arc<Keys>) -> Parts {
        let mut parts = self.parts_of_one();
        let mut own = OwnBatches::default();
        if self.is_own() {
            for (place, (text, is_large)) in self.records.iter().enumerate() {
                self.add_own(place, text, *is_large, &mut own);
            }
            let id = BatchId::keyed(&self.number.to_string(), b"rest");
            parts.batch = Batch::from_parts(id, None, self.received_at, &[], Vec::new()).unwrap();
            parts.too_large.clear();
        }
        parts.own = OwnTurn::of(own, keys).0;
        parts
    }

    fn add_own(&self, place: usize, text: &str, is_large: bool, own: &mut OwnBatches) {
        let key = own_key("simulation", &format!("{} {place}", self.number));
        let id = BatchId::keyed("rest", b"");
        let mut builder = BatchBuilder::new(id, None, self.received_at, usize::MAX);
        let outer = builder.begin_own(key);
        builder.record(None, None, text, |_| Ok(()));
        builder.end_own(outer);
        let mut batch = builder.take_own().batches.remove(0);
        if is_large {
            let origin = batch.origin();
            let record = TooLargeRecord {
                position: 0,
                undated: true,
                document: batch.documents.encoded().to_vec(),
            };
            own.too_large.push((origin, record));
            batch = Batch::of_origin(origin, &[], Vec::new()).unwrap();
        }
        own.batches.push(batch);
    }

    fn parts_of_one(&self) -> Parts {
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
            own: OwnTurn::of(OwnBatches::default(), &Arc::default()).0,
            has_status: true,
            body_bytes: 0,
            sender: Sender {
                protocol: Protocol::Native,
                address: Ipv4Addr::LOCALHOST.into(),
                token: None,
            },
        }
    }

    pub(super) fn texts(&self, large: bool) -> impl Iterator<Item = &String> {
        let records = self.records.iter();
        records
            .filter(move |(_, is_large)| *is_large == large)
            .map(|(text, _)| text)
    }
}
