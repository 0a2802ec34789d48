//! Memory of answers: what each takes in any case, and pages, under one bound.

use crate::accounting::admission::{Admission, NoRoom};
use crate::accounting::fair_admission::{FairAdmission, FairReservation};
use crate::accounting::shares::Owner;
use std::sync::Arc;
use store::page::Page;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that are handed to a slow reader at a time, but for the last row.
pub(super) const PIECE_BYTES: usize = 64 * 1024;
/// The same for a reader that takes them quickly: each piece is copied and wakes a task.
pub(super) const LARGEST_PIECE: usize = 2 * PIECE_BYTES;
/// What every answer takes: the piece that is written and the one that waits, the chunk that they become,
/// what compresses it, and what of it the connection has not sent.
const ANSWER_BYTES: usize = 896 * 1024;

/// The memory of all answers.
pub(super) struct ReadRoom {
    memory: FairAdmission,
    /// One record at a time may be larger than the room that there is.
    turn: Arc<Semaphore>,
}

/// Room for a page.
#[derive(Debug)]
pub(super) struct PageRoom {
    reservation: FairReservation,
    turn: Option<OwnedSemaphorePermit>,
}

impl ReadRoom {
    pub(super) fn new(admission: Arc<Admission>) -> Self {
        Self {
            memory: FairAdmission::new(admission),
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    pub(super) fn admission(&self) -> &Admission {
        self.memory.all()
    }

    /// Room for what an answer takes in any case, with what looks for its records, beside which there is
    /// always some for a page: so whoever has begun comes to its end. What looks for records counts up to
    /// half of all the room, so that no question is refused for ever.
    pub(super) fn for_answer(
        &self,
        owner: &Owner,
        query_bytes: usize,
    ) -> Result<FairReservation, NoRoom> {
        let bytes = ANSWER_BYTES + query_bytes.min(self.memory.all().limit() / 2);
        let mut room = self.memory.reserve(owner, bytes + PIECE_BYTES)?;
        room.resize(bytes)?;
        Ok(room)
    }

    /// Room for so many bytes, or for half of all there is.
    pub(super) fn hold(&self, owner: &Owner, bytes: usize) -> Result<FairReservation, NoRoom> {
        let most = self.memory.all().limit() / 2;
        self.memory.reserve(owner, bytes.min(most))
    }

    /// Room for a page of so many bytes.
    pub(super) fn try_page(&self, owner: &Owner, bytes: usize) -> Result<PageRoom, NoRoom> {
        let reservation = self.memory.reserve(owner, bytes)?;
        Ok(PageRoom {
            reservation,
            turn: None,
        })
    }

    /// Room for a page of so many bytes, or else for a small one as soon as there is; for how many.
    pub(super) async fn page(&self, owner: &Owner, bytes: usize) -> (PageRoom, usize) {
        if let Ok(room) = self.try_page(owner, bytes) {
            return (room, bytes);
        }
        let room = PageRoom {
            reservation: self.memory.wait(owner, PIECE_BYTES).await,
            turn: None,
        };
        (room, PIECE_BYTES)
    }

    /// Waits for the turn to hold a record that is larger than the room that there is.
    pub(super) async fn large(&self, room: &mut PageRoom) {
        room.turn = Arc::clone(&self.turn).acquire_owned().await.ok();
    }

    /// Takes that turn at once, unless somebody else has it; whether it is had.
    pub(super) fn try_large(&self, room: &mut PageRoom) -> bool {
        room.turn = Arc::clone(&self.turn).try_acquire_owned().ok();
        room.turn.is_some()
    }
}

impl PageRoom {
    /// Makes it as large as the page that was found, with what a large record at its end becomes when it
    /// is written in one go; whether that is possible.
    pub(super) fn fit(&mut self, page: &Page) -> bool {
        let last = page.len().checked_sub(1).and_then(|last| page.row(last));
        let last = last.map_or(0, |row| row.bytes());
        let written = if last > 2 * PIECE_BYTES { last } else { 0 };
        self.fit_bytes(page.bytes() + written)
    }

    /// Makes it as large as this; whether that is possible.
    pub(super) fn fit_bytes(&mut self, bytes: usize) -> bool {
        self.reservation.resize(bytes).is_ok() || self.turn.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logs::Timestamp;
    use query::Query;

    #[test]
    fn what_looks_for_records_counts_and_no_question_is_refused_for_ever() {
        let admission = Arc::new(Admission::new(8 * 1024 * 1024));
        let room = ReadRoom::new(Arc::clone(&admission));
        let many = "regex=a%2Bb&".repeat(16);
        let query = Query::parse(&many, Timestamp::from_nanos(0)).unwrap();
        assert!(query.bytes() > 8 * 1024 * 1024);
        let answer = room.for_answer(&None, query.bytes());
        assert_eq!(admission.reserved(), ANSWER_BYTES + 4 * 1024 * 1024);
        assert!(room.for_answer(&None, query.bytes()).is_err());
        assert!(room.for_answer(&None, 0).is_ok());
        drop(answer);
        assert!(room.for_answer(&None, query.bytes()).is_ok());
    }

    #[tokio::test]
    async fn answers_never_take_all_the_room_so_that_each_gets_its_pages() {
        let admission = Arc::new(Admission::new(4 * 1024 * 1024));
        let room = ReadRoom::new(Arc::clone(&admission));
        let mut answers = Vec::new();
        while let Ok(answer) = room.for_answer(&None, 0) {
            answers.push(answer);
        }
        assert_eq!(answers.len(), 4);
        let (mut page, bytes) = room.page(&None, 64 * 1024 * 1024).await;
        assert_eq!(bytes, PIECE_BYTES);
        assert!(!page.fit_bytes(16 * 1024 * 1024));
        room.large(&mut page).await;
        assert!(page.fit_bytes(16 * 1024 * 1024));
        drop((page, answers));
        assert_eq!(admission.reserved(), 0);
    }

    #[tokio::test]
    async fn one_owners_answers_leave_a_quarter_of_the_room_to_another() {
        let admission = Arc::new(Admission::new(16 * 1024 * 1024));
        let room = ReadRoom::new(Arc::clone(&admission));
        let [one, other] = ["one", "other"].map(|name| Some(Arc::from(name)));
        let mut answers = Vec::new();
        while let Ok(answer) = room.for_answer(&one, 0) {
            answers.push(answer);
        }
        assert!(admission.reserved() <= 12 * 1024 * 1024);
        let (mut page, _) = room.page(&one, PIECE_BYTES).await;
        assert!(!page.fit_bytes(4 * 1024 * 1024));
        // What could not be had is not held either.
        assert!(page.fit_bytes(PIECE_BYTES));
        assert!(room.for_answer(&other, 0).is_ok());
        assert!(room.try_page(&other, 2 * 1024 * 1024).is_ok());
        assert!(room.for_answer(&one, 0).is_err());
        drop((page, answers));
        assert_eq!(admission.reserved(), 0);
    }
}
