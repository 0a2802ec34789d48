//! Copies of folders, and folders that are away.

use super::letters::Letters;
use super::spool::Folder;
use logs::Timestamp;
use std::collections::BTreeSet;

/// A copy of the folders.
pub(super) struct Backup {
    pub(super) at: Timestamp,
    pub(super) folder: Folder,
    pub(super) letters: Letters,
}

/// A spool that is not at hand.
#[derive(Clone)]
pub(super) struct Away {
    pub(super) since: Timestamp,
    pub(super) folder: Folder,
    /// Batches in it of which the store knew nothing from it when it left.
    pub(super) unknown: BTreeSet<usize>,
}
