//! Reading a page from SQLite, or counting its rows.

mod going;
mod statement;

pub(super) use going::{Going, going};

use crate::StoreError;
use crate::budget::{Budget, PassedOver, Until};
use crate::counts::Counts;
use crate::facets::{Facets, FacetsStep};
use crate::held::Held;
use crate::page::Page;
use crate::sqlite::large;
use crate::sqlite::message_filter::InForce;
use crate::sqlite::reader::Reader;
use query::{Candidate, GaveUp, Patience, Query};
use record::id::{PLAIN_ID_BYTES, RecordId};
use rusqlite::{ErrorCode, params};
use statement::{COUNTED, Selection, WHOLE, WITH_RECEIPT, WITHOUT_ATTRIBUTES, merged, statement};
use std::sync::Arc;

/// Steps of SQLite's machine between two looks at the clock: some hundred rows, which also from a
/// slow disk take milliseconds.
const STEPS_BETWEEN_LOOKS: i32 = 2_000;

/// Rows that are counted between two looks at the clock.
const ROWS_BETWEEN_LOOKS: usize = 1_000;

/// Greater than every id, also those of the latest time that there is.
const BEYOND: [u8; PLAIN_ID_BYTES + 1] = [0xff; PLAIN_ID_BYTES + 1];

/// What became of a row that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looked {
    GoOn,
    IsLast,
    /// There was no time to find out whether it is asked for.
    TooSlow,
}

/// Why rows cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// Of the first row that is left it takes too long to find out whether it is asked for.
    #[error("a record takes too long")]
    TooSlow(RecordId),
}

impl From<ReadError> for StoreError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Sqlite(error) => error.into(),
            ReadError::TooSlow(record) => Self::RecordTooSlow { record },
        }
    }
}

/// Reads one page; gives up with "interrupted" when `is_late` says so.
pub(super) fn page(
    reader: &mut Reader,
    query: &Arc<Query>,
    after: Option<RecordId>,
    budget: Budget,
    is_late: impl FnMut() -> bool + Send + 'static,
) -> Result<Page, ReadError> {
    watched(reader, is_late, |reader| {
        rows(reader, WHOLE, query, after, budget)
    })
}

/// Reads one page, and when its rows were received, however long it takes.
pub(super) fn page_with_receipts(
    reader: &Reader,
    query: &Arc<Query>,
    after: Option<RecordId>,
    budget: Budget,
) -> Result<Page, ReadError> {
    rows(reader, WITH_RECEIPT, query, after, budget)
}

/// Counts rows by bucket and severity until `is_over`, of a query that asks for nothing else than time
/// and severity; gives up as [`page`] does.
pub(super) fn counts(
    reader: &mut Reader,
    query: &Arc<Query>,
    after: Option<RecordId>,
    mut counts: Counts,
    is_over: impl Fn() -> bool,
    is_late: impl FnMut() -> bool + Send + 'static,
) -> Result<Counts, ReadError> {
    watched(reader, is_late, |reader| {
        let mut looked_at: usize = 0;
        counts.next = each_row(reader, COUNTED, query, after, None, |id, row, _| {
            counts.add(query, id, row.get(1)?);
            looked_at += 1;
            let is_last = looked_at.is_multiple_of(ROWS_BETWEEN_LOOKS) && is_over();
            Ok(if is_last {
                Looked::IsLast
            } else {
                Looked::GoOn
            })
        })?;
        Ok(counts)
    })
}

/// Counts the values of rows until the budget is spent; gives up as [`page`] does.
pub(super) fn facets(
    reader: &mut Reader,
    query: &Arc<Query>,
    after: Option<RecordId>,
    mut facets: Facets,
    mut budget: Budget,
    is_late: impl FnMut() -> bool + Send + 'static,
) -> Result<FacetsStep, ReadError> {
    let looks_at_attributes = facets.looks_at_attributes() || !query.attributes.is_empty();
    let columns = match looks_at_attributes {
        true => WHOLE,
        false => WITHOUT_ATTRIBUTES,
    };
    watched(reader, is_late, |reader| {
        let next = each_match(reader, columns, query, after, &mut budget, |record, _| {
            facets.add(record.severity, record.level, record.attributes);
            Held::default()
        })?;
        facets.note_looked_at(budget.looked_at());
        Ok(FacetsStep { facets, next })
    })
}

fn watched<T>(
    reader: &mut Reader,
    is_late: impl FnMut() -> bool + Send + 'static,
    read: impl FnOnce(&Reader) -> Result<T, ReadError>,
) -> Result<T, ReadError> {
    let connection = &mut reader.connection;
    connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(is_late))?;
    let read = read(reader);
    let connection = &mut reader.connection;
    connection.progress_handler(0, None::<fn() -> bool>)?;
    read
}

fn rows(
    reader: &Reader,
    columns: &str,
    query: &Arc<Query>,
    after: Option<RecordId>,
    mut budget: Budget,
) -> Result<Page, ReadError> {
    let mut page = Page::default();
    let next = each_match(
        reader,
        columns,
        query,
        after,
        &mut budget,
        |record, received| {
            page.keep_json(record);
            if let Some(received) = received {
                page.note_received(received);
            }
            page.held()
        },
    )?;
    page.next = next;
    page.looked_at = budget.looked_at();
    Ok(page)
}

