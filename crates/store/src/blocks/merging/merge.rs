//! Several blocks made into one, or into one for each day: all of their records, each once.

use crate::StoreError;
use crate::blocks::portion::finish;
use crate::blocks::spare_threads::no_memory;
use crate::blocks::storage::{Change, Day, Listed, Made, Place, Snapshot};
use blocks::damaged::Damaged;
use blocks::head::Head;
use blocks::opened::Opened;
use blocks::row_set::RowSet;
use blocks::rows::{RowSource, Rows, runs};
use blocks::section::{Packer, Unpacker};
use blocks::writer::{BlockWriter, NotTaken};
use record::id::RecordId;
use std::collections::HashMap;
use std::ops::Range;

/// A day with so many records in a merge of several days gets a block of its own; those of the others stay together:
/// records of a broken clock may be of as many days as they are.
const RECORDS_OF_A_DAY: usize = 64;

/// Why blocks are not merged.
#[derive(Debug, thiserror::Error)]
pub(in crate::blocks) enum Unmerged {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// One of them is not what was written, or what it becomes cannot be.
    #[error("{1}")]
    Damaged(Place, Damaged),
}

/// Blocks that are to be merged, as they are stored.
#[derive(Debug, Default)]
pub(in crate::blocks) struct Sources(Vec<Source>);

#[derive(Debug)]
struct Source {
    place: Place,
    head: Vec<u8>,
    columns: Vec<Vec<u8>>,
}

impl Sources {
    /// Reads them.
    pub(in crate::blocks) fn read(
        snapshot: &dyn Snapshot,
        chosen: &[Listed],
    ) -> Result<Self, Unmerged> {
        let each = chosen.iter();
        let read = each.map(|listed| Source::read(snapshot, listed.place));
        read.collect::<Result<_, _>>().map(Self)
    }

    /// What merging them changes. Asks for nothing that anyone else may hold.
    pub(super) fn merged(&self) -> Result<Change, Unmerged> {
        self.without(&[])
    }

    /// The same where some records go, by their places in each of them.
    pub(in crate::blocks) fn without(&self, going: &[RowSet]) -> Result<Change, Unmerged> {
        let first = self.0.first().map(|source| source.place);
        let all =
            first.ok_or_else(|| StoreError::Rejected("nothing is to be merged".to_owned()))?;
        let mut unpacker = Unpacker::new().map_err(|error| no_memory(&error))?;
        let each = self.0.iter();
        let opened: Vec<Opened> = each
            .map(|source| source.open(&mut unpacker))
            .collect::<Result<_, _>>()?;
        let mut rows = Vec::with_capacity(opened.len());
        for (source, opened) in self.0.iter().zip(&opened) {
            let damaged = |damaged| Unmerged::Damaged(source.place, damaged);
            rows.push(opened.rows().map_err(damaged)?);
        }
        let mut output = Output::new(all)?;
        let written = write(&rows, going, &mut output)?;
        let damaged = |damaged| Unmerged::Damaged(output.blamed, damaged);
        check(&output.made, &written, &mut unpacker).map_err(damaged)?;
        Ok(Change {
            add: output.made,
            remove: self.0.iter().map(|source| source.place).collect(),
            ..Change::default()
        })
    }
}

impl Source {
    fn read(snapshot: &dyn Snapshot, place: Place) -> Result<Self, Unmerged> {
        let (head, _) = snapshot.head(place)?;
        let read = Head::read(&head).map_err(|damaged| Unmerged::Damaged(place, damaged))?;
        let parts: Vec<Range<usize>> = read.ranges().collect();
        Ok(Self {
            columns: snapshot.columns(place, &parts)?,
            place,
            head,
        })
    }

    fn open(&self, unpacker: &mut Unpacker) -> Result<Opened, Unmerged> {
        let opened =
            Head::read(&self.head).and_then(|head| Opened::read(head, &self.columns, unpacker));
        opened.map_err(|damaged| Unmerged::Damaged(self.place, damaged))
    }
}

/// Blocks that are written one after another.
struct Output {
    /// One of those that are merged: which of them is to blame is not known.
    blamed: Place,
    packer: Packer,
    /// The records of one day.
    of_day: BlockWriter,
    day: Day,
    /// Those of days that have few.
    of_several: BlockWriter,
    made: Vec<Made>,
}

