//! The columns of ids, and of when records were received.
//!
//! *Times*: the first one (8 bytes, big endian, as an id has it: nanoseconds since 1970 with the sign flipped), then
//! how far each lies behind the one before it (numbers).
//!
//! *Tails*: what an id has behind its time. Of each batch once: its id, its delay, its greatest time and
//! when it was received; of each record which batch it is of, and by how much it differs from what that
//! makes one expect: the position behind that of the batch's record before it, the reach that follows from both
//! times, the receipt of the batch. Nearly always that is nothing.
//!
//! ```text
//! how many batches (numbers: one) ‖ their ids (8 bytes each) ‖ delays ‖ greatest times ‖ receipts (numbers each) ‖
//! of the records: batches ‖ positions ‖ reaches ‖ receipts (numbers each; but for batches zigzag of the difference)
//! ```

use crate::damaged::Damaged;
use crate::input::{Input, unzigzag, zigzag};
use crate::numbers;
use foldhash::HashMap;
use logs::Timestamp;
use record::id::{BatchId, RecordId};
use record::order::SendOrder;
use std::ops::Range;

const BATCH_BYTES: usize = 8;
const NANOS_PER_MILLI: u64 = 1_000_000;
/// The greatest reach, which also stands for what reaches further.
const MOST_REACH: u32 = (1 << 24) - 1;
/// Flipped, it makes two's complement sort like an unsigned number.
const SIGN: u64 = 1 << 63;

/// Ids that are gathered, each greater than the one before it.
#[derive(Debug, Default)]
pub(crate) struct IdsWriter {
    ids: Vec<RecordId>,
    received: Vec<i64>,
}

/// What the records of a batch have in common.
#[derive(Debug, Clone, Copy)]
struct Batch {
    id: BatchId,
    delay: u32,
    /// The least that its greatest time can be, by the records that are here, in nanoseconds.
    greatest: i64,
    /// In milliseconds.
    received: i64,
    next_position: u32,
}

impl Batch {
    /// The reach that a record of this time should have.
    fn reach(&self, time: Timestamp) -> u32 {
        if self.greatest <= time.nanos() {
            return 0;
        }
        let reach = self.greatest.abs_diff(time.nanos()) / NANOS_PER_MILLI;
        u32::try_from(reach).map_or(MOST_REACH, |reach| reach.min(MOST_REACH))
    }

    /// A record of the batch is there: its greatest time lies so far behind that of the record at least.
    fn learn(&mut self, id: RecordId) {
        let reach = id.order().reach();
        // Of what reaches further than can be told, and of what reaches nowhere, it is not known how far.
        if (1..MOST_REACH).contains(&reach) {
            let nanos = i64::from(reach) * NANOS_PER_MILLI.cast_signed();
            let least = id.time().nanos().saturating_add(nanos);
            self.greatest = self.greatest.max(least);
        }
    }
}

impl IdsWriter {
    pub(crate) fn push(&mut self, id: RecordId, received: i64) {
        self.ids.push(id);
        self.received.push(received);
    }

    /// Adds those at some places of a block.
    pub(crate) fn append(&mut self, ids: &Ids, places: Range<usize>) {
        let own = ids.ids.get(places.clone()).unwrap_or_default();
        self.ids.extend_from_slice(own);
        let received = ids.received.get(places).unwrap_or_default();
        self.received.extend_from_slice(received);
    }

    pub(crate) fn clear(&mut self) {
        self.ids.clear();
        self.received.clear();
    }

    pub(crate) fn ids(&self) -> &[RecordId] {
        &self.ids
    }

    pub(crate) fn write_times(&self, out: &mut Vec<u8>) {
        let times: Vec<u64> = self.ids.iter().map(|id| sortable(id.time())).collect();
        let first = times.first().copied().unwrap_or_default();
        out.extend_from_slice(&first.to_be_bytes());
        let pairs = times.iter().zip(times.iter().skip(1));
        let deltas: Vec<u64> = pairs.map(|(time, next)| next.wrapping_sub(*time)).collect();
        numbers::write(out, &deltas);
    }

    pub(crate) fn write_tails(&self, out: &mut Vec<u8>) {
        let (mut batches, of) = self.batches();
        numbers::write(out, &[batches.len() as u64]);
        for batch in &batches {
            out.extend_from_slice(batch.id.as_bytes());
        }
        let column = |of: fn(&Batch) -> u64| batches.iter().map(of).collect::<Vec<_>>();
        let delays = column(|batch| batch.delay.into());
        let greatest = column(|batch| sortable(Timestamp::from_nanos(batch.greatest)));
        let received = column(|batch| sortable(Timestamp::from_nanos(batch.received)));
        for column in [delays, greatest, received] {
            numbers::write(out, &column);
        }
        let count = self.ids.len();
        let (mut positions, mut reaches) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut receipts = Vec::with_capacity(count);
        for ((id, received), place) in self.ids.iter().zip(&self.received).zip(&of) {
            let Some(batch) = batches.get_mut(*place) else {
                continue;
            };
            let position = id.position();
            positions.push(difference(position, batch.next_position));
            batch.next_position = position.wrapping_add(1);
            reaches.push(difference(id.order().reach(), batch.reach(id.time())));
            receipts.push(zigzag(received.wrapping_sub(batch.received)));
        }
        let of: Vec<u64> = of.into_iter().map(|place| place as u64).collect();
        for column in [of, positions, reaches, receipts] {
            numbers::write(out, &column);
        }
    }