/// Goes through the rows until the budget is spent, and hands each that matches to `take`, which tells how much
/// is held then. The last one that was looked at, when there may be more behind it.
fn each_match(
    reader: &Reader,
    columns: &str,
    query: &Arc<Query>,
    after: Option<RecordId>,
    budget: &mut Budget,
    mut take: impl FnMut(Candidate<'_>, Option<i64>) -> Held,
) -> Result<Option<RecordId>, ReadError> {
    let severities = query.severities();
    let has_receipt = columns == WITH_RECEIPT;
    let mut held = Held::default();
    let (until, mut is_first) = (Some(budget.until()), true);
    let look = |id, row: &rusqlite::Row<'_>, passed_over| {
        budget.pass_over(passed_over);
        let severity: u8 = row.get(1)?;
        let mut looked_over = 0;
        // The other columns are not even read of a row whose level is not asked for.
        if severities
            .as_ref()
            .is_none_or(|all| all.contains(&severity))
        {
            let found = row_of(id, severity, row)?;
            let until = budget.until_of_row(is_first);
            let mut goes_on = || !until.is_over();
            let patience = &mut Patience::new(&mut goes_on);
            let large = match found.message {
                large::STAND_IN => large::read(&reader.connection, id, |message| {
                    query.message_matches(message, patience) != Ok(false)
                })?,
                _ => None,
            };
            looked_over = large
                .as_ref()
                .map_or(found.message.len(), large::Texts::bytes);
            let found = large.as_ref().map_or(found, |texts| texts.put_into(found));
            match query.matches_within(found, patience) {
                Ok(true) => {
                    let received = has_receipt.then(|| row.get(5)).transpose()?;
                    held = take(found, received);
                }
                Ok(false) => {}
                Err(GaveUp) => return Ok(Looked::TooSlow),
            }
        }
        is_first = false;
        let is_last = budget.is_spent(held, looked_over);
        Ok(if is_last {
            Looked::IsLast
        } else {
            Looked::GoOn
        })
    };
    each_row(reader, columns, query, after, until, look)
}

/// Goes through the rows that the statement finds until `take` says that one is the last; it is also told
/// what was passed over since the row before, which goes on `until` then. The last one that was taken,
/// when there may be more behind it.
fn each_row(
    reader: &Reader,
    columns: &str,
    query: &Arc<Query>,
    after: Option<RecordId>,
    until: Option<Until>,
    mut take: impl FnMut(RecordId, &rusqlite::Row<'_>, PassedOver) -> Result<Looked, rusqlite::Error>,
) -> Result<Option<RecordId>, ReadError> {
    let bounds = query.bounds(after);
    let severities = query.severities();
    let parts = merged(severities.as_deref()).map_or(1, <[u8]>::len);
    // Before the statement, and so in force until that has ended.
    let filter = until
        .filter(|_| query.looks_into_messages())
        .map(|until| reader.filter.look_for(query, parts, until));
    let selection = Selection {
        severities: severities.as_deref(),
        behind: bounds.behind,
        filtered: filter.is_some(),
        order: query.order,
    };
    let sql = statement(columns, selection);
    let mut prepared = reader.connection.prepare_cached(&sql)?;
    let mut rows = prepared.query(params![
        bounds.from.plain(),
        bounds
            .before
            .map_or_else(|| BEYOND.to_vec(), |id| id.plain().to_vec()),
    ])?;
    let mut last = None;
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(None),
            // What was found in the time that there was is an answer, too.
            Err(error) if is_interrupted(&error) && last.is_some() => return Ok(last),
            Err(error) => return Err(error.into()),
        };
        let id = id_of(row)?;
        let passed_over = filter.as_ref().map(InForce::take_passed_over);
        match take(id, row, passed_over.unwrap_or_default()) {
            Ok(Looked::GoOn) => last = Some(id),
            Ok(Looked::IsLast) => return Ok(Some(id)),
            // The next page begins with it.
            Ok(Looked::TooSlow) if last.is_some() => return Ok(last),
            Ok(Looked::TooSlow) => return Err(ReadError::TooSlow(id)),
            Err(error) if is_interrupted(&error) && last.is_some() => return Ok(last),
            Err(error) => return Err(error.into()),
        }
    }
}

fn is_interrupted(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
}

fn id_of(row: &rusqlite::Row<'_>) -> Result<RecordId, rusqlite::Error> {
    let id = row.get_ref(0)?.as_blob()?;
    RecordId::from_slice(id).ok_or_else(|| rusqlite::Error::InvalidColumnName("id".to_owned()))
}

fn row_of<'a>(
    id: RecordId,
    severity: u8,
    row: &'a rusqlite::Row<'_>,
) -> Result<Candidate<'a>, rusqlite::Error> {
    Ok(Candidate {
        id,
        severity,
        level: row.get_ref(2)?.as_str_or_null()?,
        message: row.get_ref(3)?.as_str()?,
        attributes: row.get_ref(4)?.as_str_or_null()?,
    })
}

#[cfg(test)]
mod tests;
