//! Memory of answers: what each takes in any case, and pages, under one bound.

use crate::accounting::admission::{Admission, NoRoom, Reservation};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that are handed to an answer at a time, but for its last row.
pub(super) const PIECE_BYTES: usize = 64 * 1024;
/// What every answer takes: the piece that is written and the one that waits, the chunk that they become,
/// what compresses it, and what of it the connection has not sent.
const ANSWER_BYTES: usize = 768 * 1024;

/// The memory of all answers.
pub(super) struct ReadRoom {
    admission: Arc<Admission>,
    /// One record at a time may be larger than the room that there is.
    turn: Arc<Semaphore>,
}

/// Room for a page.
#[derive(Debug)]
pub(super) struct PageRoom {
    reservation: Reservation,
    turn: Option<OwnedSemaphorePermit>,
}

impl ReadRoom {
    pub(super) fn new(admission: Arc<Admission>) -> Self {
        Self {
            admission,
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    pub(super) fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Room for what an answer takes in any case, beside which there is always some for a page: so
    /// whoever has begun comes to its end.
    pub(super) fn for_answer(&self) -> Result<Reservation, NoRoom> {
        let mut room = self.admission.reserve(ANSWER_BYTES + PIECE_BYTES)?;
        room.resize(ANSWER_BYTES)?;
        Ok(room)
    }

    /// Room for a page of so many bytes.
    pub(super) fn try_page(&self, bytes: usize) -> Result<PageRoom, NoRoom> {
        let reservation = self.admission.reserve(bytes)?;
        Ok(PageRoom {
            reservation,
            turn: None,
        })
    }

    /// Room for a page of so many bytes, or else for a small one as soon as there is; for how many.
    pub(super) async fn page(&self, bytes: usize) -> (PageRoom, usize) {
        if let Ok(room) = self.try_page(bytes) {
            return (room, bytes);
        }
        let room = PageRoom {
            reservation: self.admission.wait(PIECE_BYTES).await,
            turn: None,
        };
        (room, PIECE_BYTES)
    }

    /// Waits for the turn to hold a record that is larger than the room that there is.
    pub(super) async fn large(&self, room: &mut PageRoom) {
        room.turn = Arc::clone(&self.turn).acquire_owned().await.ok();
    }
}

impl PageRoom {
    /// Makes it as large as what was found; whether that is possible.
    pub(super) fn fit(&mut self, bytes: usize) -> bool {
        self.reservation.resize(bytes).is_ok() || self.turn.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn answers_never_take_all_the_room_so_that_each_gets_its_pages() {
        let admission = Arc::new(Admission::new(4 * 1024 * 1024));
        let room = ReadRoom::new(Arc::clone(&admission));
        let mut answers = Vec::new();
        while let Ok(answer) = room.for_answer() {
            answers.push(answer);
        }
        assert_eq!(answers.len(), 5);
        let (mut page, bytes) = room.page(64 * 1024 * 1024).await;
        assert_eq!(bytes, PIECE_BYTES);
        assert!(!page.fit(16 * 1024 * 1024));
        room.large(&mut page).await;
        assert!(page.fit(16 * 1024 * 1024));
        drop((page, answers));
        assert_eq!(admission.reserved(), 0);
    }
}
