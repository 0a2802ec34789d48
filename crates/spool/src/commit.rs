//! The committing thread: everything that waits goes into one frame, one write, one sync.
//!
//! No artificial delay: what arrives during one sync makes up the next commit.

use super::Shared;
use super::bounds::AppendError;
use super::continuation::Tail;
use super::log::Log;
use record::batch::Batch;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Bytes of documents in one commit, but for a single larger batch. A commit is in memory several
/// times (its batches, its frame, later the reader's window), and a larger one is hardly faster.
const COMMIT_BYTES: usize = 4 * 1024 * 1024;

/// The spool has room again once nothing was refused for so long: of a full one a small batch is taken, and a large one is
/// not.
const QUIET: Duration = Duration::from_secs(10);

/// Batches of one request that are to be made durable, all of them or none.
pub(super) struct Commit {
    pub(super) batches: Vec<Batch>,
    /// The memory that they take up until they are on disk.
    pub(super) room: Box<dyn Send>,
    /// Is told the number of the first.
    pub(super) answer: oneshot::Sender<Result<u64, AppendError>>,
}

impl Commit {
    fn encoded_bytes(&self) -> usize {
        let batches = self.batches.iter();
        batches.map(|batch| batch.documents.encoded_bytes()).sum()
    }
}

pub(super) enum Message {
    Append(Commit),
    /// Begin another segment, so that the newest can be removed.
    Rotate,
    /// The same, of which nothing depends.
    Rest,
    Close,
}

/// Starts the thread; it ends when it is told to, or when nobody can send any more.
pub(super) fn start(
    tail: Tail,
    receiver: mpsc::Receiver<Message>,
    shared: Arc<Shared>,
) -> io::Result<JoinHandle<()>> {
    let thread = thread::Builder::new().name("spool".to_owned());
    thread.spawn(move || run(tail, receiver, &shared))
}

fn run(mut tail: Tail, mut receiver: mpsc::Receiver<Message>, shared: &Shared) {
    let _unless_it_panics = Alarm(shared);
    while let Some(message) = receiver.blocking_recv() {
        let mut group = Vec::new();
        let mut bytes = 0;
        let mut next = Some(message);
        while let Some(message) = next.take() {
            match message {
                Message::Append(commit) => {
                    bytes += commit.encoded_bytes();
                    group.push(commit);
                }
                Message::Rotate => drop(rotate(&mut tail, shared)),
                Message::Rest => rest(&mut tail, shared),
                Message::Close => receiver.close(),
            }
            if bytes < COMMIT_BYTES {
                next = receiver.try_recv().ok();
            }
        }
        commit(&mut tail, group, shared);
    }
    // Without it the stop is no orderly one.
    drop(settle(&mut tail, shared));
    shared.state().closed = true;
    shared.appended.notify_one();
}

/// A thread that panicked makes nothing durable any more: then the process must end.
struct Alarm<'a>(&'a Shared);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.poison("the committing thread panicked");
        }
    }
}

/// Writes what is owed, if anything is.
fn settle<'a>(tail: &'a mut Tail, shared: &Shared) -> Result<&'a mut Log, AppendError> {
    let (log, begun) = tail.settle()?;
    if let Some(newest) = begun {
        let replaced = shared.state().settled(newest);
        shared.used.fetch_sub(replaced, Ordering::Relaxed);
    }
    Ok(log)
}

/// Begins another segment and removes the newest, in which everything is done; whether it is gone.
fn give_way(tail: &mut Tail, shared: &Shared) -> bool {
    rotate(tail, shared) && shared.remove_finished().is_ok()
}

/// Begins another segment; whether the newest is an empty one now.
fn rotate(tail: &mut Tail, shared: &Shared) -> bool {
    match settle(tail, shared).and_then(Log::begin_another) {
        Ok(span) => {
            let mut state = shared.state();
            if state.spans.back().map(|newest| newest.first_seq) != Some(span.first_seq) {
                state.spans.push_back(span);
                state.end = span.bytes;
            }
            return true;
        }
        Err(AppendError::Poisoned(reason)) => shared.poison(&reason),
        // It is told by the log, and tried again.
        Err(_) => {}
    }
    false
}

/// Begins another segment because nothing has come for a while. The newest goes on when that fails, so that it is no
/// trouble: whoever appends is told.
fn rest(tail: &mut Tail, shared: &Shared) {
    if !rotate(tail, shared) {
        shared.no_segment.is_over();
        shared.state().rested_in_vain();
    }
}

/// Makes a group of batches durable, and tells those who wait for that.
pub(super) fn commit(tail: &mut Tail, group: Vec<Commit>, shared: &Shared) {
    if group.is_empty() {
        return;
    }
    let log = match settle(tail, shared) {
        Ok(log) => log,
        Err(error) => return refuse(group, &error, shared),
    };
    match log.append(group.iter().flat_map(|commit| &commit.batches)) {
        Ok(appended) => {
            let mut answers = Vec::with_capacity(group.len());
            let mut batches = Vec::with_capacity(group.len());
            let mut seq = appended.head.first_seq;
            for mut commit in group {
                answers.push((seq, commit.answer, commit.room));
                seq += commit.batches.len() as u64;
                batches.append(&mut commit.batches);
            }
            let mut state = shared.state();
            state.fsyncs.add(log.last_commit());
            state.committed(&appended, batches, shared.clock.elapsed());
            warn_when_filling(&mut state.warned, shared);
            drop(state);
            shared.no_room.is_over_after(QUIET);
            for (seq, answer, room) in answers {
                drop(room);
                // The caller may have left; the batch is taken all the same.
                drop(answer.send(Ok(seq)));
            }
            shared.appended.notify_one();
        }
        // All of them together are too much, but one alone may not be.
        Err(AppendError::Full { .. } | AppendError::DiskFull(_) | AppendError::TooLarge(_))
            if group.len() > 1 =>
        {
            for alone in group {
                commit(tail, vec![alone], shared);
            }
        }
        // The newest segment is all that is left, and done: it makes room.
        Err(error) if shared.gives_way(&error) && give_way(tail, shared) => {
            commit(tail, group, shared);
        }
        Err(error) => {
            if let Some(newest) = tail.newest() {
                shared.state().note_newest(newest);
            }
            refuse(group, &error, shared);
        }
    }
}

fn refuse(group: Vec<Commit>, error: &AppendError, shared: &Shared) {
    match error {
        AppendError::Poisoned(reason) => {
            shared.poison(reason);
            let batches = group.iter().flat_map(|commit| &commit.batches);
            shared.state().may_be_there(batches);
        }
        AppendError::Full { .. } | AppendError::DiskFull(_) => shared.no_room.is_there(error),
        _ => {}
    }
    let accounts = Arc::clone(&shared.state().accounts);
    for commit in group {
        accounts.not_taken(new_records(&commit.batches));
        drop(commit.answer.send(Err(error.clone())));
    }
}

/// The records of batches, but for those that the spool holds already.
pub(super) fn new_records(batches: &[Batch]) -> u64 {
    let new = batches.iter().filter(|batch| !batch.is_deferred());
    new.map(|batch| batch.documents.len() as u64).sum()
}

/// Says it once each time that the spool fills up.
fn warn_when_filling(warned: &mut bool, shared: &Shared) {
    let (used, limit) = (shared.used.load(Ordering::Relaxed), shared.bounds.max_bytes);
    if used > limit / 5 * 4 && !*warned {
        *warned = true;
        tracing::warn!(used, limit, "the spool is four fifths full");
    }
}
