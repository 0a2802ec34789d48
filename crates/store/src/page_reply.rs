//! What a store answers for a page: the rows, or the documents as they came, which are still to be read.
//!
//! Where the documents end is known before they are read. So what is behind them can be asked for
//! first, and the store works while they are read.

use super::StoreError;
use super::blocking::blocking;
use super::facets::Facets;
use super::page::Page;
use async_trait::async_trait;
use query::{Query, StoredValues};
use record::id::RecordId;
use std::fmt;
use std::sync::Arc;

/// A page of rows that match, read or not.
#[derive(Debug)]
pub enum PageReply {
    /// They were looked at one by one.
    Page(Page),
    /// All of them were asked for.
    Raw(Box<dyn RawPage>),
}

/// Documents as a store sent them, not read yet.
#[async_trait]
pub trait RawPage: fmt::Debug + Send + Sync {
    /// The last of them, when there may be more behind it.
    fn next(&self) -> Option<RecordId>;

    /// The rows; what is no record is none. Fails when the reply cannot be read.
    async fn read(&self, query: &Query) -> Result<Page, StoreError>;

    /// Counts their values instead, on a thread that may be held up.
    async fn count(
        self: Box<Self>,
        query: Arc<Query>,
        facets: Facets,
    ) -> Result<Facets, StoreError>;
}

impl PageReply {
    /// The last record that the store looked at, when there may be more behind it.
    pub fn next(&self) -> Option<RecordId> {
        match self {
            Self::Page(page) => page.next,
            Self::Raw(raw) => raw.next(),
        }
    }

    /// Whether it is known that there is no row.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Page(page) => page.is_empty(),
            Self::Raw(_) => false,
        }
    }

    /// The rows that match.
    ///
    /// # Errors
    /// When the store's reply cannot be read.
    pub async fn read(self, query: &Query) -> Result<Page, StoreError> {
        match self {
            Self::Page(page) => Ok(page),
            Self::Raw(raw) => raw.read(query).await,
        }
    }

    /// Counts the values of the rows that match instead, on a thread that may be held up.
    ///
    /// # Errors
    /// When the store's reply cannot be read.
    pub(super) async fn count(
        self,
        query: Arc<Query>,
        mut facets: Facets,
    ) -> Result<Facets, StoreError> {
        let page = match self {
            Self::Page(page) => page,
            Self::Raw(raw) => return raw.count(query, facets).await,
        };
        facets.note_looked_at(page.looked_at);
        blocking(move || {
            let mut values = StoredValues::default();
            for row in page.rows() {
                facets.add_row(&row, &mut values);
            }
            Ok::<_, StoreError>(facets)
        })
        .await
    }
}
