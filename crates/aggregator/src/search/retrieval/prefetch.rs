//! Has the next page looked for while the last one is handed out in pieces: one ahead, and no more. Of an
//! answer whose reader is slow nothing is kept but the pieces that it has; the rest is looked for again
//! when it is wanted.

mod pace;
mod pieces;

use super::room::PageRoom;
use super::{PageError, Pages, StreamPermit};
use crate::worker::JobError;
use pace::Pace;
use pieces::{Piece, Pieces, SLOW};
use record::id::RecordId;
use std::pin::pin;
use std::sync::Arc;
use store::page::Page;
use tokio::sync::mpsc::{self, OwnedPermit, Sender};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

type Found = Result<Option<(Page, PageRoom)>, PageError>;

/// The pages of an answer, each of which is asked for before it is wanted. Dropped, it asks no more.
pub struct Prefetch {
    found: mpsc::Receiver<Piece>,
    room: Option<PageRoom>,
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
        // That of the page which is being written.
        let room = pages.room.pop();
        let looking = Looking {
            sent: pages.after,
            pages,
            sender,
            ahead: None,
            pace: Pace::default(),
            row_bytes: 0,
        };
        let looking = async move {
            if let Some((pages, slot, end)) = looking.run().await {
                // The permit is there before the end is.
                drop(permit.send(pages.into_permit()));
                slot.send(end);
            }
        };
        let looking = tokio::spawn(looking.in_current_span());
        Self {
            found: receiver,
            room,
            _permit: kept,
            _looking: AbortOnDropHandle::new(looking),
        }
    }

    /// The next rows; `None` when there are none.
    ///
    /// # Errors
    /// As with [`Pages::step`], and when the looking was broken off, as at the end of a process.
    pub async fn next(&mut self) -> Result<Option<Page>, PageError> {
        self.room = None;
        let found = self.found.recv().await;
        let Some((page, room)) = found.unwrap_or(Err(JobError::Closed))? else {
            return Ok(None);
        };
        self.room = room;
        Ok(Some(page))
    }

    /// Whether the next rows have to be waited for.
    pub fn makes_wait(&self) -> bool {
        self.found.is_empty() && !self.found.is_closed()
    }
}

/// The looking for pages, and the handing out of their pieces.
struct Looking {
    pages: Pages,
    sender: Sender<Piece>,
    /// The next page, when it was found while the last one was handed out.
    ahead: Option<Found>,
    /// The last record that was handed out.
    sent: Option<RecordId>,
    /// Of the reader.
    pace: Pace,
    /// Of a row of the last page.
    row_bytes: usize,
}

impl Looking {
    /// Until the end, or an error, for which there is a place then; `None` when nobody reads any more.
    async fn run(mut self) -> Option<(Pages, OwnedPermit<Piece>, Piece)> {
        loop {
            let slot = self.slot().await?;
            let found = match self.ahead.take() {
                Some(found) => found,
                None => self.fetch().await,
            };
            match found {
                Ok(Some((page, room))) => self.hand_out(slot, page, room).await?,
                Ok(None) => return Some((self.pages, slot, Ok(None))),
                Err(error) => return Some((self.pages, slot, Err(error))),
            }
        }
    }

    /// Waits for a place for a piece. What was found ahead is not kept for a slow reader.
    async fn slot(&mut self) -> Option<OwnedPermit<Piece>> {
        let sender = self.sender.clone();
        if let Ok(slot) = tokio::time::timeout(SLOW, sender.clone().reserve_owned()).await {
            return slot.ok();
        }
        self.pace.was_slow();
        if self.ahead.take().is_some() {
            self.pages.go_back_to(self.sent);
        }
        sender.reserve_owned().await.ok()
    }

    /// The next page that has rows, as far as is known. Nothing else is held meanwhile, so that waiting
    /// for room holds up nobody.
    async fn fetch(&mut self) -> Found {
        let reads = Arc::clone(&self.pages.retrieval);
        let (mut room, bytes) = reads
            .room
            .page(self.pages.owner(), self.pace.page_bytes())
            .await;
        loop {
            self.pages.set_size(bytes, self.row_bytes);
            let before = self.pages.after;
            let Some(page) = self.pages.find_next().await? else {
                return Ok(None);
            };
            if room.fit(&page) {
                return Ok(Some((page, room)));
            }
            // A large record: what was found is not kept while it waits for its turn.
            drop(page);
            self.pages.go_back_to(before);
            reads.room.large(&mut room).await;
        }
    }

    /// Hands out a page, and looks for the next one while the reader takes more than a piece of it, unless
    /// that reader turns out to be slow.
    async fn hand_out(
        &mut self,
        slot: OwnedPermit<Piece>,
        page: Page,
        room: PageRoom,
    ) -> Option<()> {
        let page_bytes = page.bytes();
        self.row_bytes = page_bytes / page.len().max(1);
        let mut pieces = Pieces::of(page, room, self.pace.page_bytes());
        self.sent = pieces.send(slot).or(self.sent);
        if pieces.is_empty() {
            self.pace.took(page_bytes);
            return Some(());
        }
        let size = (self.pace.page_bytes(), self.row_bytes);
        let (sent, ahead) = {
            let mut sending = pin!(pieces.send_all(&self.sender));
            let mut looking = pin!(fetch_ahead(&mut self.pages, size));
            tokio::select! {
                sent = &mut sending => match sent? {
                    sent if sent.is_all => (sent, looking.await),
                    // Rows that are here do not wait for what is found ahead.
                    sent => (sent, None),
                },
                ahead = &mut looking => (sending.await?, ahead),
            }
        };
        self.sent = sent.last.or(self.sent);
        self.ahead = ahead;
        if pieces.is_empty() {
            self.pace.took(page_bytes);
        } else {
            self.pace.was_slow();
            self.ahead = None;
            self.pages.go_back_to(self.sent);
        }
        Some(())
    }
}

/// The next page, when there is room for it beside the last one.
async fn fetch_ahead(pages: &mut Pages, (bytes, row_bytes): (usize, usize)) -> Option<Found> {
    let mut room = pages.retrieval.room.try_page(pages.owner(), bytes).ok()?;
    pages.set_size(bytes, row_bytes);
    let before = pages.after;
    match pages.find_next().await {
        Ok(Some(page)) if room.fit(&page) => Some(Ok(Some((page, room)))),
        Ok(Some(_)) => {
            pages.go_back_to(before);
            None
        }
        Ok(None) => Some(Ok(None)),
        Err(error) => Some(Err(error)),
    }
}

#[cfg(test)]
mod tests;
