//! A child process with its output kept, which never outlives the process that runs the tests.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::wait_until;

/// Becomes the program in `$2…` and leaves a watcher beside it, which reads our end of a pipe.
/// A line tells the watcher that the program has been waited for. The end of the pipe without a
/// line tells it that the test process is gone: it kills the program and removes the folder `$1`.
/// `MAX_FILE_BLOCKS` bounds what the program may write to one file, in blocks of 512 bytes, and
/// `MAX_OPEN_FILES` how many descriptors it may have.
/// It ignores SIGHUP because the system sends one when a frozen program loses its parent.
const LEASH: &str = r#"
scratch=$1
shift
exec 3<&0
(
    trap '' HUP INT TERM
    if ! read -r _; then
        kill -KILL $$
        [ -z "$scratch" ] || rm -rf "$scratch" || rm -rf "$scratch"
    fi
) <&3 3<&- >/dev/null 2>&1 &
[ -z "${MAX_FILE_BLOCKS:-}" ] || ulimit -S -f "$MAX_FILE_BLOCKS"
[ -z "${MAX_OPEN_FILES:-}" ] || ulimit -n "$MAX_OPEN_FILES"
exec "$@" </dev/null 3<&-
"#;

/// A command for [`Process::spawn`]; the caller may add arguments and environment.
///
/// `scratch` is a folder to remove when the test process dies before it could do that itself.
pub(crate) fn leashed(program: impl AsRef<OsStr>, scratch: Option<&Path>) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", LEASH, "leash"])
        .arg(scratch.map_or(OsStr::new(""), Path::as_os_str))
        .arg(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A Ctrl-C in the terminal is for the test process alone: the leash does the rest.
        .process_group(0);
    command
}

/// How many lines of its log a failed test prints.
const TOLD: usize = 40;

/// A running (or ended) child; dropping it kills it.
pub(crate) struct Process {
    pid: u32,
    state: Mutex<State>,
    stdout: Output,
    stderr: Output,
}

struct State {
    child: Child,
    leash: Option<ChildStdin>,
}

impl Process {
    /// Starts a command made by [`leashed`]. The caller may have sent its standard output
    /// elsewhere; none of it is kept then.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("`sh` starts");
        let leash = child.stdin.take();
        let stdout = match child.stdout.take() {
            Some(pipe) => Output::collect(pipe),
            None => Output::collect(std::io::empty()),
        };
        Self {
            pid: child.id(),
            stdout,
            stderr: Output::collect(child.stderr.take().expect("stderr is piped")),
            state: Mutex::new(State { child, leash }),
        }
    }

    /// The program's own process id: the shell that started it has become it.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended, if it has.
    pub(crate) fn try_wait(&self) -> Option<ExitStatus> {
        let mut state = lock(&self.state);
        let status = state.child.try_wait().expect("a child can be waited for")?;
        state.release();
        Some(status)
    }

    /// Waits for its end; all of its output is there afterwards.
    pub(crate) async fn wait_exit(&self, timeout: Duration) -> ExitStatus {
        let mut status = None;
        let what = format!("the exit of process {}", self.pid);
        wait_until(&what, timeout, async || {
            status = self.try_wait();
            status.is_some()
        })
        .await;
        self.finish_output();
        status.expect("it has exited")
    }

    /// Sends a signal by name (`TERM`, `STOP`, …) unless the process has ended.
    pub(crate) fn signal(&self, name: &str) {
        if self.try_wait().is_none() {
            // The shell's own `kill`: a machine may lack the program.
            let script = format!("kill -{name} {}", self.pid);
            let sent = Command::new("sh").args(["-c", &script]).status();
            assert!(sent.is_ok_and(|status| status.success()), "`{script}`");
        }
    }

    /// Kills it (SIGKILL) and waits until it is gone.
    pub(crate) fn kill(&self) {
        lock(&self.state).kill();
        self.finish_output();
    }

    /// What it has written to its standard output so far.
    pub(crate) fn stdout(&self) -> String {
        lock(&self.stdout.text).clone()
    }

    /// What it has written to its standard error so far.
    pub(crate) fn stderr(&self) -> String {
        lock(&self.stderr.text).clone()
    }

    /// From now on nobody reads its standard error, until [`Self::read_stderr_again`] or its end.
    pub(crate) fn leave_stderr_unread(&self) {
        self.stderr.gate.set(true);
    }

    /// Its standard error is read again.
    pub(crate) fn read_stderr_again(&self) {
        self.stderr.gate.set(false);
    }

    /// A number that the system tells of it, such as `VmHWM:` (the most memory it has held, in KiB).
    pub(crate) fn proc_status(&self, field: &str) -> u64 {
        let path = format!("/proc/{}/status", self.pid);
        let status = std::fs::read_to_string(&path).expect("a running process has a status");
        let value = status.lines().find_map(|line| line.strip_prefix(field));
        let number = value.and_then(|value| value.split_whitespace().next()?.parse().ok());
        number.unwrap_or_else(|| panic!("no {field} in {path}"))
    }

    /// Prints the end of its log when the test that holds it has failed: what a run elsewhere leaves
    /// to find the reason by.
    pub(crate) fn tell_if_failed(&self) {
        if std::thread::panicking() {
            let log = self.stderr();
            let lines: Vec<_> = log.lines().rev().take(TOLD).collect();
            for line in lines.into_iter().rev() {
                println!("{}: {line}", self.pid);
            }
        }
    }

    fn finish_output(&self) {
        self.stdout.finish();
        self.stderr.finish();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.tell_if_failed();
        lock(&self.state).kill();
    }
}

