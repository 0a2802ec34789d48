//! What a process has used, as `/proc` tells it.

use crate::failure::{During as _, Failure};
use serde::{Deserialize, Serialize};
use std::fs;

/// CPU time and memory of one process in one run.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Usage {
    /// User and system time, in seconds.
    pub(crate) cpu_seconds: f64,
    /// The most memory it has held, in MiB.
    pub(crate) peak_rss_mib: f64,
}

/// User and system time of a process, also of one that has ended and was not waited for; in seconds.
pub(crate) fn cpu_seconds(pid: u32) -> Result<f64, Failure> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).during(&path)?;
    // The name stands in parentheses and may hold anything; what is behind it are numbers.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<u64>);
    match (times.next(), times.next()) {
        (Some(Ok(user)), Some(Ok(system))) => {
            Ok(as_f64(user + system) / as_f64(rustix::param::clock_ticks_per_second()))
        }
        _ => Err(Failure::told(format!("{path} has no times"))),
    }
}

/// The most memory a running process has held since its start or [`forget_peak`], in MiB.
pub(crate) fn peak_rss_mib(pid: u32) -> Result<f64, Failure> {
    status(pid, "VmHWM:")
}

/// The memory that a running process holds now, in MiB.
pub(crate) fn rss_mib(pid: u32) -> Result<f64, Failure> {
    status(pid, "VmRSS:")
}

/// Begins a new peak, for a process that serves several runs.
pub(crate) fn forget_peak(pid: u32) -> Result<(), Failure> {
    let path = format!("/proc/{pid}/clear_refs");
    fs::write(&path, "5").during(&path)
}

/// A field of `/proc/PID/status` that is told in KiB, in MiB.
fn status(pid: u32, field: &str) -> Result<f64, Failure> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).during(&path)?;
    let value = status.lines().find_map(|line| line.strip_prefix(field));
    value
        .and_then(|value| value.split_whitespace().next()?.parse::<u64>().ok())
        .map(|kib| as_f64(kib) / 1024.0)
        .ok_or_else(|| Failure::told(format!("{path} has no {field}")))
}

/// A number that is shown to a few digits.
#[expect(clippy::cast_precision_loss, reason = "shown to a few digits")]
pub(crate) fn as_f64(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_tells_its_time_and_memory() {
        let pid = std::process::id();
        let mut sum = 0_u64;
        while cpu_seconds(pid).unwrap() < 0.02 {
            sum = sum.wrapping_add(std::hint::black_box(1));
        }
        // In this order: other tests of this process take memory meanwhile.
        let now = rss_mib(pid).unwrap();
        assert!(peak_rss_mib(pid).unwrap() >= now && now > 0.1);
    }
}
