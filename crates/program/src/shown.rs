//! Sizes and times as people read them.

use bytesize::ByteSize;
use std::time::Duration;

/// Bytes in the greatest binary unit that fits: `286 B`, `8.0 GiB`.
pub fn size(bytes: u64) -> String {
    ByteSize(bytes).display().iec().to_string()
}

/// Whole seconds, in their two greatest units: `2days 3h`, `5m 1s`, `0s`.
pub fn time(time: Duration) -> String {
    let whole = Duration::from_secs(time.as_secs());
    let text = humantime::format_duration(whole).to_string();
    let greatest: Vec<&str> = text.split(' ').take(2).collect();
    greatest.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_a_unit_and_a_time_no_more_than_two() {
        assert_eq!(
            (size(286), size(8 << 30)),
            ("286 B".to_owned(), "8.0 GiB".to_owned())
        );
        for (millis, said) in [(900, "0s"), (61_900, "1m 1s"), (100_000_000, "1day 3h")] {
            assert_eq!(time(Duration::from_millis(millis)), said);
        }
    }
}
