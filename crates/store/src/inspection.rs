//! An embedded store looked at from outside: what is in it, and whether it is what was written.
//!
//! Nothing that is stored is changed, and the folder's lock is not taken: SQLite lets any number of programs read beside
//! the one that writes, if they may make its `-shm` and `-wal`. Each block is read in a transaction of its own, so that a
//! service which runs meanwhile can empty its log; rows, and SQLite's own structure, are read in one for all.

use super::blocks;
use super::database_damage::{faults, is_damage};
use super::identity::log_of;
use super::inspected::{Damage, Statistics, Tell, Told, Unverified, Verified};
use super::layout::{self, Layout};
use super::sqlite;
use super::{StoreError, database_file};
use rusqlite::Connection;
use std::io;
use std::path::{Path, PathBuf};

/// What SQLite finds wrong with a file is told so many times at most.
const MOST_FAULTS: usize = 20;

/// Why a store cannot be looked at: one sentence each.
#[derive(Debug, thiserror::Error)]
pub enum InspectionError {
    /// There is none.
    #[error("there is no embedded store in the data folder {0}")]
    Missing(String),
    /// A service has not got so far as to make it.
    #[error(
        "the store {0} is not made yet: the first start of a service is under way, or broke off, and the next one makes it"
    )]
    Unmade(String),
    /// There are two of them.
    #[error(
        "the data folder {0} holds rows (logs.sqlite3) and blocks (blocks.sqlite3): move the one away that is not to be looked at"
    )]
    Both(String),
    /// It is neither the one nor the other yet.
    #[error(
        "the rows of {0} are being moved to blocks, and that is not finished: run `aggregator migrate`"
    )]
    Unfinished(String),
    /// A later version wrote it.
    #[error(
        "the store {path} has format version {found}, and this version knows {known}: use a newer aggregator"
    )]
    Newer {
        /// The file.
        path: String,
        /// The version that it holds.
        found: i64,
        /// The last that is known.
        known: i64,
    },
    /// It cannot be read.
    #[error("cannot read the store {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
    /// Something in it is not what was written.
    #[error("{0}: `aggregator store verify` tells more")]
    Damaged(StoreError),
    /// The program itself has not got what it needs.
    #[error(transparent)]
    Store(StoreError),
    /// What is found cannot be told.
    #[error(transparent)]
    Tell(#[from] io::Error),
}

impl From<StoreError> for InspectionError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Damaged(_) => Self::Damaged(error),
            _ => Self::Store(error),
        }
    }
}

/// The store of a folder: how it lies there, and its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// How its records lie.
    pub layout: Layout,
    /// The file that they are in.
    pub path: PathBuf,
}

impl Found {
    /// The store of a data folder.
    ///
    /// # Errors
    /// [`InspectionError`] when there is none, or two.
    pub fn of(folder: &Path) -> Result<Self, InspectionError> {
        let shown = || folder.display().to_string();
        let path = |name| folder.join(name);
        let (rows, blocks) = (path(sqlite::FILE_NAME), path(blocks::FILE_NAME));
        if layout::is_being_moved(&rows) {
            return Err(InspectionError::Unfinished(shown()));
        }
        let is_there = |path: &Path| path.metadata().is_ok_and(|file| file.len() > 0);
        // Beside blocks a file whose version nobody can read any more is taken for their mark.
        match (layout::holds_rows(&rows), is_there(&blocks)) {
            (Ok(true), true) => Err(InspectionError::Both(shown())),
            (_, true) => Ok(Self {
                layout: Layout::Blocks,
                path: blocks,
            }),
            (Ok(true) | Err(_), false) if is_there(&rows) => Ok(Self {
                layout: Layout::Rows,
                path: rows,
            }),
            _ => Err(InspectionError::Missing(shown())),
        }
    }

    fn failed(&self, source: rusqlite::Error) -> InspectionError {
        InspectionError::Read {
            path: self.path.display().to_string(),
            source,
        }
    }

    /// Refuses what cannot be read, and what a later version wrote.
    pub(super) fn check_readable(&self) -> Result<(), InspectionError> {
        let connection = database_file::open_reader(&self.path);
        let connection = connection.map_err(|source| self.unread(source))?;
        self.check_version(&connection)
    }

