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
