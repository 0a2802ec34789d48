//! What a request counts as against the limits of its token: what is new in it, and that once.
//!
//! It is counted when it is known that it is no repetition, and before anything of it is written; what is not written
//! after all is not counted.

use super::acceptance::{Parts, Turn};
use crate::access::limits::{Charge, Cost, OverRate};
use logs::clock::Clock;

/// Counts a request.
///
/// Fails when it may not be taken now; then it is not counted.
pub(super) fn charge(
    parts: &Parts,
    turn: &Turn,
    clock: &dyn Clock,
) -> Result<Option<Charge>, OverRate> {
    let Some(token) = &parts.sender.token else {
        return Ok(None);
    };
    let records = match turn {
        Turn::First(_) => parts.new_records(),
        Turn::Again { .. } => parts.own.new_records(),
    };
    if records == 0 {
        return Ok(None);
    }
    let bytes = parts.body_bytes as u64;
    token
        .limited
        .charge(Cost { records, bytes }, clock.elapsed())
}
