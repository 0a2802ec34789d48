//! The summary of a run, as lines for people or as one JSON object with names that stay.

use crate::stats::{Latency, Stats};
use crate::units::{micros_each, millis, per_second};
use logs::counted;
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// What a run came to; numbers are logs if nothing else is said.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// What the logs were made from.
    pub seed: u64,
    /// The beginning of every `Idempotency-Key`.
    pub run_id: String,
    /// From the start to the end of the last batch.
    pub elapsed_seconds: f64,
    /// Sent at least once; each is either accepted or failed in the end.
    pub sent: u64,
    /// Accepted by the service.
    pub accepted: u64,
    /// Rejected, or given up.
    pub failed: u64,
    /// Sent more than once.
    pub retried: u64,
    /// Accepted, and known to the service from an earlier attempt.
    pub replayed: u64,
    /// Requests that were repetitions.
    pub retries: u64,
    /// Due by the rate, but not sent before the end.
    pub behind: u64,
    /// Accepted logs a second, over `elapsed_seconds`, or over the time in which the logs come by the rate
    /// where that is longer: the first batch is sent at once, and holds the logs of the time before.
    pub logs_per_second: f64,
    /// Bytes of the accepted bodies, as they were sent.
    pub bytes: u64,
    /// Those in millions a second.
    pub megabytes_per_second: f64,
    /// CPU time of this process, for each log that was sent.
    pub cpu_micros_per_log: f64,
    /// Of accepted batches; null when there is none.
    pub latency_ms: Option<LatencyMillis>,
    /// Why logs failed.
    pub failures: Vec<Failure>,
    /// Of the directory with unsent batches; null without one.
    pub spool: Option<SpoolSummary>,
}

/// What became of the batches in the spool, in logs.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SpoolSummary {
    /// Left there by earlier runs, sent again, and accepted.
    pub resent: u64,
    /// How long it took to send those, before the time of this run began.
    pub resend_seconds: f64,
    /// Left there by earlier runs, and rejected, or still not accepted.
    pub failed: u64,
    /// There at the end: the next start sends them.
    pub left: u64,
    /// Files (not logs) that were found damaged and set aside.
    pub damaged: u64,
    /// What ended the run: a batch that could not be stored, or an answer that was not the service's own.
    pub problem: Option<String>,
}

/// Latencies in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct LatencyMillis {
    /// Half were no longer.
    pub p50: f64,
    /// 90 % were no longer.
    pub p90: f64,
    /// 99 % were no longer.
    pub p99: f64,
    /// 99.9 % were no longer.
    pub p999: f64,
    /// The longest.
    pub max: f64,
}

/// A reason, and how many logs failed for it.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    /// The reason.
    pub reason: String,
    /// The logs.
    pub logs: u64,
}

/// What the counters do not know.
#[derive(Debug, Clone)]
pub struct RunInfo {
    /// What the logs were made from.
    pub seed: u64,
    /// The beginning of the keys.
    pub run_id: String,
    /// How long it took.
    pub elapsed: Duration,
    /// In which the logs that were sent come by the rate that was asked for.
    pub time_of_logs: Duration,
    /// CPU time of this process.
    pub cpu: Duration,
    /// Logs that were due and not sent.
    pub behind: u64,
    /// What became of the batches in the spool.
    pub spool: Option<SpoolSummary>,
}

impl Summary {
    /// The summary of a run that has ended.
    pub fn new(info: RunInfo, stats: &Stats) -> Self {
        let (sent, accepted, bytes) = (stats.sent.get(), stats.accepted.get(), stats.bytes.get());
        let failures = stats.failures().into_iter();
        let time = info.elapsed.max(info.time_of_logs);
        Self {
            seed: info.seed,
            run_id: info.run_id,
            elapsed_seconds: info.elapsed.as_secs_f64(),
            sent,
            accepted,
            failed: stats.failed.get(),
            retried: stats.retried.get(),
            replayed: stats.replayed.get(),
            retries: stats.retries.get(),
            behind: info.behind,
            logs_per_second: per_second(accepted, time),
            bytes,
            megabytes_per_second: per_second(bytes, time) / 1e6,
            cpu_micros_per_log: micros_each(info.cpu, sent),
            latency_ms: stats.latency().map(LatencyMillis::from),
            failures: failures
                .map(|(reason, logs)| Failure { reason, logs })
                .collect(),
            spool: info.spool,
        }
    }

