//! Rows that are to go.

use super::{Looked, ReadError, WHOLE, each_row, row_of, watched};
use crate::removal::{Removal, Rules, Verdict};
use crate::sqlite::large;
use crate::sqlite::reader::Reader;
use logs::clock::Clock;
use query::{GaveUp, Patience, Query};
use record::id::RecordId;
use std::sync::Arc;
use std::time::Duration;

/// Rows that are looked at between two looks at the clock.
const ROWS_BETWEEN_LOOKS: usize = 64;

/// Rows that go, in their order, and how far it was looked for them.
pub(in crate::sqlite) struct Going {
    pub(in crate::sqlite) ids: Vec<RecordId>,
    /// The last row that was looked at, when there may be more behind it.
    pub(in crate::sqlite) next: Option<RecordId>,
}

/// Looks for up to `most` of them behind `after` until a time, and at one row at least, which it may look at until the
/// deadline.
pub(in crate::sqlite) fn going(
    reader: &mut Reader,
    removal: &Removal,
    (after, most): (Option<RecordId>, usize),
    clock: &Arc<dyn Clock>,
    (until, deadline): (Duration, Duration),
) -> Result<Going, ReadError> {
    let rules = Rules::of(removal);
    let query = Arc::new(Query {
        end: removal.end(),
        ..Query::default()
    });
    let late = Arc::clone(clock);
    watched(
        reader,
        move || late.elapsed() >= deadline,
        |reader| {
            let (mut ids, mut looked_at) = (Vec::new(), 0_usize);
            let next = each_row(reader, WHOLE, &query, after, None, |id, row, _| {
                let severity = row.get(1)?;
                let goes = match rules.verdict((id.time(), id.time()), [severity]) {
                    Verdict::Goes => Ok(true),
                    Verdict::Stays => Ok(false),
                    Verdict::Open => {
                        let end = if looked_at == 0 { deadline } else { until };
                        let mut goes_on = || clock.elapsed() < end;
                        let patience = &mut Patience::new(&mut goes_on);
                        let found = row_of(id, severity, row)?;
                        let large = match found.message {
                            large::STAND_IN => large::read(&reader.connection, id, |_| true)?,
                            _ => None,
                        };
                        let found = large.as_ref().map_or(found, |texts| texts.put_into(found));
                        removal.takes(found, patience)
                    }
                };
                looked_at += 1;
                match goes {
                    Ok(true) => ids.push(id),
                    Ok(false) => {}
                    Err(GaveUp) => return Ok(Looked::TooSlow),
                }
                let is_time_to_look = looked_at.is_multiple_of(ROWS_BETWEEN_LOOKS);
                let is_last = ids.len() >= most || is_time_to_look && clock.elapsed() >= until;
                Ok(if is_last {
                    Looked::IsLast
                } else {
                    Looked::GoOn
                })
            })?;
            Ok(Going { ids, next })
        },
    )
}
