//! The line that tells how far a move has come: written over and over on a terminal, and now and then elsewhere.

use crate::app::migration::Moving;
use logs::clock::Clock;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use store::migration::{Progress, Work};

/// Between two lines on a terminal.
const INTERVAL: Duration = Duration::from_millis(500);
/// Between two lines of a log; before the first, too.
const LOG_INTERVAL: Duration = Duration::from_secs(10);
/// Before this a rate tells nothing.
const FIRST_RATE: Duration = Duration::from_secs(1);
/// Clears what is left of the line before.
const CLEAR: &str = "\r\x1b[K";

/// It.
pub(super) struct Line<W> {
    is_terminal: bool,
    out: W,
    clock: Arc<dyn Clock>,
    told_at: Option<Duration>,
    /// When the first rows of this run were told, and how many there were then.
    begun: Option<(Duration, u64)>,
    is_open: bool,
}

impl<W: Write> Line<W> {
    pub(super) fn new(is_terminal: bool, out: W, clock: Arc<dyn Clock>) -> Self {
        Self {
            is_terminal,
            out,
            told_at: (!is_terminal).then(|| clock.elapsed()),
            clock,
            begun: None,
            is_open: false,
        }
    }

    /// Tells it, unless that was done a moment ago.
    pub(super) fn tell(&mut self, moving: Moving) {
        let now = self.clock.elapsed();
        if let Moving::Rows(progress) = moving
            && progress.work == Work::Moving
        {
            self.begun.get_or_insert((now, progress.done));
        }
        let interval = if self.is_terminal {
            INTERVAL
        } else {
            LOG_INTERVAL
        };
        let is_due = self
            .told_at
            .is_none_or(|at| now.saturating_sub(at) >= interval);
        let is_new = self.is_terminal && is_once(moving);
        if !is_due && !is_new {
            return;
        }
        self.told_at = Some(now);
        let text = self.text(moving, now);
        let is_open = self.is_terminal && !matches!(moving, Moving::Room(_));
        let start = if self.is_terminal { CLEAR } else { "" };
        let end = if is_open { "" } else { "\n" };
        self.is_open = is_open;
        // Nobody may see it; the move goes on.
        drop(write!(self.out, "{start}{text}{end}").and_then(|()| self.out.flush()));
    }

    /// What comes now stands on a line of its own.
    pub(super) fn end(&mut self) {
        if self.is_open {
            drop(write!(self.out, "{CLEAR}").and_then(|()| self.out.flush()));
        }
    }

    fn text(&self, moving: Moving, now: Duration) -> String {
        match moving {
            Moving::Room(room) => format!(
                "blocks will take up to {} beside the rows until those are removed; {} are free",
                megabytes(room.needed),
                megabytes(room.free)
            ),
            Moving::Delivering(left) => format!("delivering the spool: {left} batches are left"),
            Moving::Refused(left) => {
                format!("reading what was refused before: {left} files are left")
            }
            Moving::Rows(progress) => match progress.work {
                Work::Counting => "counting the rows".to_owned(),
                Work::Moving => self.rows(progress, now),
                Work::Batches => format!(
                    "noting which batches are there: {} of {} parts",
                    progress.done, progress.of
                ),
                Work::Checking => {
                    format!("reading back: {} of {} records", progress.done, progress.of)
                }
            },
        }
    }

    fn rows(&self, Progress { done, of, .. }: Progress, now: Duration) -> String {
        let percent = done.saturating_mul(100).checked_div(of).unwrap_or(100);
        let told = format!("{done} of {of} rows are in blocks ({percent} %)");
        let (since, before) = self.begun.unwrap_or((now, done));
        let took = now.saturating_sub(since);
        let moved = u128::from(done.saturating_sub(before));
        if took < FIRST_RATE || moved == 0 {
            return told;
        }
        let rate = moved * 1000 / took.as_millis().max(1);
        let left = u128::from(of.saturating_sub(done)) / rate.max(1);
        format!("{told}, {rate} a second, about {} left", minutes(left))
    }
}

/// Whether it is told however short a time the line before has stood.
fn is_once(moving: Moving) -> bool {
    match moving {
        Moving::Room(_) => true,
        Moving::Delivering(_) | Moving::Refused(_) => false,
        Moving::Rows(progress) => progress.work == Work::Counting,
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}

fn minutes(seconds: u128) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logs::Timestamp;
    use std::sync::atomic::{AtomicU64, Ordering};
    use store::migration::Room;

    #[derive(Default)]
    struct Hand(AtomicU64);

    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp::from_nanos(0)
        }

        fn elapsed(&self) -> Duration {
            Duration::from_millis(self.0.load(Ordering::Relaxed))
        }
    }

    fn rows(done: u64) -> Moving {
        Moving::Rows(Progress {
            work: Work::Moving,
            done,
            of: 1_000_000,
        })
    }

    fn told(is_shown: bool) -> String {
        let (clock, mut out) = (Arc::new(Hand::default()), Vec::new());
        let mut line = Line::new(is_shown, &mut out, Arc::clone(&clock) as _);
        line.tell(Moving::Room(Room {
            needed: 1_500_000,
            free: 9_000_000_000,
        }));
        line.tell(Moving::Delivering(7));
        // A run that goes on counts its own rows for the rate.
        for (millis, done) in [
            (600, 400_000),
            (700, 410_000),
            (2_600, 440_000),
            (63_000, 1_000_000),
        ] {
            clock.0.store(millis, Ordering::Relaxed);
            line.tell(rows(done));
        }
        line.end();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_tells_how_many_how_fast_and_how_long_yet() {
        let told = told(true);
        let lines: Vec<&str> = told.split(CLEAR).filter(|line| !line.is_empty()).collect();
        assert_eq!(
            lines,
            [
                "blocks will take up to 2 MB beside the rows until those are removed; 9000 MB are free\n",
                "400000 of 1000000 rows are in blocks (40 %)",
                "440000 of 1000000 rows are in blocks (44 %), 20000 a second, about 28 s left",
                "1000000 of 1000000 rows are in blocks (100 %), 9615 a second, about 0 s left",
            ]
        );
    }

    #[test]
    fn in_a_log_it_is_a_line_now_and_then() {
        assert_eq!(
            told(false),
            "1000000 of 1000000 rows are in blocks (100 %), 9615 a second, about 0 s left\n"
        );
    }

    #[test]
    fn all_that_is_done_is_told() {
        let (clock, mut out) = (Arc::new(Hand::default()), Vec::new());
        let mut line = Line::new(true, &mut out, Arc::clone(&clock) as _);
        let work = |work, of| Progress { work, done: 7, of };
        for (at, moving) in [
            Moving::Refused(3),
            Moving::Rows(work(Work::Counting, 0)),
            Moving::Rows(work(Work::Batches, 256)),
            Moving::Rows(work(Work::Checking, 9)),
        ]
        .into_iter()
        .enumerate()
        {
            clock.0.store(1_000 * at as u64, Ordering::Relaxed);
            line.tell(moving);
        }
        let told = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = told.split(CLEAR).filter(|line| !line.is_empty()).collect();
        assert_eq!(
            lines,
            [
                "reading what was refused before: 3 files are left",
                "counting the rows",
                "noting which batches are there: 7 of 256 parts",
                "reading back: 7 of 9 records",
            ]
        );
    }

    #[test]
    fn times_are_told_in_minutes() {
        assert_eq!(
            [0, 59, 60, 3_725].map(minutes),
            ["0 s", "59 s", "1 min 0 s", "62 min 5 s"]
        );
    }
}
