//! Records counted by time and severity: by what a block says of itself where all of it is in one bucket, and else by
//! two of its columns.

use super::columns::{Columns, Source, Unreadable};
use super::page::Reading;
use super::plan::is_inside;
use crate::StoreError;
use crate::blocks::storage::Listed;
use crate::counts::{Counts, Group};
use blocks::section::Unpacker;
use query::buckets::Buckets;
use query::{Bounds, Query};
use record::id::RecordId;
use std::sync::Arc;

/// What is counted.
struct Counting<'a> {
    query: &'a Query,
    buckets: &'a Buckets,
    counts: &'a mut Counts,
    unpacker: &'a mut Unpacker,
}

impl Reading<'_> {
    /// Counts what matches behind `after` until `is_over`, of a query that asks for nothing else than time and
    /// severity.
    pub(in crate::blocks) fn counts(
        self,
        query: &Query,
        after: Option<RecordId>,
        buckets: &Arc<Buckets>,
        is_over: impl Fn() -> bool,
    ) -> Result<Counts, StoreError> {
        let mut counts = Counts::new(Arc::clone(buckets));
        self.spare
            .with_unpacker(|unpacker| {
                let mut counting = Counting {
                    query,
                    buckets,
                    counts: &mut counts,
                    unpacker,
                };
                self.each_blocks(query, after, is_over, |source, blocks, bounds| {
                    let mut blocks = blocks.iter();
                    blocks.try_for_each(|block| counting.count(source, block, bounds))
                })
            })
            .map(|next| {
                counts.next = next;
                counts
            })
    }
}

impl Counting<'_> {
    /// Counts what of a block is within bounds.
    fn count(
        &mut self,
        source: Source<'_>,
        block: &Listed,
        bounds: &Bounds,
    ) -> Result<(), StoreError> {
        let summary = &block.summary;
        if is_inside(bounds, summary.first, summary.last) {
            let ends = (summary.first.time(), summary.last.time());
            let first = self.buckets.position_of(ends.0);
            if first.is_some() && first == self.buckets.position_of(ends.1) {
                for (severity, records) in &summary.severities {
                    self.add(summary.first, *severity, *records);
                }
                return Ok(());
            }
        }
        let columns = source.columns(block.place);
        columns
            .and_then(|columns| self.count_columns(&columns, bounds))
            .map_err(|error| error.at(block.place))
    }

    fn count_columns(&mut self, columns: &Columns<'_>, bounds: &Bounds) -> Result<(), Unreadable> {
        let levels = columns.levels(self.unpacker)?;
        let times = columns.times(self.unpacker)?;
        let times = times.as_slice();
        let places = columns.within(bounds, self.unpacker)?;
        let mut start = places.start;
        while start < places.end
            && let Some(time) = times.get(start)
        {
            let left = times.get(start..places.end).unwrap_or_default();
            let Some(position) = self.buckets.position_of(*time) else {
                let begin = self.buckets.span().first;
                if *time >= begin {
                    break;
                }
                start += left.partition_point(|time| *time < begin);
                continue;
            };
            let last = self.buckets.span_of(position).last;
            let same = left.partition_point(|time| *time <= last).max(1);
            for (severity, records) in levels.counts(start..start + same) {
                self.add(RecordId::first_at(*time), severity, records);
            }
            start += same;
        }
        Ok(())
    }

    fn add(&mut self, id: RecordId, severity: u8, records: u64) {
        let group = Group {
            id,
            severity,
            records,
        };
        self.counts.add_group(self.query, group);
    }
}
