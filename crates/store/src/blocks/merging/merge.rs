//! Several blocks made into one, or into one for each day: all of their records, each once.

use crate::StoreError;
use crate::blocks::portion::finish;
use crate::blocks::spare_threads::no_memory;
use crate::blocks::storage::{Change, Day, Listed, Made, Snapshot};
use blocks::damaged::Damaged;
use blocks::head::Head;
use blocks::opened::Opened;
use blocks::rows::{RowSource, Rows};
use blocks::section::{Packer, Unpacker};
use blocks::writer::{BlockWriter, NotTaken};
use record::id::RecordId;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

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

    fn cut(&mut self) -> Result<(), StoreError> {
        let made = finish(&mut self.writer, &mut self.packer)?;
        self.made.extend(made);
        Ok(())
    }
}

/// Writes all records in the order of their ids, which it gives.
fn write(rows: &[Rows<'_>], output: &mut Output) -> Result<Vec<RecordId>, StoreError> {
    let mut sources: Vec<RowSource<'_>> = rows.iter().map(RowSource::new).collect();
    let mut heads = BinaryHeap::new();
    for (source, rows) in rows.iter().enumerate() {
        heads.extend(rows.id(0).map(|id| Reverse((id, source, 0_usize))));
    }
    let mut written: Vec<RecordId> = Vec::new();
    while let Some(Reverse((id, source, place))) = heads.pop() {
        let next = rows.get(source).and_then(|rows| rows.id(place + 1));
        heads.extend(next.map(|next| Reverse((next, source, place + 1))));
        // The same record in two blocks is one.
        if written.last() == Some(&id) {
            continue;
        }
        let day = Day::of(id.time());
        if output.day != day {
            output.cut()?;
            output.day = day;
        }
        let Some(source) = sources.get_mut(source) else {
            continue;
        };
        let mut taken = output.writer.push_row(source, place);
        if taken == Err(NotTaken::Full) {
            output.cut()?;
            taken = output.writer.push_row(source, place);
        }
        taken.map_err(|reason| StoreError::Damaged(reason.to_string()))?;
        written.push(id);
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
