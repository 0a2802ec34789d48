//! The spool: a durable queue on disk. A batch is acknowledged once it is fsynced here, whether or
//! not the store is there, and stays until the store has it durably.
//!
//! # Format, version 3
//!
//! A folder of segments `{first sequence number, 20 digits}.seg`. Every batch has a sequence number,
//! from 1 on, without gaps. All numbers are little-endian; every checksum is CRC-32C. Those of frames
//! and seals begin with the segment's salt (8 bytes), so that nothing of another segment, or of an
//! earlier life of the same blocks, is taken for this one's.
//!
//! ```text
//! segment   head, head (a second copy), frame, frame, …, seal (when another segment follows)
//! head      "LOGSPOOL" | version u16 | flags u16 | first_seq u64 | salt u64 | sum u32      32 bytes
//! frame     "FRAM" | payload bytes u32 | first_seq u64 | batches u32 | records u32
//!           | sum of the payload u32 | sum of this head u32                                32 bytes
//!           payload: the batches, one behind another, and then filler: less than 4096 zeros
//! batch     id 8 | key digest 16 | received_at i64 (ns) | flags u32 | undated u32 | records u32
//!           | bytes u32 | undated positions, u32 each | BSON documents
//! seal      "SEAL" and then as a frame's head, without a payload: first_seq is that of the next
//!           segment; batches and records are those of the whole segment                    32 bytes
//! ```
//!
//! A large frame has so much filler that the next one begins with a block of the disk. Version 2 is the
//! same with ids of 20 bytes in its documents, in place of 27; version 1 has no filler either. Nothing is
//! appended to a segment that an earlier version began.
//!
//! Flags of a segment: 1, it was put together again after damage and numbers may be missing; 2, batches may
//! come to it, or did, of which an earlier version took records (version 3 of its own making holds no others:
//! every segment that is begun while any wait, here or among what was refused, has the flag). Flags
//! of a batch: 1, it has a key; 2, the store refused its records, and they wait for room elsewhere (a
//! version that does not know this flag sends them to the store again, which is as well); 4, its key
//! was made of what was sent, and not by the client; 8, an earlier version took records of it, and their order may be
//! that of a part of their batch.
//!
//! Beside the segments: `spool-id` (which spool it is), `done` (a hint: the store has every batch below), `clean` (the last stop was an
//! orderly one), `damage-met` (the next start reads everything), `*.damaged` (copies that
//! `--spool-recover` has set aside; `*.2.damaged` is the second of one segment), `*.new` (unfinished,
//! never read).
//!
//! # Rules
//!
//! - A **frame is one group commit**: one write, one `fdatasync`, and then all of its batches are
//!   acknowledged. So at most one frame is not synced, and only a *last* frame can be torn. Batches of one
//!   request stand in one frame: all of them are there after a crash, or none.
//! - A segment gets its name only when its head is durable. **A segment ends where the next one
//!   begins**: frames behind that do not count.
//! - A failed write is cut off durably before anything else is written. A failed sync poisons the
//!   spool: the process ends, and the next start writes the last frame anew in a segment of its own.
//!   Without room it starts all the same and owes that, as every later start does, until the first
//!   append: nothing is appended, no hint goes beyond that frame and no stop is marked before.
//! - Segments are removed oldest first, each durably before the next. A seal is written when the
//!   next segment is there for good, so the newest segment has none.
//! - **A store says below which number it may have forgotten batches** of the spool with this id, which may have been
//!   restored from a copy: none of them is handed out again, and new numbers begin above. Where that leaves a
//!   gap behind the newest segment, all segments are done, and go before another is begun.
//! - The disk is trusted in one thing: bytes that are durable stay so when others are written behind
//!   them into the same sector.

mod accounts;
mod aligned;
mod bounds;
mod commit;
mod condition;
mod consumer;
mod continuation;
pub mod copies;
mod damage;
pub mod disk;
pub mod frame;
mod frame_cursor;
mod handle;
mod hint;
mod hot_window;
mod identity;
mod log;
mod lookup;
mod meter;
pub mod offline;
mod oldest_ahead;
mod open_segment;
mod portion;
mod reader;
mod recovery;
mod repair;
mod reverse_scan;
mod salvage;
mod segment;
mod segment_span;
mod snapshot;
mod spooled;
mod state;
mod survey;
mod tidy;

pub use accounts::{Accounts, BatchOutcome};
pub use bounds::{AppendError, Bounds};
pub use consumer::Consumer;
pub use damage::{Damage, SpoolError};
pub use handle::{KeptSegments, Spool};
pub use identity::{Identity, SpoolId, identify};
pub use log::SpoolOptions;
pub use lookup::Lookup;
pub use portion::{ConsumeError, Portion};
pub use reverse_scan::{ReverseScan, ScannedBatch};
pub use snapshot::SpoolSnapshot;
pub use spooled::Spooled;

