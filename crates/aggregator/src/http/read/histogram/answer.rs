//! A histogram as JSON, a bucket on each line.

use super::parameters::Parameters;
use crate::http::json_list;
use crate::search::histogram::{Histogram, LevelCounts, counted_up_to};
use logs::Timestamp;
use query::buckets::Bucket;
use query::span::Span;
use query::zone::Zone;
use record::id::RecordId;
use serde::{Serialize, Serializer};
use std::ops::Not;

/// What is told before the buckets.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<String>,
    /// Whether every record that matches was counted.
    complete: bool,
    /// How far counting has come, in the order that was asked for, when it is not complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    counted_up_to: Option<Timestamp>,
    records: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    levels: Option<ByName>,
}

/// A bucket with what is in it.
#[derive(Debug, Serialize)]
struct Row {
    start: Timestamp,
    /// The first time that is not in it any more.
    end: Timestamp,
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    levels: Option<ByName>,
    /// Whether the range leaves something of it out.
    #[serde(skip_serializing_if = "<&bool>::not")]
    partial: bool,
    /// Told only when something of it was not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    complete: Option<bool>,
}

#[derive(Debug)]
struct ByName(LevelCounts);

impl Serialize for ByName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.by_name())
    }
}

/// The whole answer.
pub(super) struct Answer {
    head: Head,
    rows: Vec<Row>,
}

impl Answer {
    /// The answer where the range holds nothing at all.
    pub(super) fn nothing(parameters: &Parameters) -> Self {
        let head = Head {
            start_time: parameters.query.start,
            end_time: parameters.query.end,
            interval: parameters.interval.map(|interval| interval.to_string()),
            time_zone: parameters.zone.as_ref().map(Zone::to_string),
            offset: parameters.shift.map(|shift| shift.to_string()),
            complete: true,
            levels: parameters.by_level.then(|| ByName(LevelCounts::default())),
            ..Head::default()
        };
        Self {
            head,
            rows: Vec::new(),
        }
    }

    /// What was counted; `reached` says how far, when that was not to the end.
    pub(super) fn new(
        span: Span,
        histogram: &Histogram,
        reached: Option<RecordId>,
        parameters: &Parameters,
    ) -> Self {
        let (total, order) = (histogram.total(), parameters.query.order);
        let levels = |counts| parameters.by_level.then_some(ByName(counts));
        let head = Head {
            start_time: Some(span.first),
            end_time: Some(end_of(span.last)),
            interval: Some(histogram.buckets().interval().to_string()),
            time_zone: parameters.zone.as_ref().map(Zone::to_string),
            offset: parameters.shift.map(|shift| shift.to_string()),
            complete: reached.is_none(),
            counted_up_to: reached.map(|record| counted_up_to(record, order)),
            records: total.total(),
            levels: levels(total),
        };
        let row = |(bucket, counts): (Bucket, LevelCounts)| {
            let is_counted = reached.is_none_or(|record| bucket.is_passed(record, order));
            Row {
                start: bucket.first,
                end: end_of(bucket.last),
                count: counts.total(),
                levels: levels(counts),
                partial: bucket.is_cut,
                complete: (!is_counted).then_some(false),
            }
        };
        Self {
            head,
            rows: histogram.rows().map(row).collect(),
        }
    }

    /// As JSON.
    pub(super) fn write(&self) -> Vec<u8> {
        json_list::write(&self.head, "buckets", &self.rows)
    }
}

/// The first time behind a last one; the latest that there is stands for what comes behind it.
fn end_of(last: Timestamp) -> Timestamp {
    Timestamp::from_nanos(last.nanos().saturating_add(1))
}
