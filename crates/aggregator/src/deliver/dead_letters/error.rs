//! Why dead letters are not kept.

use logs::counted;
use spool::disk::{self, LittleRoom};
use std::io;

/// Why refused records cannot be kept or given back.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    /// The bound is reached.
    #[error("they take {} of the disk, and may take {limit}", counted(*used, "byte", "bytes"))]
    Full {
        /// Bytes that they take.
        used: u64,
        /// Bytes that they may take.
        limit: u64,
    },
    /// What came from one address takes its share.
    #[error(
        "those of this sender take {used} bytes of the disk, and {more} more come: they may take {limit}, a quarter of what all may"
    )]
    Share {
        /// Bytes that are to be kept.
        more: u64,
        /// Bytes that they take.
        used: u64,
        /// Bytes that they may take.
        limit: u64,
    },
    /// What came at once is more than one address may have set aside: waiting does not help.
    #[error(
        "they take {more} bytes of the disk, and one sender's may take {limit}, a quarter of REJECTED_MAX_BYTES: they find no room before that is raised"
    )]
    NeverFits {
        /// Bytes that are to be kept.
        more: u64,
        /// Bytes that they may take.
        limit: u64,
    },
    /// They came from as many addresses as are told apart.
    #[error("they came from {0} addresses, and may come from no more")]
    Peers(usize),
    /// The file system has too little room left.
    #[error("the disk of the data folder is full: {0}")]
    DiskFull(#[from] LittleRoom),
    /// It is not known yet what was kept before the start; why, when the disk is to blame.
    #[error("{}", unread(.0.as_deref()))]
    Unread(Option<String>),
    /// The disk does not do what it is asked.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl DeadLetterError {
    /// Whether there is no room, and all else is well.
    pub fn is_no_room(&self) -> bool {
        match self {
            Self::Full { .. }
            | Self::Share { .. }
            | Self::NeverFits { .. }
            | Self::Peers(_)
            | Self::DiskFull(_) => true,
            Self::Unread(_) => false,
            Self::Io(error) => disk::is_no_room(error),
        }
    }
}

fn unread(problem: Option<&str>) -> String {
    let what = "what was kept aside before the start";
    match problem {
        None => format!("{what} is still being read"),
        Some(reason) => format!("{what} cannot be read: {reason}"),
    }
}
