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
mod raw_reply;

pub(super) use count::Task as CountTask;

use crate::StoreError;
use crate::budget::Budget;
use crate::page::Page;
use crate::page_reply::PageReply;
use crate::yielding::YieldBudget;
use command::Find;
use futures_util::StreamExt as _;
use mongodb::Database;
use mongodb::bson::RawDocument;
use query::Query;
use raw_reply::RawReply;
use record::document::{self, StoredDocument};
use record::id::RecordId;
use std::time::Duration;

/// Looks for one page. What of it is open in the server then, the driver closes.
pub(super) async fn page(
    database: &Database,
    collection: &str,
    query: &Query,
    after: Option<RecordId>,
    mut budget: Budget,
    left: Duration,
) -> Result<PageReply, StoreError> {
    let find = Find::new(query, after, budget.rows());
    let finding = database.run_cursor_command(find.command(collection, left));
    let mut replies = finding.batch_size(find.batch_size(left)).batch().await?;
    let mut page = Page::default();
    let (mut seen, mut last, mut yields) = (0, None, YieldBudget::default());
    while let Some(reply) = replies.next().await {
        let reply = match reply.map_err(StoreError::from) {
            Ok(reply) => reply,
            // What was found in the time that there was is a page, too.
            Err(StoreError::QueryTooSlow) if last.is_some() => {
                page.next = last;
                break;
            }
            Err(error) => return Err(error),
        };
        let bytes = reply.as_raw_document().as_bytes().len();
        if let Some(limit) = find.rows()
            && seen == 0
            && budget.has_room_for(limit, bytes)
        {
            return Ok(PageReply::Raw(Box::new(RawReply::new(reply, limit)?)));
        }
        for document in raw_reply::documents(&reply)? {
            let document = document?;
            seen += 1;
            last = document::id_of(document).or(last);
            let looked_over = push(&mut page, query, document)?;
            if budget.is_spent(&page, looked_over) || find.ends_with(seen) {
                page.next = last;
                return Ok(PageReply::Page(page));
            }
            yields.spend(looked_over).await;
        }
    }
    Ok(PageReply::Page(page))
}

/// Puts a record that matches on the page; how many bytes were looked over for that.
fn push(page: &mut Page, query: &Query, document: &RawDocument) -> Result<usize, StoreError> {
    let Some(stored) = StoredDocument::read(document) else {
        return Ok(document.as_bytes().len());
    };
    page.push_document(query, &stored)
        .map_err(|error| StoreError::Rejected(error.to_string()))?;
    Ok(stored.message.len())
}
