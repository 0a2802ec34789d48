//! Standard error, which never holds anybody up: the log, panics and last words of a process go through
//! one [`LineQueue`].
//!
//! A pipe that nobody reads takes 64 KiB, and then a write to it waits for ever.

use crate::line_queue::LineQueue;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write};
use std::panic::{self, PanicHookInfo};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

/// How long the end of a process waits for a reader.
const LAST_WAIT: Duration = Duration::from_secs(1);
/// How long a panic does: it may be one that the process survives.
const PANIC_WAIT: Duration = Duration::from_millis(100);

/// How the words of a panic and of an end are written, as whole lines.
pub type Form = fn(&str) -> String;

/// The process's own.
static INSTALLED: OnceLock<(LineQueue, Form)> = OnceLock::new();

/// Makes a queue to `stream` the process's own, for its log, its panics and its last words, which have this `form`; a
/// writer to it. `tell_gap` is to log that so many lines were left out. Only the first call does so.
///
/// # Errors
/// When the system gives no thread.
pub fn install(
    stream: impl Write + Send + 'static,
    form: Form,
    tell_gap: impl Fn(u64) + Send + 'static,
) -> io::Result<LineQueue> {
    if let Some((queue, _)) = INSTALLED.get() {
        return Ok(queue.clone());
    }
    let queue = LineQueue::start(stream, tell_gap)?;
    let (queue, _) = INSTALLED.get_or_init(|| (queue, form));
    let queue = queue.clone();
    let panics = queue.clone();
    // The one that Rust brings would wait for the stream.
    panic::set_hook(Box::new(move |panic| {
        panics.push_last_words(form(&last_words(panic)).as_bytes());
        panics.flush(PANIC_WAIT);
    }));
    Ok(queue)
}

fn last_words(panic: &PanicHookInfo<'_>) -> String {
    let thread = thread::current();
    let name = thread.name().unwrap_or("<unnamed>");
    let trace = Backtrace::capture();
    let trace = match trace.status() {
        BacktraceStatus::Captured => format!("\n{trace}"),
        _ => String::new(),
    };
    format!("thread '{name}' {panic}{trace}")
}

/// As they are, for people.
pub fn as_text(words: &str) -> String {
    format!("{words}\n")
}

/// One sentence; it waits for its reader only in a process without a queue of its own.
pub fn say(sentence: &str) {
    match INSTALLED.get() {
        Some((queue, form)) => queue.push_last_words(form(sentence).as_bytes()),
        // Standard error may be closed.
        None => drop(io::stderr().write_all(as_text(sentence).as_bytes())),
    }
}

/// Before the end of the process: waits a second at most until everything is written.
pub fn finish() {
    if let Some((queue, _)) = INSTALLED.get() {
        queue.flush(LAST_WAIT);
    }
}

/// Lines that were left out since the start, because nobody read those before them.
pub fn left_out() -> u64 {
    INSTALLED.get().map_or(0, |(queue, _)| queue.left_out())
}
