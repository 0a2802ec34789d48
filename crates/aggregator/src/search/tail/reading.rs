//! Reads the records of an entry or of a page through the read lane, and writes them.

use super::place::{Later, Place};
use super::written::{Form, Writing, Written};
use crate::accounting::shares::Owner;
use crate::breaker::guard::CallError;
use crate::search::retrieval::{NotBegun, PageError, Retrieval};
use crate::worker::JobError;
use query::Query;
use query::reach::Reach;
use record::id::RecordId;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use store::StoreError;
use store::feed::FeedEntry;
use store::page::Page;

/// When to ask again where all answers that may be under way are.
const SOON: Duration = Duration::from_millis(100);
/// Bytes of rows from which on they are written where nobody else waits.
const MANY_BYTES: usize = 128 * 1024;

/// What a reader asks for.
#[derive(Clone)]
pub struct Asked {
    /// Which records; it has no end in time, and goes up.
    pub query: Query,
    /// How far it reaches.
    pub reach: Reach,
    /// Whose question it is.
    pub owner: Owner,
    /// How records are written.
    pub form: Arc<dyn Form>,
    /// A hash of all that what is written depends on, besides the place.
    pub key: [u8; 32],
}

/// What was found of some records.
enum Found {
    Page(Page),
    /// It cannot be told whether this one is asked for.
    Skipped(RecordId),
    /// There are no more.
    Nothing,
}

/// The next records of an entry: a part of them, if there are many.
pub(super) async fn entry(
    retrieval: &Arc<Retrieval>,
    asked: &Asked,
    place: &Place,
    entry: &Arc<FeedEntry>,
) -> Result<Written, PageError> {
    let given = place.within(entry);
    let mut written = Written {
        chunks: Vec::new(),
        next: None,
        skipped: None,
    };
    let mut parts = VecDeque::new();
    for span in &entry.spans {
        parts.extend(part(span, asked, place, given));
    }
    while let Some(part) = parts.pop_front() {
        let end = part.end;
        match find(retrieval, asked, part.query, part.after).await? {
            Found::Skipped(record) => {
                let is_announced = entry.announced.has(&record);
                (written.next, written.skipped) = (Some(record), is_announced.then_some(record));
                return Ok(written);
            }
            Found::Nothing => {}
            Found::Page(page) => {
                let next = page.next;
                let within = Place {
                    within: Some((entry.feed, RecordId::MIN)),
                    ..place.clone()
                };
                let (entry, before) = (Arc::clone(entry), place.clone());
                let is_given = move |id: &RecordId| before.takes(&entry, id);
                written.chunks = write(asked, within, page, is_given).await?;
                written.next = next.or_else(|| (!parts.is_empty()).then_some(end));
                if !written.chunks.is_empty() || written.next.is_some() {
                    return Ok(written);
                }
            }
        }
    }
    Ok(written)
}

/// What of a span there is to look for.
struct Part {
    query: Query,
    after: Option<RecordId>,
    /// The last id in it that there can be.
    end: RecordId,
}

fn part(
    span: &Range<logs::Timestamp>,
    asked: &Asked,
    place: &Place,
    given: Option<RecordId>,
) -> Option<Part> {
    let start = asked
        .query
        .start
        .map_or(span.start, |start| start.max(span.start));
    let end = RecordId::first_at(span.end).predecessor()?;
    // Those behind it are left to the pages.
    let is_behind = place
        .after
        .is_some_and(|after| after < RecordId::first_at(start));
    if start >= span.end || is_behind || given.is_some_and(|given| given >= end) {
        return None;
    }
    let query = Query {
        start: Some(start),
        end: Some(span.end),
        ..asked.query.clone()
    };
    Some(Part {
        query,
        after: given,
        end,
    })
}

/// The next page behind a place; `None` once it is known that no more are there.
pub(super) struct PageOf {
    page: Page,
    skipped: Option<RecordId>,
}

impl PageOf {
    /// Looks for it.
    pub(super) async fn find(
        retrieval: &Arc<Retrieval>,
        asked: &Asked,
        after: RecordId,
    ) -> Result<Self, PageError> {
        let found = find(retrieval, asked, asked.query.clone(), Some(after)).await?;
        let (mut page, mut skipped) = (Page::default(), None);
        match found {
            Found::Page(found) => page = found,
            Found::Skipped(record) => (page.next, skipped) = (Some(record), Some(record)),
            Found::Nothing => {}
        }
        Ok(Self { page, skipped })
    }

    /// What is given of it, where these entries were written before it is.
    pub(super) async fn write(
        self,
        asked: &Asked,
        place: &Place,
        entries: Vec<Arc<FeedEntry>>,
    ) -> Result<Written, PageError> {
        let next = self.page.next;
        let later = Later::of(entries);
        let is_given = move |id: &RecordId| !later.has(id);
        Ok(Written {
            chunks: write(asked, place.clone(), self.page, is_given).await?,
            next,
            skipped: self.skipped,
        })
    }
}

async fn find(
    retrieval: &Arc<Retrieval>,
    asked: &Asked,
    query: Query,
    after: Option<RecordId>,
) -> Result<Found, PageError> {
    let bound = asked.reach.bind(query);
    let pages = retrieval.pages(asked.owner.clone(), bound, after);
    let mut pages = pages.map_err(|error| match error {
        NotBegun::TooManyStreams | NotBegun::NoRoom => JobError::Full { retry_after: SOON },
    })?;
    pages.in_portions();
    match pages.step().await {
        Ok(Some(page)) => Ok(Found::Page(page)),
        Ok(None) => Ok(Found::Nothing),
        Err(JobError::Failed(CallError::Store(StoreError::RecordTooSlow { record }))) => {
            Ok(Found::Skipped(record))
        }
        Err(error) => Err(error),
    }
}

async fn write(
    asked: &Asked,
    place: Place,
    page: Page,
    is_given: impl Fn(&RecordId) -> bool + Send + 'static,
) -> Result<Vec<super::written::Chunk>, PageError> {
    let form = Arc::clone(&asked.form);
    let is_much = page.bytes() > MANY_BYTES;
    let writing = move || {
        let mut writing = Writing::new(&*form, place.places());
        writing.add(&page, is_given).map(|()| writing.finish())
    };
    let written = match is_much {
        true => tokio::task::spawn_blocking(writing)
            .await
            .map_err(|_| JobError::Panicked)?,
        false => writing(),
    };
    written
        .map_err(|error| JobError::Failed(CallError::Store(StoreError::Damaged(error.to_string()))))
}
