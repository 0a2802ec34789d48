//! Moves a data folder from rows to blocks: takes it for this process alone, has all that the spool holds delivered, and
//! goes on from whatever a kill has left.

use super::emptying::{self, Emptied, Left, NotEmpty};
use super::{StartError, data_folder, wiring};
use crate::config::SpoolConfig;
use crate::deliver::backup_lock::BackupLock;
use logs::clock::Clock;
use spool::SpoolError;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;
use std::{io, thread};
use store::migration::{self, Beginning, MigrationError, Progress, Room, Standing};
use store::sqlite::{self, SqliteStore};
use tokio::runtime::Runtime;

/// How long it is waited for the threads of deliveries that have ended.
const LAST_THREADS: Duration = Duration::from_secs(5);
/// The store of rows is closed by whoever used it last, which may be a thread that looks after it.
const CLOSING: Duration = Duration::from_millis(100);
/// Looks whether it is closed: half a minute.
const CLOSING_LOOKS: u32 = 300;

/// What a move is made with.
pub struct MoveSettings {
    /// The data folder.
    pub data_dir: PathBuf,
    /// As the service has it.
    pub spool: SpoolConfig,
    /// Bytes of the disk that stay free.
    pub min_free_disk: u64,
}

/// What is being done.
#[derive(Debug, Clone, Copy)]
pub enum Moving {
    /// So many batches are in the spool.
    Delivering(u64),
    /// So many files of refused records are not read yet.
    Refused(u64),
    /// The disk has this room.
    Room(Room),
    /// Rows become blocks.
    Rows(Progress),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moved {
    /// So many records are in blocks; and what else came of the spool, and of what was refused before, a sentence each.
    Records(u64, Vec<String>),
    /// They were before.
    Before,
    /// There are none.
    Nothing,
}

/// Why rows were not moved, or not all of them.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// There is no such folder.
    #[error("there is no data folder {0}")]
    NoFolder(String),
    /// A service runs on it.
    #[error("the data folder {0} is in use by an aggregator: stop it first")]
    Locked(String),
    /// A backup of it is being made.
    #[error("a backup of the data folder {0} is being made: wait until it is done")]
    BackedUp(String),
    /// What it makes could not be used by the service.
    #[error(
        "the records in {folder} are those of the user with the number {owner}, and this one has {me}: run it as the user that the service runs as, or it could not open what is made here"
    )]
    OtherUser {
        /// The folder.
        folder: String,
        /// Whose `logs.sqlite3` is.
        owner: u32,
        /// Who runs this.
        me: u32,
    },
    /// The folder cannot be used.
    #[error(transparent)]
    Start(StartError),
    /// A write has not come back.
    #[error(
        "the rows are written to yet, half a minute after the last batch: the disk does not answer; nothing is moved"
    )]
    StillWritten,
    /// What the spool holds is not delivered.
    #[error(transparent)]
    NotEmpty(#[from] NotEmpty),
    /// The disk is too small.
    #[error(
        "blocks may take {} bytes beside the rows until those are removed, and of the {} that are free {kept} are to stay so (STORE_MIN_FREE_DISK): make room", .room.needed, .room.free
    )]
    NoRoom {
        /// What it takes, and what there is.
        room: Room,
        /// Bytes that are to stay free.
        kept: u64,
    },
    /// The move itself.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// There are no threads.
    #[error("cannot start any threads: {0}")]
    Threads(#[from] io::Error),
}

impl From<StartError> for MoveError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Locked(folder) => Self::Locked(folder),
            error => Self::Start(error),
        }
    }
}

