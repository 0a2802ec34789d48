//! The first time, or the last one, of which there is a record.

use crate::search::retrieval::{PageError, Retrieval, StreamPermit};
use crate::search::steps::Steps;
use logs::Timestamp;
use query::reach::BoundQuery;
use std::sync::Arc;

/// Documents that are read at once to find the first record: what others wrote may stand before it.
const AT_ONCE: usize = 16;

/// The time of the first record that is found, in the order that is asked for, unless there is more else before it than
/// there is time for.
///
/// # Errors
/// At once, and when the time is over.
pub async fn outermost(
    retrieval: &Arc<Retrieval>,
    question: BoundQuery,
    steps: &Steps,
    permit: StreamPermit,
) -> Result<(Option<Timestamp>, StreamPermit), PageError> {
    let mut pages = retrieval.pages_with(permit, question, None);
    pages.set_rows(AT_ONCE);
    while let Some(page) = pages.attempt().await? {
        if let Some(row) = page.row(0) {
            return Ok((Some(row.id.time()), pages.into_permit()));
        }
        steps.check()?;
    }
    Ok((None, pages.into_permit()))
}
