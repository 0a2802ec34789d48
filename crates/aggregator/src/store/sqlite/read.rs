//! Reading a page from SQLite.
//!
//! The primary key is the time index. A rare level goes through the partial index, which SQLite
//! uses only when the statement holds the index's very condition, and which it merges without a
//! sort only as a `UNION ALL` of one equality each.

use crate::query::{Order, Query};
use crate::record_id::{RECORD_ID_BYTES, RecordId};
use crate::store::INDEXED_FROM;
use crate::store::budget::Budget;
use crate::store::page::{Page, Row};
use rusqlite::{Connection, ErrorCode, params};

/// Steps of SQLite's machine between two looks at the clock: some hundred rows, which also from a
/// slow disk take milliseconds.
const STEPS_BETWEEN_LOOKS: i32 = 2_000;

/// Greater than every id, also those of the latest time that there is.
const BEYOND: [u8; RECORD_ID_BYTES + 1] = [0xff; RECORD_ID_BYTES + 1];

/// The columns, in the order in which [`row_of`] reads them.
const SELECT: &str = "SELECT id, severity, level, message, attributes FROM logs WHERE";

/// The statement for a query: `?1` is the least id, `?2` the least one beyond. `?1` itself is left
/// out when the page goes on `behind` it. It has no `LIMIT`: rows are made one after another as they
/// are fetched, and no more are fetched than are looked at.
fn statement(severities: Option<&[u8]>, behind: bool, order: Order) -> String {
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
                        "{SELECT} severity >= {INDEXED_FROM} AND severity = {severity} AND {range}"
                    )
                })
                .collect();
            format!("{} ORDER BY id {direction}", parts.join(" UNION ALL "))
        }
        _ => format!("{SELECT} {range} ORDER BY id {direction}"),
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
    connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(is_late))?;
    let read = rows(connection, query, after, budget);
    connection.progress_handler(0, None::<fn() -> bool>)?;
    read
}

fn rows(
    connection: &Connection,
    query: &Query,
    after: Option<RecordId>,
    mut budget: Budget,
) -> Result<Page, rusqlite::Error> {
    let bounds = query.bounds(after);
    let severities = query.severities();
    let sql = statement(severities.as_deref(), bounds.behind, query.order);
    let mut prepared = connection.prepare_cached(&sql)?;
    let mut rows = prepared.query(params![
        bounds.from.as_bytes(),
        bounds
            .before
            .as_ref()
            .map_or(&BEYOND[..], |id| id.as_bytes()),
    ])?;
    let (mut page, mut last) = (Page::default(), None);
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => break,
            // What was found in the time that there was is a page, too.
            Err(error) if is_interrupted(&error) && last.is_some() => {
                page.next = last;
                break;
            }
            Err(error) => return Err(error),
        };
        last = Some(id_of(row)?);
        let severity: u8 = row.get(1)?;
        let mut looked_over = 0;
        // The other columns are not even read of a row whose level is not asked for.
        if severities
            .as_ref()
            .is_none_or(|all| all.contains(&severity))
        {
            let found = row_of(row)?;
            looked_over = found.message.len();
            page.push_row(query, severity, found);
        }
        if budget.is_spent(&page, looked_over) {
            page.next = last;
            break;
        }
    }
    Ok(page)
}

fn is_interrupted(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
}

fn id_of(row: &rusqlite::Row<'_>) -> Result<RecordId, rusqlite::Error> {
    let id = row.get_ref(0)?.as_blob()?;
    RecordId::from_slice(id).ok_or_else(|| rusqlite::Error::InvalidColumnName("id".to_owned()))
}

fn row_of<'a>(row: &'a rusqlite::Row<'_>) -> Result<Row<'a>, rusqlite::Error> {
    Ok(Row {
        id: id_of(row)?,
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

    fn plan(severities: Option<&[u8]>, behind: bool, order: Order) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs.sqlite3");
        let connection = schema::open_writer(&path, Timestamp::from_nanos(0)).unwrap();
        let sql = format!(
            "EXPLAIN QUERY PLAN {}",
            statement(severities, behind, order)
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
                let plan = plan(severities, true, order);
                assert_eq!(plan, ["SEARCH logs USING PRIMARY KEY (id>? AND id<?)"]);
            }
        }
    }

    #[test]
    fn rare_levels_are_merged_from_the_partial_index_without_a_sort() {
        let all: Vec<u8> = (13..=24).collect();
        for (levels, behind, order) in [
            (&all[..4], false, BOTH[0]),
            (&all[..4], true, BOTH[0]),
            (&all[..4], false, BOTH[1]),
            (&all, true, BOTH[0]),
            (&all, false, BOTH[1]),
        ] {
            let plan = plan(Some(levels), behind, order);
            let searches = plan.iter().filter(|line| {
                line.contains("USING INDEX logs_by_severity (severity=? AND id>? AND id<?)")
            });
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
