//! Has the next page looked for while the last one is being read and written: one ahead, and no more.

use super::pages::read;
use super::{PageError, Pages, StreamPermit};
use crate::worker::JobError;
use query::Query;
use std::sync::Arc;
use store::page::Page;
use store::page_reply::PageReply;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;

/// The pages of an answer, each of which is asked for before it is wanted. Dropped, it asks no more.
pub struct Prefetch {
    /// `None` is the end, said in so many words: a looking that was aborted just falls silent.
    found: mpsc::Receiver<Result<Option<PageReply>, PageError>>,
    query: Arc<Query>,
    /// Where the permit lies when nothing more is looked for, until this is dropped.
    _permit: oneshot::Receiver<StreamPermit>,
    _looking: AbortOnDropHandle<()>,
}

impl Prefetch {
    /// Begins to look: the answer has begun. Its permit is held until this is dropped.
    pub fn start(mut pages: Pages) -> Self {
        pages.begin();
        let (sender, receiver) = mpsc::channel(1);
        let (permit, kept) = oneshot::channel();
        let query = Arc::clone(&pages.query);
        let looking = tokio::spawn(async move {
            // No page is asked for before there is room for it.
            while let Ok(room) = sender.reserve().await {
                let found = pages.reply().await;
                if !matches!(found, Ok(Some(_))) {
                    drop(permit.send(pages.into_permit()));
                    room.send(found);
                    break;
                }
                room.send(found);
            }
        });
        Self {
            found: receiver,
            query,
            _permit: kept,
            _looking: AbortOnDropHandle::new(looking),
        }
    }

    /// The next page, which may be empty; `None` when there is none.
    ///
    /// # Errors
    /// As with [`Pages::step`], and when the looking was broken off, as at the end of a process.
    pub async fn next(&mut self) -> Result<Option<Page>, PageError> {
        let found = self.found.recv().await;
        let Some(found) = found.unwrap_or(Err(JobError::Closed))? else {
            return Ok(None);
        };
        read(found, &self.query).await.map(Some)
    }

    /// Whether the next page has to be waited for.
    pub fn makes_wait(&self) -> bool {
        self.found.is_empty() && !self.found.is_closed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::retrieval::scripted::{self, empty, last, one_row};

    #[tokio::test]
    async fn a_search_that_is_broken_off_does_not_look_like_the_end() {
        let (sender, found) = mpsc::channel(1);
        let looking = tokio::spawn(async move {
            let found = PageReply::Page(one_row(1));
            sender.send(Ok(Some(found))).await.unwrap();
            std::future::pending::<()>().await;
        });
        let process = looking.abort_handle();
        let mut ahead = Prefetch {
            found,
            query: Arc::default(),
            _permit: oneshot::channel().1,
            _looking: AbortOnDropHandle::new(looking),
        };
        assert!(matches!(ahead.next().await, Ok(Some(_))));
        process.abort();
        assert!(matches!(ahead.next().await, Err(JobError::Closed)));
    }

    #[tokio::test]
    async fn the_next_page_is_looked_for_before_it_is_wanted_and_no_other() {
        let (pages, mut asked) = scripted::pages(vec![one_row(1), one_row(2), last(one_row(3))]);
        let mut ahead = Prefetch::start(pages);
        asked.once_more().await;
        assert_eq!(ahead.next().await.unwrap().unwrap().len(), 1);
        asked.once_more().await;
        while ahead.makes_wait() {
            tokio::task::yield_now().await;
        }
        // Turns enough for one more question, if it were asked.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(!asked.has_more(), "a third waits for room");
        for _ in 0..2 {
            assert_eq!(ahead.next().await.unwrap().unwrap().len(), 1);
        }
        assert!(matches!(ahead.next().await, Ok(None)));
    }

    #[tokio::test]
    async fn a_page_without_rows_is_passed_over_while_the_last_one_is_written() {
        let (pages, mut asked) = scripted::pages(vec![empty(1), empty(2), one_row(3)]);
        let mut ahead = Prefetch::start(pages);
        for _ in 0..3 {
            asked.once_more().await;
        }
        assert_eq!(ahead.next().await.unwrap().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn an_answer_keeps_its_place_to_its_end() {
        let (pages, _asked) = scripted::pages(vec![last(one_row(1))]);
        let retrieval = Arc::clone(&pages.retrieval);
        let mut ahead = Prefetch::start(pages);
        while ahead.next().await.unwrap().is_some() {}
        assert!(retrieval.permit().is_err(), "there is one permit");
        drop(ahead);
        assert!(retrieval.permit().is_ok());
    }
}
