//! The progress that is shown during a run: a bar on a terminal, a line now and then otherwise.

mod recent_rate;

use crate::send::BatchSender;
use crate::stats::{Latency, Stats};
use crate::units::{short, short_millis};
use crate::workload::Schedule;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use logs::counted;
use recent_rate::RecentRate;
use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The bar is drawn this often.
const REDRAW_EVERY: Duration = Duration::from_millis(200);
/// Lines come this often, and so does the warning that the service does not keep up.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// Logs that are behind by less than this need no warning.
const SLACK_SECONDS: f64 = 1.0;

/// A bar on a terminal, hidden otherwise; it has an end when the number of logs is known.
pub fn bar(count: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, form) = match count {
        Some(count) => (ProgressBar::new(count), "{bar:20} {percent}% {wide_msg}"),
        None => (ProgressBar::new_spinner(), "{spinner} {elapsed} {wide_msg}"),
    };
    bar.set_draw_target(ProgressDrawTarget::stderr());
    match ProgressStyle::with_template(form) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Shows the progress of a run.
#[derive(Debug)]
pub struct Progress {
    /// Its statistics are shown.
    pub sender: Arc<BatchSender>,
    /// Tells what is due by now.
    pub schedule: Schedule,
    /// Logs in total, when there is an end.
    pub count: Option<u64>,
    /// Hidden where there is no terminal.
    pub bar: ProgressBar,
}

impl Progress {
    /// Runs until it is aborted.
    pub async fn run(self) {
        let mut ticks = tokio::time::interval(REDRAW_EVERY);
        let (mut last_line, mut last_warning) = (Duration::ZERO, None);
        let mut recent = RecentRate::new(self.schedule.time_of(self.schedule.batch_size()));
        loop {
            ticks.tick().await;
            let now = self.sender.clock.elapsed();
            let stats = &self.sender.stats;
            let accepted = stats.accepted.get();
            let rate = recent.observe(now, accepted);
            let told = line(stats.sent.get(), rate, stats.latency());
            let trouble = trouble(stats);
            self.bar.set_position(accepted);
            let parts = [Some(told.clone()), trouble.clone()];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            self.bar.set_message(parts.join(", "));
            if now >= last_line + LINE_EVERY {
                last_line = now;
                if self.bar.is_hidden() {
                    tracing::info!("{told}");
                    if let Some(trouble) = trouble {
                        tracing::info!("{trouble}");
                    }
                }
            }
            let quiet = last_warning.is_some_and(|last| now < last + LINE_EVERY);
            if !quiet && self.warn_if_behind(now) {
                last_warning = Some(now);
            }
        }
    }

    fn warn_if_behind(&self, now: Duration) -> bool {
        let sent = self.sender.stats.sent.get();
        let behind = self.schedule.logs_behind(self.count, now, sent);
        // Whole batches: one that is due this moment is not behind.
        let slack = Duration::from_secs_f64(SLACK_SECONDS);
        let earlier = now.saturating_sub(slack);
        let is_late = now > slack && self.schedule.logs_behind(self.count, earlier, sent) > 0;
        if is_late {
            tracing::warn!(
                "the service does not keep up with the rate: {} behind; what is behind is sent later, with the times at which it was due",
                counted(behind, "log is", "logs are")
            );
        }
        is_late
    }
}

/// How it goes, short enough for 80 columns beside the time and the level of a line of the log.
fn line(sent: u64, rate: Option<f64>, latency: Option<Latency>) -> String {
    let mut parts = vec![format!("sent {}", short(sent))];
    parts.extend(rate.map(|rate| format!("{} logs/s", short(whole(rate)))));
    parts.extend(latency.map(|latency| {
        let (half, most) = (short_millis(latency.p50), short_millis(latency.p99));
        format!("p50 {half}, p99 {most}")
    }));
    parts.join(", ")
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "no rate is negative, and one that is too large saturates"
)]
fn whole(rate: f64) -> u64 {
    rate.round() as u64
}

/// What does not go as it should; `None` when all does.
fn trouble(stats: &Stats) -> Option<String> {
    let (retries, failed) = (stats.retries.get(), stats.failed.get());
    let parts = [
        (failed > 0).then(|| format!("{} failed", short(failed))),
        (retries > 0).then(|| {
            let waiting = stats.waiting.load(Ordering::Relaxed);
            let retries = counted(retries, "retry", "retries");
            let waiting = counted(waiting, "batch waits", "batches wait");
            format!("{retries} ({waiting} for the next)")
        }),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Time and level in front of a line.
    const HEAD: usize = "2026-11-28T10:00:00Z  INFO ".len();

    fn latency(time: Duration) -> Latency {
        Latency {
            p50: time,
            p90: time,
            p99: time,
            p999: time,
            max: time,
        }
    }

    #[test]
    fn a_line_fits_into_80_columns_whatever_the_numbers_are() {
        for digits in 0..12 {
            let number = 10_u64.pow(digits) * 9 + 10_u64.pow(digits) - 1;
            for millis in [1, 99, 999, 9_999, 86_400_000] {
                let latency = latency(Duration::from_micros(millis * 1000 + 960));
                let rate = f64::from(u32::try_from(number).unwrap_or(u32::MAX));
                let line = line(number, Some(rate), Some(latency));
                assert!(HEAD + line.len() <= 80, "{line}");
            }
        }
        let millis = Duration::from_micros(1_240);
        let line = line(1_500, Some(500.2), Some(latency(millis)));
        assert_eq!(line, "sent 1500, 500 logs/s, p50 1.2 ms, p99 1.2 ms");
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        assert_eq!(line(0, None, None), "sent 0");
    }

    #[test]
    fn trouble_is_told_when_there_is_some() {
        let stats = Stats::new().unwrap();
        assert_eq!(trouble(&stats), None);
        stats.retries.add(1);
        stats.waiting.store(1, Ordering::Relaxed);
        stats.failed.add(20);
        let told = "20 failed, 1 retry (1 batch waits for the next)";
        assert_eq!(trouble(&stats).as_deref(), Some(told));
    }
}