    /// The batches of all records, and which one each is of.
    fn batches(&self) -> (Vec<Batch>, Vec<usize>) {
        let mut batches: Vec<Batch> = Vec::new();
        let mut places: HashMap<(BatchId, u32), usize> = HashMap::default();
        let mut of = Vec::with_capacity(self.ids.len());
        let mut last = None;
        for (id, received) in self.ids.iter().zip(&self.received) {
            let own = (id.batch(), id.order().delay());
            let (batch, delay) = own;
            let place = match last {
                Some((other, place)) if other == own => place,
                _ => *places.entry(own).or_insert(batches.len()),
            };
            last = Some((own, place));
            if place == batches.len() {
                batches.push(Batch {
                    id: batch,
                    delay,
                    greatest: id.time().nanos(),
                    received: *received,
                    next_position: 0,
                });
            }
            if let Some(batch) = batches.get_mut(place) {
                batch.learn(*id);
            }
            of.push(place);
        }
        (batches, of)
    }
}

/// The times of a block's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Times(Vec<Timestamp>);

impl Times {
    pub(crate) fn read(mut input: Input<'_>, count: usize) -> Result<Self, Damaged> {
        let mut sorted = u64::from_be_bytes(input.array()?);
        let deltas = numbers::read::<u64>(&mut input, count.saturating_sub(1))?;
        input.end()?;
        let mut times = Vec::with_capacity(count);
        times.push(unsorted(sorted));
        for delta in deltas {
            let next = sorted.checked_add(delta);
            sorted = next.ok_or(Damaged::Impossible("a time beyond all times"))?;
            times.push(unsorted(sorted));
        }
        Ok(Self(times))
    }

    /// All of them, each at or behind the one before it.
    pub fn as_slice(&self) -> &[Timestamp] {
        &self.0
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.0.len() * size_of::<Timestamp>()
    }
}

/// The ids of a block's records, and when each was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ids {
    ids: Vec<RecordId>,
    received: Vec<i64>,
}

impl Ids {
    pub(crate) fn read(mut input: Input<'_>, times: &Times) -> Result<Self, Damaged> {
        let count = times.0.len();
        let mut batches = read_batches(&mut input, count)?;
        let of = numbers::read::<u32>(&mut input, count)?;
        let positions = numbers::read::<u64>(&mut input, count)?;
        let reaches = numbers::read::<u64>(&mut input, count)?;
        let receipts = numbers::read::<u64>(&mut input, count)?;
        input.end()?;
        let (mut ids, mut received) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let (mut last, mut is_sorted): (Option<RecordId>, _) = (None, true);
        let differences = positions.into_iter().zip(reaches).zip(receipts);
        for ((time, place), ((position, reach), receipt)) in times.0.iter().zip(of).zip(differences)
        {
            let batch = batches.get_mut(place as usize);
            let batch = batch.ok_or(Damaged::Impossible("a batch that is not there"))?;
            let position = differing(batch.next_position, position)?;
            batch.next_position = position.wrapping_add(1);
            let reach = differing(batch.reach(*time), reach)?;
            let order = SendOrder::new(reach, batch.delay);
            let id = RecordId::new(*time, batch.id, position).with_order(order);
            is_sorted &= last.is_none_or(|last| last.time() < *time || last < id);
            last = Some(id);
            ids.push(id);
            received.push(batch.received.wrapping_add(unzigzag(receipt)));
        }
        match is_sorted {
            true => Ok(Self { ids, received }),
            false => Err(Damaged::Impossible("ids that are not in their order")),
        }
    }

    /// All ids, each greater than the one before it.
    pub fn as_slice(&self) -> &[RecordId] {
        &self.ids
    }

    /// When the record at a place was received, in milliseconds since 1970.
    pub fn received(&self, place: usize) -> i64 {
        self.received.get(place).copied().unwrap_or_default()
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.ids.len() * (size_of::<RecordId>() + size_of::<i64>())
    }
}

fn read_batches(input: &mut Input<'_>, records: usize) -> Result<Vec<Batch>, Damaged> {
    let count = numbers::read::<usize>(input, 1)?.first().copied();
    let count = count.filter(|count| *count <= records);
    let count = count.ok_or(Damaged::Impossible("more batches than records"))?;
    let mut ids = Vec::with_capacity(count);
    for _ in 0..count {
        ids.push(BatchId::from_bytes(input.array::<BATCH_BYTES>()?));
    }
    let delays = numbers::read::<u32>(input, count)?;
    let greatest = numbers::read::<u64>(input, count)?;
    let received = numbers::read::<u64>(input, count)?;
    let times = greatest.into_iter().zip(received);
    let batches = ids.into_iter().zip(delays).zip(times);
    let batches = batches.map(|((id, delay), (greatest, received))| Batch {
        id,
        delay,
        greatest: unsorted(greatest).nanos(),
        received: unsorted(received).nanos(),
        next_position: 0,
    });
    Ok(batches.collect())
}

/// A time as a number that sorts as it does.
fn sortable(time: Timestamp) -> u64 {
    time.nanos().cast_unsigned() ^ SIGN
}

fn unsorted(sortable: u64) -> Timestamp {
    Timestamp::from_nanos((sortable ^ SIGN).cast_signed())
}

/// By how much a number differs from what it should be.
fn difference(number: u32, expected: u32) -> u64 {
    zigzag(i64::from(number) - i64::from(expected))
}

fn differing(expected: u32, difference: u64) -> Result<u32, Damaged> {
    let number = i64::from(expected).checked_add(unzigzag(difference));
    let number = number.and_then(|number| u32::try_from(number).ok());
    number.ok_or(Damaged::Impossible("a part of an id that is too large"))
}

#[cfg(test)]
mod tests;
