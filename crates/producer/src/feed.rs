//! The thread that makes the bodies and hands each one over at its time.
//!
//! A thread of its own: making bodies delays no request, and the system wakes a thread more exactly
//! than tokio's timer, whose step is a millisecond.

use crate::clock::Clock;
use crate::deliver::Batch;
use crate::pace::Schedule;
use crate::source::Source;
use std::io;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// A sleeping feeder looks this often whether it is to stop.
const LONGEST_SLEEP: Duration = Duration::from_millis(50);

/// What the thread works with.
#[derive(Debug)]
pub struct Feeder {
    /// The bodies.
    pub source: Source,
    /// When each is due.
    pub schedule: Schedule,
    /// Time since the start.
    pub clock: Clock,
    /// No batch is handed over that is due later.
    pub duration: Option<Duration>,
    /// Asks for the end.
    pub stop: CancellationToken,
    /// The beginning of all keys; no other run has it.
    pub run_id: String,
}

impl Feeder {
    /// Hands over batches until the last one, the end of the duration, or a stop.
    ///
    /// # Errors
    /// When a body cannot be made.
    pub fn run(mut self, batches: &mpsc::Sender<Batch>) -> io::Result<()> {
        for number in 0.. {
            let due = self.schedule.due(number);
            let time = due.unwrap_or_else(|| self.clock.elapsed());
            if self.duration.is_some_and(|duration| time >= duration) {
                break;
            }
            let Some(body) = self.source.batch(number)? else {
                break;
            };
            if !self.sleep_until(time) {
                break;
            }
            let batch = Batch {
                key: format!("{}-{number}", self.run_id),
                due,
                body,
                kept: None,
            };
            if batches.blocking_send(batch).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// False when a stop came first.
    fn sleep_until(&self, time: Duration) -> bool {
        loop {
            if self.stop.is_cancelled() {
                return false;
            }
            let left = time.saturating_sub(self.clock.elapsed());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(LONGEST_SLEEP));
        }
    }
}
