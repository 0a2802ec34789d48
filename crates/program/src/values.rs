//! How the text of a setting is read: sizes, durations and counts. Each refusal is one sentence.

use std::path::{Path, PathBuf};
use std::time::Duration;

const TIB: u64 = 1024 * 1024 * 1024 * 1024;
const SHORTEST: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const THIRTY_DAYS: Duration = Duration::from_secs(30 * 24 * 3600);
const HUNDRED_YEARS: Duration = Duration::from_secs(100 * 366 * 24 * 3600);
/// The most that [`count`] takes.
const MOST: u32 = 1_000_000;

/// The file that a setting names; a variable that is set to nothing names none.
pub fn file(setting: Option<&PathBuf>) -> Option<&Path> {
    let file = setting.map(PathBuf::as_path);
    file.filter(|file| !file.as_os_str().is_empty())
}

/// A number of bytes, with or without a unit; `None` for any other text.
pub fn bytes(text: &str) -> Option<u64> {
    let size: bytesize::ByteSize = text.parse().ok()?;
    Some(size.as_u64())
}

/// A size in bytes from 1 to 1 TiB, with or without a unit.
///
/// # Errors
/// A sentence that says what is expected.
pub fn size(text: &str) -> Result<usize, String> {
    let size = disk_size(text)?;
    match usize::try_from(size) {
        Ok(0) | Err(_) => Err("must be at least 1".to_owned()),
        Ok(size) => Ok(size),
    }
}

/// A size in bytes that may be 0, up to 1 TiB.
///
/// # Errors
/// A sentence that says what is expected.
pub fn disk_size(text: &str) -> Result<u64, String> {
    match bytes(text) {
        Some(size) if size <= TIB => Ok(size),
        Some(_) => Err("must be at most 1TiB".to_owned()),
        None => Err("expected a size such as 16MiB or 1048576".to_owned()),
    }
}

/// A duration from 1 ms to 24 h; a plain number is seconds.
///
/// # Errors
/// A sentence that says what is expected.
pub fn time(text: &str) -> Result<Duration, String> {
    time_up_to(text, DAY, "24h")
}

/// A duration from 1 ms to 30 days; a plain number is seconds.
///
/// # Errors
/// A sentence that says what is expected.
pub fn long_time(text: &str) -> Result<Duration, String> {
    time_up_to(text, THIRTY_DAYS, "30 days")
}

/// A duration from a day to a hundred years; a plain number is seconds.
///
/// # Errors
/// A sentence that says what is expected.
pub fn time_of_days(text: &str) -> Result<Duration, String> {
    let time = any_time(text)?;
    if time < DAY || time > HUNDRED_YEARS {
        return Err("must be between 1day and 100years".to_owned());
    }
    Ok(time)
}

/// A duration from an hour to a hundred years; a plain number is seconds.
///
/// # Errors
/// A sentence that says what is expected.
pub fn time_of_hours(text: &str) -> Result<Duration, String> {
    let time = any_time(text)?;
    if time < HOUR || time > HUNDRED_YEARS {
        return Err("must be between 1h and 100years".to_owned());
    }
    Ok(time)
}

fn time_up_to(text: &str, longest: Duration, in_words: &str) -> Result<Duration, String> {
    let time = any_time(text)?;
    if time < SHORTEST || time > longest {
        return Err(format!("must be between 1ms and {in_words}"));
    }
    Ok(time)
}

fn any_time(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse::<f64>()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    match seconds {
        Some(time) => Ok(time),
        None => humantime::parse_duration(text)
            .map_err(|_| "expected a time such as 10s, 500ms or 2m".to_owned()),
    }
}

/// A whole number from 1 to 1,000,000.
///
/// # Errors
/// A sentence that says what is expected.
pub fn count(text: &str) -> Result<usize, String> {
    count_up_to(text, MOST)
}

/// A whole number from 1 to `most`, of things in memory.
///
/// # Errors
/// A sentence that says what is expected.
pub fn count_up_to(text: &str, most: u32) -> Result<usize, String> {
    let number = whole_number(text, u64::from(most))?;
    usize::try_from(number).map_err(|error| error.to_string())
}

/// A whole number from 1 to `most`.
///
/// # Errors
/// A sentence that says what is expected.
pub fn whole_number(text: &str, most: u64) -> Result<u64, String> {
    match text.parse::<u64>() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => Err(format!("expected a whole number from 1 to {most}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_a_unit_or_is_bytes() {
        assert_eq!(size("16MiB"), Ok(16 << 20));
        assert_eq!(size("1000"), Ok(1000));
        assert_eq!(disk_size("0"), Ok(0));
        assert_eq!(disk_size("1TiB"), Ok(TIB));
        assert_eq!(bytes("2TiB"), Some(2 * TIB));
        assert_eq!(bytes("a lot"), None);
    }

    #[test]
    fn a_duration_has_a_unit_or_is_seconds() {
        assert_eq!(time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(time("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(time("24h"), Ok(DAY));
        assert_eq!(long_time("30days"), Ok(THIRTY_DAYS));
        assert_eq!(time_of_days("1day"), Ok(DAY));
        assert_eq!(time_of_days("86400"), Ok(DAY));
    }

    #[test]
    fn what_cannot_be_used_is_refused_in_a_sentence() {
        let refusal = |error: &str| Err(error.to_owned());
        for text in ["", "much", "-1"] {
            let expected = "expected a size such as 16MiB or 1048576";
            assert_eq!(disk_size(text), refusal(expected), "{text}");
            let expected = "expected a time such as 10s, 500ms or 2m";
            assert_eq!(time(text).map(drop), Err(expected.to_owned()), "{text}");
        }
        assert_eq!(size("0").map(drop), Err("must be at least 1".to_owned()));
        assert_eq!(disk_size("2TiB"), refusal("must be at most 1TiB"));
        for (text, is_long) in [("0", false), ("25h", false), ("31days", true)] {
            let (read, most) = match is_long {
                true => (long_time(text), "30 days"),
                false => (time(text), "24h"),
            };
            assert_eq!(read, Err(format!("must be between 1ms and {most}")));
        }
        for text in ["23h", "1", "101years"] {
            let expected = "must be between 1day and 100years";
            assert_eq!(time_of_days(text), Err(expected.to_owned()), "{text}");
        }
        for text in ["", "0", "-1", "1.5", "1000001", "99999999999999999999"] {
            let expected = "expected a whole number from 1 to 1000000";
            assert_eq!(count(text), Err(expected.to_owned()), "{text}");
        }
        assert_eq!(count("1000000"), Ok(1_000_000));
    }
}
