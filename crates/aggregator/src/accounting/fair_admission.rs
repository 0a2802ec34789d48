//! Admission by bytes where there are owners: of the room of all, no one of them takes all.

use super::admission::{ASKED_AGAIN_AFTER, Admission, NoRoom, Reservation};
use super::shares::{Owner, most_of_one};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The room, and the part of it that each owner may take, of those who hold any.
#[derive(Debug)]
pub struct FairAdmission {
    all: Arc<Admission>,
    owners: Mutex<HashMap<Arc<str>, Arc<Admission>>>,
}

/// Room that one request holds until it is dropped.
#[derive(Debug)]
pub struct FairReservation {
    bytes: usize,
    of_all: Reservation,
    of_owner: Option<OfOwner>,
}

#[derive(Debug)]
struct OfOwner {
    held: Reservation,
    /// As long as anything is held of it.
    _own: Arc<Admission>,
}

impl FairAdmission {
    /// Of this room.
    pub fn new(all: Arc<Admission>) -> Self {
        Self {
            all,
            owners: Mutex::default(),
        }
    }

    /// The room of all.
    pub fn all(&self) -> &Admission {
        &self.all
    }

    /// Reserves room for so many bytes.
    ///
    /// # Errors
    /// [`NoRoom`] at once, of all or of what the owner may take; then nothing is held.
    pub fn reserve(&self, owner: &Owner, bytes: usize) -> Result<FairReservation, NoRoom> {
        let of_owner = owner.as_ref().map(|owner| self.of_owner(owner, bytes));
        Ok(FairReservation {
            bytes,
            of_owner: of_owner.transpose()?,
            of_all: self.all.reserve(bytes)?,
        })
    }

    /// Waits until so many bytes are free at once, or as many as there may be: see [`Admission::wait`].
    pub async fn wait(&self, owner: &Owner, bytes: usize) -> FairReservation {
        let wanted = bytes.min(most_of_one(self.all.shared()));
        loop {
            match self.reserve(owner, wanted) {
                Ok(reservation) => return reservation,
                Err(NoRoom) => tokio::time::sleep(ASKED_AGAIN_AFTER).await,
            }
        }
    }

    fn of_owner(&self, owner: &Arc<str>, bytes: usize) -> Result<OfOwner, NoRoom> {
        let own = self.own(owner);
        Ok(OfOwner {
            held: own.reserve(bytes)?,
            _own: own,
        })
    }

    fn own(&self, owner: &Arc<str>) -> Arc<Admission> {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = owners.get(owner) {
            return Arc::clone(own);
        }
        owners.retain(|_, own| Arc::strong_count(own) > 1);
        let own = Arc::new(Admission::new(most_of_one(self.all.limit())));
        owners.insert(Arc::clone(owner), Arc::clone(&own));
        own
    }
}

impl FairReservation {
    /// Makes it as large as `bytes`, or as small.
    ///
    /// # Errors
    /// [`NoRoom`] when it should grow and cannot; it stays as it was.
    pub fn resize(&mut self, bytes: usize) -> Result<(), NoRoom> {
        if let Some(own) = &mut self.of_owner {
            own.held.resize(bytes)?;
        }
        if let Err(no_room) = self.of_all.resize(bytes) {
            if let Some(own) = &mut self.of_owner {
                // To less than it holds now.
                own.held.resize(self.bytes)?;
            }
            return Err(no_room);
        }
        self.bytes = bytes;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without a name, nobody.
    fn owner(name: &str) -> Owner {
        (!name.is_empty()).then(|| Arc::from(name))
    }

    const KIB: usize = 1024;

    fn room() -> FairAdmission {
        FairAdmission::new(Arc::new(Admission::new(16 * KIB)))
    }

    #[test]
    fn one_owner_leaves_a_quarter_of_the_room_and_nobody_in_particular_none() {
        let room = room();
        let one = room.reserve(&owner("one"), 12 * KIB).unwrap();
        assert_eq!(room.reserve(&owner("one"), KIB).unwrap_err(), NoRoom);
        let other = room.reserve(&owner("other"), 4 * KIB).unwrap();
        assert_eq!(room.reserve(&owner(""), 1).unwrap_err(), NoRoom);
        drop((one, other));
        let all = room.reserve(&owner(""), 16 * KIB).unwrap();
        assert_eq!(room.all().reserved(), 16 * KIB);
        drop(all);
        // Of those who hold nothing, nothing is kept.
        drop(room.reserve(&owner("third"), 0).unwrap());
        assert_eq!(room.owners.lock().unwrap().len(), 1);
    }

    #[test]
    fn what_cannot_grow_holds_what_it_held_of_both() {
        let room = room();
        let mut one = room.reserve(&owner("one"), 4 * KIB).unwrap();
        let others = room.reserve(&owner(""), 8 * KIB).unwrap();
        assert_eq!(one.resize(9 * KIB), Err(NoRoom));
        assert_eq!(room.all().reserved(), 12 * KIB);
        drop(others);
        assert_eq!(one.resize(13 * KIB), Err(NoRoom));
        assert_eq!(room.all().reserved(), 4 * KIB);
        let rest = room.reserve(&owner("one"), 8 * KIB).unwrap();
        assert!(room.reserve(&owner("one"), KIB).is_err());
        assert_eq!(one.resize(KIB), Ok(()));
        drop((one, rest));
        assert_eq!(room.all().reserved(), 0);
    }

    #[test]
    fn what_is_held_of_nothing_yet_still_counts_when_it_grows() {
        let room = room();
        let mut first = room.reserve(&owner("one"), 0).unwrap();
        let _other = room.reserve(&owner("other"), KIB).unwrap();
        let _second = room.reserve(&owner("one"), 8 * KIB).unwrap();
        assert_eq!(first.resize(5 * KIB), Err(NoRoom));
        assert_eq!(first.resize(4 * KIB), Ok(()));
    }
}
