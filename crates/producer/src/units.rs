//! Figures in the units in which they are shown.

use std::time::Duration;

/// A rate; 0 for no time.
#[expect(clippy::cast_precision_loss, reason = "shown to a few digits")]
pub fn per_second(number: u64, time: Duration) -> f64 {
    if time.is_zero() {
        return 0.0;
    }
    number as f64 / time.as_secs_f64()
}

/// Milliseconds, rounded to a microsecond.
pub fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1000.0
}

/// Microseconds for each of a number of things; for none of them, as if there were one.
#[expect(clippy::cast_precision_loss, reason = "shown to a few digits")]
pub fn micros_each(time: Duration, number: u64) -> f64 {
    time.as_secs_f64() * 1e6 / number.max(1) as f64
}

/// A number in at most six characters.
#[expect(clippy::cast_precision_loss, reason = "shown to a few digits")]
pub fn short(number: u64) -> String {
    const MILLION: f64 = 1e6;
    let millions = number as f64 / MILLION;
    match number {
        0..1_000_000 => number.to_string(),
        1_000_000..999_000_000 => format!("{millions:.1}M"),
        _ => format!("{:.1}G", millions / 1000.0),
    }
}

/// A latency in at most seven characters, up to a day.
pub fn short_millis(time: Duration) -> String {
    let millis = millis(time);
    match millis {
        0.0..99.95 => format!("{millis:.1} ms"),
        99.95..9_999.5 => format!("{millis:.0} ms"),
        _ => format!("{:.0} s", millis / 1000.0),
    }
}
