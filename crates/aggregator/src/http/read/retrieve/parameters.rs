//! What a reader asks for: the query, and how much of its answer at a time.

use super::format::Kind;
use crate::http::read::parameter_error::{ParameterError, number, query};
use logs::Timestamp;
use query::cursor::{CursorKey, Position};
use query::reach::{BoundQuery, Reach};
use query::{once, pairs, sorted};
use record::id::RecordId;

/// Records in one page at most, and when a cursor came without a `limit`.
const MAX_LIMIT: usize = 10_000;
const DEFAULT_LIMIT: usize = 1_000;
/// What may be said here besides the filters.
const OWN_PARAMETERS: &str = "order, limit, cursor, format and fields";

/// A request for records.
#[derive(Debug)]
pub(super) struct Parameters {
    /// Which records.
    pub(super) query: BoundQuery,
    /// Records at most; all of them when there is no limit.
    pub(super) limit: Option<usize>,
    /// The form, when it is named.
    pub(super) format: Option<Kind>,
    /// The columns, when they are chosen.
    pub(super) fields: Option<String>,
    /// Where the page before has ended.
    pub(super) after: Option<RecordId>,
    /// The parameters but for the cursor, as they go into the next page's address.
    without_cursor: String,
    /// What the cursor is tied to: the parameters, and how far they reach.
    question: String,
    reach: Reach,
    now: Timestamp,
}

impl Parameters {
    /// Reads the part of an address behind the question mark. Relative times are counted from `now`,
    /// and on further pages from where the first one counted.
    pub(super) fn parse(
        text: &str,
        now: Timestamp,
        key: &CursorKey,
        reach: Reach,
    ) -> Result<Self, ParameterError> {
        let [mut limit, mut cursor, mut format, mut fields] = [const { None }; 4];
        let (mut filters, mut parameters) =
            (Vec::new(), form_urlencoded::Serializer::new(String::new()));
        for (name, value) in pairs(text)? {
            match name.as_ref() {
                "cursor" => {
                    once("cursor", &mut cursor, &value)?;
                    continue;
                }
                "limit" => once("limit", &mut limit, &value)?,
                "format" => once("format", &mut format, &value)?,
                "fields" => once("fields", &mut fields, &value)?,
                _ => filters.push((name.clone(), value.clone())),
            }
            parameters.append_pair(&name, &value);
        }
        let question = reach.question(sorted(&filters));
        let position = cursor
            .map(|cursor| key.open(&cursor, &question))
            .transpose()?;
        let now = position.map_or(now, |position| position.now);
        let limit = limit.map(|text| number("limit", &text, 1..=MAX_LIMIT));
        Ok(Self {
            query: reach.bind(query(filters, now, OWN_PARAMETERS)?),
            format: format.as_deref().map(Kind::parse).transpose()?,
            fields,
            limit: limit.transpose()?.or(position.map(|_| DEFAULT_LIMIT)),
            after: position.map(|position| position.after),
            without_cursor: parameters.finish(),
            question,
            reach,
            now,
        })
    }

    /// The cursor that goes on behind `after`.
    pub(super) fn cursor(&self, after: RecordId, key: &CursorKey) -> String {
        let position = Position {
            after,
            now: self.now,
        };
        match self.reach.is_everything() {
            true => key.seal(position, &self.question),
            // It may be a record that is out of reach.
            false => key.seal_hidden(position, &self.question),
        }
    }

    /// The address, from its path on, with this cursor.
    pub(super) fn address(&self, cursor: &str) -> String {
        let separator = if self.without_cursor.is_empty() {
            ""
        } else {
            "&"
        };
        format!(
            "/logs/retrieve?{}{separator}cursor={cursor}",
            self.without_cursor
        )
    }
}

#[cfg(test)]
mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const NOW: Timestamp = Timestamp::from_nanos(1_728_345_600_000_000_000);

    pub(super) fn key() -> CursorKey {
        CursorKey::new([3; 32])
    }

    fn parse(text: &str, now: Timestamp) -> Result<Parameters, ParameterError> {
        Parameters::parse(text, now, &key(), Reach::EVERYTHING)
    }

    #[test]
    fn the_next_address_asks_the_same_behind_the_cursor_also_when_time_went_on() {
        let text = "q=a b&startTime=-15m&attr.x&limit=7";
        let first = parse(text, NOW).unwrap();
        assert_eq!((first.limit, first.after), (Some(7), None));
        let address = first.address(&first.cursor(RecordId::MAX, &key()));
        let query = address.strip_prefix("/logs/retrieve?").unwrap();
        let later = Timestamp::from_nanos(NOW.nanos() + 1);
        let next = parse(query, later).unwrap();
        assert_eq!((next.limit, next.after), (Some(7), Some(RecordId::MAX)));
        assert_eq!(next.query.query(), first.query.query());
    }

    #[test]
    fn a_cursor_holds_for_the_same_filters_in_any_order_and_for_no_others() {
        let parameters = parse("q=a&order=desc&limit=7", NOW).unwrap();
        let cursor = parameters.cursor(RecordId::MIN, &key());
        for (same, filters) in [
            (true, "order=desc&q=a"),
            (true, "limit=9&q=%61&order=desc"),
            (false, "q=a"),
            (false, "q=b&order=desc"),
            (false, "q=a&order=asc"),
            (false, "q=a&order=desc&minLevel=WARN"),
        ] {
            let parsed = parse(&format!("{filters}&cursor={cursor}"), NOW);
            assert_eq!(parsed.is_ok(), same, "{filters}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, code) in [
            ("limit=0", "invalid_number"),
            ("limit=10001", "invalid_number"),
            ("limit=-1", "invalid_number"),
            ("limit=1&limit=2", "repeated_parameter"),
            ("cursor=abc", "invalid_cursor"),
            ("sort=desc", "unknown_parameter"),
            ("format=xml", "invalid_parameter"),
            ("limit=", "invalid_parameter"),
            ("cursor=", "invalid_parameter"),
            ("format=", "invalid_parameter"),
            ("fields=", "invalid_parameter"),
            ("fields=%FF", "invalid_parameter"),
        ] {
            let error = parse(text, NOW).unwrap_err();
            assert_eq!(error.code(), code, "{text}");
        }
    }
}