use commit::Message;
use condition::Condition;
use continuation::Tail;
use damage::DamageMet;
use disk::Disk;
use hint::Hint;
use logs::clock::Clock;
use state::State;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::{Notify, mpsc, watch};

const NO_ROOM: &str = "batches are refused for want of room";
const UNTIDY: &str = "finished segments of the spool cannot be removed";
const UNREADABLE: &str =
    "the spool cannot be read (if that lasts, stop and look with `aggregator spool verify`)";
/// Batches that may wait for the disk at one time.
const WAITING_COMMITS: usize = 4096;

/// What the ends of the spool share.
struct Shared {
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
    bounds: Bounds,
    id: SpoolId,
    /// Bytes of a torn write that the start cut off.
    torn_bytes: u64,
    used: Arc<AtomicU64>,
    hint: Hint,
    /// Held by whoever removes segments: one at a time.
    tidying: Mutex<()>,
    state: Mutex<State>,
    /// Batches were appended, or the spool was closed.
    appended: Notify,
    /// Batches were done.
    done: Notify,
    /// Told each time that it was tidied.
    tidied: Notify,
    /// Why the process must end.
    poisoned: watch::Sender<Option<String>>,
    /// Why draining has stopped.
    damaged: DamageMet,
    no_segment: Arc<Condition>,
    /// Batches are refused because the spool or the disk is full.
    no_room: Condition,
    untidy: Condition,
    unreadable: Condition,
    /// The same for what is read once more.
    unreadable_again: Arc<Condition>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the process must end; the first reason is told.
    fn poison(&self, reason: &str) {
        self.poisoned.send_if_modified(|poisoned| {
            let first = poisoned.is_none();
            poisoned.get_or_insert_with(|| reason.to_owned());
            first
        });
    }
}

/// Stops the committing thread.
pub struct Committer {
    commits: mpsc::Sender<Message>,
    thread: JoinHandle<()>,
}

/// Opens the spool in a folder, or makes an empty one. `recover` sets damaged segments aside.
///
/// # Errors
/// [`SpoolError`], a sentence that says what to do.
pub fn open(
    options: SpoolOptions,
    recover: bool,
) -> Result<(Spool, Committer, Consumer), SpoolError> {
    let (shared, tail) = assemble(options, Box::new(rand::random), recover)?;
    let (commits, receiver) = mpsc::channel(WAITING_COMMITS);
    let thread = commit::start(tail, receiver, Arc::clone(&shared))?;
    let consumer = Consumer::new(Arc::clone(&shared));
    let spool = Spool {
        shared,
        commits: commits.clone(),
    };
    Ok((spool, Committer { commits, thread }, consumer))
}

/// The parts of a spool before a thread runs.
fn assemble(
    options: SpoolOptions,
    salts: Box<dyn FnMut() -> u64 + Send>,
    recover: bool,
) -> Result<(Arc<Shared>, Tail), SpoolError> {
    let recovered = recovery::open(options.clone(), salts, recover)?;
    if recovered.torn_bytes > 0 {
        let bytes = recovered.torn_bytes;
        tracing::warn!(
            bytes,
            "a torn write at the end of the spool was cut off; nobody was told that it was taken"
        );
    }
    let unreadable_again = Arc::new(Condition::new(UNREADABLE, &options.clock));
    let shared = Arc::new(Shared {
        no_room: Condition::new(NO_ROOM, &options.clock),
        untidy: Condition::new(UNTIDY, &options.clock),
        unreadable: Condition::new(UNREADABLE, &options.clock),
        hint: Hint::new(Arc::clone(&options.disk)),
        tidying: Mutex::new(()),
        disk: options.disk,
        clock: options.clock,
        bounds: options.bounds,
        id: options.id,
        torn_bytes: recovered.torn_bytes,
        used: Arc::clone(&recovered.used),
        state: Mutex::new(State::new(
            &recovered,
            options.accounts,
            Arc::clone(&unreadable_again),
        )),
        appended: Notify::new(),
        done: Notify::new(),
        tidied: Notify::new(),
        poisoned: watch::Sender::new(None),
        damaged: DamageMet::default(),
        no_segment: recovered.tail.no_segment(),
        unreadable_again,
    });
    Ok((shared, recovered.tail))
}

impl Committer {
    /// Takes no more batches, makes those durable that were taken, and waits for that; whether it
    /// ended in order. Blocks.
    pub fn close(self) -> bool {
        // Fails only when the thread has ended already.
        drop(self.commits.blocking_send(Message::Close));
        self.thread.join().is_ok()
    }
}

#[cfg(test)]
mod tests;
