//! A day of records, and some needles behind it.

use super::spread::{Delivery, Spread};
use crate::failure::Failure;
use crate::rig::Rig;

pub(super) const DAY_NANOS: i64 = 86_400_000_000_000;
/// Records in a body.
const BATCH: u64 = 1000;

/// So many records over the day.
pub(super) fn spread(records: u64, needles: u64) -> Spread {
    Spread {
        records,
        nanos: DAY_NANOS,
        batch: BATCH,
        needles,
    }
}

/// Stores the records of the day and, behind them, the needles; what is wrong then, if anything is.
pub(super) async fn fill(
    rig: &mut Rig<'_>,
    records: u64,
    needles: u64,
) -> Result<Option<String>, Failure> {
    spread(records, needles).fill(rig, Delivery::Spooled).await
}
