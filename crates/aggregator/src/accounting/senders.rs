//! Who sends: by protocol and token, how much, how fast, when last, and what was told.
//!
//! Bounded: of more senders than there is room for, the one goes that has not been seen for longest.

use super::record_counts::Warnings;
use logs::Timestamp;
use record::notice::NoticeCounts;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Senders that are told apart.
const MOST_SENDERS: usize = 256;
/// Characters of what was told last, which may repeat what was sent.
const LONGEST_EXAMPLE: usize = 200;
/// A minute, in parts that are counted each.
const PART: Duration = Duration::from_secs(5);
const PARTS: usize = 12;

/// All of them.
#[derive(Debug, Default)]
pub struct Senders(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    rows: HashMap<Name, Row>,
    forgotten: u64,
}

/// Whose requests are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// By which protocol.
    pub protocol: &'static str,
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
    /// Records in it that were.
    pub records: u64,
    /// Its body as it was sent.
    pub bytes: u64,
    /// What was told of its records.
    pub warnings: NoticeCounts,
    /// The first of that.
    pub example: Option<String>,
}

#[derive(Debug)]
struct Row {
    requests: u64,
    records: u64,
    bytes: u64,
    refused: BTreeMap<&'static str, u64>,
    warnings: Warnings,
    minute: Minute,
    seen: When,
    told: Option<LastTold>,
}

/// Records of the last minute, by the number of the part that they came in.
#[derive(Debug, Default)]
struct Minute(VecDeque<(u64, u64)>);

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
    /// Requests that were taken.
    pub requests: u64,
    /// Records in them that were.
    pub records: u64,
    /// Bytes of their bodies as they were sent.
    pub bytes: u64,
    /// Those of `records` that came in the last minute.
    pub records_of_last_minute: u64,
    /// When it asked for the last time.
    pub last_seen: String,
    /// Requests that were not taken, by the code of the answer.
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

impl Senders {
    /// A request was taken.
    pub fn taken(&self, name: Name, taken: Taken, when: When) {
        let mut table = self.table();
        let row = table.row(name, when);
        row.requests += 1;
        row.records += taken.records;
        row.bytes += taken.bytes;
        row.warnings.add(&taken.warnings);
        row.minute.add(taken.records, when.elapsed);
        if let Some(example) = taken.example {
            row.tell(&example, when);
        }
    }

    /// A request was not taken.
    pub fn refused(&self, name: Name, code: &'static str, sentence: &str, when: When) {
        let mut table = self.table();
        let row = table.row(name, when);
        *row.refused.entry(code).or_default() += 1;
        row.tell(sentence, when);
    }

    /// What there is to see.
    pub fn snapshot(&self, now: Duration) -> SendersStatistics {
        let table = self.table();
        let mut rows: Vec<(&Name, &Row)> = table.rows.iter().collect();
        rows.sort_by(|(name, row), (other, others)| {
            let newest_first = others.seen.elapsed.cmp(&row.seen.elapsed);
            newest_first.then_with(|| name.cmp(other))
        });
        SendersStatistics {
            senders: rows
                .into_iter()
                .map(|(name, row)| row.statistics(name, now))
                .collect(),
            forgotten_senders: table.forgotten,
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
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
            records: 0,
            bytes: 0,
            refused: BTreeMap::new(),
            warnings: Warnings::default(),
            minute: Minute::default(),
            seen,
            told: None,
        }
    }

    fn tell(&mut self, sentence: &str, when: When) {
        self.told = Some(LastTold {
            at: when.at.to_string(),
            example: shortened(sentence),
        });
    }

    fn statistics(&self, name: &Name, now: Duration) -> SenderStatistics {
        SenderStatistics {
            protocol: name.protocol,
            token: name.token.as_deref().map(str::to_owned),
            requests: self.requests,
            records: self.records,
            bytes: self.bytes,
            records_of_last_minute: self.minute.sum(now),
            last_seen: self.seen.at.to_string(),
            refused: self.refused.clone(),
            warnings: self.warnings,
            last_told: self.told.clone(),
        }
    }
}

impl Minute {
    fn add(&mut self, records: u64, now: Duration) {
        let number = part(now);
        match self.0.back_mut() {
            // What is noted late counts as what came now.
            Some((newest, sum)) if *newest >= number => *sum += records,
            _ => self.0.push_back((number, records)),
        }
        while self.0.len() > PARTS {
            self.0.pop_front();
        }
    }

    fn sum(&self, now: Duration) -> u64 {
        let oldest = (part(now) + 1).saturating_sub(PARTS as u64);
        let parts = self.0.iter().filter(|(number, _)| *number >= oldest);
        parts.map(|(_, records)| records).sum()
    }
}

fn part(time: Duration) -> u64 {
    time.as_secs() / PART.as_secs()
}

fn shortened(sentence: &str) -> String {
    match sentence.char_indices().nth(LONGEST_EXAMPLE) {
        Some((end, _)) => format!("{}…", sentence.get(..end).unwrap_or_default()),
        None => sentence.to_owned(),
    }
}

#[cfg(test)]
mod tests;
