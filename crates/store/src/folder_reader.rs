//! The records of a data folder, page by page, as a service would give them: beside one, or without.

use super::blocks::BlockReader;
use super::inspection::{Found, InspectionError};
use super::layout::Layout;
use super::page::Page;
use super::removal::Removal;
use super::sqlite::RowReader;
use super::{PageLimit, StoreError};
use logs::clock::Clock;
use query::Query;
use record::id::RecordId;
use std::sync::Arc;

/// Memory for what was read last of blocks: a page begins where the one before it ended, in the middle of some.
const CACHE_BYTES: usize = 32 * 1024 * 1024;

/// A store that is open for reading. Each page is read in a transaction of its own.
pub struct FolderReader {
    records: Records,
}

enum Records {
    Blocks(BlockReader),
    Rows(RowReader),
}

impl FolderReader {
    /// Opens what was found; nothing is changed there.
    ///
    /// # Errors
    /// [`InspectionError`] when it cannot be read, or was written by a later version.
    pub fn open(found: &Found, clock: Arc<dyn Clock>) -> Result<Self, InspectionError> {
        found.check_readable()?;
        let path = found.path.clone();
        let records = match found.layout {
            Layout::Blocks => Records::Blocks(BlockReader::new(path, CACHE_BYTES, clock)),
            Layout::Rows => Records::Rows(RowReader::open(&path, clock)?),
        };
        Ok(Self { records })
    }

    /// The records that match behind `after`, in the order of the query, within the limit.
    ///
    /// # Errors
    /// [`StoreError`], also where something is damaged.
    pub fn page(
        &self,
        query: &Arc<Query>,
        after: Option<RecordId>,
        limit: PageLimit,
    ) -> Result<Page, StoreError> {
        match &self.records {
            Records::Blocks(blocks) => blocks.page(query, after, limit),
            Records::Rows(rows) => rows.page(query, after, limit),
        }
    }

    /// How many records would go by a removal.
    ///
    /// # Errors
    /// [`StoreError`], also where something is damaged.
    pub fn would_go(&mut self, removal: &Removal) -> Result<u64, StoreError> {
        if removal.end().is_none() {
            return Ok(0);
        }
        match &mut self.records {
            Records::Blocks(blocks) => blocks.would_go(removal),
            Records::Rows(rows) => rows.would_go(removal),
        }
    }
}
