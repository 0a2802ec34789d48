//! A page that the server gave in its first reply, and that nobody has read yet.

use super::push;
use crate::StoreError;
use crate::blocking::blocking;
use crate::facets::Facets;
use crate::page::Page;
use crate::page_reply::RawPage;
use crate::yielding::YieldBudget;
use async_trait::async_trait;
use mongodb::bson::{RawBsonRef, RawDocument};
use mongodb::raw_batch_cursor::RawBatch;
use query::{Candidate, Patience, Query, StoredValues};
use record::document::{self, StoredDocument};
use record::id::RecordId;
use std::sync::Arc;

/// Documents as the server sent them, all of which were asked for.
#[derive(Debug)]
pub(super) struct RawReply {
    batch: RawBatch,
    next: Option<RecordId>,
}

impl RawReply {
    /// The documents of the first reply to a question for at most `limit` of them.
    ///
    /// # Errors
    /// When it is no such reply.
    pub(super) fn new(batch: RawBatch, limit: usize) -> Result<Self, StoreError> {
        let (mut count, mut last) = (0, None);
        for document in documents(&batch)? {
            count += 1;
            last = Some(document?);
        }
        let next = match count >= limit || is_open(&batch) {
            // Where there is more and no place to go on from, that must not look like the end.
            true => Some(last.and_then(document::id_of).ok_or_else(unreadable)?),
            false => None,
        };
        Ok(Self { batch, next })
    }
}

#[async_trait]
impl RawPage for RawReply {
    fn next(&self) -> Option<RecordId> {
        self.next
    }

    async fn read(&self, query: &Query) -> Result<Page, StoreError> {
        let (mut page, mut yields) = (Page::default(), YieldBudget::default());
        for document in documents(&self.batch)? {
            let document = document?;
            page.looked_at += 1;
            // All of them were asked for: there is nothing to find out.
            push(&mut page, query, document, &mut Patience::new(&mut || true))?;
            yields.spend(document.as_bytes().len()).await;
        }
        page.next = self.next;
        Ok(page)
    }

    async fn count(
        self: Box<Self>,
        query: Arc<Query>,
        mut facets: Facets,
    ) -> Result<Facets, StoreError> {
        blocking(move || {
            let mut values = StoredValues::default();
            for document in documents(&self.batch)? {
                facets.note_looked_at(1);
                let Some(stored) = StoredDocument::read(document?) else {
                    continue;
                };
                // Only of those whose messages and attributes nobody asks for is a reply not read.
                let record = Candidate {
                    id: stored.id,
                    severity: stored.severity,
                    level: stored.level,
                    message: stored.message,
                    attributes: None,
                };
                if query.matches(record) {
                    let (severity, level) = (stored.severity, stored.level);
                    facets.add_members(severity, level, stored.attributes, &mut values);
                }
            }
            Ok::<_, StoreError>(facets)
        })
        .await
    }
}

/// The documents of a reply.
pub(in crate::mongo) fn documents(
    batch: &RawBatch,
) -> Result<impl Iterator<Item = Result<&RawDocument, StoreError>>, StoreError> {
    let elements = batch.doc_slices()?.into_iter();
    Ok(elements.map(|element| {
        let document = element.ok().and_then(RawBsonRef::as_document);
        document.ok_or_else(unreadable)
    }))
}

fn unreadable() -> StoreError {
    StoreError::Unavailable("a reply of documents cannot be read".to_owned())
}

/// Whether the server has more to give: what one reply can hold is bounded in bytes, too.
fn is_open(batch: &RawBatch) -> bool {
    let cursor = batch.as_raw_document().get_document("cursor");
    let id = cursor.and_then(|cursor| cursor.get_i64("id"));
    id.is_ok_and(|id| id != 0)
}
