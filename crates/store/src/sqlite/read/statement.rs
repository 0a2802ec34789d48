//! The statements that rows are read by.
//!
//! The primary key is the time index. A rare level goes through the partial index, which SQLite
//! uses only when the statement holds the index's very condition, and which it merges without a
//! sort only as a `UNION ALL` of one equality each. What is looked for in messages is looked for inside
//! SQLite's own loop, so that of most rows no other column is read.

use crate::INDEXED_FROM;
use crate::sqlite::message_filter::MAY_MATCH;
use query::Order;

/// The columns, in the order in which `row_of` reads them.
pub(super) const WHOLE: &str = "id, severity, level, message, attributes";
/// The same, and when a row was received, for whoever wants that too.
pub(super) const WITH_RECEIPT: &str = "id, severity, level, message, attributes, received_ms";
/// The same where nobody looks at the attributes, which are none then.
pub(super) const WITHOUT_ATTRIBUTES: &str = "id, severity, level, message, NULL";
/// Those of them that are counted by; the partial index has both.
pub(super) const COUNTED: &str = "id, severity";

/// What rows a statement goes through.
#[derive(Clone, Copy)]
pub(super) struct Selection<'a> {
    /// Those of these severities, at least; `None` for any.
    pub(super) severities: Option<&'a [u8]>,
    /// Without the least id itself: the page goes on behind it.
    pub(super) behind: bool,
    /// Without those whose message the reader's filter leaves out.
    pub(super) filtered: bool,
    pub(super) order: Order,
}

/// The statement for a query: `?1` is the least id, `?2` the least one beyond. It has no `LIMIT`: rows
/// are made one after another as they are fetched, and no more are fetched than are looked at.
pub(super) fn statement(columns: &str, selection: Selection<'_>) -> String {
    let select = format!("SELECT {columns} FROM logs WHERE");
    let from = if selection.behind {
        "id > ?1"
    } else {
        "id >= ?1"
    };
    let direction = match selection.order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    };
    let filter = |message: &str| match selection.filtered {
        true => format!(" AND {MAY_MATCH}({message})"),
        false => String::new(),
    };
    let Some(severities) = merged(selection.severities) else {
        let filter = filter(&message_of(selection.severities));
        return format!("{select} {from} AND id < ?2{filter} ORDER BY id {direction}");
    };
    let filter = filter("message");
    let parts: Vec<String> = severities
        .iter()
        .map(|severity| {
            format!(
                "{select} severity >= {INDEXED_FROM} AND severity = {severity} AND {from} \
                 AND id < ?2{filter}"
            )
        })
        .collect();
    format!("{} ORDER BY id {direction}", parts.join(" UNION ALL "))
}

/// The severities whose rows are merged from the partial index, when all are in it.
pub(super) fn merged(severities: Option<&[u8]>) -> Option<&[u8]> {
    severities.filter(|all| !all.is_empty() && all.iter().all(|severity| *severity >= INDEXED_FROM))
}

/// The message of a row of one of these severities, and NULL of any other: it is not even read then.
fn message_of(severities: Option<&[u8]>) -> String {
    let Some(severities) = severities else {
        return "message".to_owned();
    };
    let bits = severities
        .iter()
        .fold(0_u64, |bits, severity| bits | 1 << severity);
    format!("CASE WHEN ({bits} >> severity) & 1 THEN message END")
}
