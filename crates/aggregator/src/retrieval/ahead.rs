//! Reads the next page while the last one is being written: one ahead, and no more.

use super::{PageError, Pages};
use crate::store::page::Page;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// The pages of an answer, each of which is asked for before it is wanted. Dropped, it asks no more.
pub struct Ahead {
    pages: mpsc::Receiver<Result<Page, PageError>>,
    _reading: AbortOnDropHandle<()>,
}

impl Ahead {
    /// Begins to read.
    pub fn start(mut pages: Pages) -> Self {
        let (sender, receiver) = mpsc::channel(1);
        let reading = tokio::spawn(async move {
            // No page is read before there is room for it.
            while let Ok(room) = sender.reserve().await {
                match pages.next().await {
                    Ok(Some(page)) => room.send(Ok(page)),
                    Ok(None) => break,
                    Err(error) => {
                        room.send(Err(error));
                        break;
                    }
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
    /// As with [`Pages::next`].
    pub async fn next(&mut self) -> Result<Option<Page>, PageError> {
        self.pages.recv().await.transpose()
    }

    /// Whether the next page has to be waited for.
    pub fn makes_wait(&self) -> bool {
        self.pages.is_empty() && !self.pages.is_closed()
    }
}
