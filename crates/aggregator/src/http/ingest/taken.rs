//! What requests brought, by the protocol that they came in. What becomes of it behind the door is in `accounting`, where
//! nobody knows any more what a record came in.

use crate::access::protocol::Protocol;
use crate::ingest::body_error::BodyError;
use crate::ingest::intake::{Brought, Receipt};
use crate::ingest::intake_error::IngestError;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the start.
#[derive(Debug, Default)]
pub(in crate::http) struct Taken([OfProtocol; Protocol::ALL.len()]);

#[derive(Debug, Default)]
struct OfProtocol {
    bytes: AtomicU64,
    records: [AtomicU64; FATES.len()],
}

/// What became of records at the door.
pub(in crate::http) const FATES: [&str; 4] = ["accepted", "repeated", "set_aside", "rejected"];

/// The counts of one protocol.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::http) struct TakenCounts {
    pub(in crate::http) protocol: &'static str,
    /// Of bodies, as they were sent.
    pub(in crate::http) bytes: u64,
    /// By what became of them, as [`FATES`] have it.
    pub(in crate::http) records: [u64; FATES.len()],
}

impl Taken {
    /// Notes what became of a body of so many bytes.
    pub(super) fn note<T>(
        &self,
        protocol: Protocol,
        bytes: usize,
        taken: &Result<Receipt<T>, IngestError>,
    ) {
        match taken {
            Ok(receipt) => {
                let Brought {
                    accepted,
                    repeated,
                    set_aside,
                } = receipt.brought;
                let records = [accepted, repeated, set_aside, receipt.rejects.count];
                self.add(protocol, bytes as u64, records);
            }
            Err(IngestError::Body(BodyError::Records { all, .. })) => {
                self.add(protocol, 0, [0, 0, 0, *all]);
            }
            Err(_) => {}
        }
    }

    fn add(&self, protocol: Protocol, bytes: u64, records: [u64; FATES.len()]) {
        let Some(of) = self.0.get(protocol as usize) else {
            return;
        };
        let counts = of.records.iter().chain([&of.bytes]);
        for (count, more) in counts.zip(records.into_iter().chain([bytes])) {
            if more > 0 {
                count.fetch_add(more, Ordering::Relaxed);
            }
        }
    }

    /// The counts of all protocols.
    pub(in crate::http) fn snapshot(&self) -> Vec<TakenCounts> {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let all = Protocol::ALL.into_iter().zip(&self.0);
        all.map(|(protocol, of)| TakenCounts {
            protocol: protocol.name(),
            bytes: read(&of.bytes),
            records: of.records.each_ref().map(read),
        })
        .collect()
    }
}
