//! Has the next page looked for while the last one is being read and written: one ahead, and no more.

use super::{PageError, Pages, read};
use crate::query::Query;
use crate::store::found::Found;
use crate::store::page::Page;
use crate::worker::JobError;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// The pages of an answer, each of which is asked for before it is wanted. Dropped, it asks no more.
pub struct Ahead {
    /// `None` is the end, said in so many words: a reading that was aborted just falls silent.
    found: mpsc::Receiver<Result<Option<Found>, PageError>>,
    query: Arc<Query>,
    _reading: AbortOnDropHandle<()>,
}

impl Ahead {
    /// Begins to look.
    pub fn start(mut pages: Pages) -> Self {
        let (sender, receiver) = mpsc::channel(1);
        let query = Arc::clone(&pages.query);
        let reading = tokio::spawn(async move {
            // No page is asked for before there is room for it.
            while let Ok(room) = sender.reserve().await {
                let found = pages.find().await;
                let goes_on = matches!(found, Ok(Some(_)));
                room.send(found);
                if !goes_on {
                    break;
                }
            }
        });
        Self {
            found: receiver,
            query,
            _reading: AbortOnDropHandle::new(reading),
        }
    }

    /// The next page that has rows; `None` when there is none.
    ///
    /// # Errors
    /// As with [`Pages::step`], and when the looking was broken off, as at the end of a process.
    pub async fn next(&mut self) -> Result<Option<Page>, PageError> {
        loop {
            let found = self.found.recv().await;
            let Some(found) = found.unwrap_or(Err(JobError::Closed))? else {
                return Ok(None);
            };
            // Who looks ahead was woken on this thread, where nothing else would let it ask for the
            // next page before this one is read and written.
            tokio::task::yield_now().await;
            let page = read(found, &self.query).await?;
            if !page.is_empty() {
                return Ok(Some(page));
            }
        }
    }

    /// Whether the next page has to be waited for.
    pub fn makes_wait(&self) -> bool {
        self.found.is_empty() && !self.found.is_closed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Candidate;
    use crate::record_id::RecordId;

    fn one_row() -> Page {
        let mut page = Page::default();
        let row = Candidate {
            id: RecordId::MIN,
            severity: 9,
            level: None,
            message: "",
            attributes: None,
        };
        page.push_record(&Query::default(), row);
        page
    }

    #[tokio::test]
    async fn a_reading_that_is_broken_off_does_not_look_like_the_end() {
        let (sender, found) = mpsc::channel(1);
        let reading = tokio::spawn(async move {
            let found = Found::Page(one_row());
            sender.send(Ok(Some(found))).await.unwrap();
            std::future::pending::<()>().await;
        });
        let process = reading.abort_handle();
        let mut ahead = Ahead {
            found,
            query: Arc::default(),
            _reading: AbortOnDropHandle::new(reading),
        };
        assert!(matches!(ahead.next().await, Ok(Some(_))));
        process.abort();
        assert!(matches!(ahead.next().await, Err(JobError::Closed)));
    }
}
