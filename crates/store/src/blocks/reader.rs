//! A file of blocks that is read and never written: pages of its records, as the engine of a service finds them.

use super::cache::BlockCache;
use super::file::Readers;
use super::read::Reading;
use super::removing::count;
use super::spare_threads::SpareThreads;
use crate::page::Page;
use crate::removal::Removal;
use crate::{PageLimit, StoreError};
use logs::clock::Clock;
use query::Query;
use record::id::RecordId;
use std::path::PathBuf;
use std::sync::Arc;

/// A file that is open for reading.
pub(crate) struct BlockReader {
    readers: Readers,
    cache: BlockCache,
    spare: SpareThreads,
    clock: Arc<dyn Clock>,
}

impl BlockReader {
    /// The file at this path; `cache_bytes` is the memory for what was read last.
    pub(crate) fn new(path: PathBuf, cache_bytes: usize, clock: Arc<dyn Clock>) -> Self {
        Self {
            readers: Readers::new(path),
            cache: BlockCache::new(cache_bytes),
            spare: SpareThreads::of_machine(),
            clock,
        }
    }

    /// The records that match behind `after`.
    pub(crate) fn page(
        &self,
        query: &Query,
        after: Option<RecordId>,
        limit: PageLimit,
    ) -> Result<Page, StoreError> {
        self.reading().page(query, after, limit, &self.clock)
    }

    /// How many records would go by a removal.
    pub(crate) fn would_go(&self, removal: &Removal) -> Result<u64, StoreError> {
        let (never, always) = (|| false, || true);
        let counted = count(self.reading(), removal, None, &never, &always)?;
        Ok(counted.records)
    }

    fn reading(&self) -> Reading<'_> {
        Reading {
            storage: &self.readers,
            cache: &self.cache,
            spare: &self.spare,
        }
    }
}
