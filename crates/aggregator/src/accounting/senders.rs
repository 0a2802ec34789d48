//! Who sends: by protocol and token, how much, how fast, when last, and what was told.
//!
//! Bounded: of more senders than there is room for, the one goes that has not been seen for longest.

mod minute;

use super::brought::Brought;
use super::record_counts::Warnings;
use crate::access::Sender;
use crate::access::protocol::Protocol;
use logs::Timestamp;
use minute::Minute;
use record::notice::NoticeCounts;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Senders that are told apart.
const MOST_SENDERS: usize = 256;
/// Characters of what was told last, which may repeat what was sent.
const LONGEST_EXAMPLE: usize = 200;

/// What all senders of a protocol brought, for each.
pub type ByProtocol = [Brought; Protocol::ALL.len()];

/// All of them.
#[derive(Debug, Default)]
pub struct Senders(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    rows: HashMap<Name, Row>,
    forgotten: u64,
    /// Of those that are forgotten, too.
    by_protocol: ByProtocol,
}

/// Whose requests are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// By which protocol.
    pub protocol: Protocol,
    /// The name of the token, where there is one.
    pub token: Option<Arc<str>>,
}

/// When something happened.
#[derive(Debug, Clone, Copy)]
pub struct When {
    /// By the calendar.
    pub at: Timestamp,
    /// Since the start of the process.
    pub elapsed: Duration,
}

/// A request that was taken.
#[derive(Debug, Default)]
pub struct Taken {
    /// Its records and its body.
    pub brought: Brought,
    /// What was told of its records.
    pub warnings: NoticeCounts,
    /// The first of that.
    pub example: Option<String>,
}

#[derive(Debug, Clone)]
struct Row {
    requests: u64,
    brought: Brought,
    refused: BTreeMap<&'static str, u64>,
    warnings: Warnings,
    minute: Minute,
    seen: When,
    told: Option<Told>,
}

/// What was told last, and when.
#[derive(Debug, Clone)]
struct Told {
    at: Timestamp,
    example: Arc<str>,
}

/// What was told last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastTold {
    /// When.
    pub at: String,
    /// The sentence, shortened.
    pub example: String,
}

/// What an operator sees of one sender, since the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SenderStatistics {
    /// By which protocol.
    pub protocol: &'static str,
    /// The name of its token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Requests that were taken; of a journal its portions.
    pub requests: u64,
    /// Records in them that were.
    pub records: u64,
    /// Bytes of their bodies as they were sent.
    pub bytes: u64,
    /// Those of `records` that came in the last minute.
    pub records_of_last_minute: u64,
    /// When it asked for the last time.
    pub last_seen: String,
    /// Requests that were answered with an error, by its code.
    pub refused: BTreeMap<&'static str, u64>,
    /// Told of records that were taken, by reason.
    pub warnings: Warnings,
    /// What it was told last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_told: Option<LastTold>,
}

/// What an operator sees of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SendersStatistics {
    /// Those that were seen last come first.
    pub senders: Vec<SenderStatistics>,
    /// Senders that had to make room for others; one that comes again begins anew.
    pub forgotten_senders: u64,
}

impl Name {
    /// That of whoever sent something.
    pub fn of(sender: &Sender) -> Self {
        let token = sender.token.as_ref();
        Self {
            protocol: sender.protocol,
            token: token.map(|token| Arc::clone(&token.name)),
        }
    }
}

impl Senders {
    /// A request was taken.
    pub fn taken(&self, name: Name, taken: Taken, when: When) {
        let told = taken.example.map(|example| Told::now(&example, when));
        let mut table = self.table();
        let row = table.bring(name, taken.brought, when);
        row.requests += 1;
        row.warnings.add(&taken.warnings);
        row.minute.add(taken.brought.taken(), when.elapsed);
        row.told = told.or_else(|| row.told.take());
    }

    /// A request brought something that was not taken.
    pub fn bring(&self, name: Name, brought: Brought, when: When) {
        self.table().bring(name, brought, when);
    }

    /// A request was answered with an error.
    pub fn refused(&self, name: Name, code: &'static str, sentence: &str, when: When) {
        let told = Told::now(sentence, when);
        let mut table = self.table();
        let row = table.row(name, when);
        *row.refused.entry(code).or_default() += 1;
        row.told = Some(told);
    }

    /// What came by each protocol, in their order.
    pub fn by_protocol(&self) -> ByProtocol {
        self.table().by_protocol
    }

    /// What there is to see.
    pub fn snapshot(&self, now: Duration) -> SendersStatistics {
        // Those who send wait for no more than a copy.
        let mut rows = Vec::with_capacity(MOST_SENDERS);
        let forgotten_senders = {
            let table = self.table();
            let copies = table.rows.iter();
            rows.extend(copies.map(|(name, row)| (name.clone(), row.clone())));
            table.forgotten
        };
        rows.sort_by(|(name, row), (other, others)| {
            let newest_first = others.seen.elapsed.cmp(&row.seen.elapsed);
            newest_first.then_with(|| name.cmp(other))
        });
        SendersStatistics {
            senders: rows
                .into_iter()
                .map(|(name, row)| row.statistics(&name, now))
                .collect(),
            forgotten_senders,
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Counts what a sender brought; its row.
    fn bring(&mut self, name: Name, brought: Brought, when: When) -> &mut Row {
        if let Some(all) = self.by_protocol.get_mut(name.protocol as usize) {
            *all += brought;
        }
        let row = self.row(name, when);
        row.brought += brought;
        row
    }

    /// The row of a sender that is seen.
    fn row(&mut self, name: Name, when: When) -> &mut Row {
        if self.rows.len() >= MOST_SENDERS && !self.rows.contains_key(&name) {
            let oldest = self.rows.iter().min_by_key(|(_, row)| row.seen.elapsed);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                self.rows.remove(&oldest);
                self.forgotten += 1;
            }
        }
        let row = self.rows.entry(name).or_insert_with(|| Row::new(when));
        // Requests that end at one time may be noted in any order.
        if when.elapsed > row.seen.elapsed {
            row.seen = when;
        }
        row
    }
}

impl Row {
    fn new(seen: When) -> Self {
        Self {
            requests: 0,
            brought: Brought::default(),
            refused: BTreeMap::new(),
            warnings: Warnings::default(),
            minute: Minute::default(),
            seen,
            told: None,
        }
    }

    fn statistics(self, name: &Name, now: Duration) -> SenderStatistics {
        SenderStatistics {
            protocol: name.protocol.name(),
            token: name.token.as_deref().map(str::to_owned),
            requests: self.requests,
            records: self.brought.taken(),
            bytes: self.brought.taken_bytes,
            records_of_last_minute: self.minute.sum(now),
            last_seen: self.seen.at.to_string(),
            refused: self.refused,
            warnings: self.warnings,
            last_told: self.told.map(|told| LastTold {
                at: told.at.to_string(),
                example: told.example.to_string(),
            }),
        }
    }
}

impl Told {
    fn now(sentence: &str, when: When) -> Self {
        Self {
            at: when.at,
            example: shortened(sentence).into(),
        }
    }
}

fn shortened(sentence: &str) -> String {
    match sentence.char_indices().nth(LONGEST_EXAMPLE) {
        Some((end, _)) => format!("{}…", sentence.get(..end).unwrap_or_default()),
        None => sentence.to_owned(),
    }
}

#[cfg(test)]
mod tests;
