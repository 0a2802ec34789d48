//! What a store found for a page: the rows, or the documents as they came, which are still to be read.
//!
//! Where the documents end is known before they are read. So what is behind them can be asked for
//! first, and the store works while they are read.

use super::StoreError;
use super::mongo::Unread;
use super::page::Page;
use crate::query::Query;
use record::id::RecordId;

/// A page of rows that match, read or not.
#[derive(Debug)]
pub enum Found {
    /// They were looked at one by one.
    Page(Page),
    /// All of them were asked for.
    Unread(Unread),
}

impl Found {
    /// The last record that the store looked at, when there may be more behind it.
    pub fn next(&self) -> Option<RecordId> {
        match self {
            Self::Page(page) => page.next,
            Self::Unread(unread) => unread.next(),
        }
    }

    /// Whether it is known that there is no row.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Page(page) => page.is_empty(),
            Self::Unread(_) => false,
        }
    }

    /// The rows that match.
    ///
    /// # Errors
    /// When the store's reply cannot be read.
    pub async fn read(self, query: &Query) -> Result<Page, StoreError> {
        match self {
            Self::Page(page) => Ok(page),
            Self::Unread(unread) => unread.read(query).await,
        }
    }
}
