//! The pacer: a thread that makes the payloads and releases each batch when it is due.
//!
//! It is a thread of its own so that making payloads delays no request, and because the system wakes a
//! thread more exactly than tokio's timer, whose step is a millisecond.

use super::{Schedule, Workload};
use crate::clock::Clock;
use crate::send::Batch;
use std::io;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// A sleeping pacer looks this often whether it is to stop.
const LONGEST_SLEEP: Duration = Duration::from_millis(50);

/// What the thread works with.
#[derive(Debug)]
pub struct Pacer {
    /// The payloads.
    pub workload: Workload,
    /// When each batch is due.
    pub schedule: Schedule,
    /// Time since the start.
    pub clock: Clock,
    /// No batch is released that is due later.
    pub duration: Option<Duration>,
    /// Asks for the end.
    pub stop: CancellationToken,
    /// The beginning of all keys; no other run has it.
    pub run_id: String,
}

impl Pacer {
    /// Releases batches until the last one, the end of the duration, or a stop.
    ///
    /// # Errors
    /// When a payload cannot be made.
    pub fn run(mut self, queue: &mpsc::Sender<Batch>) -> io::Result<()> {
        for number in 0.. {
            let due = self.schedule.due(number);
            let time = due.unwrap_or_else(|| self.clock.elapsed());
            if self.duration.is_some_and(|duration| time >= duration) {
                break;
            }
            let Some(payload) = self.workload.payload(number)? else {
                break;
            };
            if !self.sleep_until(time) {
                break;
            }
            let batch = Batch {
                key: format!("{}-{number}", self.run_id),
                due,
                payload,
                spooled: None,
            };
            if queue.blocking_send(batch).is_err() {
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