impl Output {
    fn new(blamed: Place) -> Result<Self, StoreError> {
        Ok(Self {
            blamed,
            packer: Packer::new().map_err(|error| no_memory(&error))?,
            of_day: BlockWriter::default(),
            day: Day::SEVERAL,
            of_several: BlockWriter::default(),
            made: Vec::new(),
        })
    }

    /// Writes the records at some places, which are all of one day.
    fn write(
        &mut self,
        source: &mut RowSource<'_>,
        day: Day,
        mut places: Range<usize>,
    ) -> Result<(), Unmerged> {
        if day != Day::SEVERAL && self.day != day {
            self.made
                .extend(finish(&mut self.of_day, &mut self.packer)?);
            self.day = day;
        }
        let writer = match day {
            Day::SEVERAL => &mut self.of_several,
            _ => &mut self.of_day,
        };
        while !places.is_empty() {
            let (taken, not_taken) = writer.push_rows(source, places.clone());
            places.start += taken;
            match not_taken {
                Ok(()) => {}
                Err(NotTaken::Full) => self.made.extend(finish(writer, &mut self.packer)?),
                Err(_) => {
                    let damaged = Damaged::Impossible("a record that no block takes");
                    return Err(Unmerged::Damaged(self.blamed, damaged));
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        for writer in [&mut self.of_day, &mut self.of_several] {
            self.made.extend(finish(writer, &mut self.packer)?);
        }
        Ok(())
    }
}

/// Writes all records in the order of their ids, which it gives, but for those that go.
fn write(
    rows: &[Rows<'_>],
    going: &[RowSet],
    output: &mut Output,
) -> Result<Vec<RecordId>, Unmerged> {
    let mut sources: Vec<RowSource<'_>> = rows.iter().map(RowSource::new).collect();
    let ids: Vec<&[RecordId]> = rows.iter().map(Rows::ids).collect();
    let days = days(&ids);
    let block_of = |day: Day| match days.get(&day) {
        Some(records) if days.len() == 1 || *records >= RECORDS_OF_A_DAY => day,
        _ => Day::SEVERAL,
    };
    let mut written: Vec<RecordId> = Vec::new();
    for (number, places) in runs(&ids) {
        let (Some(all), Some(source)) = (ids.get(number), sources.get_mut(number)) else {
            continue;
        };
        let goes = |place: usize| going.get(number).is_some_and(|going| going.has(place));
        let mut start = places.start;
        while let Some((first, rest)) = all.get(start..places.end).and_then(<[_]>::split_first) {
            // The same record in two blocks is one.
            if written.last() == Some(first) || goes(start) {
                start += 1;
                continue;
            }
            let day = Day::of(first.time());
            let mut of_day = 1 + rest.partition_point(|id| Day::of(id.time()) == day);
            if !going.is_empty() {
                of_day = (1..of_day)
                    .find(|behind| goes(start + behind))
                    .unwrap_or(of_day);
            }
            output.write(source, block_of(day), start..start + of_day)?;
            written.extend(all.get(start..start + of_day).unwrap_or_default());
            start += of_day;
        }
    }
    output.finish()?;
    Ok(written)
}

/// How many records there are of each day, about: one that is in two blocks counts twice.
fn days(ids: &[&[RecordId]]) -> HashMap<Day, usize> {
    let mut days = HashMap::new();
    for all in ids {
        for same in all.chunk_by(|one, next| Day::of(one.time()) == Day::of(next.time())) {
            if let Some(first) = same.first() {
                *days.entry(Day::of(first.time())).or_default() += same.len();
            }
        }
    }
    days
}

/// Reads again what was written, before what it was made of goes.
fn check(made: &[Made], written: &[RecordId], unpacker: &mut Unpacker) -> Result<(), Damaged> {
    let mut found = Vec::with_capacity(written.len());
    for made in made {
        let head = Head::read(&made.block.head)?;
        head.filter(&made.block.filter)?;
        let opened = Opened::read(head, &made.block.columns, unpacker)?;
        found.extend_from_slice(opened.rows()?.ids());
    }
    // Those of several days stand in blocks of their own.
    found.sort_unstable();
    match found == written {
        true => Ok(()),
        false => Err(Damaged::Impossible("other records than were written")),
    }
}
