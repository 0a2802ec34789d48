//! What a reader of a tail asks for: the filters, and from where on.

use super::form::{Hidden, Kind};
use crate::http::read::parameter_error::ParameterError;
use crate::search::tail::Start;
use crate::search::tail::place::Place;
use logs::Timestamp;
use query::cursor::{BadEventId, CursorKey};
use query::reach::Reach;
use query::{Pair, Query, QueryError, once, pairs, sorted};
use record::id::RecordId;
use std::sync::Arc;

/// From the time of the question to another one, in nanoseconds.
const LATER: i64 = 1_000_000_000;

/// A request for what is stored.
#[derive(Debug)]
pub(super) struct Parameters {
    /// Which records.
    pub(super) query: Query,
    /// From where on.
    pub(super) start: Start,
    /// The form, when it is named.
    pub(super) kind: Option<Kind>,
    /// What the ids of its events are tied to.
    pub(super) question: Arc<str>,
    /// The time that its times count from, where they do.
    pub(super) now: Option<Timestamp>,
}

impl Parameters {
    /// Reads the part of an address behind the question mark. `last` is the id of the last event that the reader has had,
    /// as he says in the head; it counts more than the address, which stays the same when he comes again. Relative times
    /// are counted from `now`, and by whoever comes again from where he counted first.
    pub(super) fn parse(
        text: &str,
        last: Option<String>,
        now: Timestamp,
        key: &CursorKey,
        reach: &Reach,
    ) -> Result<Self, ParameterError> {
        let [mut after, mut format] = [const { None }; 2];
        let mut filters = Vec::new();
        for (name, value) in pairs(text)? {
            match name.as_ref() {
                "after" => once("after", &mut after, &value)?,
                "format" => once("format", &mut format, &value)?,
                "endTime" => return Err(ParameterError::TailEnd),
                "order" => return Err(ParameterError::TailOrder),
                _ => filters.push((name, value)),
            }
        }
        let kind = format.as_deref().map(Kind::parse).transpose()?;
        let question = reach.question(sorted(&filters));
        let place = match last.or(after.map(Into::into)) {
            Some(id) => Some(place(&id, key, &question, reach)?),
            None => None,
        };
        let now = place.as_ref().and_then(|place| place.now).unwrap_or(now);
        let is_relative = is_relative(&filters, now);
        let query = Query::from_pairs(filters, now).map_err(|error| match error {
            QueryError::Unknown(name) => ParameterError::UnknownOfTail(name),
            other => other.into(),
        })?;
        let start = match (place, query.start) {
            (Some(place), _) => Start::Place(place),
            (None, None) => Start::Now,
            (None, Some(start)) => {
                let first = RecordId::first_at(start);
                Start::Behind(first.predecessor().unwrap_or(first))
            }
        };
        Ok(Self {
            query,
            start,
            kind,
            question: question.into(),
            now: is_relative.then_some(now),
        })
    }
}

fn place(id: &str, key: &CursorKey, question: &str, reach: &Reach) -> Result<Place, BadEventId> {
    let said = key.open_event(id, question)?;
    let place = match reach.is_everything() {
        true => Some(&*said),
        false => Hidden::place(&said),
    };
    place.and_then(Place::read).ok_or(BadEventId)
}

/// Whether any of its times is counted from when it is asked.
fn is_relative(filters: &[Pair<'_>], now: Timestamp) -> bool {
    let times = || {
        let times = filters.iter().filter(|(name, _)| name == "startTime");
        times.cloned().collect::<Vec<_>>()
    };
    let later = Timestamp::from_nanos(now.nanos().saturating_add(LATER));
    match (
        Query::from_pairs(times(), now),
        Query::from_pairs(times(), later),
    ) {
        (Ok(one), Ok(other)) => one.start != other.start,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_nanos(1_728_345_600_000_000_000);

    fn key() -> CursorKey {
        CursorKey::new([3; 32])
    }

    fn parse(text: &str, last: Option<&str>, now: Timestamp) -> Result<Parameters, ParameterError> {
        let last = last.map(str::to_owned);
        Parameters::parse(text, last, now, &key(), &Reach::EVERYTHING)
    }

    fn id(parameters: &Parameters, place: &Place) -> String {
        let mut id = Vec::new();
        let place = place.bytes();
        key().seal_event(&place, &parameters.question, false, &mut id);
        String::from_utf8(id).unwrap()
    }

    #[test]
    fn whoever_comes_again_goes_on_with_the_same_question_and_counts_from_where_he_did() {
        let text = "startTime=-1h&q=a";
        let first = parse(text, None, NOW).unwrap();
        assert!(matches!(first.start, Start::Behind(_)));
        let place = Place::at(Some(RecordId::MAX), Default::default(), first.now);
        let id = id(&first, &place);
        let later = Timestamp::from_nanos(NOW.nanos() + 3600 * LATER);
        for again in [
            parse(text, Some(&id), later),
            parse(&format!("{text}&after={id}"), None, later),
            parse(&format!("{text}&after=old"), Some(&id), later),
            parse(
                &format!("format=ndjson&q=a&startTime=-1h&after={id}"),
                None,
                later,
            ),
        ] {
            let again = again.unwrap();
            assert_eq!(again.query, first.query);
            assert!(matches!(again.start, Start::Place(found) if found == place));
        }
        for other in ["startTime=-2h&q=a", "q=a", "startTime=-1h&q=b"] {
            let error = parse(other, Some(&id), later).unwrap_err();
            assert_eq!(error.code(), "invalid_event_id", "{other}");
        }
    }

    #[test]
    fn only_times_that_count_from_now_are_of_the_place() {
        for (text, is_relative) in [
            ("", false),
            ("startTime=2024-10-08T00:00:00Z", false),
            ("startTime=-15m", true),
            ("startTime=now", true),
        ] {
            assert_eq!(
                parse(text, None, NOW).unwrap().now.is_some(),
                is_relative,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, code) in [
            ("endTime=now", "unknown_parameter"),
            ("order=asc", "unknown_parameter"),
            ("format=csv", "invalid_parameter"),
            ("limit=5", "unknown_parameter"),
            ("cursor=abc", "unknown_parameter"),
            ("after=abc", "invalid_event_id"),
            ("after=a&after=b", "repeated_parameter"),
            ("minLevel=loud", "invalid_level"),
        ] {
            let error = parse(text, None, NOW).unwrap_err();
            assert_eq!(error.code(), code, "{text}");
        }
    }
}
