//! Every entry of a feed in a SQLite file looked at.

use super::entry::decode;
use super::table;
use crate::StoreError;
use crate::database_damage::both_ways;
use crate::inspected::Damage;
use rusqlite::{Connection, Row};

const ENTRIES: [&str; 2] = [
    "SELECT n, life, at_ns, entry FROM feed ORDER BY n",
    "SELECT n, life, at_ns, entry FROM feed ORDER BY n DESC",
];

/// Damaged entries that are named.
const MOST_TOLD: usize = 20;

/// What is wrong with its entries; a file of an earlier version has none.
///
/// # Errors
/// Any failure that is not damage.
pub(crate) fn damage(connection: &Connection) -> Result<Option<Damage>, StoreError> {
    if !table::is_in(connection).unwrap_or(false) {
        return Ok(None);
    }
    let (mut reasons, mut damaged) = (Vec::new(), 0_usize);
    let missed = both_ways(connection, ENTRIES, &mut |row| {
        if !is_sound(row) {
            damaged += 1;
            if reasons.len() < MOST_TOLD {
                reasons.push(format!("entry {}: no records", row.get::<_, i64>(0)?));
            }
        }
        Ok(())
    })?;
    if damaged > reasons.len() {
        reasons.push(format!("{damaged} entries in all"));
    }
    if let Some(reason) = missed {
        reasons.push(format!("not all of its entries can be read: {reason}"));
    }
    Ok((!reasons.is_empty()).then(|| Damage {
        place: "the feed".to_owned(),
        reasons,
        records: None,
    }))
}

fn is_sound(row: &Row<'_>) -> bool {
    let entry = row.get_ref(3).map(|entry| entry.as_blob().map(decode));
    let has_life = row.get::<_, [u8; 8]>(1).is_ok();
    has_life && row.get::<_, i64>(2).is_ok() && matches!(entry, Ok(Ok(Some(_))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_are_none_are_named_and_counted() {
        let connection = Connection::open_in_memory().unwrap();
        assert!(damage(&connection).unwrap().is_none(), "it has no feed");
        table::create(&connection).unwrap();
        let add = "INSERT INTO feed (life, at_ns, entry) VALUES (?1, 0, ?2)";
        let rows: [(&[u8], &[u8]); 4] = [
            (&[1; 8], &[1, 0]),
            (&[1; 7], &[1, 0]),
            (&[1; 8], &[2, 0]),
            (&[1; 8], &[1, 0]),
        ];
        assert!(damage(&connection).unwrap().is_none());
        for row in rows {
            connection.execute(add, row).unwrap();
        }
        let found = damage(&connection).unwrap().unwrap();
        assert_eq!(
            found.reasons,
            ["entry 2: no records", "entry 3: no records"]
        );
        let many =
            "WITH RECURSIVE more(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM more WHERE i < 30)
            INSERT INTO feed (life, at_ns, entry) SELECT x'00', 0, x'' FROM more";
        connection.execute_batch(many).unwrap();
        let found = damage(&connection).unwrap().unwrap();
        assert_eq!(found.reasons.len(), MOST_TOLD + 1);
        assert_eq!(found.reasons[MOST_TOLD], "32 entries in all");
    }
}
