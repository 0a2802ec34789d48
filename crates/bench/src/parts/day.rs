//! A day of records, and some needles behind it.

use crate::failure::Failure;
use crate::records;
use crate::rig::Rig;
use crate::tally::BASE_NANOS;
use crate::usage::as_f64;
use logs::Timestamp;
use std::time::Duration;

pub(super) const DAY_NANOS: i64 = 86_400_000_000_000;
const SECOND_NANOS: i64 = 1_000_000_000;
/// Records in a body.
const BATCH: u64 = 1000;
/// All levels but TRACE, which no index knows, and FATAL, which one does.
const LEVELS: &str = "DEBUG=8,INFO=75,WARNING=12,ERROR=5";
/// A word that no other record has.
pub(super) const NEEDLE: &str = "haystack-needle";
const PATIENCE: Duration = Duration::from_secs(120);

/// Stores the records of the day and, behind them, the needles; what is wrong then, if anything is.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "as the accounts count: see tally"
)]
pub(super) async fn fill(
    rig: &mut Rig<'_>,
    records: u64,
    needles: u64,
) -> Result<Option<String>, Failure> {
    let mut generator = records::generator(&["--levels", LEVELS])?;
    let step = DAY_NANOS as f64 / as_f64(records);
    let time = |place: u64| Timestamp::from_nanos(BASE_NANOS + (place as f64 * step) as i64);
    for number in 0..records.div_ceil(BATCH) {
        let first = number * BATCH;
        let count = usize::try_from(BATCH.min(records - first)).unwrap_or(0);
        let mut json = Vec::new();
        generator.batch(number, count, |place| time(first + place as u64), &mut json)?;
        let json = String::from_utf8(json).map_err(|error| Failure::told(error.to_string()))?;
        rig.service().post(json).await?;
    }
    let needle = |number: u64| {
        let after = i64::try_from(number + 1).unwrap_or(0) * SECOND_NANOS;
        let time = Timestamp::from_nanos(BASE_NANOS + DAY_NANOS + after);
        format!(r#"{{"timestamp":"{time}","level":"INFO","message":"a {NEEDLE} is here"}}"#)
    };
    let bodies: Vec<String> = (0..needles).map(needle).collect();
    rig.service()
        .post(format!("[{}]", bodies.join(",")))
        .await?;
    rig.acknowledge(records + needles);
    rig.service().all_stored(PATIENCE).await?;
    rig.fault(step, needles).await
}
