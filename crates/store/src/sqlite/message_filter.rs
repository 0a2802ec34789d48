//! The SQL function that leaves out rows whose message cannot match, inside SQLite's own loop.
//!
//! It asks the query itself, since SQL's `LIKE` sees no text behind a U+0000. So that a search which
//! finds nothing still tells how far it came, it lets a row through whenever it is time to look at the
//! clock, whatever the row holds, and also where the time is over before that is known.

use super::large::STAND_IN;
use crate::budget::{PassedOver, Until};
use query::{Patience, Query};
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The function's name. It takes a message, or NULL in place of one that nobody asks for.
pub(super) const MAY_MATCH: &str = "may_match";

/// What a connection's statements look for in messages: nothing, but while a query is [`InForce`].
pub(super) struct MessageFilter(Shared);

type Shared = Arc<Mutex<Option<Search>>>;

struct Search {
    query: Arc<Query>,
    parts: usize,
    /// Then the reader gets a row that was not looked at to the end.
    until: Until,
    /// What was left out since the reader got a row; `None` before it got one.
    passed_over: Option<PassedOver>,
}

/// A query that rows are left out by. Dropped, it is forgotten.
pub(super) struct InForce<'a>(&'a MessageFilter);

impl MessageFilter {
    /// Makes the function known to a connection.
    pub(super) fn install(connection: &Connection) -> Result<Self, rusqlite::Error> {
        let shared = Shared::default();
        let search = Arc::clone(&shared);
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS;
        connection.create_scalar_function(MAY_MATCH, 1, flags, move |arguments| {
            let mut search = lock(&search);
            // Without a query nothing is left out.
            Ok(search
                .as_mut()
                .is_none_or(|search| search.lets_through(arguments.get_raw(0))))
        })?;
        Ok(Self(shared))
    }

    /// Leaves out what this query does not look for, until what is returned is dropped. A statement that
    /// merges several parts reads ahead in each: so each leaves out fewer rows in a row.
    pub(super) fn look_for(&self, query: &Arc<Query>, parts: usize, until: Until) -> InForce<'_> {
        *lock(&self.0) = Some(Search {
            query: Arc::clone(query),
            parts,
            until,
            passed_over: None,
        });
        InForce(self)
    }
}

impl InForce<'_> {
    /// What was left out since this was asked last. To be asked with every row that comes.
    pub(super) fn take_passed_over(&self) -> PassedOver {
        let mut search = lock(&self.0.0);
        let passed_over = search
            .as_mut()
            .and_then(|search| search.passed_over.replace(PassedOver::default()));
        passed_over.unwrap_or_default()
    }
}

impl Drop for InForce<'_> {
    fn drop(&mut self) {
        *lock(&self.0.0) = None;
    }
}

impl Search {
    /// Whether the reader has to see a row with this message.
    fn lets_through(&mut self, message: ValueRef<'_>) -> bool {
        let message = match message {
            ValueRef::Null => None,
            ValueRef::Text(text) => match std::str::from_utf8(text) {
                Ok(text) => Some(text),
                Err(_) => return true,
            },
            _ => return true,
        };
        let Some(passed_over) = self.passed_over else {
            // The reader knows no place yet from where it could go on.
            return true;
        };
        let with_this = passed_over.and_row(message.map_or(0, str::len));
        if with_this.is_time_to_look(self.parts)
            || message.is_some_and(|message| self.may_match(message))
        {
            return true;
        }
        self.passed_over = Some(with_this);
        false
    }

    /// Also where another text stands for this one: whoever reads the row looks into that.
    fn may_match(&self, message: &str) -> bool {
        if message == STAND_IN {
            return true;
        }
        let mut goes_on = || !self.until.is_over();
        let patience = &mut Patience::new(&mut goes_on);
        self.query.message_matches(message, patience) != Ok(false)
    }
}

/// A query that panicked half-way left nothing half-done.
fn lock(shared: &Shared) -> MutexGuard<'_, Option<Search>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use logs::Timestamp;

    const MESSAGES: &str =
        "SELECT column1 FROM (VALUES ('one'), ('two'), (NULL), ('three'), (x'00'))";

    /// The messages that get through.
    fn through(connection: &Connection) -> Vec<rusqlite::types::Value> {
        let sql = format!("{MESSAGES} WHERE {MAY_MATCH}(column1)");
        let mut statement = connection.prepare_cached(&sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn messages_without_the_text_are_left_out_and_counted_while_the_query_is_in_force() {
        let connection = Connection::open_in_memory().unwrap();
        let filter = MessageFilter::install(&connection).unwrap();
        assert_eq!(through(&connection).len(), 5, "no query is in force");
        let query = Query::parse("q=THREE&regex=e$", Timestamp::from_nanos(0)).unwrap();
        let until = Until::never();
        let in_force = filter.look_for(&Arc::new(query), 1, until);
        assert_eq!(through(&connection).len(), 5, "no row has come");
        assert_eq!(in_force.take_passed_over(), PassedOver::default());
        // What is no text is for the reader to judge.
        let expected = ["three".to_owned().into(), vec![0_u8].into()];
        assert_eq!(through(&connection), expected);
        let left_out = [3, 3, 0]
            .into_iter()
            .fold(PassedOver::default(), PassedOver::and_row);
        assert_eq!(in_force.take_passed_over(), left_out);
        assert_eq!(in_force.take_passed_over(), PassedOver::default());
        drop(in_force);
        assert_eq!(through(&connection).len(), 5, "the query is forgotten");
    }
}
