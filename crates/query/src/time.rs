//! Times as a question gives them: what a record's time may be, a date, a time without seconds, a day by
//! its name, or before now. All of them are UTC unless they say otherwise.

use logs::{TimeError, Timestamp};

/// Nanoseconds.
const DAY: i64 = 24 * 3600 * 1_000_000_000;

/// Reads a time; `now`, `today`, `yesterday`, `-15m` and `now-1h30m` are counted from `now`. A day stands
/// for its midnight, as the beginning of a range and as its end.
pub(super) fn parse(text: &str, now: Timestamp) -> Result<Timestamp, TimeError> {
    let text = text.trim();
    if let Some(time) = relative(text, now) {
        return time;
    }
    let read = Timestamp::parse(&in_full(text));
    // A plus sign that was not escaped arrives as a blank: `…00:00:00+02:00` is meant.
    let zone = text.len().checked_sub("+00:00".len());
    match zone.and_then(|place| text.split_at_checked(place)) {
        Some((time, zone)) if read.is_err() && zone.starts_with(' ') => {
            Timestamp::parse(&in_full(&format!("{time}+{}", zone.trim_start())))
        }
        _ => read,
    }
}

/// `None` when the text is not relative. A number without a unit is never: `-1` is a second before 1970.
fn relative(text: &str, now: Timestamp) -> Option<Result<Timestamp, TimeError>> {
    let text = &*text.to_ascii_lowercase();
    let since_midnight = now.nanos().rem_euclid(DAY);
    match text {
        "now" => return Some(Ok(now)),
        "today" => return Some(before(now, since_midnight)),
        "yesterday" => return Some(before(now, since_midnight + DAY)),
        _ => {}
    }
    let back = text.strip_prefix("now").unwrap_or(text).strip_prefix('-')?;
    let back = humantime::parse_duration(back).ok()?;
    if back.is_zero() && !text.starts_with("now") {
        return None;
    }
    let back = i64::try_from(back.as_nanos()).map_err(|_| TimeError::Range);
    Some(back.and_then(|back| before(now, back)))
}

fn before(now: Timestamp, nanos: i64) -> Result<Timestamp, TimeError> {
    let time = now.nanos().checked_sub(nanos).map(Timestamp::from_nanos);
    time.ok_or(TimeError::Range)
}

/// The text with what is left out of a date or of hours and minutes; any other text as it is.
fn in_full(text: &str) -> String {
    const DATE: &str = "0000-00-00";
    const MINUTES: &str = "0000-00-00T00:00";
    let begins_as = |form: &str| {
        text.len() >= form.len()
            && text
                .bytes()
                .zip(form.bytes())
                .all(|(byte, form)| match form {
                    b'0' => byte.is_ascii_digit(),
                    b'T' => matches!(byte, b'T' | b't' | b' '),
                    form => byte == form,
                })
    };
    if begins_as(DATE) && text.len() == DATE.len() {
        return format!("{text}T00:00:00Z");
    }
    match text.split_at_checked(MINUTES.len()) {
        Some((time, zone)) if begins_as(MINUTES) && !zone.starts_with(':') => {
            format!("{time}:00{zone}")
        }
        _ => text.to_owned(),
    }
}
