//! The disk of the embedded store: that it fills is told a day before.

use super::state::RetentionState;
use logs::clock::Clock;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio_util::task::AbortOnDropHandle;

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(60);
/// The rate is that of so much time.
const WINDOW: Duration = Duration::from_secs(3 * 3600);
/// Less of it tells nothing.
const LEAST: Duration = Duration::from_secs(10 * 60);
/// It is told so long before.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Until it is far from it, it is not told again.
const FAR: Duration = Duration::from_secs(36 * 3600);
const TIMEOUT: Duration = Duration::from_secs(10);

/// What is looked at.
pub(crate) struct DiskWatch {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) folder: PathBuf,
    /// Bytes of the disk that the store leaves free.
    pub(crate) min_free: u64,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) state: Arc<RetentionState>,
}

/// What the store held at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sample {
    at: Duration,
    in_use: u64,
}

/// How the store has grown.
#[derive(Debug, Default)]
struct Growth(VecDeque<Sample>);

impl DiskWatch {
    /// Starts looking, which ends with the handle.
    pub(crate) fn start(self) -> AbortOnDropHandle<()> {
        AbortOnDropHandle::new(tokio::spawn(self.run()))
    }

    async fn run(self) {
        let (mut growth, mut is_told) = (Growth::default(), false);
        loop {
            if let Some((sample, room)) = self.look().await {
                let until = growth.note(sample).and_then(|rate| until_full(room, rate));
                self.tell(until, &mut is_told);
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// What the store holds, and for how many more bytes there is room.
    async fn look(&self) -> Option<(Sample, u64)> {
        let at = self.clock.elapsed();
        let size = self.store.size(at + TIMEOUT).await.ok()??;
        let folder = self.folder.clone();
        let disk = tokio::task::spawn_blocking(move || rustix::fs::statvfs(&folder)).await;
        let disk = disk.ok()?.ok()?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        // What is free in its file is used first.
        let in_file = size.on_disk.saturating_sub(size.in_use);
        let room = free.saturating_sub(self.min_free).saturating_add(in_file);
        let sample = Sample {
            at,
            in_use: size.in_use,
        };
        Some((sample, room))
    }

    fn tell(&self, until: Option<Duration>, is_told: &mut bool) {
        let soon = until.filter(|until| *until < DAY);
        let note = soon.map(|until| {
            let hours = until.as_secs() / 3600;
            format!(
                "the disk of the store is full in {hours} h at the present rate: make room, or have records go (RETENTION, MAX_STORE_BYTES)"
            )
        });
        if let (Some(note), false) = (&note, *is_told) {
            tracing::warn!("{note}");
            *is_told = true;
        }
        if until.is_none_or(|until| until > FAR) {
            *is_told = false;
        }
        self.state.fills(until, note);
    }
}

impl Growth {
    /// Notes a sample; the bytes that came in a second, if enough is known.
    fn note(&mut self, sample: Sample) -> Option<f64> {
        self.0.push_back(sample);
        while let Some(first) = self.0.front()
            && sample.at.saturating_sub(first.at) > WINDOW
        {
            self.0.pop_front();
        }
        let first = self.0.front()?;
        let time = sample.at.saturating_sub(first.at);
        let grown = sample.in_use.checked_sub(first.in_use)?;
        #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
        let rate = grown as f64 / time.as_secs_f64();
        (time >= LEAST).then_some(rate)
    }
}

/// `None` where it does not grow.
fn until_full(room: u64, rate: f64) -> Option<Duration> {
    #[expect(clippy::cast_precision_loss, reason = "a time need not be exact")]
    let seconds = room as f64 / rate;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(minutes: u64, in_use: u64) -> Sample {
        let at = Duration::from_secs(60 * minutes);
        Sample { at, in_use }
    }

    #[test]
    fn the_rate_is_that_of_the_last_hours_and_not_of_some_minutes() {
        let mut growth = Growth::default();
        assert_eq!(growth.note(sample(0, 0)), None);
        assert_eq!(growth.note(sample(9, 54_000)), None);
        assert_eq!(growth.note(sample(10, 60_000)), Some(100.0));
        // What was long ago does not count any more.
        assert_eq!(growth.note(sample(600, 60_000)), None);
        assert_eq!(growth.note(sample(660, 60_000 + 3_600)), Some(1.0));
        assert_eq!(growth.note(sample(661, 0)), None, "it shrinks");
    }

    #[test]
    fn a_store_that_does_not_grow_is_never_full() {
        assert_eq!(until_full(3_600, 1.0), Some(Duration::from_secs(3_600)));
        assert_eq!(until_full(0, 1.0), Some(Duration::ZERO));
        assert_eq!(until_full(3_600, 0.0), None);
        assert_eq!(until_full(0, 0.0), None);
    }
}
