//! Times as a query gives them: RFC 3339, a number since 1970, or relative to now.

use logs::{TimeError, Timestamp};

/// Reads a time; `now`, `-15m` and `now-1h30m` are counted from `now`.
pub(super) fn parse(text: &str, now: Timestamp) -> Result<Timestamp, TimeError> {
    if let Some(time) = relative(text.trim(), now) {
        return time;
    }
    let read = Timestamp::parse(text);
    // A plus sign that was not escaped arrives as a blank: `…00:00:00+02:00` is meant.
    let zone = text.len().checked_sub("+00:00".len());
    match zone.and_then(|place| text.split_at_checked(place)) {
        Some((time, zone)) if read.is_err() && zone.starts_with(' ') => {
            Timestamp::parse(&format!("{time}+{}", zone.trim_start()))
        }
        _ => read,
    }
}

/// `None` when the text is not relative. A number without a unit is never: `-1` is a second before 1970.
fn relative(text: &str, now: Timestamp) -> Option<Result<Timestamp, TimeError>> {
    if text == "now" {
        return Some(Ok(now));
    }
    let back = text.strip_prefix("now").unwrap_or(text).strip_prefix('-')?;
    let back = humantime::parse_duration(back).ok()?;
    if back.is_zero() && !text.starts_with("now") {
        return None;
    }
    let nanos = i64::try_from(back.as_nanos()).ok();
    let time = nanos.and_then(|back| now.nanos().checked_sub(back));
    Some(time.map(Timestamp::from_nanos).ok_or(TimeError::Range))
}
