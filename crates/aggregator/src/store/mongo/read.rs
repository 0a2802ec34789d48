//! Reading a page from MongoDB.
//!
//! A level is always asked for as `severity: {$in: […]}`, never as a range: with `$in` the server
//! merges sorted index scans, with a range it scans the whole time range or sorts in memory.
//!
//! What no index serves, the server looks for in the range of ids. So that such a search is bounded
//! also where hardly anything matches, it is asked for some of the other documents, too: they are
//! no rows, but show how far it has come, and a page may end with one of them.

mod command;
mod count;

pub(super) use count::Task as CountTask;

use crate::document::{self, StoredDocument};
use crate::query::Query;
use crate::record_id::RecordId;
use crate::store::StoreError;
use crate::store::budget::Budget;
use crate::store::page::Page;
use command::Find;
use mongodb::Database;
use std::time::Duration;

/// Bytes of messages that are gone over before other tasks of the thread get their turn.
const BYTES_BETWEEN_YIELDS: usize = 64 * 1024;

/// Reads one page; the cursor is closed when it is done.
pub(super) async fn page(
    database: &Database,
    collection: &str,
    query: &Query,
    after: Option<RecordId>,
    mut budget: Budget,
    left: Duration,
) -> Result<Page, StoreError> {
    let find = Find::new(query, after, budget.rows());
    let mut cursor = database
        .run_cursor_command(find.command(collection, left))
        .batch_size(find.batch_size(left))
        .await?;
    let mut page = Page::default();
    let (mut documents, mut last, mut unyielded) = (0, None, 0);
    loop {
        match cursor.advance().await.map_err(StoreError::from) {
            Ok(true) => documents += 1,
            Ok(false) => break,
            // What was found in the time that there was is a page, too.
            Err(StoreError::QueryTooSlow) if last.is_some() => {
                page.next = last;
                break;
            }
            Err(error) => return Err(error),
        }
        let raw = cursor.current();
        last = document::id_of(raw).or(last);
        let mut looked_over = raw.as_bytes().len();
        if let Some(stored) = StoredDocument::read(raw) {
            looked_over = stored.message.len();
            page.push_document(query, &stored)
                .map_err(|error| StoreError::Rejected(error.to_string()))?;
        }
        if budget.is_spent(&page, looked_over) || find.ends_with(documents) {
            page.next = last;
            break;
        }
        unyielded += looked_over;
        if unyielded >= BYTES_BETWEEN_YIELDS {
            // The next documents may be here already, and then nothing else would make a pause.
            tokio::task::yield_now().await;
            unyielded = 0;
        }
    }
    Ok(page)
}