    /// What is told where nothing is looked for but records.
    fn unread(&self, source: rusqlite::Error) -> InspectionError {
        match is_damage(&source) {
            true => InspectionError::Damaged(StoreError::Damaged(source.to_string())),
            false => self.failed(source),
        }
    }

    /// Refuses what a later version wrote.
    fn check_version(&self, connection: &Connection) -> Result<(), InspectionError> {
        let known = match self.layout {
            Layout::Rows => sqlite::FORMAT_VERSION,
            Layout::Blocks => blocks::LAST_FORMAT_VERSION,
        };
        let found = database_file::user_version(connection);
        match found.map_err(|source| self.failed(source))? {
            0 if is_empty(connection) => {
                Err(InspectionError::Unmade(self.path.display().to_string()))
            }
            found if found > known => Err(InspectionError::Newer {
                path: self.path.display().to_string(),
                found,
                known,
            }),
            _ => Ok(()),
        }
    }

    /// Looks at every byte that says something, tells what is not what was written, and goes on past it. In blocks,
    /// each has a sum over all that it says; a row has none, nor has one of the ledger or of the spools, and so a text that has changed under SQLite's own structure
    /// is not noticed.
    ///
    /// # Errors
    /// [`InspectionError`] when it cannot be looked at; what is damaged is no error.
    pub fn verify(&self, tell: &mut Tell<'_>) -> Result<Verified, InspectionError> {
        let mut verified = Verified::default();
        let mut damage = |reason: String| {
            verified.damages += 1;
            tell(Told::Damage(Damage {
                place: self.path.display().to_string(),
                reasons: vec![reason],
                records: None,
            }))
        };
        let connection = database_file::open_reader(&self.path);
        let connection = match connection.map_err(|source| self.failed(source)) {
            Ok(connection) => match self.check_version(&connection) {
                Ok(()) => connection,
                Err(error) => return unreadable(error, &mut damage).map(|()| verified),
            },
            Err(error) => return unreadable(error, &mut damage).map(|()| verified),
        };
        for fault in faults(&connection, MOST_FAULTS)? {
            damage(fault)?;
        }
        let verified = match self.layout {
            Layout::Blocks => blocks::verify(&connection, verified, tell),
            Layout::Rows => sqlite::verify(&connection, verified, tell),
        };
        verified.map_err(|error| match error {
            Unverified::Tell(error) => InspectionError::Tell(error),
            Unverified::Store(error) => error.into(),
        })
    }

    /// What it has, in numbers.
    ///
    /// # Errors
    /// [`InspectionError`], also when something is damaged.
    pub fn statistics(&self) -> Result<Statistics, InspectionError> {
        let failed = |source| self.unread(source);
        let connection = database_file::open_reader(&self.path).map_err(failed)?;
        self.check_version(&connection)?;
        let mut statistics = self.sizes(&connection).map_err(failed)?;
        match self.layout {
            Layout::Blocks => blocks::count(&connection, &mut statistics)?,
            Layout::Rows => sqlite::count(&connection, &mut statistics).map_err(failed)?,
        }
        Ok(statistics)
    }

    fn sizes(&self, connection: &Connection) -> Result<Statistics, rusqlite::Error> {
        let number = |name: &str| {
            let number: i64 =
                connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))?;
            Ok::<_, rusqlite::Error>(number.cast_unsigned())
        };
        let page_size = number("page_size")?;
        Ok(Statistics {
            bytes: number("page_count")? * page_size,
            free_bytes: number("freelist_count")? * page_size,
            log_bytes: log_of(&self.path).metadata().map_or(0, |file| file.len()),
            records: 0,
            times: None,
            days: Vec::new(),
            blocks: None,
        })
    }
}

/// Tells of a file that cannot be read because of what is in it; all other errors are given back.
fn unreadable(
    error: InspectionError,
    damage: &mut dyn FnMut(String) -> io::Result<()>,
) -> Result<(), InspectionError> {
    match error {
        InspectionError::Read { source, .. } if is_damage(&source) => {
            Ok(damage(source.to_string())?)
        }
        error => Err(error),
    }
}

/// Whether nothing was made in it.
fn is_empty(connection: &Connection) -> bool {
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables = connection.query_row(tables, [], |row| row.get::<_, i64>(0));
    matches!(tables, Ok(0))
}
