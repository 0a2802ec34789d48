//! What a process knows of its folder, which a crash forgets.

use super::super::spools::KnownSpool;
use super::spool::Progress;

pub(super) struct AtHand {
    pub(super) spool: KnownSpool,
    pub(super) progress: Progress,
    pub(super) letters_are_read: bool,
    /// The file of letters that is about to be forgotten.
    pub(super) leaving: Option<u64>,
}
