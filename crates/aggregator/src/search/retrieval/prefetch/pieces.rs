//! A page that is handed to a reader in pieces, for as long as the reader takes them.

use crate::search::retrieval::PageError;
use crate::search::retrieval::room::{LARGEST_PIECE, PIECE_BYTES, PageRoom};
use record::id::RecordId;
use std::mem;
use std::time::Duration;
use store::page::Page;
use tokio::sync::mpsc::{OwnedPermit, Sender};

/// A reader that leaves a piece lying for longer is slow.
pub(super) const SLOW: Duration = Duration::from_millis(200);

/// A piece, with its room when it is larger than what an answer has in any case. `None` is the end, said
/// in so many words: a looking that was aborted just falls silent.
pub(super) type Piece = Result<Option<(Page, Option<PageRoom>)>, PageError>;

/// How far the handing out came.
pub(super) struct Sent {
    /// The last record that was handed out.
    pub(super) last: Option<RecordId>,
    pub(super) is_all: bool,
}

/// What of a page was not handed out.
pub(super) struct Pieces {
    page: Page,
    room: Option<PageRoom>,
    from: usize,
    /// Of a piece, but for its last row.
    bytes: usize,
}

impl Pieces {
    /// All of a page that may be so large: the page and its pieces grow while the reader takes them quickly.
    pub(super) fn of(page: Page, room: PageRoom, most: usize) -> Self {
        Self {
            page,
            room: Some(room),
            from: 0,
            bytes: (most / 4).clamp(PIECE_BYTES, LARGEST_PIECE),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.from >= self.page.len()
    }

    /// Hands a piece to the reader; the last record of it.
    pub(super) fn send(&mut self, slot: OwnedPermit<Piece>) -> Option<RecordId> {
        let is_whole = self.from == 0 && (self.page.bytes() <= self.bytes || self.page.len() == 1);
        let piece = match is_whole {
            true => mem::take(&mut self.page),
            false => self.page.piece(self.from, self.bytes),
        };
        self.from += piece.len();
        let last = piece.len().checked_sub(1).and_then(|last| piece.row(last));
        let last = last.map(|row| row.id);
        let mut room = None;
        if self.is_empty() {
            self.page = Page::default();
            // The room of a large record goes with it; other pieces have their own.
            let usual = self.bytes + PIECE_BYTES;
            room = self.room.take().filter(|_| piece.bytes() > usual);
        }
        slot.send(Ok(Some((piece, room))));
        last
    }

    /// Hands out all that is left, unless the reader is slow. `None` when nobody reads any more.
    pub(super) async fn send_all(&mut self, sender: &Sender<Piece>) -> Option<Sent> {
        let mut last = None;
        while !self.is_empty() {
            match tokio::time::timeout(SLOW, sender.clone().reserve_owned()).await {
                Ok(slot) => last = self.send(slot.ok()?).or(last),
                Err(_) => break,
            }
        }
        Some(Sent {
            last,
            is_all: self.is_empty(),
        })
    }
}
