//! A file of rows that is read and never written: pages of its records, with when they were received.

use super::read;
use super::reader::Reader;
use crate::budget::Budget;
use crate::page::Page;
use crate::removal::Removal;
use crate::{PageLimit, StoreError};
use logs::clock::Clock;
use query::Query;
use record::id::RecordId;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Records that are in memory by their ids.
const AT_ONCE: usize = 10_000;

/// A file that is open for reading.
pub(crate) struct RowReader {
    reader: Reader,
    clock: Arc<dyn Clock>,
}

impl RowReader {
    /// The file at this path.
    pub(crate) fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Ok(Self {
            reader: Reader::open(path)?,
            clock,
        })
    }

    /// The records that match behind `after`.
    pub(crate) fn page(
        &self,
        query: &Arc<Query>,
        after: Option<RecordId>,
        limit: PageLimit,
    ) -> Result<Page, StoreError> {
        let budget = Budget::start(limit, Arc::clone(&self.clock));
        Ok(read::page_with_receipts(
            &self.reader,
            query,
            after,
            budget,
        )?)
    }

    /// How many records would go by a removal.
    pub(crate) fn would_go(&mut self, removal: &Removal) -> Result<u64, StoreError> {
        let ever = (Duration::MAX, Duration::MAX);
        let (mut after, mut records) = (None, 0);
        loop {
            let found = read::going(
                &mut self.reader,
                removal,
                (after, AT_ONCE),
                &self.clock,
                ever,
            )?;
            records += found.ids.len() as u64;
            after = found.next;
            if after.is_none() {
                return Ok(records);
            }
        }
    }
}
