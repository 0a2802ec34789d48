//! The account of one request: what becomes of its records at the door is counted among the fates of all records and as
//! brought by its sender, by one call, so that the two agree once it is settled.
//!
//! It goes with the request to wherever that is decided, also when whoever sent it has left meanwhile.

use super::brought::Brought;
use super::record_counts::{Accounting, Rejection};
use super::senders::{Name, Senders, Taken, When};
use crate::access::Sender;
use logs::clock::Clock;
use record::notice::NoticeCounts;
use std::sync::Arc;

/// Where requests are counted.
#[derive(Clone)]
pub struct Books {
    /// The fates of all records.
    pub records: Arc<Accounting>,
    /// Who sends.
    pub senders: Arc<Senders>,
    /// When.
    pub clock: Arc<dyn Clock>,
}

/// The account of a request whose body was read.
pub struct RequestAccount {
    books: Books,
    name: Name,
    /// Of its body as it was sent.
    bytes: u64,
    is_taken: bool,
    example: Option<String>,
}

/// A request that is durable.
#[derive(Debug, Clone, Copy, Default)]
pub struct Accepted {
    /// Its records; no rejected ones.
    pub brought: Brought,
    /// Those of them that the spool has, and has counted.
    pub spooled: u64,
    /// What is told of them.
    pub notices: NoticeCounts,
}

impl Books {
    /// Begins the account of a request that this one sent, with a body of so many bytes.
    pub fn open(&self, sender: &Sender, bytes: usize) -> RequestAccount {
        RequestAccount {
            books: self.clone(),
            name: Name::of(sender),
            bytes: bytes as u64,
            is_taken: false,
            example: None,
        }
    }

    fn now(&self) -> When {
        When {
            at: self.clock.now(),
            elapsed: self.clock.elapsed(),
        }
    }

    /// A request, or the rest of one, was answered with an error.
    pub fn refused(&self, sender: &Sender, code: &'static str, sentence: &str) {
        let name = Name::of(sender);
        self.senders.refused(name, code, sentence, self.now());
    }
}

impl RequestAccount {
    /// An example of what its sender is told if it is taken.
    pub fn tells(&mut self, example: Option<String>) {
        self.example = example;
    }

    /// Records of it are not taken.
    pub fn rejected(&self, why: Rejection, records: u64) {
        self.rejected_and_counted(why, records, 0);
    }

    /// The spool does not take it: so many records, of which it has `counted` some itself.
    pub fn not_spooled(&self, records: u64, counted: u64) {
        self.rejected_and_counted(Rejection::NotTaken, records, counted);
    }

    fn rejected_and_counted(&self, why: Rejection, records: u64, counted: u64) {
        if records > 0 {
            let uncounted = records.saturating_sub(counted);
            self.books.records.rejected(why, uncounted);
            self.bring(Brought::rejected(why, records));
        }
    }

    /// It is durable.
    pub fn accepted(mut self, accepted: Accepted) {
        self.is_taken = true;
        let Accepted {
            mut brought,
            spooled,
            notices,
        } = accepted;
        let records = &self.books.records;
        records.repeated(brought.taken().saturating_sub(spooled));
        records.set_aside(brought.set_aside);
        records.told(&notices);
        brought.taken_bytes = self.bytes;
        let taken = Taken {
            brought,
            warnings: notices,
            example: self.example.take(),
        };
        let (name, now) = (self.name.clone(), self.books.now());
        self.books.senders.taken(name, taken, now);
    }

    fn bring(&self, brought: Brought) {
        let (name, now) = (self.name.clone(), self.books.now());
        self.books.senders.bring(name, brought, now);
    }
}

impl Drop for RequestAccount {
    /// Nothing of it was taken, or whoever sent it left before that was decided.
    fn drop(&mut self) {
        if !self.is_taken {
            self.bring(Brought {
                rejected_bytes: self.bytes,
                ..Brought::default()
            });
        }
    }
}

#[cfg(test)]
mod tests;