/// Moves all that is there to blocks, from wherever an earlier run was cut off.
///
/// # Errors
/// [`MoveError`]; then what is moved stays so, and the next run goes on.
pub fn run(
    settings: &MoveSettings,
    clock: &Arc<dyn Clock>,
    tell: &mut (dyn FnMut(Moving) + Send),
) -> Result<Moved, MoveError> {
    if !settings.data_dir.is_dir() {
        return Err(MoveError::NoFolder(settings.data_dir.display().to_string()));
    }
    check_user(&settings.data_dir)?;
    let (folder, _lock) = data_folder::take(&settings.data_dir)?;
    let Some(_undisturbed) = BackupLock::of(&folder).hold_off()? else {
        return Err(MoveError::BackedUp(folder.display().to_string()));
    };
    let (mut standing, mut told) = (standing(&folder)?, Vec::new());
    if standing == Standing::Marked {
        migration::forget(&folder)?;
        standing = Standing::Rows;
    }
    match standing {
        Standing::Empty => return Ok(Moved::Nothing),
        Standing::Blocks { .. } => return Ok(Moved::Before),
        Standing::Rows => {
            check_room(settings, &folder, tell)?;
            let beginning = empty(settings, &folder, clock, tell, &mut told)?;
            // What came out of the spool takes room, too, and a service goes on here if there is none.
            check_room(settings, &folder, tell)?;
            migration::begin(&folder, &beginning)?;
        }
        Standing::Marked | Standing::Moving => check_room(settings, &folder, tell)?,
        Standing::Moved => {}
    }
    let mut tell_rows = |progress| tell(Moving::Rows(progress));
    if standing != Standing::Moved {
        migration::move_rows(&folder, settings.min_free_disk, &mut tell_rows)?;
    }
    let records = migration::remove_rows(&folder, &mut tell_rows)?;
    Ok(Moved::Records(records, told))
}

fn standing(folder: &Path) -> Result<Standing, MoveError> {
    let standing = migration::standing(folder);
    standing.map_err(|error| MoveError::Migration(error.into()))
}

/// A file of another user's, of 0600, is of no use to the service.
fn check_user(folder: &Path) -> Result<(), MoveError> {
    match data_folder::other_owner(&folder.join(sqlite::FILE_NAME)) {
        Some((owner, me)) => Err(MoveError::OtherUser {
            folder: folder.display().to_string(),
            owner,
            me,
        }),
        None => Ok(()),
    }
}

fn check_room(
    settings: &MoveSettings,
    folder: &Path,
    tell: &mut (dyn FnMut(Moving) + Send),
) -> Result<(), MoveError> {
    let room = migration::room(folder)?;
    tell(Moving::Room(room));
    let kept = settings.min_free_disk;
    match room.free < room.needed.saturating_add(kept) {
        true => Err(MoveError::NoRoom { room, kept }),
        false => Ok(()),
    }
}

/// Has all that the spool holds delivered into the rows, and closes them.
fn empty(
    settings: &MoveSettings,
    folder: &Path,
    clock: &Arc<dyn Clock>,
    tell: &mut (dyn FnMut(Moving) + Send),
    told: &mut Vec<String>,
) -> Result<Beginning, MoveError> {
    let found = wiring::find_spool(folder)?;
    let spool = found.identity.id;
    let store = SqliteStore::open(folder, Arc::clone(clock)).map_err(MigrationError::from)?;
    let keep = found.keep().map_err(SpoolError::Io);
    keep.map_err(StartError::from)?;
    let store = Arc::new(store);
    let open = Arc::downgrade(&store);
    let runtime = Runtime::new()?;
    let mut tell_left = |left| {
        tell(match left {
            Left::Batches(left) => Moving::Delivering(left),
            Left::RefusedFiles(left) => Moving::Refused(left),
        });
    };
    let emptied = emptying::empty(&settings.spool, folder, found, store, clock, &mut tell_left);
    let emptied = runtime.block_on(emptied);
    runtime.shutdown_timeout(LAST_THREADS);
    let Emptied {
        next_seq,
        lettered,
        latest_ns,
        told: of_emptying,
    } = emptied?;
    closed(&open)?;
    told.extend(of_emptying);
    Ok(Beginning {
        spool,
        next_seq,
        lettered: lettered.into_iter().collect(),
        before_ns: latest_ns.max(clock.now().nanos()),
    })
}

/// Waits until nobody writes to the rows any more, but not for ever.
fn closed(store: &Weak<SqliteStore>) -> Result<(), MoveError> {
    for _ in 0..CLOSING_LOOKS {
        if store.strong_count() == 0 {
            return Ok(());
        }
        thread::sleep(CLOSING);
    }
    Err(MoveError::StillWritten)
}