    /// Whether everything that was sent was accepted.
    pub fn is_success(&self) -> bool {
        let spool_is_fine = self.spool.as_ref().is_none_or(SpoolSummary::is_success);
        self.failed == 0 && self.accepted == self.sent && spool_is_fine
    }
}

impl SpoolSummary {
    /// Whether it has done all that it was for: nothing is left or damaged.
    fn is_success(&self) -> bool {
        self.failed + self.left + self.damaged == 0 && self.problem.is_none()
    }
}

impl fmt::Display for SpoolSummary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            resent,
            resend_seconds,
            failed,
            left,
            ..
        } = self;
        write!(out, "spool     {resent} of an earlier run accepted")?;
        if resent + failed > 0 {
            write!(out, " in {resend_seconds:.2} s before this one")?;
        }
        write!(out, ", {failed} failed, {left} left for the next run")?;
        if self.damaged > 0 {
            let files = counted(self.damaged, "damaged file", "damaged files");
            write!(out, ", {files} set aside")?;
        }
        if let Some(problem) = &self.problem {
            write!(out, "\n          {problem}")?;
        }
        Ok(())
    }
}

impl From<Latency> for LatencyMillis {
    fn from(latency: Latency) -> Self {
        Self {
            p50: millis(latency.p50),
            p90: millis(latency.p90),
            p99: millis(latency.p99),
            p999: millis(latency.p999),
            max: millis(latency.max),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "sent      {} in {:.2} s",
            counted(self.sent, "log", "logs"),
            self.elapsed_seconds
        )?;
        writeln!(
            out,
            "accepted  {} ({} known from an earlier try)",
            self.accepted, self.replayed
        )?;
        writeln!(
            out,
            "retried   {} ({})",
            self.retried,
            counted(self.retries, "request", "requests")
        )?;
        writeln!(out, "failed    {}", self.failed)?;
        for Failure { reason, logs } in &self.failures {
            writeln!(out, "          {logs}: {reason}")?;
        }
        if let Some(spool) = &self.spool {
            writeln!(out, "{spool}")?;
        }
        if self.behind > 0 {
            writeln!(
                out,
                "behind    {} due and not sent before the end",
                self.behind
            )?;
        }
        writeln!(
            out,
            "rate      {:.0} logs/s, {:.1} MB/s",
            self.logs_per_second, self.megabytes_per_second
        )?;
        writeln!(
            out,
            "cost      {:.2} µs of CPU a log",
            self.cpu_micros_per_log
        )?;
        match self.latency_ms {
            None => write!(out, "latency   of no batch: none was accepted"),
            Some(latency) => write!(
                out,
                "latency   p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, max {:.2} ms",
                latency.p50, latency.p90, latency.p99, latency.p999, latency.max
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(accepted: u64, elapsed: Duration, time_of_logs: Duration) -> Summary {
        let stats = Stats::new().unwrap();
        stats.sent.add(accepted);
        stats.accepted.add(accepted);
        let info = RunInfo {
            seed: 1,
            run_id: String::new(),
            elapsed,
            time_of_logs,
            cpu: Duration::ZERO,
            behind: 0,
            spool: None,
        };
        Summary::new(info, &stats)
    }

    #[test]
    fn the_rate_is_no_higher_than_asked_for_and_lower_when_the_service_does_not_keep_up() {
        let seconds = Duration::from_secs_f64;
        // 15 batches of 100 at 500 logs/s: the first one at once, the last one after 2.8 s.
        let kept_up = of(1500, seconds(2.81), seconds(3.0));
        assert!(
            (kept_up.logs_per_second - 500.0).abs() < 0.001,
            "{kept_up:?}"
        );
        let late = of(1500, seconds(6.0), seconds(3.0));
        assert!((late.logs_per_second - 250.0).abs() < 0.001, "{late:?}");
        let unpaced = of(1500, seconds(0.5), Duration::ZERO);
        assert!(
            (unpaced.logs_per_second - 3000.0).abs() < 0.001,
            "{unpaced:?}"
        );
    }

    #[test]
    fn one_log_is_one_log() {
        let shown = of(1, Duration::from_secs(1), Duration::ZERO).to_string();
        assert!(shown.starts_with("sent      1 log in 1.00 s\n"), "{shown}");
    }
}
