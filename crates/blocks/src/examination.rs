//! A block looked at to the last byte: all that is wrong with it, and whose records it has as far as that can be told.

use crate::damaged::Damaged;
use crate::head::{Head, Summary};
use crate::ids::Ids;
use crate::opened::Opened;
use crate::section::{Column, Unpacker};
use std::fmt;
use std::ops::Range;

/// What was found.
#[derive(Debug)]
pub struct Examined {
    /// What the head begins with, if that can be read.
    pub summary: Option<Summary>,
    /// The ids of its records, if they can be read.
    pub ids: Option<Ids>,
    /// All that is wrong; nothing where it is what was written.
    pub faults: Vec<Fault>,
}

/// What is wrong with a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub part: Part,
    /// What.
    pub damaged: Damaged,
}

/// A part of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// What tells of all others.
    Head,
    /// By which a search passes the block over.
    Filter,
    /// One column.
    Column(Column),
    /// What its columns say together.
    Records,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.part {
            Part::Head => formatter.write_str("the head"),
            Part::Filter => formatter.write_str("the filter"),
            Part::Column(column) => write!(formatter, "{column}"),
            Part::Records => formatter.write_str("the records"),
        }?;
        write!(formatter, ": {}", self.damaged)
    }
}

/// Looks at a block by its head and, where they could be read, its filter and its columns as they stand behind one another.
pub fn examine(
    head: &[u8],
    filter: Option<&[u8]>,
    columns: Option<&[u8]>,
    unpacker: &mut Unpacker,
) -> Examined {
    let mut faults = Vec::new();
    let mut fault = |part, damaged| faults.push(Fault { part, damaged });
    let read = match Head::read(head) {
        Ok(read) => read,
        Err(damaged) => {
            fault(Part::Head, damaged);
            return Examined {
                summary: Summary::read(head).ok(),
                ids: None,
                faults,
            };
        }
    };
    if let Some(Err(damaged)) = filter.map(|stored| read.filter(stored)) {
        fault(Part::Filter, damaged);
    }
    let mut ids = None;
    if let Some(columns) = columns {
        let ranges: Vec<Range<usize>> = read.ranges().collect();
        // What is cut off is too short.
        let part = |range: &Range<usize>| columns.get(range.clone()).unwrap_or_default();
        let stored: Vec<&[u8]> = ranges.iter().map(part).collect();
        let mut are_sums_right = true;
        for (section, stored) in read.sections.iter().zip(&stored) {
            if let Err(damaged) = section.check(stored) {
                are_sums_right = false;
                fault(Part::Column(section.column.clone()), damaged);
            }
        }
        if are_sums_right && let Err(damaged) = check_records(&read, columns, &stored, unpacker) {
            fault(Part::Records, damaged);
        }
        ids = read_ids(&read, &stored, unpacker);
    }
    Examined {
        summary: Some(read.summary),
        ids,
        faults,
    }
}

fn check_records(
    head: &Head,
    columns: &[u8],
    stored: &[&[u8]],
    unpacker: &mut Unpacker,
) -> Result<(), Damaged> {
    if stored.iter().map(|column| column.len()).sum::<usize>() != columns.len() {
        return Err(Damaged::Length);
    }
    let opened = Opened::read(head.clone(), stored, unpacker)?;
    opened.rows().map(drop)
}

fn read_ids(head: &Head, stored: &[&[u8]], unpacker: &mut Unpacker) -> Option<Ids> {
    let stored = |column| head.place(column).and_then(|place| stored.get(place));
    let times = head.times(stored(&Column::Times)?, unpacker).ok()?;
    head.ids(&times, stored(&Column::Tails)?, unpacker).ok()
}
