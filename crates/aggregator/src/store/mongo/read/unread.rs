//! A page that the server gave in its first reply, and that nobody has read yet.

use super::BYTES_BETWEEN_YIELDS;
use crate::document::{self, StoredDocument};
use crate::query::Query;
use crate::record_id::RecordId;
use crate::store::StoreError;
use crate::store::page::Page;
use mongodb::bson::RawDocument;
use mongodb::raw_batch_cursor::RawBatch;

/// Documents as the server sent them, all of which were asked for.
#[derive(Debug)]
pub struct Unread {
    batch: RawBatch,
    next: Option<RecordId>,
}

impl Unread {
    /// The documents of the first reply to a question for at most `limit` of them.
    ///
    /// # Errors
    /// When it is no such reply.
    pub(super) fn new(batch: RawBatch, limit: usize) -> Result<Self, StoreError> {
        let documents = documents(&batch)?;
        let is_cut = documents.len() >= limit || is_open(&batch);
        let last = || {
            documents
                .iter()
                .rev()
                .find_map(|last| document::id_of(last))
        };
        // Where there is more and no place to go on from, that must not look like the end.
        let next = match is_cut {
            true => Some(last().ok_or_else(unreadable)?),
            false => None,
        };
        Ok(Self { batch, next })
    }

    /// The last of them, when there may be more behind it.
    pub fn next(&self) -> Option<RecordId> {
        self.next
    }

    /// The rows; what is no record is none.
    ///
    /// # Errors
    /// When the reply cannot be read, which was tried when it came.
    pub async fn read(&self, query: &Query) -> Result<Page, StoreError> {
        let (mut page, mut unyielded) = (Page::default(), 0);
        for document in documents(&self.batch)? {
            if let Some(stored) = StoredDocument::read(document) {
                page.push_document(query, &stored)
                    .map_err(|error| StoreError::Rejected(error.to_string()))?;
            }
            unyielded += document.as_bytes().len();
            if unyielded >= BYTES_BETWEEN_YIELDS {
                tokio::task::yield_now().await;
                unyielded = 0;
            }
        }
        page.next = self.next;
        Ok(page)
    }
}

/// The documents of a reply.
pub(super) fn documents(batch: &RawBatch) -> Result<Vec<&RawDocument>, StoreError> {
    let elements = batch.doc_slices()?.into_iter();
    let documents = elements.map(|element| element.ok()?.as_document());
    documents.collect::<Option<_>>().ok_or_else(unreadable)
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
