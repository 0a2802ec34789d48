//! Records counted by time and severity: by what a block says of itself where all of it is in one bucket, and else by
//! its columns.

use super::columns::{Columns, Source, Unreadable};
use super::matching::{NotFound, Sought};
use super::page::Reading;
use super::plan::is_inside;
use crate::StoreError;
use crate::blocks::storage::Listed;
use crate::counts::{Counts, Group};
use blocks::section::Unpacker;
use query::buckets::Buckets;
use query::{Bounds, Patience, Query};
use record::id::RecordId;
use std::cell::Cell;
use std::sync::Arc;

/// What is counted.
struct Counting<'a> {
    query: &'a Query,
    buckets: &'a Arc<Buckets>,
    /// What its columns are looked through for, if more is asked for than time and severity.
    sought: Option<Sought<'a>>,
    goes_on: &'a (dyn Fn() -> bool + Sync),
}

impl Reading<'_> {
    /// Counts what matches behind `after` until `is_over`; `None` where it takes so long to come to a place that can be
    /// gone on behind that this no longer `goes_on`.
    pub(in crate::blocks) fn counts(
        self,
        query: &Query,
        after: Option<RecordId>,
        buckets: &Arc<Buckets>,
        is_over: impl Fn() -> bool,
        goes_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Counts>, StoreError> {
        let counting = Counting {
            query,
            buckets,
            sought: (!query.is_of_time_and_severity()).then(|| Sought::of(query)),
            goes_on,
        };
        let mut counts = Counts::new(Arc::clone(buckets));
        let gave_up = Cell::new(false);
        let is_over = || gave_up.get() || is_over();
        let next = self.count_blocks(query, after, is_over, |source, blocks, bounds| {
            if gave_up.get() || !goes_on() {
                gave_up.set(true);
                return Ok(());
            }
            let counted = self.spare.map(blocks.len(), |position, unpacker| {
                let listed = blocks.get(position);
                let counted = listed.map(|listed| counting.count(source, listed, bounds, unpacker));
                Ok(counted.transpose()?.flatten())
            })?;
            for counted in counted {
                match counted {
                    Some(counted) => counts.join(counted),
                    None => gave_up.set(true),
                }
            }
            Ok(())
        })?;
        counts.next = next;
        Ok((!gave_up.get()).then_some(counts))
    }
}

impl Counting<'_> {
    /// Counts what of a block is within bounds; `None` where this takes too long.
    fn count(
        &self,
        source: Source<'_>,
        block: &Listed,
        bounds: &Bounds,
        unpacker: &mut Unpacker,
    ) -> Result<Option<Counts>, StoreError> {
        let mut counts = Counts::new(Arc::clone(self.buckets));
        let summary = &block.summary;
        if self.sought.is_none() && is_inside(bounds, summary.first, summary.last) {
            let ends = (summary.first.time(), summary.last.time());
            let first = self.buckets.position_of(ends.0);
            if first.is_some() && first == self.buckets.position_of(ends.1) {
                for (severity, records) in &summary.severities {
                    self.add(&mut counts, summary.first, *severity, *records);
                }
                return Ok(Some(counts));
            }
        }
        let columns = source.columns(block.place);
        let counted = columns
            .map_err(NotFound::from)
            .and_then(|columns| match &self.sought {
                Some(sought) => self.count_found(sought, &columns, bounds, unpacker, &mut counts),
                None => Ok(self.count_columns(&columns, bounds, unpacker, &mut counts)?),
            });
        match counted {
            Ok(()) => Ok(Some(counts)),
            Err(NotFound::GaveUp) => Ok(None),
            Err(NotFound::Unreadable(error)) => Err(error.at(block.place)),
        }
    }

    /// Counts what is found.
    fn count_found(
        &self,
        sought: &Sought<'_>,
        columns: &Columns<'_>,
        bounds: &Bounds,
        unpacker: &mut Unpacker,
        counts: &mut Counts,
    ) -> Result<(), NotFound> {
        let mut goes_on = || (self.goes_on)();
        let patience = &mut Patience::new(&mut goes_on);
        let found = sought.in_block(columns, bounds, unpacker, patience)?;
        if found.is_empty() {
            return Ok(());
        }
        let levels = columns.levels(unpacker)?;
        let times = columns.times(unpacker)?;
        for place in found.iter() {
            counts.looked_at += 1;
            if let Some(time) = times.as_slice().get(place) {
                counts.add_match(Group {
                    id: RecordId::first_at(*time),
                    severity: levels.severity(place),
                    records: 1,
                });
            }
        }
        Ok(())
    }

    fn count_columns(
        &self,
        columns: &Columns<'_>,
        bounds: &Bounds,
        unpacker: &mut Unpacker,
        counts: &mut Counts,
    ) -> Result<(), Unreadable> {
        let levels = columns.levels(unpacker)?;
        let times = columns.times(unpacker)?;
        let times = times.as_slice();
        let places = columns.within(bounds, unpacker)?;
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
                self.add(counts, RecordId::first_at(*time), severity, records);
            }
            start += same;
        }
        Ok(())
    }

    fn add(&self, counts: &mut Counts, id: RecordId, severity: u8, records: u64) {
        let group = Group {
            id,
            severity,
            records,
        };
        counts.add_group(self.query, group);
    }
}
