//! The progress that is shown during a run: a bar on a terminal, a line now and then otherwise.

use crate::send::BatchSender;
use crate::units::{millis, per_second};
use crate::workload::Schedule;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
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
        Some(count) => (ProgressBar::new(count), "{wide_bar} {percent}% {msg}"),
        None => (ProgressBar::new_spinner(), "{spinner} {elapsed} {msg}"),
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
        let mut earlier = (Duration::ZERO, 0);
        let mut rate = 0.0;
        loop {
            ticks.tick().await;
            let now = self.sender.clock.elapsed();
            let accepted = self.sender.stats.accepted.get();
            let line_is_due = now >= last_line + LINE_EVERY;
            if now >= earlier.0 + Duration::from_secs(1) {
                rate = per_second(accepted - earlier.1, now.saturating_sub(earlier.0));
                earlier = (now, accepted);
            }
            self.bar.set_position(accepted);
            self.bar.set_message(self.line(rate));
            if line_is_due {
                last_line = now;
                if self.bar.is_hidden() {
                    tracing::info!("{}", self.line(rate));
                }
            }
            let quiet = last_warning.is_some_and(|last| now < last + LINE_EVERY);
            if !quiet && self.warn_if_behind(now) {
                last_warning = Some(now);
            }
        }
    }

    fn line(&self, rate: f64) -> String {
        let stats = &self.sender.stats;
        let latency = stats.latency().map_or_else(
            || "no latency yet".to_owned(),
            |latency| {
                let (half, most) = (millis(latency.p50), millis(latency.p99));
                format!("latency p50 {half:.1} ms, p99 {most:.1} ms")
            },
        );
        format!(
            "sent {}, {rate:.0} logs/s, {latency}, retries {} ({} batches wait), failed {}",
            stats.sent.get(),
            stats.retries.get(),
            stats.waiting.load(Ordering::Relaxed),
            stats.failed.get()
        )
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
                "the service does not keep up with the rate: {behind} logs are behind; they are sent later, with the times they were due"
            );
        }
        is_late
    }
}
