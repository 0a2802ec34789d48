//! Several blocks made into one, or into one for each day: all of their records, each once.

use crate::StoreError;
use crate::blocks::portion::finish;
use crate::blocks::spare_threads::no_memory;
use crate::blocks::storage::{Change, Day, Listed, Made, Snapshot};
use blocks::damaged::Damaged;
use blocks::head::Head;
use blocks::opened::Opened;
use blocks::rows::{RowSource, Rows, runs};
use blocks::section::{Packer, Unpacker};
use blocks::writer::{BlockWriter, NotTaken};
use record::id::RecordId;
use std::ops::Range;

/// What the merging of some blocks changes.
pub(super) fn merged(snapshot: &dyn Snapshot, sources: &[Listed]) -> Result<Change, StoreError> {
    let mut unpacker = Unpacker::new().map_err(|error| no_memory(&error))?;
    let mut opened = Vec::with_capacity(sources.len());
    for source in sources {
        let block = open(snapshot, source, &mut unpacker)?;
        opened.push(block.map_err(|damaged| source.place.damaged(damaged))?);
    }
    let rows: Result<Vec<Rows<'_>>, Damaged> = opened.iter().map(Opened::rows).collect();
    let rows = rows.map_err(|damaged| StoreError::Damaged(damaged.to_string()))?;
    let mut output = Output::new()?;
    let written = write(&rows, &mut output)?;
    check(&output.made, &written, &mut unpacker)?;
    Ok(Change {
        add: output.made,
        remove: sources.iter().map(|source| source.place).collect(),
        rows: Vec::new(),
    })
}

fn open(
    snapshot: &dyn Snapshot,
    source: &Listed,
    unpacker: &mut Unpacker,
) -> Result<Result<Opened, Damaged>, StoreError> {
    let (head, _) = snapshot.head(source.place)?;
    let head = match Head::read(&head) {
        Ok(head) => head,
        Err(damaged) => return Ok(Err(damaged)),
    };
    let mut parts = Vec::with_capacity(head.sections.len());
    let mut end = 0;
    for section in &head.sections {
        parts.push(end..end + section.stored);
        end += section.stored;
    }
    let columns = snapshot.columns(source.place, &parts)?;
    Ok(Opened::read(head, &columns, unpacker))
}

/// Blocks that are written one after another.
struct Output {
    packer: Packer,
    writer: BlockWriter,
    day: Day,
    made: Vec<Made>,
}

impl Output {
    fn new() -> Result<Self, StoreError> {
        Ok(Self {
            packer: Packer::new().map_err(|error| no_memory(&error))?,
            writer: BlockWriter::default(),
            day: Day::SEVERAL,
            made: Vec::new(),
        })
    }

    /// Writes the records at some places, which are all of one day.
    fn write(
        &mut self,
        source: &mut RowSource<'_>,
        day: Day,
        mut places: Range<usize>,
    ) -> Result<(), StoreError> {
        if self.day != day {
            self.cut()?;
            self.day = day;
        }
        while !places.is_empty() {
            let (taken, not_taken) = self.writer.push_rows(source, places.clone());
            places.start += taken;
            match not_taken {
                Ok(()) => {}
                Err(NotTaken::Full) => self.cut()?,
                Err(reason) => return Err(StoreError::Damaged(reason.to_string())),
            }
        }
        Ok(())
    }

    fn cut(&mut self) -> Result<(), StoreError> {
        let made = finish(&mut self.writer, &mut self.packer)?;
        self.made.extend(made);
        Ok(())
    }
}

/// Writes all records in the order of their ids, which it gives.
fn write(rows: &[Rows<'_>], output: &mut Output) -> Result<Vec<RecordId>, StoreError> {
    let mut sources: Vec<RowSource<'_>> = rows.iter().map(RowSource::new).collect();
    let ids: Vec<&[RecordId]> = rows.iter().map(Rows::ids).collect();
    let mut written: Vec<RecordId> = Vec::new();
    for (number, places) in runs(&ids) {
        let (Some(all), Some(source)) = (ids.get(number), sources.get_mut(number)) else {
            continue;
        };
        let mut start = places.start;
        while let Some((first, rest)) = all.get(start..places.end).and_then(<[_]>::split_first) {
            // The same record in two blocks is one.
            if written.last() == Some(first) {
                start += 1;
                continue;
            }
            let day = Day::of(first.time());
            let of_day = 1 + rest.partition_point(|id| Day::of(id.time()) == day);
            output.write(source, day, start..start + of_day)?;
            written.extend(all.get(start..start + of_day).unwrap_or_default());
            start += of_day;
        }
    }
    output.cut()?;
    Ok(written)
}

/// Reads again what was written, before what it was made of goes.
fn check(made: &[Made], written: &[RecordId], unpacker: &mut Unpacker) -> Result<(), StoreError> {
    let failed = |damaged: Damaged| StoreError::Damaged(format!("a merged block: {damaged}"));
    let mut expected = written.iter();
    for made in made {
        let head = Head::read(&made.block.head).map_err(failed)?;
        head.filter(&made.block.filter).map_err(failed)?;
        let opened = Opened::read(head, &made.block.columns, unpacker).map_err(failed)?;
        let rows = opened.rows().map_err(failed)?;
        for place in 0..made.summary.records {
            if rows.id(place).as_ref() != expected.next() {
                return Err(failed(Damaged::Impossible("other ids than were written")));
            }
        }
    }
    match expected.next() {
        None => Ok(()),
        Some(_) => Err(failed(Damaged::Impossible(
            "fewer records than were written",
        ))),
    }
}
