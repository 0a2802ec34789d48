//! Reading a page from SQLite, or counting its rows.
//!
//! The primary key is the time index. A rare level goes through the partial index, which SQLite
//! uses only when the statement holds the index's very condition, and which it merges without a
//! sort only as a `UNION ALL` of one equality each.

use crate::query::{Candidate, Order, Query};
use crate::record_id::{RECORD_ID_BYTES, RecordId};
use crate::store::INDEXED_FROM;
use crate::store::budget::Budget;
use crate::store::counts::Counts;
use crate::store::page::Page;
use rusqlite::{Connection, ErrorCode, params};

/// Steps of SQLite's machine between two looks at the clock: some hundred rows, which also from a
/// slow disk take milliseconds.
const STEPS_BETWEEN_LOOKS: i32 = 2_000;

/// Rows that are counted between two looks at the clock.
const ROWS_BETWEEN_LOOKS: usize = 1_000;

/// Greater than every id, also those of the latest time that there is.
const BEYOND: [u8; RECORD_ID_BYTES + 1] = [0xff; RECORD_ID_BYTES + 1];

/// The columns, in the order in which [`row_of`] reads them.
const WHOLE: &str = "id, severity, level, message, attributes";
/// Those of them that are counted by; the partial index has both.
const COUNTED: &str = "id, severity";

/// The statement for a query: `?1` is the least id, `?2` the least one beyond. `?1` itself is left
/// out when the page goes on `behind` it. It has no `LIMIT`: rows are made one after another as they
/// are fetched, and no more are fetched than are looked at.
fn statement(columns: &str, severities: Option<&[u8]>, behind: bool, order: Order) -> String {
    let select = format!("SELECT {columns} FROM logs WHERE");
    let from = if behind { "id > ?1" } else { "id >= ?1" };
    let range = format!("{from} AND id < ?2");
    let direction = match order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    };
    match severities {
        Some(all) if !all.is_empty() && all.iter().all(|severity| *severity >= INDEXED_FROM) => {
            let parts: Vec<String> = all
                .iter()
                .map(|severity| {
                    format!(
                        "{select} severity >= {INDEXED_FROM} AND severity = {severity} AND {range}"
                    )
                })
                .collect();
            format!("{} ORDER BY id {direction}", parts.join(" UNION ALL "))
        }
        _ => format!("{select} {range} ORDER BY id {direction}"),
    }
}

/// Reads one page; gives up with "interrupted" when `is_late` says so.
pub(super) fn page(
    connection: &mut Connection,
    query: &Query,
    after: Option<RecordId>,
    budget: Budget,
    is_late: impl FnMut() -> bool + Send + 'static,
) -> Result<Page, rusqlite::Error> {
    watched(connection, is_late, |connection| {
        rows(connection, query, after, budget)
    })
}

/// Counts rows by bucket and severity until `is_over`, of a query that asks for nothing else than time
/// and severity; gives up as [`page`] does.
pub(super) fn counts(
    connection: &mut Connection,
    query: &Query,
    after: Option<RecordId>,
    mut counts: Counts,
    is_over: impl Fn() -> bool,
    is_late: impl FnMut() -> bool + Send + 'static,
) -> Result<Counts, rusqlite::Error> {
    watched(connection, is_late, |connection| {
        let mut looked_at: usize = 0;
        counts.next = each_row(connection, COUNTED, query, after, |id, row| {
            counts.add(query, id, row.get(1)?);
            looked_at += 1;
            Ok(looked_at.is_multiple_of(ROWS_BETWEEN_LOOKS) && is_over())
        })?;
        Ok(counts)
    })
}

fn watched<T>(
    connection: &mut Connection,
    is_late: impl FnMut() -> bool + Send + 'static,
    read: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
) -> Result<T, rusqlite::Error> {
    connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(is_late))?;
    let read = read(connection);
    connection.progress_handler(0, None::<fn() -> bool>)?;
    read
}

