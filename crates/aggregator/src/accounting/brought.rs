//! What requests bring: records by what becomes of them at the door, and the bodies that they come in. What becomes of
//! them behind it is in `record_counts`, where nobody knows any more what a record came in.

use super::record_counts::Rejection;
use std::ops::AddAssign;

/// How much was brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Brought {
    /// Records that are new, as far as that is remembered.
    pub accepted: u64,
    /// Those of batches that were accepted before.
    pub repeated: u64,
    /// Those that are too large to be stored.
    pub set_aside: u64,
    /// Those that were not taken, by [`Rejection`].
    pub rejected: [u64; Rejection::ALL.len()],
    /// Bytes, as they were sent, of bodies that were taken.
    pub taken_bytes: u64,
    /// The same of bodies that were read and of which nothing was taken.
    pub rejected_bytes: u64,
}

impl Brought {
    /// Records that were not taken.
    pub fn rejected(why: Rejection, records: u64) -> Self {
        Self {
            rejected: Rejection::ALL.map(|other| if other == why { records } else { 0 }),
            ..Self::default()
        }
    }

    /// Records of requests that were taken and that are to be in the store.
    pub fn taken(&self) -> u64 {
        self.accepted + self.repeated
    }

    /// All records with what became of them, and why.
    pub fn records(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        let taken = [
            ("accepted", self.accepted),
            ("repeated", self.repeated),
            ("set_aside", self.set_aside),
        ];
        let rejected = Rejection::ALL.map(Rejection::name).into_iter();
        let rejected = rejected.zip(self.rejected);
        let rejected = rejected.map(|(why, records)| ("rejected", why, records));
        let taken = taken.map(|(fate, records)| (fate, "", records));
        taken.into_iter().chain(rejected)
    }

    /// All bytes with what became of the bodies.
    pub fn bytes(&self) -> [(&'static str, u64); 2] {
        [
            ("taken", self.taken_bytes),
            ("rejected", self.rejected_bytes),
        ]
    }
}

impl AddAssign for Brought {
    fn add_assign(&mut self, more: Self) {
        self.accepted += more.accepted;
        self.repeated += more.repeated;
        self.set_aside += more.set_aside;
        for (sum, more) in self.rejected.iter_mut().zip(more.rejected) {
            *sum += more;
        }
        self.taken_bytes += more.taken_bytes;
        self.rejected_bytes += more.rejected_bytes;
    }
}
