//! A bounded queue of lines, and a thread of its own that writes them: only that thread waits for a stream
//! that takes no more.
//!
//! What comes while the queue is full is left out and counted, and the gap is told of as soon as what was
//! queued before it is written. Last words come behind it.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Bytes that wait at most; as many may be under way.
const QUEUE_BYTES: usize = 256 * 1024;
/// Bytes of last words that wait at most, beside the others.
const LAST_BYTES: usize = 64 * 1024;
/// Room that is kept for the next lines.
const KEPT_BYTES: usize = 64 * 1024;
/// Before a stream that does not wait for its reader is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// A queue of whole lines to a stream; each clone is the same one.
#[derive(Debug, Clone)]
pub struct LineQueue(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Something is queued, or all of it is written.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    queued: Vec<u8>,
    /// The thread has taken some, and they are not written yet.
    is_writing: bool,
    /// Lines that had no room since the gap was told of.
    gap: u64,
    /// Last words that wait until the gap is told of.
    last_words: Vec<u8>,
    left_out: u64,
}

impl State {
    fn is_done(&self) -> bool {
        !self.is_writing && self.queued.is_empty() && self.gap == 0 && self.last_words.is_empty()
    }

    fn leave_out(&mut self) {
        self.gap += 1;
        self.left_out += 1;
    }
}

impl LineQueue {
    /// Starts the thread that writes to `stream`; `tell_gap` is called on it with the lines that were left
    /// out, and may queue one that says so.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(
        stream: impl Write + Send + 'static,
        tell_gap: impl Fn(u64) + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let queue = Self(Arc::clone(&shared));
        let thread = thread::Builder::new().name("standard-error".to_owned());
        thread.spawn(move || shared.write_for_ever(stream, tell_gap))?;
        Ok(queue)
    }

    /// Queues a line, with its end; it is left out when there is no room.
    pub(crate) fn push(&self, line: &[u8]) {
        let mut state = self.0.lock();
        // Until a gap is told of nothing comes after it, so that it stands where it was.
        if state.gap > 0 || state.queued.len() + line.len() > QUEUE_BYTES {
            state.leave_out();
        } else {
            state.queued.extend_from_slice(line);
        }
        drop(state);
        self.0.changed.notify_all();
    }

    /// Queues why a thread or the process ends, with the line's end: it has room of its own, also while
    /// lines are left out, and comes behind the line that says how many.
    pub(crate) fn push_last_words(&self, line: &[u8]) {
        let mut state = self.0.lock();
        let has_room = state.queued.len() + line.len() <= QUEUE_BYTES;
        if state.gap == 0 && state.last_words.is_empty() && has_room {
            state.queued.extend_from_slice(line);
        } else if state.last_words.len() + line.len() <= LAST_BYTES {
            state.last_words.extend_from_slice(line);
        } else {
            state.leave_out();
        }
        drop(state);
        self.0.changed.notify_all();
    }

    /// Waits until all that was queued is written, and each gap told of; false when that takes longer than
    /// `patience`.
    pub(crate) fn flush(&self, patience: Duration) -> bool {
        let is_not_done = |state: &mut State| !state.is_done();
        let waited = self
            .0
            .changed
            .wait_timeout_while(self.0.lock(), patience, is_not_done);
        let (state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        drop(state);
        !waited.timed_out()
    }

    /// Lines that were left out since the start.
    pub(crate) fn left_out(&self) -> u64 {
        self.0.lock().left_out
    }
}

impl Write for LineQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_for_ever(&self, mut stream: impl Write, tell_gap: impl Fn(u64)) {
        let mut lines = Vec::new();
        loop {
            self.take(&mut lines);
            // A reader that has left is told of nowhere.
            drop(write_all(&mut stream, &lines));
            lines.clear();
            lines.shrink_to(KEPT_BYTES);
            let gap = self.gap();
            if gap > 0 {
                tell_gap(gap);
            }
            self.written();
        }
    }

    /// Waits for lines, or a gap, and takes all that is queued.
    fn take(&self, lines: &mut Vec<u8>) {
        let waited = self
            .changed
            .wait_while(self.lock(), |state| state.is_done());
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut state.queued, lines);
        state.is_writing = true;
    }

    /// How many lines are to be told of as left out, now that all before them is written.
    fn gap(&self) -> u64 {
        let mut state = self.lock();
        match state.queued.is_empty() {
            true => std::mem::take(&mut state.gap),
            false => 0,
        }
    }

    /// What was taken is written, and a gap behind it told of.
    fn written(&self) {
        let mut state = self.lock();
        state.is_writing = false;
        if state.gap == 0 {
            let mut last_words = std::mem::take(&mut state.last_words);
            state.queued.append(&mut last_words);
        }
        drop(state);
        self.changed.notify_all();
    }
}

/// Also to a stream whose other owner has set it not to wait.
fn write_all(stream: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(TRY_AGAIN),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