fn rows(
    connection: &Connection,
    query: &Query,
    after: Option<RecordId>,
    mut budget: Budget,
) -> Result<Page, rusqlite::Error> {
    let severities = query.severities();
    let mut page = Page::default();
    page.next = each_row(connection, WHOLE, query, after, |id, row| {
        let severity: u8 = row.get(1)?;
        let mut looked_over = 0;
        // The other columns are not even read of a row whose level is not asked for.
        if severities
            .as_ref()
            .is_none_or(|all| all.contains(&severity))
        {
            let found = row_of(id, severity, row)?;
            looked_over = found.message.len();
            page.push_record(query, found);
        }
        Ok(budget.is_spent(&page, looked_over))
    })?;
    Ok(page)
}

/// Goes through the rows that the statement finds until `take` says that one is the last; the last one
/// that was taken, when there may be more behind it.
fn each_row(
    connection: &Connection,
    columns: &str,
    query: &Query,
    after: Option<RecordId>,
    mut take: impl FnMut(RecordId, &rusqlite::Row<'_>) -> Result<bool, rusqlite::Error>,
) -> Result<Option<RecordId>, rusqlite::Error> {
    let bounds = query.bounds(after);
    let severities = query.severities();
    let sql = statement(columns, severities.as_deref(), bounds.behind, query.order);
    let mut prepared = connection.prepare_cached(&sql)?;
    let mut rows = prepared.query(params![
        bounds.from.as_bytes(),
        bounds
            .before
            .as_ref()
            .map_or(&BEYOND[..], |id| id.as_bytes()),
    ])?;
    let mut last = None;
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(None),
            // What was found in the time that there was is an answer, too.
            Err(error) if is_interrupted(&error) && last.is_some() => return Ok(last),
            Err(error) => return Err(error),
        };
        let id = id_of(row)?;
        last = Some(id);
        if take(id, row)? {
            return Ok(last);
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
mod tests {
    use super::*;
    use crate::store::sqlite::schema;
    use logs::Timestamp;

    fn plan(columns: &str, severities: Option<&[u8]>, behind: bool, order: Order) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs.sqlite3");
        let connection = schema::open_writer(&path, Timestamp::from_nanos(0)).unwrap();
        let sql = format!(
            "EXPLAIN QUERY PLAN {}",
            statement(columns, severities, behind, order)
        );
        let mut prepared = connection.prepare(&sql).unwrap();
        let id = RecordId::MIN;
        let rows = prepared
            .query_map(params![id.as_bytes(), id.as_bytes()], |row| row.get(3))
            .unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    const BOTH: [Order; 2] = [Order::Ascending, Order::Descending];

    #[test]
    fn a_range_is_read_by_the_primary_key_without_a_sort() {
        for order in BOTH {
            for severities in [None, Some([9, 10, 11, 12].as_slice()), Some(&[0, 13])] {
                for columns in [WHOLE, COUNTED] {
                    let plan = plan(columns, severities, true, order);
                    assert_eq!(plan, ["SEARCH logs USING PRIMARY KEY (id>? AND id<?)"]);
                }
            }
        }
    }

    #[test]
    fn rare_levels_are_merged_from_the_partial_index_without_a_sort() {
        let all: Vec<u8> = (13..=24).collect();
        for (columns, levels, behind, order) in [
            (WHOLE, &all[..4], false, BOTH[0]),
            (WHOLE, &all[..4], true, BOTH[0]),
            (WHOLE, &all[..4], false, BOTH[1]),
            (WHOLE, &all, true, BOTH[0]),
            (WHOLE, &all, false, BOTH[1]),
            (COUNTED, &all[..4], true, BOTH[0]),
            (COUNTED, &all, false, BOTH[1]),
        ] {
            let plan = plan(columns, Some(levels), behind, order);
            let index = match columns {
                // Counting needs nothing that is not in the index.
                COUNTED => "USING COVERING INDEX",
                _ => "USING INDEX",
            };
            let search = format!("{index} logs_by_severity (severity=? AND id>? AND id<?)");
            let searches = plan.iter().filter(|line| line.contains(&search));
            assert_eq!(searches.count(), levels.len(), "{plan:#?}");
            assert!(
                !plan
                    .iter()
                    .any(|line| line.contains("TEMP B-TREE") || line.contains("SCAN")),
                "{plan:#?}"
            );
        }
    }
}
