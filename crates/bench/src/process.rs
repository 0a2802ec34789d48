//! A child process with its output kept; dropping it kills it, and so does a Ctrl-C in this program.

use crate::clock;
use crate::failure::{During as _, Failure};
use crate::usage::{self, Usage};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use std::cell::Cell;
use std::io::Read;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// More of an output is read and not kept; a store's log of a whole run is far shorter.
const KEPT_BYTES: usize = 4 * 1024 * 1024;
/// What a child inherits; everything else is set for it.
const INHERITED: [&str; 4] = ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"];

/// A running or ended child.
#[derive(Debug)]
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    stdout: Output,
    stderr: Output,
    /// As it was seen last: an ended process has no memory any more.
    peak_rss_mib: Cell<f64>,
}

/// A child that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// When its last output came.
    pub(crate) last_output: Instant,
    pub(crate) usage: Usage,
}

/// A command with a clean environment, in a process group of its own: a Ctrl-C is for this program
/// alone, which then ends its children.
pub(crate) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    let inherited = INHERITED
        .iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)));
    command.env_clear().envs(inherited).env("NO_COLOR", "1");
    command.process_group(0);
    command
}

impl Process {
    /// Starts a command.
    pub(crate) fn spawn(name: &'static str, command: &mut Command) -> Result<Self, Failure> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .during(format_args!("{name} does not start"))?;
        Ok(Self {
            name,
            stdout: Output::collect(child.stdout.take()),
            stderr: Output::collect(child.stderr.take()),
            child,
            peak_rss_mib: Cell::new(0.0),
        })
    }

    /// Its id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to standard error so far.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&lock(&self.stderr.kept).bytes).into_owned()
    }

    /// What it has used so far.
    pub(crate) fn usage(&self) -> Result<Usage, Failure> {
        Ok(Usage {
            cpu_seconds: usage::cpu_seconds(self.pid())?,
            peak_rss_mib: usage::peak_rss_mib(self.pid())?,
        })
    }

    /// Whether it has ended; it stays to be looked at until it is waited for.
    pub(crate) fn has_ended(&self) -> Result<bool, Failure> {
        if let Ok(peak) = usage::peak_rss_mib(self.pid()) {
            self.peak_rss_mib.set(peak);
        }
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let seen = waitid(WaitId::Pid(self.id()?), look).during(self.name)?;
        Ok(seen.is_some())
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self, within: Duration) -> Result<Ended, Failure> {
        let began = clock::now();
        while !self.has_ended()? {
            if began.elapsed() > within {
                let name = self.name;
                return Err(Failure::told(format!("{name} has not ended in {within:?}")));
            }
            clock::pause(10).await;
        }
        let usage = Usage {
            cpu_seconds: usage::cpu_seconds(self.pid())?,
            peak_rss_mib: self.peak_rss_mib.get(),
        };
        let status = self.child.wait().during(self.name)?;
        let (stdout, last_output) = self.stdout.finish();
        Ok(Ended {
            status,
            stdout,
            stderr: self.stderr.finish().0,
            last_output,
            usage,
        })
    }

    /// Asks it to end (SIGTERM).
    pub(crate) fn terminate(&self) -> Result<(), Failure> {
        kill_process(self.id()?, Signal::TERM).during(self.name)
    }

    fn id(&self) -> Result<Pid, Failure> {
        let raw = i32::try_from(self.pid()).ok();
        raw.and_then(Pid::from_raw)
            .ok_or_else(|| Failure::told("a process without an id"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only for a child that has been waited for already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Ended {
    /// Its output, if it went well.
    pub(crate) fn success(&self, name: &str) -> Result<&str, Failure> {
        if self.status.success() {
            return Ok(&self.stdout);
        }
        let (said, status) = (self.stderr.trim(), self.status);
        Err(Failure::told(format!("{name} failed ({status}): {said}")))
    }
}

/// One of the two output streams, read by a thread of its own.
#[derive(Debug)]
struct Output {
    kept: Arc<Mutex<Kept>>,
    reader: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Kept {
    bytes: Vec<u8>,
    last: Instant,
}

impl Output {
    fn collect(pipe: Option<impl Read + Send + 'static>) -> Self {
        let kept = Arc::new(Mutex::new(Kept {
            bytes: Vec::new(),
            last: clock::now(),
        }));
        let shared = Arc::clone(&kept);
        let reader = pipe.map(|pipe| std::thread::spawn(move || read(pipe, &shared)));
        Self { kept, reader }
    }

    /// All of it, once the process has ended, and when the last of it came.
    fn finish(&mut self) -> (String, Instant) {
        if let Some(reader) = self.reader.take() {
            drop(reader.join());
        }
        let kept = lock(&self.kept);
        (String::from_utf8_lossy(&kept.bytes).into_owned(), kept.last)
    }
}

fn read(mut pipe: impl Read, kept: &Mutex<Kept>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = pipe.read(&mut buffer) {
        let mut kept = lock(kept);
        kept.last = clock::now();
        let room = KEPT_BYTES.saturating_sub(kept.bytes.len());
        let new = buffer.get(..count.min(room)).unwrap_or_default();
        kept.bytes.extend_from_slice(new);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
