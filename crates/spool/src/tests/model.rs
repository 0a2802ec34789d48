//! What a spool must hold, by what was asked of it and what it answered.

mod earlier;

use super::random::Random;
use logs::Timestamp;
use record::batch::Batch;
use record::id::{BatchId, KeyDigest};
use std::collections::{BTreeMap, BTreeSet};

pub(super) use earlier::Earlier;

/// What was answered to the one who sent a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Acknowledged(u64),
    /// Not taken, for certain.
    Refused,
    /// It may have been taken.
    Unknown,
}

/// The parts of a batch that was sent.
struct Sent {
    id: BatchId,
    key: Option<KeyDigest>,
    received_at: Timestamp,
    documents: Vec<u8>,
    undated: Vec<usize>,
    refused: bool,
    /// Whether an earlier version took records of it.
    earlier: bool,
}

/// All that a spool was asked to do.
#[derive(Default)]
pub(super) struct Model {
    sent: Vec<Sent>,
    /// By sequence number, what was acknowledged, or came out of the spool at a start.
    held: BTreeMap<u64, usize>,
    done: BTreeSet<u64>,
    /// What a start has found that nobody was told of, while it may be in the cache alone.
    uncertain: BTreeSet<u64>,
    pub(super) earlier: Earlier,
}

impl Sent {
    fn random(number: usize, random: &mut Random) -> Self {
        let records = match random.below(8) {
            0 => 0,
            7 => random.between(10, 30),
            few => few,
        };
        let mut documents = Vec::new();
        for _ in 0..records {
            let length = random.between(5, 40);
            documents.extend_from_slice(&u32::try_from(length).unwrap().to_le_bytes());
            documents.extend((4..length).map(|_| random.bits().to_le_bytes()[0]));
        }
        let undated = (0..records).filter(|_| random.once_in(3)).collect();
        let key = random.bits().to_le_bytes().repeat(2);
        Self {
            id: BatchId::from_bytes((number as u64).to_le_bytes()),
            key: random
                .once_in(2)
                .then(|| KeyDigest::from_bytes(key.try_into().unwrap())),
            received_at: Timestamp::from_nanos(random.bits().cast_signed() >> 1),
            documents,
            undated,
            refused: false,
            earlier: false,
        }
    }

    fn batch(&self) -> Batch {
        let (id, key, time) = (self.id, self.key, self.received_at);
        let batch = Batch::from_parts(id, key, time, &self.documents, self.undated.clone());
        match self.earlier {
            true => batch.unwrap().of_earlier_version(),
            false => batch.unwrap(),
        }
    }

    fn is(&self, batch: &Batch) -> bool {
        self.id == batch.id
            && self.key.as_ref() == batch.key()
            && self.received_at == batch.received_at
            && self.documents == batch.documents.encoded()
            && self.undated == batch.undated()
    }
}

/// How the spool counts what waits.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) cursor: u64,
    pub(super) next_seq: u64,
    pub(super) batches: u64,
    pub(super) records: u64,
}

impl Model {
    /// Random batches, and the number of the first.
    pub(super) fn send(&mut self, count: usize, random: &mut Random) -> (usize, Vec<Batch>) {
        let first = self.sent.len();
        for number in first..first + count {
            let mut sent = Sent::random(number, random);
            sent.earlier = self.may_send_earlier() && random.once_in(3);
            self.sent.push(sent);
        }
        (first, self.sent[first..].iter().map(Sent::batch).collect())
    }

    pub(super) fn answered(&mut self, number: usize, answer: Answer) -> Result<(), String> {
        match answer {
            Answer::Unknown => {}
            Answer::Refused => self.sent[number].refused = true,
            Answer::Acknowledged(seq) => {
                if let Some(other) = self.held.insert(seq, number) {
                    return Err(format!("batch {number} got the number {seq} of {other}"));
                }
            }
        }
        Ok(())
    }

    pub(super) fn done(&mut self, seq: u64) {
        self.done.insert(seq);
    }

    /// Everything that was found is on disk now.
    pub(super) fn settled(&mut self) {
        self.uncertain.clear();
    }

    /// What nobody was told of, and was never certain to be on disk, may be gone.
    fn forget_lost(&mut self, next_seq: u64) {
        for lost in self.uncertain.split_off(&next_seq) {
            self.held.remove(&lost);
            self.done.remove(&lost);
        }
    }

    /// Everything that was acknowledged and is not done.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = u64> {
        let held = self.held.keys().copied();
        held.filter(|seq| !self.done.contains(seq))
    }

    /// Whether the spool may hand out this batch under this number.
    pub(super) fn check(&self, seq: u64, batch: &Batch) -> Result<(), String> {
        let number = self.held.get(&seq);
        let number = number.ok_or_else(|| format!("nothing was acknowledged under {seq}"))?;
        match self.sent[*number].is(batch) {
            true => Ok(()),
            false => Err(format!("{seq} is not batch {number} as it was sent")),
        }
    }

    /// acknowledged and not done ⊆ recovered ⊆ sent, in order, nothing altered and nothing twice.
    pub(super) fn check_recovered(
        &mut self,
        recovered: &[(u64, Batch)],
        waiting: &Waiting,
    ) -> Result<(), String> {
        self.forget_lost(waiting.next_seq);
        let mut expected = recovered.first().map_or(waiting.next_seq, |first| first.0);
        for (seq, batch) in recovered {
            if *seq != expected {
                return Err(format!("{seq} was recovered where {expected} comes next"));
            }
            expected += 1;
            if !self.held.contains_key(seq) {
                self.adopt(*seq, batch)?;
            }
            self.check(*seq, batch)?;
        }
        if expected != waiting.next_seq {
            return Err(format!(
                "the next number after {expected} is to be {waiting:?}"
            ));
        }
        let first = recovered.first().map_or(expected, |first| first.0);
        let skipped = self
            .unfinished()
            .find(|seq| *seq < first.max(waiting.cursor) || *seq >= expected);
        if let Some(seq) = skipped {
            return Err(format!(
                "{seq} was acknowledged and is not there ({waiting:?})"
            ));
        }
        if self.held.keys().any(|seq| *seq >= waiting.next_seq) {
            return Err(format!("a number is to be used again: {waiting:?}"));
        }
        let waits = || recovered.iter().filter(|(seq, _)| *seq >= waiting.cursor);
        let records: usize = waits().map(|(_, batch)| batch.documents.len()).sum();
        if (waits().count() as u64, records as u64) != (waiting.batches, waiting.records) {
            let batches = waits().count();
            return Err(format!(
                "{batches} batches, {records} records wait: {waiting:?}"
            ));
        }
        Ok(())
    }

    /// A batch whose sender does not know whether it was taken: from now on it was.
    fn adopt(&mut self, seq: u64, batch: &Batch) -> Result<(), String> {
        let number = u64::from_le_bytes(*batch.id.as_bytes());
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        match self.sent.get(number) {
            None => Err(format!("{seq} was never sent")),
            Some(sent) if sent.refused => Err(format!("batch {number} was refused: {seq}")),
            Some(_) if self.held.values().any(|other| *other == number) => {
                Err(format!("batch {number} is there twice, now as {seq}"))
            }
            Some(_) => {
                self.held.insert(seq, number);
                self.uncertain.insert(seq);
                Ok(())
            }
        }
    }
}
