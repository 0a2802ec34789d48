//! Times as a question gives them: what a record's time may be, a date, a time without seconds, a day by
//! its name, or before now. All of them are UTC unless they say otherwise. One that no record can have is
//! before or beyond all that can be found.

use humantime::DurationError;
use logs::{TimeError, Timestamp};

/// A time as it is asked for, earlier ones first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Moment {
    /// Before all times that a record can have.
    BeforeAll,
    /// One of them.
    At(Timestamp),
    /// Beyond them.
    BeyondAll,
}

/// The beginning and the end of a range, as far as it has them.
pub(super) type Range = (Option<Timestamp>, Option<Timestamp>);

/// The times from `start` on and before `end`; `None` when it ends before it begins. What begins before
/// all times has no beginning, and what ends beyond them has no end: not even the latest of them is left
/// out.
pub(super) fn range(start: Option<Moment>, end: Option<Moment>) -> Option<Range> {
    let (start, end) = (
        start.unwrap_or(Moment::BeforeAll),
        end.unwrap_or(Moment::BeyondAll),
    );
    if start > end {
        return None;
    }
    Some(match (start, end) {
        (Moment::BeyondAll, _) => (Some(Timestamp::MAX), Some(Timestamp::MAX)),
        (_, Moment::BeforeAll) => (None, Some(Timestamp::MIN)),
        (start, end) => (start.time(), end.time()),
    })
}

impl Moment {
    fn time(self) -> Option<Timestamp> {
        match self {
            Self::At(time) => Some(time),
            Self::BeforeAll | Self::BeyondAll => None,
        }
    }
}

/// Nanoseconds.
const DAY: i64 = 24 * 3600 * 1_000_000_000;

/// Reads a time; `now`, `today`, `yesterday`, `-15m` and `now-1h30m` are counted from `now`. A day stands
/// for its midnight, as the beginning of a range and as its end. `None` when it is no time.
pub(super) fn parse(text: &str, now: Timestamp) -> Option<Moment> {
    let text = text.trim();
    relative(text, now).or_else(|| absolute(text))
}

fn absolute(text: &str) -> Option<Moment> {
    let read = Timestamp::parse(&in_full(text));
    // A plus sign that was not escaped arrives as a blank: `…00:00:00+02:00` is meant.
    let zone = text.len().checked_sub("+00:00".len());
    let read = match zone.and_then(|place| text.split_at_checked(place)) {
        Some((time, zone)) if read == Err(TimeError::Form) && zone.starts_with(' ') => {
            Timestamp::parse(&in_full(&format!("{time}+{}", zone.trim_start())))
        }
        _ => read,
    };
    match read {
        Ok(time) => Some(Moment::At(time)),
        Err(TimeError::Form) => None,
        Err(TimeError::Range) if is_early(text) => Some(Moment::BeforeAll),
        Err(TimeError::Range) => Some(Moment::BeyondAll),
    }
}

/// Whether what is out of range lies before it: a number below zero, or a date of an early year.
fn is_early(text: &str) -> bool {
    let year = text.split_once('-').and_then(|(year, _)| year.parse().ok());
    text.starts_with('-') || year.is_some_and(|year: u16| year < 1970)
}

/// `None` when the text is not relative. A number without a unit is never: `-1` is a second before 1970.
fn relative(text: &str, now: Timestamp) -> Option<Moment> {
    let text = &*text.to_ascii_lowercase();
    let since_midnight = now.nanos().rem_euclid(DAY);
    match text {
        "now" => return Some(Moment::At(now)),
        "today" => return Some(before(now, since_midnight)),
        "yesterday" => return Some(before(now, since_midnight + DAY)),
        _ => {}
    }
    let back = text.strip_prefix("now").unwrap_or(text).strip_prefix('-')?;
    let back = match humantime::parse_duration(back) {
        Err(DurationError::NumberOverflow) => return Some(Moment::BeforeAll),
        back => back.ok()?,
    };
    if back.is_zero() && !text.starts_with("now") {
        return None;
    }
    Some(i64::try_from(back.as_nanos()).map_or(Moment::BeforeAll, |back| before(now, back)))
}

fn before(now: Timestamp, nanos: i64) -> Moment {
    let time = now.nanos().checked_sub(nanos).map(Timestamp::from_nanos);
    time.map_or(Moment::BeforeAll, Moment::At)
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
