//! Reads the next page while the last one is being written: one ahead, and no more.

use super::{PageError, Pages};
use crate::store::page::Page;
use crate::worker::JobError;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// The pages of an answer, each of which is asked for before it is wanted. Dropped, it asks no more.
pub struct Ahead {
    /// `None` is the end, said in so many words: a reading that was aborted just falls silent.
    pages: mpsc::Receiver<Result<Option<Page>, PageError>>,
    _reading: AbortOnDropHandle<()>,
}

impl Ahead {
    /// Begins to read.
    pub fn start(mut pages: Pages) -> Self {
        let (sender, receiver) = mpsc::channel(1);
        let reading = tokio::spawn(async move {
            // No page is read before there is room for it.
            while let Ok(room) = sender.reserve().await {
                let page = pages.next().await;
                let goes_on = matches!(page, Ok(Some(_)));
                room.send(page);
                if !goes_on {
                    break;
                }
            }
        });
        Self {
            pages: receiver,
            _reading: AbortOnDropHandle::new(reading),
        }
    }

    /// The next page that has rows; `None` when there is none.
    ///
    /// # Errors
    /// As with [`Pages::next`], and when the reading was broken off, as at the end of a process.
    pub async fn next(&mut self) -> Result<Option<Page>, PageError> {
        let page = self.pages.recv().await;
        page.unwrap_or(Err(JobError::Closed))
    }

    /// Whether the next page has to be waited for.
    pub fn makes_wait(&self) -> bool {
        self.pages.is_empty() && !self.pages.is_closed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reading_that_is_broken_off_does_not_look_like_the_end() {
        let (sender, pages) = mpsc::channel(1);
        let reading = tokio::spawn(async move {
            sender.send(Ok(Some(Page::default()))).await.unwrap();
            std::future::pending::<()>().await;
        });
        let process = reading.abort_handle();
        let mut ahead = Ahead {
            pages,
            _reading: AbortOnDropHandle::new(reading),
        };
        assert!(matches!(ahead.next().await, Ok(Some(_))));
        process.abort();
        assert!(matches!(ahead.next().await, Err(JobError::Closed)));
    }
}
