//! The service itself: which one it is, since when, by which clock, and its own log.

use super::written::{Written, about};
use crate::http::services::Services;
use std::fmt;
use std::time::Duration;

pub(super) fn write(services: &Services, out: &mut Written<'_>) -> fmt::Result {
    let build = about(
        "build",
        "The version of the service, and what INSTANCE calls it.",
    );
    // `instance` is what Prometheus itself calls the address that it asks.
    let labels = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("aggregator", services.instance.as_str()),
    ];
    out.info(&build, &labels)?;
    let uptime = about("uptime", "Time since the start.");
    let elapsed = services.clock.elapsed();
    out.gauge(&uptime.in_seconds(), elapsed.as_secs_f64())?;
    let clock = about(
        "clock",
        "The time of day by the clock of this machine, since 1970.",
    );
    let now = u64::try_from(services.clock.now().nanos()).unwrap_or(0);
    out.gauge(&clock.in_seconds(), Duration::from_nanos(now).as_secs_f64())?;
    let backup = about(
        "backup_under_way",
        "Whether a backup is being made, which holds up replays and forgetting: 1 or 0.",
    );
    let is_under_way = services.backups.is_under_way();
    out.gauge(&backup, u64::from(is_under_way))?;
    let left_out = about(
        "log_lines_left_out",
        "Lines of the service's own log that nobody read in time.",
    );
    out.counter(&left_out, program::standard_error::left_out())
}
