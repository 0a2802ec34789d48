//! Those who follow what is stored.

use super::written::{Written, about};
use crate::http::services::Services;
use std::fmt;

/// Nothing where the store does not tell what is stored.
pub(super) fn write(services: &Services, out: &mut Written<'_>) -> fmt::Result {
    let Some(tails) = &services.tails else {
        return Ok(());
    };
    let all = tails.snapshot();
    out.gauge(&about("tail_readers", "Tails that are open."), all.readers)?;
    let limit = about("tail_readers_limit", "Tails that may be open.");
    out.gauge(&limit, all.limit)?;
    let records = about(
        "tail_records",
        "Records that were given to tails, each as often as it was.",
    );
    out.counter(&records, all.records)?;
    let bytes = about("tail", "Bytes of records that were given to tails.");
    out.counter(&bytes.in_bytes(), all.bytes)?;
    let drops = about(
        "tail_drops",
        "How often a tail was too slow and went on with the newest.",
    );
    out.counter(&drops, all.drops)?;
    let dropped = about(
        "tail_dropped_records",
        "Records that were stored while tails were passed over, whether they match or not.",
    );
    out.counter(&dropped, all.dropped)?;
    let gaps = about(
        "tail_gaps",
        "How often it was not known what a tail had missed.",
    );
    out.counter(&gaps, all.gaps)
}
