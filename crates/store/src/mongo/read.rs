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

pub(super) use command::{binary, max_time_millis, range};
pub(super) use count::Task as CountTask;
pub(super) use raw_reply::documents;

use crate::StoreError;
use crate::blocking::blocking;
use crate::budget::Budget;
use crate::page::{Page, Unread};
use crate::page_reply::PageReply;
use command::Find;
use futures_util::StreamExt as _;
use mongodb::Database;
use mongodb::bson::RawDocument;
use mongodb::raw_batch_cursor::RawBatch;
use query::{Patience, Query};
use raw_reply::RawReply;
use record::document::{self, StoredDocument};
use record::id::{IdFormat, RecordId};
use std::time::Duration;

/// Looks for one page. What of it is open in the server then, the driver closes.
pub(super) async fn page(
    (database, collection, format): (&Database, &str, IdFormat),
    query: &Query,
    after: Option<RecordId>,
    budget: Budget,
    left: Duration,
) -> Result<PageReply, StoreError> {
    let find = Find::new(query, after, budget.rows(), format);
    let finding = database.run_cursor_command(find.command(collection, left));
    let mut replies = finding.batch_size(find.batch_size(left)).batch().await?;
    let mut looking = Looking::begin(query.clone(), budget, find.limit());
    while let Some(reply) = replies.next().await {
        let reply = match reply.map_err(StoreError::from) {
            Ok(reply) => reply,
            // What was found in the time that there was is a page, too.
            Err(StoreError::QueryTooSlow) if looking.last.is_some() => {
                return Ok(looking.into_reply());
            }
            Err(error) => return Err(error),
        };
        let bytes = reply.as_raw_document().as_bytes().len();
        if let Some(limit) = find.rows()
            && looking.seen == 0
            && looking.budget.has_room_for(limit, bytes)
        {
            return Ok(PageReply::Raw(Box::new(RawReply::new(reply, limit)?)));
        }
        // An expression may take long over a message.
        looking = blocking(move || looking.through(&reply)).await?;
        if looking.is_over {
            return Ok(looking.into_reply());
        }
    }
    looking.last = None;
    Ok(looking.into_reply())
}

/// How far the looking at documents has come.
struct Looking {
    query: Query,
    page: Page,
    budget: Budget,
    /// Documents that the server gives at most.
    limit: Option<usize>,
    seen: usize,
    /// The last record that was looked at.
    last: Option<RecordId>,
    /// Whether the page ends there.
    is_over: bool,
}

impl Looking {
    fn begin(query: Query, budget: Budget, limit: Option<usize>) -> Self {
        Self {
            query,
            page: Page::default(),
            budget,
            limit,
            seen: 0,
            last: None,
            is_over: false,
        }
    }

    /// Looks at the documents of a reply until one of them is the last.
    fn through(mut self, reply: &RawBatch) -> Result<Self, StoreError> {
        for document in raw_reply::documents(reply)? {
            let document = document?;
            self.seen += 1;
            let until = self.budget.until_of_row(self.last.is_none());
            let mut goes_on = || !until.is_over();
            let patience = &mut Patience::new(&mut goes_on);
            let looked_over = match push(&mut self.page, &self.query, document, patience) {
                Ok(looked_over) => looked_over,
                // The next page begins with it.
                Err(StoreError::RecordTooSlow { .. }) if self.last.is_some() => {
                    self.is_over = true;
                    return Ok(self);
                }
                Err(error) => return Err(error),
            };
            self.last = document::id_of(document).or(self.last);
            let is_whole = self.limit.is_some_and(|limit| self.seen >= limit);
            if self.budget.is_spent(self.page.held(), looked_over) || is_whole {
                self.is_over = true;
                return Ok(self);
            }
        }
        Ok(self)
    }

    fn into_reply(mut self) -> PageReply {
        self.page.next = self.last;
        self.page.looked_at = self.seen;
        PageReply::Page(self.page)
    }
}

/// Puts a record that matches on the page; how many bytes were looked over for that.
fn push(
    page: &mut Page,
    query: &Query,
    document: &RawDocument,
    patience: &mut Patience<'_>,
) -> Result<usize, StoreError> {
    let Some(stored) = StoredDocument::read(document) else {
        return Ok(document.as_bytes().len());
    };
    match page.push_document(query, &stored, patience) {
        Ok(()) => Ok(stored.message.len()),
        Err(Unread::GaveUp(_)) => Err(StoreError::RecordTooSlow { record: stored.id }),
        Err(Unread::NotBson(error)) => Err(StoreError::Rejected(error.to_string())),
    }
}
