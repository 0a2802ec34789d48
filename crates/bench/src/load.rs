//! The load: the producer as a process of its own, and what it says of its run.

use crate::failure::Failure;
use crate::process::{self, Process};
use crate::programs::Programs;
use crate::tally::{BASE_NANOS, STEP_NANOS};
use crate::usage::Usage;
use logs::Timestamp;
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// Beyond the time that it was told to send.
const PATIENCE: Duration = Duration::from_secs(300);

/// Logs in a batch, and connections: `1000x8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) batch: usize,
    pub(crate) connections: usize,
}

impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('x');
        let numbers = parts.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        match numbers {
            Some((batch @ 1.., connections @ 1..)) => Ok(Self { batch, connections }),
            _ => Err("expected logs a batch and connections, such as 1000x8".to_owned()),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} a batch, {} connections",
            self.batch, self.connections
        )
    }
}

/// How much is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amount {
    /// For so many seconds.
    Seconds(u64),
    /// So many records.
    Records(u64),
}

/// What is sent, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) shape: Shape,
    pub(crate) amount: Amount,
    /// Logs a second; 0 is as fast as possible.
    pub(crate) rate: f64,
    /// Records that the store has from earlier loads: the times go on behind them.
    pub(crate) after: u64,
}

/// The producer's summary, as far as it is looked at.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary {
    pub(crate) elapsed_seconds: f64,
    pub(crate) sent: u64,
    pub(crate) accepted: u64,
    pub(crate) failed: u64,
    pub(crate) retries: u64,
    pub(crate) behind: u64,
    pub(crate) logs_per_second: f64,
    pub(crate) latency_ms: Option<Latency>,
}

/// From the intended time of sending to the answer that accepts, in milliseconds.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

/// A load that was sent.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) summary: Summary,
    /// When the last answer was there.
    pub(crate) ended: Instant,
    pub(crate) usage: Usage,
}

impl Load {
    /// As fast as possible into an empty store.
    pub(crate) fn full(shape: Shape, amount: Amount) -> Self {
        Self {
            shape,
            amount,
            rate: 0.0,
            after: 0,
        }
    }

    /// Nanoseconds between two records.
    pub(crate) fn step(&self) -> f64 {
        if self.rate > 0.0 {
            1e9 / self.rate
        } else {
            STEP_NANOS
        }
    }

    /// How long the store may take for what is left when the sending is over.
    pub(crate) fn patience(&self) -> Duration {
        match self.amount {
            Amount::Seconds(seconds) => PATIENCE + Duration::from_secs(10 * seconds),
            Amount::Records(records) => PATIENCE + Duration::from_millis(records / 10),
        }
    }

    /// Sends it.
    pub(crate) async fn send(&self, programs: &Programs, url: &str) -> Result<Sent, Failure> {
        self.start(programs, url)?.sent(self.patience()).await
    }

    /// Begins to send it.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a few records of a run that goes on behind another"
    )]
    pub(crate) fn start(&self, programs: &Programs, url: &str) -> Result<Sending, Failure> {
        let start = BASE_NANOS + (self.after as f64 * self.step()).round() as i64;
        let mut command = process::command(&programs.producer);
        command
            .args([
                "--url",
                url,
                "--output",
                "json",
                "--prebuilt",
                "--seed",
                "1",
            ])
            .args(["--rust-log", "warn", "--grace", "60s"])
            .args(["--rate", &self.rate.to_string()])
            .args(["--batch-size", &self.shape.batch.to_string()])
            .args(["--concurrency", &self.shape.connections.to_string()])
            .args(["--start-time", &Timestamp::from_nanos(start).to_string()]);
        match self.amount {
            Amount::Seconds(seconds) => command.args(["--duration", &format!("{seconds}s")]),
            Amount::Records(records) => command.args(["--count", &records.to_string()]),
        };
        Process::spawn("producer", &mut command).map(Sending)
    }
}

/// A load on its way.
#[derive(Debug)]
pub(crate) struct Sending(Process);

impl Sending {
    /// Whether everything is sent.
    pub(crate) fn is_over(&self) -> Result<bool, Failure> {
        self.0.has_ended()
    }

    /// Waits for its end.
    pub(crate) async fn sent(self, within: Duration) -> Result<Sent, Failure> {
        let ended = self.0.ended(within).await?;
        // Exit code 1 tells of failures, and so does the summary.
        let summary = serde_json::from_str(&ended.stdout).map_err(|error| {
            Failure::told(format!(
                "the producer gave no summary ({error}): {}",
                ended.stderr
            ))
        })?;
        Ok(Sent {
            summary,
            ended: ended.last_output,
            usage: ended.usage,
        })
    }
}

impl Summary {
    /// What is wrong, if anything is.
    pub(crate) fn fault(&self) -> Option<String> {
        (self.failed > 0 || self.accepted != self.sent || self.accepted == 0).then(|| {
            format!(
                "of {} records sent {} were accepted and {} failed",
                self.sent, self.accepted, self.failed
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_two_numbers() {
        let shape = Shape {
            batch: 1000,
            connections: 8,
        };
        assert_eq!("1000x8".parse(), Ok(shape));
        for text in ["", "1000", "1000x", "0x8", "ax8", "1x2x3"] {
            assert!(text.parse::<Shape>().is_err(), "{text}");
        }
    }
}
