//! Damage to what was acknowledged: where it is, how it is shown and the next start is told of it, and
//! why a spool cannot be opened.

use super::disk::Disk;
use super::{frame, segment};
use std::fmt;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A file that says that damage was met behind the start: the next start reads everything.
pub(super) const DAMAGE_MET: &str = "damage-met";

/// Why the spool cannot be opened: one sentence each.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The disk does not do what it is asked.
    #[error("cannot use the spool: {0}")]
    Io(#[from] io::Error),
    /// Acknowledged batches are damaged.
    #[error(
        "the spool is damaged: {}; nothing was changed. Look at it with `aggregator spool verify`; \
         --spool-recover sets the damaged segments aside, keeps every intact batch of them and starts",
        list(.0)
    )]
    Damaged(Vec<Damage>),
    /// A later version wrote it.
    #[error(
        "the spool's segment {name} has format version {version}, and this version knows {}: use a newer aggregator",
        frame::FORMAT_VERSION
    )]
    Newer {
        /// The file.
        name: String,
        /// Its version.
        version: u16,
    },
}

/// A place where acknowledged data is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The number of the segment.
    pub segment: u64,
    /// Where in it, in bytes.
    pub offset: u64,
    /// What is wrong there.
    pub what: &'static str,
}

impl fmt::Display for Damage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = segment::name(self.segment);
        write!(formatter, "{name} at byte {}: {}", self.offset, self.what)
    }
}

/// The damage that was met behind the start.
#[derive(Default)]
pub(super) struct DamageMet(Mutex<Met>);

#[derive(Default)]
struct Met {
    reason: Option<String>,
    /// Whether the next start is told.
    marked: bool,
}

impl DamageMet {
    /// The next start must look at everything, and refuse.
    pub(super) fn note(&self, damage: &Damage, disk: &dyn Disk) {
        {
            let mut met = self.met();
            met.reason = Some(format!("the spool is damaged: {damage}"));
            if met.marked {
                return;
            }
        }
        let marked = disk
            .create(DAMAGE_MET)
            .and_then(|file| file.sync())
            .and_then(|()| disk.sync_folder());
        match marked {
            Ok(()) => self.met().marked = true,
            Err(error) => {
                tracing::error!(%error, "the damage could not be marked for the next start");
            }
        }
    }

    /// What is damaged, if anything was met.
    pub(super) fn shown(&self) -> Option<String> {
        self.met().reason.clone()
    }

    fn met(&self) -> MutexGuard<'_, Met> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn list(damages: &[Damage]) -> String {
    let texts: Vec<String> = damages.iter().map(Damage::to_string).collect();
    texts.join("; ")
}
