//! What cannot be read of a SQLite file because of what is in it, told from all other failures.

use super::StoreError;
use rusqlite::{Connection, Error, ErrorCode, Row, ffi};

/// Whether what is in the file is the reason, and not its place, its owner, another program or this machine.
pub(crate) fn is_damage(error: &Error) -> bool {
    match error
        .sqlite_error()
        .map(|found| (found.code, found.extended_code))
    {
        None => true,
        Some((ErrorCode::SystemIoFailure, code)) => is_of_reading(code),
        Some((code, _)) => matches!(
            code,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown
        ),
    }
}

/// Other failures of the system are those of locks and of memory, for example.
fn is_of_reading(code: i32) -> bool {
    [
        ffi::SQLITE_IOERR,
        ffi::SQLITE_IOERR_READ,
        ffi::SQLITE_IOERR_SHORT_READ,
        ffi::SQLITE_IOERR_DATA,
        ffi::SQLITE_IOERR_CORRUPTFS,
    ]
    .contains(&code)
}

/// What was read, or why damage kept it from being read.
///
/// # Errors
/// Any other failure: it says nothing of the file.
pub(crate) fn or_damage<T>(read: Result<T, Error>) -> Result<Result<T, String>, StoreError> {
    match read {
        Err(error) if is_damage(&error) => Ok(Err(error.to_string())),
        read => Ok(Ok(read?)),
    }
}

/// What SQLite finds wrong with its own structure, of so many faults at most.
///
/// # Errors
/// Any failure that is not damage.
pub(crate) fn faults(connection: &Connection, most: usize) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    let check = format!("PRAGMA integrity_check({most})");
    let checked = each(connection, &check, &mut |row| {
        found.push(row.get(0)?);
        Ok(())
    });
    found.retain(|fault| fault != "ok");
    found.extend(or_damage(checked)?.err());
    Ok(found)
}

/// Goes through what a statement finds, and where damage ends that, through what its reverse does from the other end: so
/// what is missed lies between the first place and the last one that cannot be read. The reason, if anything was missed.
///
/// # Errors
/// Any failure that is not damage: what was not met by then is unknown.
pub(crate) fn both_ways(
    connection: &Connection,
    [forwards, backwards]: [&str; 2],
    take: &mut dyn FnMut(&Row<'_>) -> Result<(), Error>,
) -> Result<Option<String>, StoreError> {
    let Err(missed) = or_damage(each(connection, forwards, take))? else {
        return Ok(None);
    };
    // It ends at the same place, for the same reason.
    drop(or_damage(each(connection, backwards, take))?);
    Ok(Some(missed))
}

fn each(
    connection: &Connection,
    sql: &str,
    take: &mut dyn FnMut(&Row<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        take(row)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: i32) -> Error {
        Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn only_what_is_in_the_file_is_damage() {
        for code in [
            ffi::SQLITE_CORRUPT,
            ffi::SQLITE_NOTADB,
            ffi::SQLITE_IOERR_READ,
        ] {
            assert!(is_damage(&failure(code)), "{code}");
        }
        for code in [
            ffi::SQLITE_BUSY,
            ffi::SQLITE_NOMEM,
            ffi::SQLITE_INTERRUPT,
            ffi::SQLITE_CANTOPEN,
            ffi::SQLITE_IOERR_NOMEM,
            ffi::SQLITE_IOERR_LOCK,
        ] {
            assert!(!is_damage(&failure(code)), "{code}");
        }
    }

    fn table() -> Connection {
        let connection = Connection::open_in_memory().expect("memory is there");
        let rows =
            "CREATE TABLE rows(id INTEGER PRIMARY KEY); INSERT INTO rows VALUES (1), (2), (3)";
        connection.execute_batch(rows).expect("it is made");
        connection
    }

    const BOTH: [&str; 2] = [
        "SELECT id FROM rows ORDER BY id",
        "SELECT id FROM rows ORDER BY id DESC",
    ];

    #[test]
    fn behind_damage_it_goes_on_from_the_other_end() {
        let mut met = Vec::new();
        let missed = both_ways(&table(), BOTH, &mut |row| {
            let id: i64 = row.get(0)?;
            if id == 2 {
                return Err(failure(ffi::SQLITE_CORRUPT));
            }
            met.push(id);
            Ok(())
        });
        assert!(matches!(missed, Ok(Some(_))), "{missed:?}");
        assert_eq!(met, [1, 3]);
    }

    #[test]
    fn a_failure_that_is_no_damage_ends_it_and_counts_nothing_twice() {
        let mut met = Vec::new();
        let missed = both_ways(&table(), BOTH, &mut |row| {
            let id: i64 = row.get(0)?;
            if id == 3 {
                return Err(failure(ffi::SQLITE_BUSY));
            }
            met.push(id);
            Ok(())
        });
        assert!(missed.is_err(), "{missed:?}");
        assert_eq!(met, [1, 2]);
    }
}
