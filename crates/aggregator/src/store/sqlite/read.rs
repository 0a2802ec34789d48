//! Reading a page from SQLite.
//!
//! The primary key is the time index. A rare level goes through the partial index, which SQLite
//! uses only when the statement holds the index's very condition, and which it merges without a
//! sort only as a `UNION ALL` of one equality each.

use crate::query::Query;
use crate::record_id::{RECORD_ID_BYTES, RecordId};
use crate::store::PageLimit;
use crate::store::page::{Page, Row};
use rusqlite::{Connection, params};

/// Steps of SQLite's machine between two looks at the clock: some hundred rows, which also from a
/// slow disk take milliseconds.
const STEPS_BETWEEN_LOOKS: i32 = 2_000;

/// From this severity on, a record is in the partial index.
const INDEXED_FROM: u8 = 13;

/// Greater than every id, also those of the latest time that there is.
const BEYOND: [u8; RECORD_ID_BYTES + 1] = [0xff; RECORD_ID_BYTES + 1];

/// The columns, in the order in which [`row_of`] reads them.
const SELECT: &str = "SELECT id, severity, level, message, attributes FROM logs WHERE";

/// The statement for a query: `?1` is the least id, `?2` the least one beyond, `?3` the
/// number of rows. `?1` itself is left out when the page goes on `behind` an id.
pub(super) fn statement(severities: Option<&[u8]>, behind: bool) -> String {
    let from = if behind { "id > ?1" } else { "id >= ?1" };
    let range = format!("{from} AND id < ?2");
    match severities {
        None => format!("{SELECT} {range} ORDER BY id LIMIT ?3"),
        Some(all) if !all.is_empty() && all.iter().all(|severity| *severity >= INDEXED_FROM) => {
            let parts: Vec<String> = all
                .iter()
                .map(|severity| {
                    format!(
                        "{SELECT} severity >= {INDEXED_FROM} AND severity = {severity} AND {range}"
                    )
                })
                .collect();
            format!("{} ORDER BY id LIMIT ?3", parts.join(" UNION ALL "))
        }
        Some(all) => {
            let list: Vec<String> = all.iter().map(u8::to_string).collect();
            let list = list.join(", ");
            // The plus sign keeps the planner from any index on the severity.
            format!("{SELECT} {range} AND +severity IN ({list}) ORDER BY id LIMIT ?3")
        }
    }
}

/// Reads one page; gives up with "interrupted" when `is_late` says so.
pub(super) fn page(
    connection: &mut Connection,
    query: &Query,
    after: Option<RecordId>,
    limit: PageLimit,
    is_late: impl FnMut() -> bool + Send + 'static,
) -> Result<Page, rusqlite::Error> {
    connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(is_late))?;
    let read = rows(connection, query, after, limit);
    connection.progress_handler(0, None::<fn() -> bool>)?;
    read
}

fn rows(
    connection: &Connection,
    query: &Query,
    after: Option<RecordId>,
    limit: PageLimit,
) -> Result<Page, rusqlite::Error> {
    let bounds = query.bounds();
    let sql = statement(query.severities().as_deref(), after.is_some());
    let mut prepared = connection.prepare_cached(&sql)?;
    let mut rows = prepared.query(params![
        after.unwrap_or(bounds.from).as_bytes(),
        bounds
            .before
            .as_ref()
            .map_or(&BEYOND[..], |id| id.as_bytes()),
        i64::try_from(limit.rows).unwrap_or(i64::MAX),
    ])?;
    let mut page = Page::default();
    let (mut seen, mut last) = (0, None);
    while let Some(row) = rows.next()? {
        let (severity, row) = row_of(row)?;
        page.push_row(query, severity, row);
        (seen, last) = (seen + 1, Some(row.id));
        if page.bytes() >= limit.bytes {
            page.next = last;
            return Ok(page);
        }
    }
    if seen >= limit.rows {
        page.next = last;
    }
    Ok(page)
}

fn row_of<'a>(row: &'a rusqlite::Row<'_>) -> Result<(u8, Row<'a>), rusqlite::Error> {
    let id = row.get_ref(0)?.as_blob()?;
    let row = (
        row.get(1)?,
        Row {
            id: RecordId::from_slice(id)
                .ok_or_else(|| rusqlite::Error::InvalidColumnName("id".to_owned()))?,
            level: row.get_ref(2)?.as_str_or_null()?,
            message: row.get_ref(3)?.as_str()?,
            attributes: row.get_ref(4)?.as_str_or_null()?,
        },
    );
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::schema;
    use logs::Timestamp;

    fn plan(severities: Option<&[u8]>, behind: bool) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs.sqlite3");
        let connection = schema::open_writer(&path, Timestamp::from_nanos(0)).unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {}", statement(severities, behind));
        let mut prepared = connection.prepare(&sql).unwrap();
        let id = RecordId::MIN;
        let rows = prepared
            .query_map(params![id.as_bytes(), id.as_bytes(), 100], |row| row.get(3))
            .unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn a_range_is_read_by_the_primary_key_without_a_sort() {
        for severities in [None, Some([9, 10, 11, 12].as_slice()), Some(&[0])] {
            let plan = plan(severities, true);
            assert_eq!(plan, ["SEARCH logs USING PRIMARY KEY (id>? AND id<?)"]);
        }
    }

    #[test]
    fn a_rare_level_is_merged_from_the_partial_index_without_a_sort() {
        for behind in [false, true] {
            let plan = plan(Some(&[13, 14, 15, 16]), behind);
            let searches = plan.iter().filter(|line| {
                line.contains("USING INDEX logs_by_severity (severity=? AND id>? AND id<?)")
            });
            assert_eq!(searches.count(), 4, "{plan:#?}");
            assert!(
                !plan
                    .iter()
                    .any(|line| line.contains("TEMP B-TREE") || line.contains("SCAN")),
                "{plan:#?}"
            );
        }
    }
}