impl State {
    fn kill(&mut self) {
        // Both fail only for a child that has been waited for already.
        drop(self.child.kill());
        drop(self.child.wait());
        self.release();
    }

    /// Sends the watcher home: from here on the process id may belong to another process.
    fn release(&mut self) {
        if let Some(mut leash) = self.leash.take() {
            // Fails only when the watcher is gone already.
            drop(leash.write_all(b"\n"));
        }
    }
}

/// One of the two output streams, read by a thread of its own.
struct Output {
    text: Arc<Mutex<String>>,
    gate: Arc<Gate>,
    reader: Mutex<Option<JoinHandle<()>>>,
}

impl Output {
    fn collect(pipe: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&text);
        let gate = Arc::<Gate>::default();
        let passed = Arc::clone(&gate);
        let reader = std::thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                lock(&kept).push_str(&String::from_utf8_lossy(&line));
                line.clear();
                passed.pass();
            }
        });
        Self {
            text,
            gate,
            reader: Mutex::new(Some(reader)),
        }
    }

    fn finish(&self) {
        self.gate.set(false);
        if let Some(reader) = lock(&self.reader).take() {
            reader.join().expect("the reading thread does not panic");
        }
    }
}

/// Where a reading thread waits while it is closed.
#[derive(Default)]
struct Gate {
    closed: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    fn set(&self, closed: bool) {
        *lock(&self.closed) = closed;
        self.changed.notify_all();
    }

    fn pass(&self) {
        let waited = self
            .changed
            .wait_while(lock(&self.closed), |closed| *closed);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

/// Locks also what a panicking test left locked: its `Drop`s still have work to do.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The sentence that a process ended with, in either form of the log.
pub(crate) fn last_words(stderr: &str) -> String {
    let last = stderr.trim_end().lines().last().unwrap_or_default();
    let Ok(line) = serde_json::from_str::<serde_json::Value>(last) else {
        let sentence = last.strip_prefix("error: ");
        return sentence.unwrap_or_else(|| panic!("{stderr}")).to_owned();
    };
    assert_eq!(line["level"], "ERROR", "{stderr}");
    line["message"].as_str().unwrap().to_owned()
}
