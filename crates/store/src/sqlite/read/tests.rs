//! How SQLite goes through the rows, and how far a search comes.

mod searching;

use super::*;
use crate::sqlite::message_filter::{MAY_MATCH, MessageFilter};
use crate::sqlite::schema;
use logs::Timestamp;
use query::Order;

/// The plan of a statement; that it is the same whether or not messages are looked into.
fn plan(columns: &str, severities: Option<&[u8]>, behind: bool, order: Order) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs.sqlite3");
    let connection = schema::open_writer(&path, Timestamp::from_nanos(0)).unwrap();
    let _filter = MessageFilter::install(&connection).unwrap();
    let [plain, filtered] = [false, true].map(|filtered| {
        let selection = Selection {
            severities,
            behind,
            filtered,
            order,
        };
        let sql = format!("EXPLAIN QUERY PLAN {}", statement(columns, selection));
        assert_eq!(sql.contains(MAY_MATCH), filtered);
        let mut prepared = connection.prepare(&sql).unwrap();
        let id = RecordId::MIN;
        let rows = prepared
            .query_map(params![id.plain(), id.plain()], |row| row.get(3))
            .unwrap();
        rows.collect::<Result<Vec<String>, _>>().unwrap()
    });
    if columns == WHOLE {
        assert_eq!(plain, filtered);
    }
    plain
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
