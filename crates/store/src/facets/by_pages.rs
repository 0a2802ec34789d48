//! A step of counting values page by page, for what a store cannot count otherwise.

use super::{Facets, FacetsLimit, FacetsStep};
use crate::{PageLimit, Store, StoreError};
use query::Query;
use record::id::RecordId;
use std::sync::Arc;
use std::time::Duration;

/// Bytes that a step looks through at one time, but for two rows: two pages.
pub const STEP_BYTES: usize = 2 * PAGE_BYTES;

/// Rows of a page, and bytes of their text, but for the last one.
const PAGE_ROWS: usize = 4_000;
const PAGE_BYTES: usize = 2 * 1024 * 1024;

/// Counts the values of the next page, and of further ones while it `goes_on`: each is asked for while the one
/// before is counted. What was counted before a failure is counted: the next step goes on there, and meets
/// the failure if it lasts.
pub(crate) async fn step<S: Store + ?Sized>(
    store: &S,
    query: &Query,
    after: Option<RecordId>,
    mut facets: Facets,
    limit: FacetsLimit,
    deadline: Duration,
    goes_on: impl Fn() -> bool,
) -> Result<FacetsStep, StoreError> {
    let page = PageLimit {
        rows: PAGE_ROWS,
        bytes: PAGE_BYTES,
        ..limit.unbounded()
    };
    let shared = Arc::new(query.clone());
    let mut found = store.page(query, after, page, deadline).await?;
    loop {
        let next = found.next();
        let counting = found.count(Arc::clone(&shared), facets);
        if next.is_none() || !goes_on() {
            let facets = counting.await?;
            return Ok(FacetsStep { facets, next });
        }
        let asking = store.page(query, next, page, deadline);
        let (counted, ahead) = tokio::join!(counting, asking);
        facets = counted?;
        found = match ahead {
            Ok(ahead) => ahead,
            Err(error) => {
                tracing::debug!(%error, "a step of counting values ends early");
                return Ok(FacetsStep { facets, next });
            }
        };
    }
}
