//! Of what a reader wants the most frequent values: the query, and which fields.

use crate::http::read::parameter_error::{ParameterError, number, query};
use logs::Timestamp;
use query::{Query, attribute_key, once, pairs};
use store::facets::Field;

/// What may be said here besides the filters.
const OWN_PARAMETERS: &str = "order, fields and limit";
/// Values of a field when nothing else is said, and at most.
const DEFAULT_LIMIT: usize = 10;
const MAX_LIMIT: usize = 100;
/// Fields at most.
const MAX_FIELDS: usize = 20;
/// Characters of an unknown field that are repeated to the caller.
const SHOWN: usize = 100;

/// A request for frequent values.
#[derive(Debug)]
pub(super) struct Parameters {
    /// Which records.
    pub(super) query: Query,
    /// The fields, when they are chosen.
    pub(super) fields: Option<Vec<Field>>,
    /// Values of each field at most.
    pub(super) limit: usize,
}

impl Parameters {
    pub(super) fn parse(text: &str, now: Timestamp) -> Result<Self, ParameterError> {
        let (mut fields, mut limit, mut filters) = (None, None, Vec::new());
        for (name, value) in pairs(text)? {
            match name.as_ref() {
                "fields" => once("fields", &mut fields, &value)?,
                "limit" => once("limit", &mut limit, &value)?,
                _ => filters.push((name, value)),
            }
        }
        let limit = limit.map(|text| number("limit", &text, 1..=MAX_LIMIT));
        Ok(Self {
            query: query(filters, now, OWN_PARAMETERS)?,
            fields: fields.as_deref().map(listed).transpose()?,
            limit: limit.transpose()?.unwrap_or(DEFAULT_LIMIT),
        })
    }
}

fn listed(names: &str) -> Result<Vec<Field>, ParameterError> {
    let mut fields = Vec::new();
    for name in names.split(',').map(str::trim) {
        let shown = || name.chars().take(SHOWN).collect();
        let field = match attribute_key(name) {
            Some(key) if !key.is_empty() => Field::Attribute(key.to_owned()),
            None if name == "level" => Field::Level,
            _ => return Err(ParameterError::Facet(shown())),
        };
        if fields.contains(&field) {
            return Err(ParameterError::FacetTwice(shown()));
        }
        fields.push(field);
        if fields.len() > MAX_FIELDS {
            return Err(ParameterError::TooManyFacets(MAX_FIELDS));
        }
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Parameters, ParameterError> {
        Parameters::parse(text, Timestamp::from_nanos(0))
    }

    #[test]
    fn fields_are_the_level_and_attributes_by_their_path() {
        let parameters = parse("fields=attr.http.status, level&limit=3").unwrap();
        let expected = vec![Field::Attribute("http.status".to_owned()), Field::Level];
        assert_eq!((parameters.fields, parameters.limit), (Some(expected), 3));
        let parameters = parse("fields=attributes.http.status").unwrap();
        let expected = vec![Field::Attribute("http.status".to_owned())];
        assert_eq!(
            (parameters.fields, parameters.limit),
            (Some(expected), DEFAULT_LIMIT)
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let many: Vec<String> = (0..=MAX_FIELDS)
            .map(|number| format!("attr.{number}"))
            .collect();
        let many = format!("fields={}", many.join(","));
        for (text, code, said) in [
            (
                "fields=message",
                "invalid_parameter",
                "fields has no \"message\": known are level and attr.KEY",
            ),
            (
                "fields=attr.",
                "invalid_parameter",
                "fields has no \"attr.\"",
            ),
            ("fields=", "invalid_parameter", "fields is empty"),
            ("limit=", "invalid_parameter", "limit is empty"),
            (
                "fields=attr.a,attributes.a",
                "invalid_parameter",
                "fields names \"attributes.a\" twice",
            ),
            ("fields=level,", "invalid_parameter", "fields has no \"\""),
            (
                "fields=level,level",
                "invalid_parameter",
                "fields names \"level\" twice",
            ),
            (&many, "query_too_large", "fields has more than 20 names"),
            (
                "fields=level&fields=attr.a",
                "repeated_parameter",
                "fields is given more than once",
            ),
            (
                "limit=0",
                "invalid_number",
                "limit is no whole number from 1 to 100",
            ),
            (
                "limit=101",
                "invalid_number",
                "limit is no whole number from 1 to 100",
            ),
            (
                "interval=1m",
                "unknown_parameter",
                "there is no parameter \"interval\": known are startTime",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.code(), code, "{text}");
            assert!(error.to_string().starts_with(said), "{error}");
        }
    }
}
